import { judgeHealth } from '../../../lib/insight';
import { periodField, toPeriod } from './fields';
import { asJson, type Operation } from './operation';

export const getHealth: Operation = {
	name: 'Get Health',
	action: 'Get health',
	description: 'A score from 0 to 100, made of parts that are each explained',
	fields: [periodField],
	async perform(read, { oversight }) {
		const period = toPeriod(read);
		const [snapshot, settings] = await Promise.all([oversight.snapshot(), oversight.settings()]);
		return asJson({ at: snapshot.at, period, ...judgeHealth(snapshot, settings, period), processes: snapshot.processes });
	},
};

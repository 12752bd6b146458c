import { recommend } from '../../../lib/insight';
import { periodField, toPeriod, toWorkflowId, workflowField } from './fields';
import { narrowed } from './narrow';
import { asJson, type Operation } from './operation';

export const getRecommendations: Operation = {
	name: 'Get Recommendations',
	action: 'Get recommendations',
	description: 'What to change, with the time and money that it would have saved',
	fields: [periodField, workflowField],
	async perform(read, { oversight }) {
		const [period, workflowId] = [toPeriod(read), toWorkflowId(read)];
		const [snapshot, settings] = await Promise.all([oversight.snapshot(), oversight.settings()]);
		return asJson({ at: snapshot.at, period, recommendations: recommend(narrowed(snapshot, workflowId), settings, period) });
	},
};

import { findBottlenecks } from '../../../lib/insight';
import { periodField, toPeriod, toWorkflowId, workflowField } from './fields';
import { narrowed } from './narrow';
import { asJson, type Operation } from './operation';

export const getBottlenecks: Operation = {
	name: 'Get Bottlenecks',
	action: 'Get bottlenecks',
	description: 'Where callers lose time, the most first, with cause, evidence and advice',
	fields: [periodField, workflowField],
	async perform(read, { oversight }) {
		const [period, workflowId] = [toPeriod(read), toWorkflowId(read)];
		const snapshot = await oversight.snapshot();
		return asJson({ at: snapshot.at, period, bottlenecks: findBottlenecks(narrowed(snapshot, workflowId), period) });
	},
};

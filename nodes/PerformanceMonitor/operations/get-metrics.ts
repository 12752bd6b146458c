import type { SeriesFacts, Snapshot, WindowName } from '../../../lib/core/snapshot';
import { requireOneOf } from '../../../lib/core/validate';
import { periodField, toPeriod, toWorkflowId, workflowField } from './fields';
import { asJson, type Operation } from './operation';

const VIEWS = ['history', 'series', 'snapshot', 'summary'] as const;

type View = (typeof VIEWS)[number];

export const getMetrics: Operation = {
	name: 'Get Metrics',
	action: 'Get metrics',
	description: 'Calls, errors, percentiles, costs and savings, and the load of the process',
	fields: [
		{
			displayName: 'Show',
			name: 'view',
			type: 'options',
			default: 'summary',
			options: [
				{ name: 'By Node', value: 'series', description: 'One entry for each node, workflow, server and model' },
				{ name: 'By the Minute', value: 'history', description: 'One entry for each minute of the last day in which something was seen' },
				{ name: 'Summary', value: 'summary', description: 'All calls of the period together' },
				{ name: 'Whole Snapshot', value: 'snapshot', description: 'All that is known, such as for Compare' },
			],
		},
		{ ...periodField, displayOptions: { show: { view: ['summary', 'series'] } } },
		{ ...workflowField, displayOptions: { show: { view: ['series'] } } },
	],
	async perform(read, { oversight }) {
		const view = requireOneOf('Show', read('view') ?? 'summary', VIEWS);
		return asJson(shown(await oversight.snapshot(), view, toPeriod(read), toWorkflowId(read)));
	},
};

function shown(snapshot: Snapshot, view: View, period: WindowName, workflowId: string | undefined): object {
	const { at, processes, history, windows } = snapshot;
	const { spanMs, total, series, load } = windows[period];
	switch (view) {
		case 'snapshot':
			return snapshot;
		case 'history':
			return { at, history };
		case 'series':
			return { at, period, spanMs, series: series.filter((one) => workflowId === undefined || one.workflowId === workflowId) };
		case 'summary':
			return { at, period, spanMs, ...withoutLabels(total), load, processes };
	}
}

/** Of all calls together they are empty. */
function withoutLabels(total: SeriesFacts): object {
	return Object.fromEntries(Object.entries(total).filter(([, value]) => typeof value !== 'string'));
}

import type { INodeProperties } from 'n8n-workflow';
import { WINDOW_NAMES, type WindowName } from '../../../lib/core/snapshot';
import { requireOneOf } from '../../../lib/core/validate';
import type { Read } from './operation';

/** Over how long what was measured is looked at. */
export const periodField: INodeProperties = {
	displayName: 'Period',
	name: 'period',
	type: 'options',
	default: '1h',
	description: 'How far back to look',
	options: [
		{ name: 'Last 24 Hours', value: '24h' },
		{ name: 'Last 5 Minutes', value: '5m' },
		{ name: 'Last Hour', value: '1h' },
		{ name: 'Last Minute', value: '1m' },
	],
};

export function toPeriod(read: Read): WindowName {
	return requireOneOf('Period', read('period') ?? '1h', WINDOW_NAMES);
}

/** Whose calls are meant, where not all are. */
export const workflowField: INodeProperties = {
	displayName: 'Workflow ID',
	name: 'workflowId',
	type: 'string',
	default: '',
	placeholder: 'e.g. 1a2B3c4D5e6F7g8H',
	description: 'Only what concerns this workflow. Leave it empty for all.',
};

export function toWorkflowId(read: Read): string | undefined {
	const id = read('workflowId') ?? '';
	const text = typeof id === 'string' || typeof id === 'number' ? String(id).trim() : '';
	return text === '' ? undefined : text;
}

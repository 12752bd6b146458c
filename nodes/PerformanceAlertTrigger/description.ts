import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { alertFilterFields } from '../shared/alerts';
import { storeCredential, storeProperty } from '../shared/store';

const properties: INodeProperties[] = [
	{
		displayName: 'Events',
		name: 'events',
		type: 'multiOptions',
		required: true,
		default: ['raised', 'escalated', 'resolved'],
		description: 'What the workflow is started for',
		options: [
			{ name: 'Escalated', value: 'escalated', description: 'It got worse: its severity rose' },
			{ name: 'Raised', value: 'raised', description: 'Something is above its limit' },
			{ name: 'Resolved', value: 'resolved', description: 'It has been within its limit for as long as the cooldown' },
		],
	},
	...alertFilterFields,
	{
		...storeProperty,
		description: 'Whose measurements are watched',
		options: [
			{ name: 'Memory of This Process', value: 'memory', description: 'The process that n8n runs triggers in. In queue mode that is not where workflows run: choose a shared store there.' },
			{ name: 'Shared Store', value: 'shared', description: 'All processes that use a Redis, Valkey or file, their measurements put together' },
		],
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Check Every (Seconds)',
				name: 'everySeconds',
				type: 'number',
				default: 15,
				typeOptions: { minValue: 5, maxValue: 3600 },
				description: 'How often what was measured is judged',
			},
			{
				displayName: 'Digest Every (Minutes)',
				name: 'digestMinutes',
				type: 'number',
				default: 0,
				typeOptions: { minValue: 0, maxValue: 1440 },
				description: 'Start the workflow once for all that happens within so many minutes after the first event, with one summary. 0 starts it at once.',
			},
		],
	},
];

export const description: INodeTypeDescription = {
	displayName: 'Performance Alert Trigger',
	name: 'performanceAlertTrigger',
	group: ['trigger'],
	version: 1,
	description: 'Starts a workflow when something gets too slow, fails too often or takes too much, and when that is over',
	defaults: { name: 'Performance Alert Trigger' },
	inputs: [],
	outputs: ['main'],
	credentials: [storeCredential('/store')],
	properties,
	eventTriggerDescription: '',
	activationMessage: 'Your workflow now starts with every alert that you chose.',
	triggerPanel: {
		header: '',
		executionsHelp: {
			inactive: 'Test it here: the run gets the alerts that stand now, or an example where none does. Publish the workflow to have it started by alerts.',
			active: 'Alerts start this workflow. A test here gets the alerts that stand now, or an example where none does.',
		},
		activationHint: 'Publish the workflow to have it started by alerts.',
	},
};

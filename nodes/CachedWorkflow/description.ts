import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { adaptiveProperty, cacheProperties } from '../shared/cache';
import { clearProperties } from '../shared/clear';
import { storeCredential, storeOfCache, storeProperty } from '../shared/store';
import { totalTimeoutOption } from '../shared/timeout';
import { DEFAULTS } from './defaults';

const show = { operation: ['run'] };
const showCached = { ...show, cacheMode: ['readWrite', 'readOnly', 'refresh'] };

const workflow: INodeProperties[] = [
	{
		displayName: 'Source',
		name: 'source',
		type: 'options',
		noDataExpression: true,
		default: 'database',
		description: 'Where to get the sub-workflow from',
		displayOptions: { show },
		options: [
			{ name: 'Database', value: 'database', description: 'A workflow of this n8n' },
			{ name: 'Define Below', value: 'parameter', description: 'The JSON of a workflow' },
		],
	},
	{
		displayName: 'Workflow',
		name: 'workflowId',
		type: 'workflowSelector',
		default: '',
		required: true,
		description: 'The sub-workflow. It begins with a trigger "When Executed by Another Workflow".',
		displayOptions: { show: { ...show, source: ['database'] } },
	},
	{
		displayName: 'Workflow JSON',
		name: 'workflowJson',
		type: 'json',
		typeOptions: { rows: 10 },
		default: '',
		required: true,
		description: 'A workflow as the editor copies or exports it',
		displayOptions: { show: { ...show, source: ['parameter'] } },
	},
	{
		displayName: 'Mode',
		name: 'mode',
		type: 'options',
		noDataExpression: true,
		default: 'each',
		displayOptions: { show },
		options: [
			{ name: 'Run Once for All Items', value: 'once', description: 'One execution of the sub-workflow is given all items; its result is kept as a whole' },
			{ name: 'Run Once for Each Item', value: 'each', description: 'Each item has a result of its own; only those that are missing are executed' },
		],
	},
];

const key: INodeProperties[] = [
	{
		displayName: 'Same Input Means',
		name: 'keyFrom',
		type: 'options',
		noDataExpression: true,
		default: 'all',
		description: 'By what an item is recognised as one that was answered before',
		displayOptions: { show: showCached },
		options: [
			{ name: 'Same Fields and Binary Data', value: 'all', description: 'Everything that reaches the sub-workflow is the same: all of the item, or the inputs that its trigger declares' },
			{ name: 'Same Values of Chosen Fields', value: 'fields', description: 'What else is in the item plays no part, although the sub-workflow is given it' },
		],
	},
	{
		displayName: 'Fields',
		name: 'keyFields',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. url, customer.name',
		description: 'Names of fields or of binary fields, with commas between them; dots lead into objects',
		displayOptions: { show: { ...showCached, keyFrom: ['fields'] } },
	},
];

const options: INodeProperties[] = [
	adaptiveProperty({ default: DEFAULTS.adaptiveTtlSeconds }),
	{
		displayName: 'Cache Only If',
		name: 'cacheIf',
		type: 'boolean',
		default: true,
		description: 'Whether the cache takes part for an item: an expression, such as one that is true for prices and false for stock. Where it does not, the sub-workflow runs and nothing is kept.',
	},
	{
		displayName: 'Cache Workflows That Act',
		name: 'cacheActs',
		type: 'boolean',
		default: false,
		description:
			'Whether to keep results also where nodes of the sub-workflow send, write, wait, respond or keep state. On a hit they do nothing. Without it such a workflow runs each time, and a hint names the nodes.',
	},
	{
		displayName: 'Include Trace',
		name: 'includeTrace',
		type: 'boolean',
		default: false,
		description: 'Whether each result says under _fastpath whether it is a hit, a miss, stale or shared, how old it is, and what time it saved',
	},
	{
		displayName: 'Keep Empty Results',
		name: 'keepEmpty',
		type: 'boolean',
		default: true,
		description: 'Whether to keep a result without any items, too',
	},
	{
		displayName: 'Max Concurrent',
		name: 'concurrency',
		type: 'number',
		default: DEFAULTS.concurrency,
		typeOptions: { minValue: 1, maxValue: 1000 },
		description: 'How many executions of the sub-workflow may be under way at the same time, over all nodes with the same limit. Results keep the order of the items.',
	},
	{
		displayName: 'Serve Stale on Errors (Seconds)',
		name: 'staleIfErrorSeconds',
		type: 'number',
		default: DEFAULTS.staleIfErrorSeconds,
		typeOptions: { minValue: 0 },
		description: 'How long past its time to live a result may stand in when the sub-workflow fails',
	},
	{
		displayName: 'Stale While Renewing (Seconds)',
		name: 'staleWhileRevalidateSeconds',
		type: 'number',
		default: DEFAULTS.staleWhileRevalidateSeconds,
		typeOptions: { minValue: 0 },
		description: 'How long past its time to live a result is still given at once, while the sub-workflow makes a new one behind it',
	},
	totalTimeoutOption,
	{
		displayName: 'Version',
		name: 'version',
		type: 'string',
		default: '',
		placeholder: 'e.g. 2',
		description:
			'A word of your own that is part of the key. An edit of the sub-workflow is noticed by itself; change this where something else has changed, such as a credential or a variable.',
	},
];

export const description: Omit<INodeTypeDescription, 'icon' | 'subtitle' | 'usableAsTool'> = {
	displayName: 'Cached Workflow',
	name: 'cachedWorkflow',
	group: ['transform'],
	version: 1,
	description: 'Run a sub-workflow only for inputs that it has not seen, and answer the others from a cache',
	defaults: { name: 'Cached Workflow' },
	inputs: ['main'],
	outputs: ['main'],
	credentials: [{ ...storeCredential('store'), testedBy: 'testStore' }],
	properties: [
		{
			displayName: 'Operation',
			name: 'operation',
			type: 'options',
			noDataExpression: true,
			default: 'run',
			options: [
				{ name: 'Clear Cache', value: 'clear', action: 'Clear cached results of sub workflows', description: 'Make stored results count no longer, so that the next inputs are executed' },
				{ name: 'Run a Sub-Workflow', value: 'run', action: 'Run a sub workflow with caching', description: 'Execute another workflow, or answer from the cache' },
			],
		},
		...workflow,
		...key,
		...cacheProperties(show, { contentType: 'custom' }),
		storeOfCache(show),
		{ displayName: 'Options', name: 'options', type: 'collection', placeholder: 'Add option', default: {}, displayOptions: { show }, options },
		...clearProperties(['workflow', 'node', 'tag', 'key', 'all']),
		{ ...storeProperty, description: 'Where the answers are kept', displayOptions: { show: { operation: ['clear'] } } },
	],
};

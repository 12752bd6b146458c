import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { authenticationProperties, credentials } from '../shared/http/description/authentication';
import { bodyProperties } from '../shared/http/description/body';
import { optionsProperty } from '../shared/http/description/options';
import { headerProperties, queryProperties, targetProperties } from '../shared/http/description/request';
import { gatherProperties, optionsUnlessGathering, targetOrGathering, unlessGathering } from './description.gather';
import { withTemplates } from './description.template';

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'request',
	options: [
		{
			name: 'One Request per Item',
			value: 'request',
			action: 'Make one HTTP request per item',
			description: 'Call a URL for each item, many at once, and account for every one of them',
		},
		{
			name: 'Gather Items Into Requests',
			value: 'gather',
			action: 'Gather items into HTTP requests',
			description: 'Send many items in the body of one request, and give each its own part of the answer',
		},
	],
};

const whenItemsFail: INodeProperties[] = [
	{
		displayName: 'When Items Fail',
		name: 'whenItemsFail',
		type: 'options',
		noDataExpression: true,
		default: 'continue',
		description: 'How far the batch goes. What becomes of failed items, On Error in the settings of this node says.',
		options: [
			{ name: 'Continue', value: 'continue', description: 'Work on all items' },
			{ name: 'Stop Above a Share', value: 'stopAbove', description: 'Stop as soon as more than a share of the items has failed' },
			{ name: 'Stop at the First', value: 'stopFirst', description: 'Stop as soon as one has failed' },
		],
	},
	{
		displayName: 'Failed Share (Percent)',
		name: 'failedPercent',
		type: 'number',
		default: 10,
		typeOptions: { minValue: 0, maxValue: 100 },
		description: 'How many of a hundred items of the batch may fail',
		displayOptions: { show: { whenItemsFail: ['stopAbove'] } },
	},
];

const resume: INodeProperties[] = [
	{
		displayName: 'Resume',
		name: 'resume',
		type: 'options',
		noDataExpression: true,
		default: 'off',
		description: 'Whether items that are done are noted in a journal, so that another try answers them from there and sends only the others',
		options: [
			{ name: 'Off', value: 'off', description: 'Each try sends all items' },
			{
				name: 'Retries of an Execution',
				value: 'retries',
				description: 'After Retry On Fail, a retried execution, or a worker that died. A new execution sends all items.',
			},
			{
				name: 'Until All Are Done',
				value: 'unfinished',
				description: 'Also in new executions, until a run has ended without failed or cancelled items. The run after that sends all items.',
			},
			{ name: 'With the Same Batch Key', value: 'key', description: 'In all runs with that key, for as long as the journal is kept' },
		],
	},
	{
		displayName: 'Batch Key',
		name: 'batchKey',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. invoices {{ $today.toFormat("yyyy-MM") }}',
		description: 'Items that were done under this key are not sent again by this node',
		displayOptions: { show: { resume: ['key'] } },
	},
];

const batchOptions: INodeProperties[] = [
	{
		displayName: 'Add Idempotency Key',
		name: 'idempotencyKey',
		type: 'boolean',
		default: false,
		description:
			'Whether to send an Idempotency-Key header, the same for all tries of an item, also after Resume. The server must honour it: calls of any method are then repeated after errors.',
	},
	{
		displayName: 'Concurrency',
		name: 'concurrencyMode',
		type: 'options',
		noDataExpression: true,
		default: 'fixed',
		description: 'How many requests are under way at the same time',
		options: [
			{ name: 'Adaptive', value: 'adaptive', description: 'As many as the server bears, up to Max Concurrent: fewer after 429, 503 and timeouts, slowly more after successes' },
			{ name: 'Fixed', value: 'fixed', description: 'As many as Max Concurrent says' },
		],
	},
	{
		displayName: 'Cost Limit',
		name: 'costLimit',
		type: 'number',
		default: 1,
		typeOptions: { minValue: 0 },
		description: 'What the whole batch may cost, in the unit of Cost per Item. Before it would be exceeded, the items that are left are cancelled.',
	},
	{
		displayName: 'Cost per Item',
		name: 'costPerItem',
		type: 'number',
		default: 0.001,
		typeOptions: { minValue: 0 },
		description: 'What sending an item costs, in any unit. An expression may say so for each item.',
	},
	{
		displayName: 'Follow Rate Limit Headers',
		name: 'followRateLimitHeaders',
		type: 'boolean',
		default: false,
		description:
			'Whether to keep to the limits that the server reports (RateLimit, X-RateLimit-Remaining and -Reset and the like), in place of running into them: what it says is left is used, then requests wait for the reset. What cannot go before Total Timeout fails at once.',
	},
	{
		displayName: 'Latency Target (Ms)',
		name: 'latencyTargetMs',
		type: 'number',
		default: 1000,
		typeOptions: { minValue: 0 },
		description: 'Lowers the number of requests at once also while most of them take longer than this. Without it, latency says nothing, as that of AI models depends on what is asked.',
		displayOptions: { show: { concurrencyMode: ['adaptive'] } },
	},
	{
		displayName: 'Idempotency Key Header',
		name: 'idempotencyHeader',
		type: 'string',
		default: 'Idempotency-Key',
		description: 'The name of the header that Add Idempotency Key sends',
	},
	{
		displayName: 'Identical Requests',
		name: 'identicalRequests',
		type: 'options',
		default: 'reads',
		description: 'Whether items with the same request share one response. With pagination each item has its own.',
		options: [
			{ name: 'Send Each', value: 'each' },
			{ name: 'Send Once', value: 'once', description: 'Whatever the method' },
			{ name: 'Send Once if GET or HEAD', value: 'reads' },
		],
	},
	{
		displayName: 'Item Key',
		name: 'itemKey',
		type: 'string',
		default: '',
		placeholder: 'e.g. {{ $json.invoiceNumber }}',
		description: 'What makes an item the same in another try. Without it, that is its request: method, URL, query, headers and body.',
	},
	{
		displayName: 'Keep Journal For (Hours)',
		name: 'journalHours',
		type: 'number',
		default: 24,
		typeOptions: { minValue: 0.01 },
		description: 'How long items count as done, where Resume is on',
	},
	{
		displayName: 'Summary Output',
		name: 'summaryOutput',
		type: 'boolean',
		default: false,
		noDataExpression: true,
		description: 'Whether to add an output with one item that sums up the batch',
	},
	{
		displayName: 'Tokens per Item',
		name: 'tokensPerItem',
		type: 'number',
		default: 1,
		typeOptions: { minValue: 0 },
		description: 'What an item counts under Tokens per Minute, by an expression as a rule. Without it, a request counts one for every four bytes of its body.',
	},
	{
		displayName: 'Tokens per Minute',
		name: 'tokensPerMinute',
		type: 'number',
		default: 100000,
		typeOptions: { minValue: 0 },
		description: 'Most tokens (or whatever the server counts) in any minute, with this credential to this server, over all nodes with the same limit. Retries count; what cannot go before Total Timeout fails at once. 0 sets no limit.',
	},
	{
		displayName: 'Time Limit (Seconds)',
		name: 'timeLimitSeconds',
		type: 'number',
		default: 3600,
		typeOptions: { minValue: 1 },
		description: 'How long the whole batch may take. What is not done by then is cancelled.',
	},
];

const options: INodeProperties = {
	...optionsProperty,
	options: optionsUnlessGathering([...((optionsProperty.options ?? []) as INodeProperties[]), ...batchOptions]).sort((a, b) =>
		a.displayName.localeCompare(b.displayName),
	),
};

export const description: INodeTypeDescription = {
	displayName: 'Batch Request',
	name: 'batchRequest',
	group: ['output'],
	version: 1,
	description: 'Make HTTP requests for thousands of items, one for each or one for many, and account for every item',
	defaults: { name: 'Batch Request' },
	inputs: ['main'],
	outputs: `={{ $parameter.options?.summaryOutput === true ? [{ type: "main", displayName: "Items" }, { type: "main", displayName: "Summary" }] : ["main"] }}`,
	credentials,
	properties: [
		operation,
		...targetOrGathering(targetProperties),
		...authenticationProperties,
		...queryProperties,
		...headerProperties,
		...unlessGathering(withTemplates(bodyProperties)),
		...gatherProperties,
		...whenItemsFail,
		...resume,
		options,
	],
};

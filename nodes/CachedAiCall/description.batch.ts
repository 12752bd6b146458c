import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { cacheProperties } from '../shared/cache';
import { storeOfCache } from '../shared/store';
import { connectionOptions } from '../shared/connection';
import { resilienceOptions } from '../shared/resilience';
import { DEFAULTS } from './defaults';
import { costOptions } from '../shared/cost';
import { promptOptions } from './shorten';

/** Those that do something with a batch that was submitted. */
export const BATCH_OPERATIONS = ['getBatch', 'collectBatch', 'cancelBatch'];

export const batchOperations: INodePropertyOptions[] = [
	{
		name: 'Cancel Batch',
		value: 'cancelBatch',
		action: 'Cancel a batch',
		description: 'End a batch before its time; what was answered by then is charged and can be collected',
	},
	{
		name: 'Collect Batch Results',
		value: 'collectBatch',
		action: 'Collect the results of a batch',
		description: 'Put out the answers of a batch that is done, one item each, and store them in the cache',
	},
	{
		name: 'Get Batch Status',
		value: 'getBatch',
		action: 'Get the status of a batch',
		description: 'Ask whether a batch is done',
	},
	{
		name: 'Submit Batch',
		value: 'submitBatch',
		action: 'Submit prompts as a batch',
		description: 'Send the prompts of all items at half the price, to be answered within a day; what the cache has is left out',
	},
];

export function batchProperties(): INodeProperties[] {
	const collect = { operation: ['collectBatch'] };
	// Whose the answers are was settled when they were asked for.
	const cache = cacheProperties(collect).filter(({ name }) => name !== 'cacheScope' && name !== 'cacheScopeKey');
	return [
		{
			displayName: 'Batch ID',
			name: 'batchId',
			type: 'string',
			default: '={{ $json.batchId }}',
			description: 'What Submit Batch put out. With the whole item that it put out, answers come back in the order of its items, with their references.',
			displayOptions: { show: { operation: BATCH_OPERATIONS } },
		},
		{
			displayName: 'Reference',
			name: 'reference',
			type: 'string',
			default: '',
			placeholder: 'e.g. {{ $json.orderNumber }}',
			description: 'Comes back with the answer, to tell what it belongs to',
			displayOptions: { show: { operation: ['submitBatch'] } },
		},
		...cache,
		storeOfCache(collect),
	];
}

const submitOptions: INodeProperties[] = [
	{
		displayName: 'Requests per Batch',
		name: 'requestsPerBatch',
		type: 'number',
		default: 10_000,
		typeOptions: { minValue: 1, maxValue: 100_000 },
		description: 'More are split into several batches, each of which is an item. Providers bound it too: OpenAI at 50,000 and 200 MB, Anthropic at 100,000 and 256 MB, Gemini at 20 MB.',
	},
	{
		displayName: 'Tokens per Batch',
		name: 'tokensPerBatch',
		type: 'number',
		default: 1_000_000,
		typeOptions: { minValue: 1 },
		description: 'Estimated tokens of the prompts, above which a batch is split. Accounts have a limit of tokens that may wait at the same time.',
	},
];

const collectOptions: INodeProperties[] = [
	{
		displayName: 'If Not Done',
		name: 'ifNotDone',
		type: 'options',
		default: 'error',
		description: 'What to do with a batch that is not done yet',
		options: [
			{ name: 'Fail', value: 'error' },
			{ name: 'Put Out Its Status', value: 'status', description: 'As Get Batch Status does: an item with done: false' },
		],
	},
];

/** Of the options of a call; `ofCalls` are those that have to do with somebody who waits. Nothing is streamed, and no other model steps in. */
export function batchOptionCollections(options: readonly INodeProperties[], ofCalls: ReadonlySet<string>): INodeProperties[] {
	const forModel = options.filter(({ name }) => !ofCalls.has(name) && name !== 'stream');
	const all = [...options, ...costOptions(), ...resilienceOptions(DEFAULTS), ...connectionOptions({ maxResponseMb: DEFAULTS.maxBatchMb })];
	const named = (...names: string[]) => all.filter(({ name }) => names.includes(name));
	const sending = named('maxRetries', 'timeoutSeconds', 'totalTimeoutSeconds', 'allowUnauthorizedCerts', 'proxy');
	return [
		collection(['submitBatch'], [...forModel, ...promptOptions, ...submitOptions, ...named('budgets', 'prices', 'concurrency'), ...sending]),
		collection(['collectBatch'], [...collectOptions, ...named('prices', 'includeTrace', 'maxResponseMb'), ...sending]),
		collection(['getBatch', 'cancelBatch'], sending),
	];
}

function collection(operation: string[], options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		displayOptions: { show: { operation } },
		options: options.sort((a, b) => a.displayName.localeCompare(b.displayName)),
	};
}

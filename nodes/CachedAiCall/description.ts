import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { adaptiveProperty, cacheProperties } from '../shared/cache';
import { clearProperties } from '../shared/clear';
import { connectionOptions } from '../shared/connection';
import { resilienceOptions } from '../shared/resilience';
import { storeCredential, storeProperty } from '../shared/store';
import { libraryBesideStore, mappingProperties, templateProperties } from '../shared/template';
import { totalTimeoutOption } from '../shared/timeout';
import { DEFAULTS } from './defaults';
import { BATCH_OPERATIONS, batchOperations, batchOptionCollections, batchProperties } from './description.batch';
import { costOptions } from '../shared/cost';
import { fallbackOptions } from './description.fallback';
import { embedOptions, embedProperties } from './description.embed';
import { requestProperties } from './description.request';
import { PROVIDER_IDS, PROVIDER_SETS, providerChoice, type ProviderId } from './providers';
import { promptOptions } from './shorten';
import { similarOptions } from './similar';

const show = { operation: ['chat', 'submitBatch'] };
const showChat = { operation: ['chat'] };
const showEmbed = { operation: ['embed'] };
const showRequest = { operation: ['request'] };
const showAsked = { operation: ['chat', 'embed', 'submitBatch'] };
const showCached = { operation: [...showAsked.operation, 'request'] };
const showAll = { operation: [...showCached.operation, ...BATCH_OPERATIONS] };

const prompts: INodeProperties[] = [
	{
		displayName: 'Input',
		name: 'promptType',
		type: 'options',
		noDataExpression: true,
		default: 'text',
		displayOptions: { show },
		options: [
			{ name: 'Prompt', value: 'text', description: 'One prompt, with or without a system message' },
			{ name: 'Messages', value: 'messages', description: 'A whole conversation as a list of messages' },
			{ name: 'Template', value: 'template', description: 'A prompt that Prompt Template has saved, filled with the fields of the item' },
		],
	},
	{
		displayName: 'System Message',
		name: 'systemMessage',
		type: 'string',
		typeOptions: { rows: 2 },
		default: '',
		placeholder: 'e.g. You tag software packages. Answer with three tags.',
		description: 'How the model is to behave, for all prompts alike',
		displayOptions: { show: { ...show, promptType: ['text', 'template'] } },
	},
	{
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 4 },
		default: '',
		required: true,
		placeholder: 'e.g. Tag this package: {{ $json.description }}',
		displayOptions: { show: { ...show, promptType: ['text'] } },
	},
	libraryBesideStore({ ...show, promptType: ['template'] }),
	...templateProperties({ ...show, promptType: ['template'] }),
	...mappingProperties({ ...show, promptType: ['template'] }),
	{
		displayName: 'Messages',
		name: 'messages',
		type: 'json',
		typeOptions: { rows: 6 },
		default: '[\n  { "role": "system", "content": "Be brief." },\n  { "role": "user", "content": "Hello!" }\n]',
		required: true,
		description: 'A JSON list of messages, each with a role (system, user or assistant) and a content',
		displayOptions: { show: { ...show, promptType: ['messages'] } },
	},
	{
		displayName: 'Output',
		name: 'outputFormat',
		type: 'options',
		noDataExpression: true,
		default: 'text',
		displayOptions: { show },
		options: [
			{ name: 'Text', value: 'text' },
			{ name: 'JSON', value: 'json', description: 'Asks the model for JSON and gives it parsed' },
			{ name: 'JSON After a Schema', value: 'schema', description: 'Holds the model to a JSON schema and gives the answer parsed' },
		],
	},
	{
		displayName: 'JSON Schema',
		name: 'jsonSchema',
		type: 'json',
		typeOptions: { rows: 6 },
		default:
			'{\n  "type": "object",\n  "properties": { "tags": { "type": "array", "items": { "type": "string" } } },\n  "required": ["tags"],\n  "additionalProperties": false\n}',
		displayOptions: { show: { ...show, outputFormat: ['schema'] } },
	},
];

const modelOptions: INodeProperties[] = [
	adaptiveProperty({ default: DEFAULTS.adaptiveTtlSeconds }),
	{
		displayName: 'Cache Varied Answers',
		name: 'cacheVaried',
		type: 'boolean',
		default: false,
		description:
			'Whether to cache although a temperature above 0 is set. Without it such calls always reach the model, because you may want a different answer each time.',
	},
	{
		displayName: 'Explain Only',
		name: 'explain',
		type: 'boolean',
		default: false,
		description:
			'Whether to send nothing and to put out what would be done: the key, whether the cache has an answer or a similar one, what would be shortened, the estimated tokens and costs, and which budget or limit is in the way',
	},
	{
		displayName: 'Extra Body Fields',
		name: 'extraBody',
		type: 'json',
		default: '{}',
		description: 'JSON that is merged into the request as it is, for whatever this node has no field for',
	},
	{
		displayName: 'Images From Binary Fields',
		name: 'imageFields',
		type: 'string',
		default: '',
		placeholder: 'e.g. data, photo',
		description: 'Names of binary fields, separated by commas, whose images the model is shown with the prompt. Up to 20 MB in all.',
	},
	{
		displayName: 'Max Tokens',
		name: 'maxTokens',
		type: 'number',
		default: 1024,
		typeOptions: { minValue: 1 },
		description: 'The longest answer, in tokens. An answer that is cut off is not cached.',
	},
	{
		displayName: 'Seed',
		name: 'seed',
		type: 'number',
		default: 0,
		description: 'Asks the model for the same answer each time. Not offered by Anthropic.',
	},
	{
		displayName: 'Serve Stale on Errors (Seconds)',
		name: 'staleIfErrorSeconds',
		type: 'number',
		default: DEFAULTS.staleIfErrorSeconds,
		typeOptions: { minValue: 0 },
		description: 'For how long after its time to live an answer still stands in when the provider fails',
	},
	{
		displayName: 'Stale While Renewing (Seconds)',
		name: 'staleWhileRevalidateSeconds',
		type: 'number',
		default: DEFAULTS.staleWhileRevalidateSeconds,
		typeOptions: { minValue: 0 },
		description: 'For how long after its time to live an answer is still given at once, while a new one is fetched behind it',
	},
	{
		displayName: 'Stop Sequences',
		name: 'stop',
		type: 'string',
		typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Stop Sequence' },
		default: [],
		description: 'Texts at which the model stops',
	},
	{
		displayName: 'Stream From Provider',
		name: 'stream',
		type: 'boolean',
		default: false,
		description:
			'Whether to read the answer while it is written, so that a long one does not run into Timeout per Attempt, which then bounds the silence between two pieces. What comes out is the same, and as a whole.',
	},
	{
		displayName: 'Temperature',
		name: 'temperature',
		type: 'number',
		default: 0,
		typeOptions: { minValue: 0, maxValue: 2, numberPrecision: 2 },
		description: 'How much answers may vary. Above 0, answers are cached only with Cache Varied Answers.',
	},
	{
		displayName: 'Timeout per Attempt (Seconds)',
		name: 'timeoutSeconds',
		type: 'number',
		default: DEFAULTS.timeoutSeconds,
		typeOptions: { minValue: 1 },
		description: 'How long one attempt may take. Models that reason can take minutes.',
	},
	{
		displayName: 'Top P',
		name: 'topP',
		type: 'number',
		default: 1,
		typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 2 },
		description: 'Share of the probability that words are picked from. Set this or the temperature, not both.',
	},
	totalTimeoutOption,
	{
		displayName: 'Warm Up Only',
		name: 'warmUp',
		type: 'boolean',
		default: false,
		description:
			'Whether to put out only what became of each call (already there, stored, or not stored) and not its answer, for a run that fills the cache ahead of time',
	},
];

const PROVIDER_NAMES = PROVIDER_IDS.map((id) => ({ name: providerChoice(id).name, value: id }));

/** The entries of the Provider list that need a provider's credential. */
function choicesWith(provider: ProviderId): string[] {
	return [provider, ...PROVIDER_SETS.filter(({ members }) => members.includes(provider)).map(({ id }) => id)];
}

/** Options of the call itself, whatever is asked. */
const SHARED_OPTIONS = new Set(['adaptiveTtlSeconds', 'explain', 'staleIfErrorSeconds', 'staleWhileRevalidateSeconds', 'timeoutSeconds', 'totalTimeoutSeconds', 'warmUp']);

/** Of a request that says all else itself. */
const REQUEST_OPTIONS = new Set([...SHARED_OPTIONS, 'cacheVaried', 'stream'].filter((name) => name !== 'warmUp'));
/** Of a conversation only, not of texts or lists. */
const CHAT_REQUEST_OPTIONS = new Set(['cacheVaried', 'explain', 'stream']);

/** All but what n8n's linter wants to see in the class itself: icon, subtitle, use as a tool. */
export const description: INodeTypeDescription = {
	displayName: 'Cached AI Call',
	name: 'cachedAiCall',
	group: ['transform'],
	version: 1,
	description: 'Ask an AI model, and pay for the same answer only once',
	defaults: { name: 'Cached AI Call' },
	inputs: ['main'],
	outputs: ['main'],
	credentials: [
		...PROVIDER_IDS.flatMap((id) => {
			const { credential } = providerChoice(id);
			return credential ? [{ name: credential, required: true, displayOptions: { show: { ...showAll, provider: choicesWith(id) } } }] : [];
		}),
		{ ...storeCredential('/store'), testedBy: 'testStore' },
	],
	properties: [
		{
			displayName: 'Operation',
			name: 'operation',
			type: 'options',
			noDataExpression: true,
			default: 'chat',
			options: [
				...batchOperations,
				{
					name: 'Clear Cache',
					value: 'clear',
					action: 'Clear the cache',
					description: 'Make stored answers count no longer, so that the next calls ask anew',
				},
				{
					name: 'Embed Text',
					value: 'embed',
					action: 'Embed text with caching',
					description: 'Turn a text into a vector, or take it from the cache; texts of many items share a request',
				},
				{
					name: 'Message a Model',
					value: 'chat',
					action: 'Message a model with caching',
					description: 'Send a prompt to a model, or answer it from the cache',
				},
				{
					name: 'Send an OpenAI Request',
					value: 'request',
					action: 'Send an open ai request with caching',
					description: "Send a whole request in the format of OpenAI's API, or answer it from the cache",
				},
			].sort((a, b) => a.name.localeCompare(b.name)),
		},
		{
			displayName: 'Provider',
			name: 'provider',
			type: 'options',
			noDataExpression: true,
			default: 'openAi',
			displayOptions: { show: showAll },
			options: [
				...PROVIDER_IDS.map((id) => ({
					name: providerChoice(id).name,
					value: id,
					description: providerChoice(id).description,
				})),
				...PROVIDER_SETS.map(({ id, name }) => ({ name, value: id, description: 'For Fallback Models of another provider' })),
			].sort((a, b) => a.name.localeCompare(b.name)),
		},
		...PROVIDER_SETS.map(({ id, members }): INodeProperties => ({
			displayName: 'First Provider',
			name: 'firstProvider',
			type: 'options',
			noDataExpression: true,
			default: members[0],
			description: 'Whose model is asked first; the others are named under Fallback Models',
			displayOptions: { show: { ...showAll, provider: [id] } },
			options: members.map((member) => ({ name: providerChoice(member).name, value: member })),
		})),
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'http://localhost:11434/v1',
			required: true,
			placeholder: 'e.g. http://localhost:11434/v1',
			description: 'Address of the server, with the version part of the path',
			displayOptions: { show: { ...showAll, provider: ['openAiKeyless'] } },
		},
		{
			displayName: 'Model',
			name: 'model',
			type: 'resourceLocator',
			default: { mode: 'list', value: '' },
			required: true,
			displayOptions: { show: showAsked },
			modes: [
				{
					displayName: 'From List',
					name: 'list',
					type: 'list',
					typeOptions: { searchListMethod: 'searchModels', searchable: true },
				},
				{ displayName: 'ID', name: 'id', type: 'string', placeholder: 'e.g. gpt-4o-mini' },
			],
		},
		...prompts,
		...embedProperties(showEmbed),
		...requestProperties(showRequest),
		...batchProperties(),
		...cacheProperties(showCached),
		...clearProperties(['workflow', 'node', 'tag', 'key', 'all']),
		{ ...storeProperty, displayOptions: { show: { operation: [...showCached.operation, 'clear'] } } },
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			displayOptions: { show: showChat },
			options: [...modelOptions, ...promptOptions, ...similarOptions, ...fallbackOptions(PROVIDER_NAMES), ...costOptions(), ...resilienceOptions(DEFAULTS), ...connectionOptions(DEFAULTS)].sort((a, b) =>
				a.displayName.localeCompare(b.displayName),
			),
		},
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			displayOptions: { show: showEmbed },
			options: [
				...embedOptions(DEFAULTS),
				...costOptions(),
				...modelOptions.filter(({ name }) => SHARED_OPTIONS.has(name)),
				...resilienceOptions(DEFAULTS),
				...connectionOptions(DEFAULTS),
			].sort((a, b) => a.displayName.localeCompare(b.displayName)),
		},
		...batchOptionCollections(modelOptions, SHARED_OPTIONS),
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			displayOptions: { show: showRequest },
			options: [
				...fallbackOptions(PROVIDER_NAMES).filter(({ name }) => name !== 'fallbackField'),
				...costOptions(),
				...modelOptions
					.filter(({ name }) => REQUEST_OPTIONS.has(name))
					.map((option) => (CHAT_REQUEST_OPTIONS.has(option.name) ? { ...option, displayOptions: { show: { '/endpoint': ['chat'] } } } : option)),
				...resilienceOptions(DEFAULTS),
				...connectionOptions(DEFAULTS),
			].sort((a, b) => a.displayName.localeCompare(b.displayName)),
		},
	],
};

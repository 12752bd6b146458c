import type { INodeProperties } from 'n8n-workflow';

const GATHER = { operation: ['gather'] };

/** The body is made of the items, so the method must be one that has a body. */
const gatherMethod: INodeProperties = {
	displayName: 'Method',
	name: 'method',
	type: 'options',
	default: 'POST',
	description: 'The request method to use',
	options: ['DELETE', 'PATCH', 'POST', 'PUT'].map((value) => ({ name: value, value })),
	displayOptions: { show: GATHER },
};

const gatherOptions: INodeProperties = {
	displayName: 'Gather Options',
	name: 'gatherOptions',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	displayOptions: { show: GATHER },
	options: [
		{
			displayName: 'Error in Result',
			name: 'errorInResult',
			type: 'string',
			default: 'error',
			placeholder: 'e.g. error',
			description: 'Path in each result; something there means that its item has failed, though the request succeeded. A * in a path stands for the first name there is.',
		},
		{
			displayName: 'Max Request Size (KB)',
			name: 'maxRequestKb',
			type: 'number',
			default: 1024,
			typeOptions: { minValue: 0 },
			description: 'Most of a request body, before compression. An item that is larger by itself fails alone. 0 sets no limit.',
		},
		{
			displayName: 'Rest of the Body',
			name: 'restOfBody',
			type: 'json',
			default: '{}',
			description: 'A JSON object that the list of items is put into, at List in Body. Items for which it differs do not share requests.',
			displayOptions: { show: { '/gatherFormat': ['json'] } },
		},
		{
			displayName: 'Send Failed Items Again',
			name: 'sendAgain',
			type: 'number',
			default: 1,
			typeOptions: { minValue: 0, maxValue: 10 },
			description:
				'How often items go out again whose own result says that they failed: with a status that may pass, such as 429 or 503, or with an error. The others of their request are not repeated.',
		},
		{
			displayName: 'Status in Result',
			name: 'statusInResult',
			type: 'string',
			default: 'status',
			placeholder: 'e.g. *.status',
			description: 'Path in each result; a number of 400 and above there means that its item has failed. A * in a path stands for the first name there is.',
		},
	],
};

export const gatherProperties: INodeProperties[] = [
	{
		displayName: 'Body Format',
		name: 'gatherFormat',
		type: 'options',
		noDataExpression: true,
		default: 'json',
		description: 'How the items stand in the body of a request',
		displayOptions: { show: GATHER },
		options: [
			{ name: 'JSON List', value: 'json' },
			{ name: 'NDJSON', value: 'ndjson', description: 'Each item on a line of its own; one that is a list has a line per entry, such as the action and the document of a bulk API' },
		],
	},
	{
		displayName: 'Item',
		name: 'gatherItem',
		type: 'json',
		default: '={{ $json }}',
		description: 'What is sent of each item, as JSON',
		displayOptions: { show: GATHER },
	},
	{
		displayName: 'List in Body',
		name: 'listInBody',
		type: 'string',
		default: '',
		placeholder: 'e.g. data.items',
		description: 'Path of the list of items in the body. Empty where the list is the whole body.',
		displayOptions: { show: { ...GATHER, gatherFormat: ['json'] } },
	},
	{
		displayName: 'Results in Answer',
		name: 'resultsInAnswer',
		type: 'string',
		default: '',
		placeholder: 'e.g. data.results',
		description: 'Path of the list of results in the answer. Empty where the list is the whole answer.',
		displayOptions: { show: GATHER },
	},
	{
		displayName: 'Match Results',
		name: 'matchResults',
		type: 'options',
		noDataExpression: true,
		default: 'position',
		description: 'How each item gets its own result',
		displayOptions: { show: GATHER },
		options: [
			{ name: 'By Key', value: 'key', description: 'By a field that the item and its result have in common. Items without a result, or with several, fail; the others do not.' },
			{ name: 'By Position', value: 'position', description: 'The first result is for the first item. Where their numbers differ, all items of the request fail.' },
		],
	},
	{
		displayName: 'Key in Item',
		name: 'keyInItem',
		type: 'string',
		default: 'id',
		description: 'Path of the key in what is sent of an item',
		displayOptions: { show: { ...GATHER, matchResults: ['key'] } },
	},
	{
		displayName: 'Key in Result',
		name: 'keyInResult',
		type: 'string',
		default: 'id',
		description: 'Path of the key in a result. Where the results are an object in place of a list, its names are the keys.',
		displayOptions: { show: { ...GATHER, matchResults: ['key'] } },
	},
	{
		displayName: 'Max Items per Request',
		name: 'maxItemsPerRequest',
		type: 'number',
		default: 10,
		typeOptions: { minValue: 1, maxValue: 10000 },
		description: 'How many items share a request at most',
		displayOptions: { show: GATHER },
	},
	{
		displayName: 'Max Wait (Ms)',
		name: 'maxWaitMs',
		type: 'number',
		default: 100,
		typeOptions: { minValue: 0, maxValue: 60000 },
		description: 'How long an item waits for others, also those of other executions, before its request leaves with fewer',
		displayOptions: { show: GATHER },
	},
	gatherOptions,
];

/** They make or read one request per item. */
const NOT_FOR_GATHERING = new Set(['batching', 'identicalRequests', 'pagination', 'response']);

/** The same properties, hidden where items are gathered. */
export function unlessGathering(properties: INodeProperties[], path = 'operation'): INodeProperties[] {
	return properties.map((property) => ({
		...property,
		displayOptions: { ...property.displayOptions, hide: { ...property.displayOptions?.hide, [path]: ['gather'] } },
	}));
}

export function optionsUnlessGathering(options: INodeProperties[]): INodeProperties[] {
	return options.flatMap((option) => (NOT_FOR_GATHERING.has(option.name) ? unlessGathering([option], '/operation') : [option]));
}

/** With another choice of methods where items are gathered. */
export function targetOrGathering(properties: INodeProperties[]): INodeProperties[] {
	return properties.flatMap((property) => {
		if (property.name === 'method') return unlessGathering([property]);
		return property.name === 'url' ? [gatherMethod, property] : [property];
	});
}

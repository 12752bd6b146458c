import type { INodeProperties } from 'n8n-workflow';
import { connectionOptions } from '../../connection';
import { resilienceOptions } from '../../resilience';
import { storeProperty } from '../../store';
import { totalTimeoutOption } from '../../timeout';
import { DEFAULTS } from '../defaults';
import { cachingOptions } from './caching';
import { pagination } from './pagination';
import { steadinessOptions } from './steadiness';

const requestOptions: INodeProperties[] = [
	{
		displayName: 'Array Format in Query Parameters',
		name: 'queryParameterArrays',
		type: 'options',
		default: 'brackets',
		description: 'How a parameter that is a list stands in the URL',
		displayOptions: { show: { '/sendQuery': [true] } },
		options: [
			{ name: 'Brackets Only', value: 'brackets', description: 'Such as foo[]=bar&foo[]=qux' },
			{ name: 'Brackets with Indices', value: 'indices', description: 'Such as foo[0]=bar&foo[1]=qux' },
			{ name: 'No Brackets', value: 'repeat', description: 'Such as foo=bar&foo=qux' },
		],
	},
	{
		displayName: 'Batching',
		name: 'batching',
		type: 'fixedCollection',
		placeholder: 'Add Batching',
		typeOptions: { multipleValues: false },
		default: { batch: {} },
		description: 'A pause between the beginnings of requests. How many run at once is what Max Concurrent says.',
		options: [
			{
				displayName: 'Batching',
				name: 'batch',
				values: [
					{
						displayName: 'Items per Batch',
						name: 'batchSize',
						type: 'number',
						default: 50,
						typeOptions: { minValue: -1 },
						description: 'How many requests begin before each pause. -1 and 0 are treated as 1.',
					},
					{
						displayName: 'Batch Interval (Ms)',
						name: 'batchInterval',
						type: 'number',
						default: 1000,
						typeOptions: { minValue: 0 },
						description: 'Time in milliseconds between the batches. 0 for none.',
					},
				],
			},
		],
	},
	{
		displayName: 'Enable WebDAV Methods',
		name: 'webdavMethods',
		type: 'boolean',
		default: false,
		description: 'Whether to add COPY, MKCOL, MOVE, PROPFIND and REPORT to the methods',
	},
	{
		displayName: 'Lowercase Headers',
		name: 'lowercaseHeaders',
		type: 'boolean',
		default: true,
		description: 'Whether to lowercase header names',
	},
	{
		displayName: 'Resolve Credential per Item',
		name: 'credentialPerItem',
		type: 'boolean',
		default: false,
		description: 'Whether to read the credential anew for each item, for expressions in it that depend on the item. Otherwise it is read once, with the first item.',
		displayOptions: { hide: { '/authentication': ['none'] } },
	},
	{
		displayName: 'Send Credentials on Cross-Origin Redirect',
		name: 'sendCredentialsOnCrossOriginRedirect',
		type: 'boolean',
		default: false,
		description: 'Whether to send credentials, such as the Authorization header, also when a redirect leads to another origin',
	},
	{
		displayName: 'Timeout',
		name: 'timeout',
		type: 'number',
		default: DEFAULTS.timeoutMs,
		typeOptions: { minValue: 1 },
		description: 'Time in ms that one attempt may take, from waiting for a connection to the end of the response',
	},
	totalTimeoutOption,
];

const redirects: INodeProperties = {
	displayName: 'Redirects',
	name: 'redirect',
	type: 'fixedCollection',
	placeholder: 'Add Redirect',
	typeOptions: { multipleValues: false },
	default: { redirect: {} },
	options: [
		{
			displayName: 'Redirect',
			name: 'redirect',
			values: [
				{
					displayName: 'Follow Redirects',
					name: 'followRedirects',
					type: 'boolean',
					default: true,
					noDataExpression: true,
					description: 'Whether to follow redirects',
				},
				{
					displayName: 'Max Redirects',
					name: 'maxRedirects',
					type: 'number',
					default: DEFAULTS.maxRedirects,
					description: 'How many redirects to follow before giving up',
					displayOptions: { show: { followRedirects: [true] } },
				},
			],
		},
	],
};

const response: INodeProperties = {
	displayName: 'Response',
	name: 'response',
	type: 'fixedCollection',
	placeholder: 'Add response',
	typeOptions: { multipleValues: false },
	default: { response: {} },
	options: [
		{
			displayName: 'Response',
			name: 'response',
			values: [
				{
					displayName: 'Include Response Headers and Status',
					name: 'fullResponse',
					type: 'boolean',
					default: false,
					description: 'Whether to give headers and status beside the body',
				},
				{
					displayName: 'Never Error',
					name: 'neverError',
					type: 'boolean',
					default: false,
					description: 'Whether to succeed also when the status code is not 2xx',
				},
				{
					displayName: 'Response Format',
					name: 'responseFormat',
					type: 'options',
					noDataExpression: true,
					default: 'autodetect',
					description: 'What to make of the body',
					options: [
						{ name: 'Autodetect', value: 'autodetect' },
						{ name: 'File', value: 'file' },
						{ name: 'JSON', value: 'json' },
						{ name: 'Text', value: 'text' },
					],
				},
				{
					displayName: 'Put Output in Field',
					name: 'outputPropertyName',
					type: 'string',
					default: DEFAULTS.outputPropertyName,
					required: true,
					description: 'Name of the field, or of the binary property, that the body goes into',
					displayOptions: { show: { responseFormat: ['file', 'text'] } },
				},
			],
		},
	],
};

export const optionsProperty: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		...requestOptions,
		pagination,
		redirects,
		response,
		...cachingOptions,
		...resilienceOptions(DEFAULTS),
		...connectionOptions(),
		...steadinessOptions,
		storeProperty,
	].sort((a, b) => a.displayName.localeCompare(b.displayName)),
};

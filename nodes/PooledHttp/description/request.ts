import type { INodeProperties } from 'n8n-workflow';
import { METHODS, WEBDAV_METHODS } from '../choices';
import { pairs, specify } from './pairs';

export const targetProperties: INodeProperties[] = [
	{
		displayName: '',
		name: 'curlImport',
		type: 'curlImport',
		default: '',
	},
	{
		displayName: 'Method',
		name: 'method',
		type: 'options',
		default: 'GET',
		description: 'The request method to use',
		options: METHODS.map((value) => ({ name: value, value })),
		displayOptions: { hide: { '/options.webdavMethods': [true] } },
	},
	{
		displayName: 'Method',
		name: 'method',
		type: 'options',
		default: 'GET',
		description: 'The request method to use',
		options: [...METHODS, ...WEBDAV_METHODS].sort().map((value) => ({ name: value, value })),
		displayOptions: { show: { '/options.webdavMethods': [true] } },
	},
	{
		displayName: 'URL',
		name: 'url',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. https://example.com/api/items',
		description: 'Address to call, beginning with http:// or https://',
	},
];

export const queryProperties: INodeProperties[] = [
	{
		displayName: 'Send Query Parameters',
		name: 'sendQuery',
		type: 'boolean',
		default: false,
		noDataExpression: true,
		description: 'Whether to add query parameters to the URL',
	},
	specify('Specify Query Parameters', 'specifyQuery', { sendQuery: [true] }),
	pairs({
		displayName: 'Query Parameters',
		name: 'queryParameters',
		entry: 'Query Parameter',
		placeholder: 'Add Query Parameter',
		displayOptions: { show: { sendQuery: [true], specifyQuery: ['keypair'] } },
	}),
	{
		displayName: 'JSON',
		name: 'jsonQuery',
		type: 'json',
		default: '',
		description: 'A JSON object with the query parameters',
		displayOptions: { show: { sendQuery: [true], specifyQuery: ['json'] } },
	},
];

export const headerProperties: INodeProperties[] = [
	{
		displayName: 'Send Headers',
		name: 'sendHeaders',
		type: 'boolean',
		default: false,
		noDataExpression: true,
		description: 'Whether to add headers to the request',
	},
	specify('Specify Headers', 'specifyHeaders', { sendHeaders: [true] }),
	pairs({
		displayName: 'Headers',
		name: 'headerParameters',
		entry: 'Header',
		placeholder: 'Add Header',
		displayOptions: { show: { sendHeaders: [true], specifyHeaders: ['keypair'] } },
	}),
	{
		displayName: 'JSON',
		name: 'jsonHeaders',
		type: 'json',
		default: '',
		description: 'A JSON object with the headers',
		displayOptions: { show: { sendHeaders: [true], specifyHeaders: ['json'] } },
	},
];

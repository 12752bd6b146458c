import type { INodeProperties } from 'n8n-workflow';
import { pairs, specify } from './pairs';

export const bodyProperties: INodeProperties[] = [
	{
		displayName: 'Send Body',
		name: 'sendBody',
		type: 'boolean',
		default: false,
		noDataExpression: true,
		description: 'Whether the request has a body',
	},
	{
		displayName: 'Body Content Type',
		name: 'contentType',
		type: 'options',
		default: 'json',
		description: 'How the body is written, and announced to the server',
		displayOptions: { show: { sendBody: [true] } },
		options: [
			{ name: 'Form URL Encoded', value: 'form-urlencoded' },
			{ name: 'JSON', value: 'json' },
			{ name: 'Raw', value: 'raw' },
		],
	},
	specify('Specify Body', 'specifyBody', { sendBody: [true], contentType: ['json'] }),
	pairs({
		displayName: 'Body Parameters',
		name: 'bodyParameters',
		entry: 'Body Field',
		placeholder: 'Add Body Field',
		displayOptions: { show: { sendBody: [true], contentType: ['json'], specifyBody: ['keypair'] } },
	}),
	{
		displayName: 'JSON',
		name: 'jsonBody',
		type: 'json',
		default: '',
		displayOptions: { show: { sendBody: [true], contentType: ['json'], specifyBody: ['json'] } },
	},
	{
		displayName: 'Specify Body',
		name: 'specifyBody',
		type: 'options',
		default: 'keypair',
		displayOptions: { show: { sendBody: [true], contentType: ['form-urlencoded'] } },
		options: [
			{ name: 'Using Fields Below', value: 'keypair' },
			{ name: 'Using Single Field', value: 'string' },
		],
	},
	pairs({
		displayName: 'Body Fields',
		name: 'bodyParameters',
		entry: 'Field',
		placeholder: 'Add Field',
		displayOptions: { show: { sendBody: [true], contentType: ['form-urlencoded'], specifyBody: ['keypair'] } },
	}),
	{
		displayName: 'Body',
		name: 'body',
		type: 'string',
		default: '',
		placeholder: 'e.g. field1=value1&field2=value2',
		displayOptions: { show: { sendBody: [true], contentType: ['form-urlencoded'], specifyBody: ['string'] } },
	},
	{
		displayName: 'Content Type',
		name: 'rawContentType',
		type: 'string',
		default: '',
		placeholder: 'e.g. text/html',
		displayOptions: { show: { sendBody: [true], contentType: ['raw'] } },
	},
	{
		displayName: 'Body',
		name: 'body',
		type: 'string',
		default: '',
		typeOptions: { rows: 4 },
		displayOptions: { show: { sendBody: [true], contentType: ['raw'] } },
	},
];

import type { INodeProperties } from 'n8n-workflow';
import { pairs, specify } from './pairs';

const multipartFields: INodeProperties = {
	displayName: 'Body Parameters',
	name: 'bodyParameters',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, fixedCollection: { itemTitle: '={{ $collection.item.value.name }}' } },
	placeholder: 'Add Parameter',
	default: { parameters: [{ name: '', value: '' }] },
	displayOptions: { show: { sendBody: [true], contentType: ['multipart-form-data'] } },
	options: [
		{
			displayName: 'Parameter',
			name: 'parameters',
			values: [
				{
					displayName: 'Parameter Type',
					name: 'parameterType',
					type: 'options',
					default: 'formData',
					options: [
						{ name: 'Form Data', value: 'formData' },
						{ name: 'N8n Binary File', value: 'formBinaryData' },
					],
				},
				{ displayName: 'Name', name: 'name', type: 'string', default: '' },
				{
					displayName: 'Value',
					name: 'value',
					type: 'string',
					default: '',
					displayOptions: { show: { parameterType: ['formData'] } },
				},
				{
					displayName: 'Input Data Field Name',
					name: 'inputDataFieldName',
					type: 'string',
					default: '',
					description: 'Name of the binary field of the item that is sent',
					displayOptions: { show: { parameterType: ['formBinaryData'] } },
				},
			],
		},
	],
};

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
			{ name: 'Form-Data', value: 'multipart-form-data' },
			{ name: 'JSON', value: 'json' },
			{ name: 'N8n Binary File', value: 'binaryData' },
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
	multipartFields,
	{
		displayName: 'Input Data Field Name',
		name: 'inputDataFieldName',
		type: 'string',
		default: '',
		description: 'Name of the binary field of the item that is sent',
		displayOptions: { show: { sendBody: [true], contentType: ['binaryData'] } },
	},
];

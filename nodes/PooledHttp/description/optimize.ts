import type { INodeProperties } from 'n8n-workflow';

/** Shown on the tool only: what of a response the model gets to see. */
const properties: INodeProperties[] = [
	{
		displayName: 'Optimize Response',
		name: 'optimizeResponse',
		type: 'boolean',
		noDataExpression: true,
		default: false,
		description: 'Whether to give the model only a part of each response, which saves tokens',
	},
	{
		displayName: 'Expected Response Type',
		name: 'responseType',
		type: 'options',
		default: 'json',
		displayOptions: { show: { optimizeResponse: [true] } },
		options: [
			{ name: 'HTML', value: 'html', description: 'Not possible in this node: use HTTP Request' },
			{ name: 'JSON', value: 'json' },
			{ name: 'Text', value: 'text', description: 'Not possible in this node: use HTTP Request' },
		],
	},
	{
		displayName: 'Field Containing Data',
		name: 'dataField',
		type: 'string',
		default: '',
		placeholder: 'e.g. records',
		description: 'Name of the field of the response that holds the data. Leave it empty for the whole response.',
		displayOptions: { show: { optimizeResponse: [true], responseType: ['json'] } },
	},
	{
		displayName: 'Include Fields',
		name: 'fieldsToInclude',
		type: 'options',
		default: 'all',
		description: 'Which fields the model gets to see',
		displayOptions: { show: { optimizeResponse: [true], responseType: ['json'] } },
		options: [
			{ name: 'All', value: 'all' },
			{ name: 'Except', value: 'except', description: 'All but the fields below' },
			{ name: 'Selected', value: 'selected', description: 'Only the fields below' },
		],
	},
	{
		displayName: 'Fields',
		name: 'fields',
		type: 'string',
		default: '',
		placeholder: 'e.g. field1,field2',
		description: 'Names with commas between them; a dot leads into a field',
		displayOptions: { show: { optimizeResponse: [true], responseType: ['json'] }, hide: { fieldsToInclude: ['all'] } },
	},
];

export const optimizeProperties = properties.map((property) => ({
	...property,
	displayOptions: { ...property.displayOptions, show: { ...property.displayOptions?.show, '@tool': [true] } },
}));

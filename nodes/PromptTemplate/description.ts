import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { storeCredential } from '../shared/store';
import { libraryProperty, mappingOptions, mappingProperties, templateProperties } from '../shared/template';
import { searchProperties } from './description.find';
import { saveProperties } from './description.save';
import { OPERATIONS, type Operation } from './operations';

const FILLING: Operation[] = ['fill', 'explain'];

const escapeOption: INodeProperties = {
	displayName: 'Escape Values For',
	name: 'escape',
	type: 'options',
	default: 'text',
	description: 'How values are written into the text. Templates of the library say so themselves.',
	options: [
		{ name: 'JSON', value: 'json', description: 'As they stand between the quotes of a JSON string' },
		{ name: 'Text', value: 'text', description: 'As they are' },
		{ name: 'XML', value: 'xml', description: 'As they stand in an element or an attribute of XML or HTML' },
	],
};

const fillProperties: INodeProperties[] = [
	{
		displayName: 'Template From',
		name: 'templateFrom',
		type: 'options',
		noDataExpression: true,
		default: 'text',
		displayOptions: { show: { operation: FILLING } },
		options: [
			{ name: 'Field of Each Item', value: 'item', description: 'The items bring their texts along' },
			{ name: 'Library', value: 'library', description: 'A template that was saved' },
			{ name: 'Text Below', value: 'text' },
		],
	},
	{
		displayName: 'Template Text',
		name: 'templateText',
		type: 'string',
		typeOptions: { rows: 6 },
		noDataExpression: true,
		default: 'Describe the package {{ name }} in one sentence.{% if tags %} Tags: {{ tags | join: ", " }}.{% endif %}',
		required: true,
		description: 'In double braces stand names of fields of the item. It is no expression of n8n.',
		displayOptions: { show: { operation: FILLING, templateFrom: ['text'] } },
	},
	{
		displayName: 'Text Field',
		name: 'textField',
		type: 'string',
		default: 'template',
		required: true,
		description: 'The field of the item that holds the text of the template',
		displayOptions: { show: { operation: FILLING, templateFrom: ['item'] } },
	},
	libraryProperty({ operation: FILLING, templateFrom: ['library'] }),
	...templateProperties({ operation: FILLING, templateFrom: ['library'] }),
	...mappingProperties({ operation: FILLING }),
];

const named: INodeProperties[] = [
	...templateProperties({ operation: ['get', 'delete'] }).map((property) =>
		property.name === 'templateVersion' ? { ...property, description: 'Without one, Get puts out the latest version, and Delete takes out all of them' } : property,
	),
];

const importProperties: INodeProperties[] = [
	{
		displayName: 'Templates',
		name: 'importJson',
		type: 'json',
		typeOptions: { rows: 6 },
		default: '={{ $json }}',
		required: true,
		description: 'What Export put out, a list of templates, or one',
		displayOptions: { show: { operation: ['import'] } },
	},
	{
		displayName: 'When a Version Is There',
		name: 'whenThere',
		type: 'options',
		noDataExpression: true,
		default: 'replace',
		displayOptions: { show: { operation: ['import'] } },
		options: [
			{ name: 'Keep It', value: 'keep' },
			{ name: 'Replace It', value: 'replace' },
		],
	},
];

const fillOptions: INodeProperties[] = [
	{ ...escapeOption, displayOptions: { hide: { '/templateFrom': ['library'] } } },
	{
		displayName: 'Include Input Fields',
		name: 'includeInput',
		type: 'boolean',
		default: false,
		description: 'Whether to put out the fields of the item, too',
	},
	{
		displayName: 'Output Field',
		name: 'outputField',
		type: 'string',
		default: 'text',
		description: 'The field that the filled text is put into',
	},
	{
		displayName: 'Put Texts Into',
		name: 'putInto',
		type: 'options',
		noDataExpression: true,
		default: 'items',
		description: 'How texts are handed on. n8n hands items on when all are done: what is too large for that goes into files.',
		displayOptions: { hide: { '/operation': ['explain'] } },
		options: [
			{ name: 'Files', value: 'files', description: 'A file of lines of JSON for every so many items, written while they are filled' },
			{ name: 'Items', value: 'items', description: 'Each is an item' },
		],
	},
	{
		displayName: 'Texts per File',
		name: 'textsPerFile',
		description: 'How many texts each file that is put out holds at most',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 1000,
		displayOptions: { show: { putInto: ['files'] }, hide: { '/operation': ['explain'] } },
	},
	...mappingOptions,
];

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	displayOptions: { show: { operation: FILLING } },
	options: fillOptions.sort((a, b) => a.displayName.localeCompare(b.displayName)),
};

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'fill',
	options: Object.entries(OPERATIONS).map(([value, text]) => ({ ...text, value })),
};

/** All but what n8n's linter wants to see in the class itself: icon, subtitle, use as a tool. */
export const description: INodeTypeDescription = {
	displayName: 'Prompt Template',
	name: 'promptTemplate',
	group: ['transform'],
	version: 1,
	description: 'Keep prompts and bodies once, find them again, and fill them for thousands of items',
	defaults: { name: 'Prompt Template' },
	inputs: ['main'],
	outputs: ['main'],
	credentials: [{ ...storeCredential('/library'), testedBy: 'testStore' }],
	properties: [
		operation,
		...fillProperties,
		...saveProperties(escapeOption),
		...named,
		...searchProperties,
		...importProperties,
		libraryProperty({ operation: Object.keys(OPERATIONS).filter((name) => !FILLING.some((filling) => filling === name)) }),
		options,
	],
};

import type { INodeProperties } from 'n8n-workflow';

const show = { operation: ['save'] };

const declaredFields: INodeProperties = {
	displayName: 'Fields',
	name: 'declaredFields',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	default: {},
	placeholder: 'Add Field',
	description: 'What is to be known of fields. Those that the text reads are fields also without a row here.',
	displayOptions: { show },
	options: [
		{
			displayName: 'Field',
			name: 'fields',
			values: [
				{ displayName: 'Default', name: 'default', type: 'string', default: '', description: 'What stands in where an item has no value. Where the type is not text, it is written as JSON.' },
				{ displayName: 'Name', name: 'name', type: 'string', default: '', placeholder: 'e.g. tags' },
				{
					displayName: 'Required',
					name: 'required',
					type: 'boolean',
					default: false,
					description: 'Whether an item without it is an error, whatever the text does with it',
				},
				{ displayName: 'Synonyms', name: 'synonyms', type: 'string', default: '', placeholder: 'e.g. labels, keywords', description: 'Other names that items have for it, with commas between them' },
				{
					displayName: 'Type',
					name: 'type',
					type: 'options',
					default: 'any',
					description: 'What its values must be',
					options: [
						{ name: 'Any', value: 'any' },
						{ name: 'Boolean', value: 'boolean' },
						{ name: 'List', value: 'list' },
						{ name: 'Number', value: 'number' },
						{ name: 'Object', value: 'object' },
						{ name: 'Text', value: 'text', description: 'Numbers and booleans are taken as text' },
					],
				},
			],
		},
	],
};

/** A template as the user writes it. */
export function saveProperties(escape: INodeProperties): INodeProperties[] {
	return [
		{
			displayName: 'Name',
			name: 'name',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. tag-package',
			description: 'What the template is called by; letters, digits, spaces and . _ / -.',
			displayOptions: { show },
		},
		{
			displayName: 'Template From',
			name: 'templateFrom',
			type: 'options',
			noDataExpression: true,
			default: 'text',
			displayOptions: { show },
			options: [
				{ name: 'Field of Each Item', value: 'item', description: 'Each item brings a text along; give each another name' },
				{ name: 'Text Below', value: 'text' },
			],
		},
		{
			displayName: 'Template Text',
			name: 'templateText',
			type: 'string',
			typeOptions: { rows: 6 },
			noDataExpression: true,
			default: '',
			required: true,
			placeholder: 'Describe the package {{ name }} in one sentence.',
			description: 'In double braces stand names of fields of items. It is no expression of n8n.',
			displayOptions: { show: { ...show, templateFrom: ['text'] } },
		},
		{
			displayName: 'Text Field',
			name: 'textField',
			type: 'string',
			default: 'template',
			required: true,
			description: 'The field of the item that holds the text of the template',
			displayOptions: { show: { ...show, templateFrom: ['item'] } },
		},
		{ ...escape, description: 'How values are written into the text', displayOptions: { show } },
		declaredFields,
		{
			displayName: 'Details',
			name: 'details',
			type: 'collection',
			placeholder: 'Add detail',
			default: {},
			displayOptions: { show },
			options: [
				{ displayName: 'Description', name: 'description', type: 'string', default: '', description: 'What the template is for; found by its words' },
				{ displayName: 'Tags', name: 'tags', type: 'string', default: '', placeholder: 'e.g. mail, english', description: 'Names with commas between them, by which it is found' },
				{
					displayName: 'Version',
					name: 'version',
					type: 'string',
					default: '',
					placeholder: 'e.g. 2',
					description: 'A version that is there is replaced. Without one, a text that has changed gets the next number.',
				},
			],
		},
	];
}

import type { INodeProperties } from 'n8n-workflow';

const limit: INodeProperties = {
	displayName: 'Limit',
	name: 'limit',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 50,
	description: 'Max number of results to return',
	displayOptions: { show: { operation: ['find', 'list'] } },
};

/** What is looked for; all that is named must hold. */
export const searchProperties: INodeProperties[] = [
	{
		displayName: 'Tags',
		name: 'findTags',
		type: 'string',
		default: '',
		placeholder: 'e.g. mail, english',
		description: 'Names with commas between them; a template has to have all of them',
		displayOptions: { show: { operation: ['find', 'export'] } },
	},
	{
		displayName: 'Needs Fields',
		name: 'findFields',
		type: 'string',
		default: '',
		placeholder: 'e.g. name, tags',
		description: 'Names with commas between them; a template has to read or declare all of them',
		displayOptions: { show: { operation: ['find'] } },
	},
	{
		displayName: 'Words',
		name: 'findWords',
		type: 'string',
		default: '',
		placeholder: 'e.g. describe pack',
		description: 'Words of the name, the description or the text; the last one may be the beginning of a word',
		displayOptions: { show: { operation: ['find'] } },
	},
	limit,
];

import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { libraryBesideStore, mappingProperties, templateProperties } from '../shared/template';

const show = { sendBody: [true], contentType: ['template'] };

const choice: INodePropertyOptions = {
	name: 'Template',
	value: 'template',
	description: 'A text that Prompt Template has saved, filled with the fields of the item',
};

/** A body may be a template of the library, too. */
export function withTemplates(properties: readonly INodeProperties[]): INodeProperties[] {
	const offered = properties.map((property) =>
		property.name === 'contentType' ? { ...property, options: [...(property.options as INodePropertyOptions[]), choice] } : property,
	);
	return [
		...offered,
		libraryBesideStore(show),
		...templateProperties(show),
		...mappingProperties(show),
		{
			displayName: 'Content Type',
			name: 'templateContentType',
			type: 'string',
			default: 'application/json',
			description: 'How the body is announced to the server; what is announced as JSON must be JSON',
			displayOptions: { show },
		},
	];
}

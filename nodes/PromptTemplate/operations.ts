/** What the node does. The panel shows them in the order of their names; `execute.ts` says how each is done. */
export const OPERATIONS = {
	delete: { name: 'Delete', action: 'Delete a template', description: 'Take a template, or one version of it, out of the library' },
	explain: { name: 'Explain Mapping', action: 'Explain how fields are mapped', description: 'Say which field of each item a field of the template would be taken from, and why; fill nothing' },
	export: { name: 'Export', action: 'Export templates', description: 'Put out templates of the library as JSON, with all their versions' },
	fill: { name: 'Fill', action: 'Fill a template', description: 'Fill a text with the fields of each item' },
	find: { name: 'Find', action: 'Find templates', description: 'Find templates by tag, by field or by word' },
	get: { name: 'Get', action: 'Get a template', description: 'Put out a template with its text and fields' },
	import: { name: 'Import', action: 'Import templates', description: 'Take templates into the library from JSON that Export made' },
	list: { name: 'List', action: 'List templates', description: 'Put out an item for each template, in the order of their names' },
	save: { name: 'Save', action: 'Save a template', description: 'Put a text into the library under a name; a changed text becomes a new version' },
} as const satisfies Record<string, { readonly name: string; readonly action: string; readonly description: string }>;

export type Operation = keyof typeof OPERATIONS;

import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireOneOf } from '../../lib/core/validate';
import { ESCAPES, requireName, toNames, toVersion, type Escape, type MapSettings, type Values } from '../../lib/template';

type Show = NonNullable<NonNullable<INodeProperties['displayOptions']>['show']>;

const FILE = { name: 'File on This Machine', value: 'file', description: "A file in n8n's own folder: it lasts, and all processes of this machine share it" };
const OTHERS: INodePropertyOptions[] = [
	{ name: 'Memory of This Process', value: 'memory', description: 'Lost when n8n restarts, and each worker has its own; to try things out' },
	{ name: 'Shared Store', value: 'shared', description: 'The Redis, Valkey or file of a Fastpath Store credential: it lasts as that does, and all workers share it' },
];

/** Where templates are; read by `openLibrary` of lib/n8n/templates.ts. The credential of `storeCredential` is shown with it. */
export function libraryProperty(show: Show): INodeProperties {
	return {
		displayName: 'Library',
		name: 'library',
		type: 'options',
		noDataExpression: true,
		default: 'file',
		description: 'Where templates are kept',
		displayOptions: { show },
		options: [FILE, ...OTHERS],
	};
}

/** The same for a node that has an option Store: the credential is the one of that store. */
export function libraryBesideStore(show: Show): INodeProperties {
	return {
		...libraryProperty(show),
		options: [FILE, { name: 'Same as Store', value: 'store', description: 'The shared store, or the memory of this process, as Store says' }],
	};
}

/** What `openLibrary` is asked for. */
export function libraryOf(choice: unknown, store: unknown): unknown {
	return requireOneOf('Library', choice ?? 'file', ['file', 'store']) === 'file' ? 'file' : (store ?? 'memory');
}

/** Which template of the library. The node's list search has to be called `searchTemplates`. */
export function templateProperties(show: Show): INodeProperties[] {
	return [
		{
			displayName: 'Template',
			name: 'templateName',
			type: 'resourceLocator',
			default: { mode: 'list', value: '' },
			required: true,
			description: 'The template of the library',
			displayOptions: { show },
			modes: [
				{ displayName: 'From List', name: 'list', type: 'list', typeOptions: { searchListMethod: 'searchTemplates', searchable: true, skipCredentialsCheckInRLC: true } },
				{ displayName: 'By Name', name: 'name', type: 'string', placeholder: 'e.g. tag-package' },
			],
		},
		{
			displayName: 'Version',
			name: 'templateVersion',
			type: 'string',
			default: '',
			placeholder: 'e.g. 2',
			description: 'The latest one where nothing is named',
			displayOptions: { show },
		},
	];
}

/** How fields of items become fields of the template. */
export function mappingProperties(show: Show): INodeProperties[] {
	const rows = (property: Pick<INodeProperties, 'displayName' | 'name' | 'placeholder' | 'description'>, value: INodeProperties): INodeProperties => ({
		...property,
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		default: {},
		displayOptions: { show },
		options: [
			{
				displayName: 'Field',
				name: 'fields',
				values: [{ displayName: 'Template Field', name: 'field', type: 'string', default: '', placeholder: 'e.g. name' }, value],
			},
		],
	});
	return [
		rows(
			{
				displayName: 'Field Mapping',
				name: 'fieldMapping',
				placeholder: 'Add Field',
				description: 'Which field of the item a field of the template is taken from. Those that are not named here are found by their names: the same, in another spelling (first_name for firstName), or a synonym.',
			},
			{ displayName: 'Item Field', name: 'path', type: 'string', default: '', placeholder: 'e.g. package.name' },
		),
	];
}

/** Members of a collection of options: how far names are trusted. */
export const mappingOptions: INodeProperties[] = [
	{
		displayName: 'Map Fields by Name',
		name: 'mapByName',
		type: 'boolean',
		default: true,
		description: 'Whether fields that are not named under Field Mapping are found by their names',
	},
	{
		displayName: 'Strict',
		name: 'strict',
		type: 'boolean',
		default: true,
		description: 'Whether a field that the template reads and the item does not have is an error. Otherwise nothing is written in its place.',
	},
	{
		displayName: 'Synonyms',
		name: 'synonyms',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		default: {},
		placeholder: 'Add Field',
		description: 'Other names that items have for a field of the template',
		options: [
			{
				displayName: 'Field',
				name: 'fields',
				values: [
					{ displayName: 'Item Fields', name: 'others', type: 'string', default: '', placeholder: 'e.g. title, label', description: 'Names with commas between them' },
					{ displayName: 'Template Field', name: 'field', type: 'string', default: '', placeholder: 'e.g. name' },
				],
			},
		],
	},
];

/** How texts are filled, whichever they are. */
export interface FillSettings {
	readonly mapping: MapSettings;
	readonly strict: boolean;
}

export interface TemplateChoice extends FillSettings {
	readonly name: string;
	/** Undefined for the latest. */
	readonly version: string | undefined;
}

/** `read` gives what a field of the panel holds; throws InvalidOptionError that names the field. */
export function toTemplateChoice(read: (name: string) => unknown, options: Values = {}): TemplateChoice {
	return { ...toNamed(read), ...toFillSettings(read, options) };
}

export function toNamed(read: (name: string) => unknown): Pick<TemplateChoice, 'name' | 'version'> {
	const given = read('templateName');
	// A resource locator, or, by an expression, the name itself.
	const name = typeof given === 'object' && given !== null && 'value' in given ? given.value : given;
	return { name: requireName(name), version: toVersion(read('templateVersion')) };
}

/** The parameters that `toTemplateChoice` reads. */
export const TEMPLATE_PARAMETERS = ['templateName', 'templateVersion', 'fieldMapping'];

export function toFillSettings(read: (name: string) => unknown, options: Values): FillSettings {
	const explicit = toRows('Field Mapping', read('fieldMapping')).map((row) => [row.field, requirePath(row.path)] as const);
	const synonyms = toRows('Synonyms', options.synonyms).map((row) => [row.field, toNames('Synonyms', row.others, MAX_SYNONYMS)] as const);
	return {
		mapping: { explicit: Object.fromEntries(explicit), synonyms: Object.fromEntries(synonyms), automatic: options.mapByName !== false },
		strict: options.strict !== false,
	};
}

const MAX_ROWS = 100;
const MAX_SYNONYMS = 50;

function toRows(option: string, value: unknown): Array<Values & { readonly field: string }> {
	const rows: unknown = (typeof value === 'object' && value !== null ? (value as Values) : {}).fields ?? [];
	if (!Array.isArray(rows) || rows.length > MAX_ROWS) throw new InvalidOptionError(option, `at most ${MAX_ROWS} fields`, rows);
	return rows.flatMap((row: unknown) => {
		const { field } = (typeof row === 'object' && row !== null ? row : {}) as Values;
		// One without a name is one that nobody filled in.
		return typeof field === 'string' && field.trim() !== '' ? [{ ...(row as Values), field: field.trim() }] : [];
	});
}

function requirePath(value: unknown): string {
	if (typeof value === 'string' && value.trim() !== '') return value.trim();
	throw new InvalidOptionError('Item Field', 'the name of a field of the item', value);
}

export function toEscape(value: unknown): Escape {
	return requireOneOf('Escape Values For', value ?? 'text', ESCAPES);
}

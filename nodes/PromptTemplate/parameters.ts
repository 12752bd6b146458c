import { InvalidOptionError } from '../../lib/core/errors';
import { requireInteger, requireOneOf, requireText } from '../../lib/core/validate';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters';
import { toDraft, toNames, toWords, type Escape, type Query, type TemplateDraft, type Values } from '../../lib/template';
import { parseJsonField } from '../shared/json';
import { toEscape, toFillSettings, toNamed, toTemplateChoice, type FillSettings, type TemplateChoice } from '../shared/template';
import { OPERATIONS, type Operation } from './operations';

/** Which text an item is filled into: one of the library, one for all, or its own. */
export type FillSource =
	| { readonly from: 'library'; readonly choice: TemplateChoice }
	| { readonly from: 'text'; readonly text: string; readonly escape: Escape; readonly settings: FillSettings }
	| { readonly from: 'item'; readonly field: string; readonly escape: Escape; readonly settings: FillSettings };

export interface FillParameters {
	readonly source: FillSource;
	readonly outputField: string;
	readonly includeInput: boolean;
}

export type Reader<T> = (itemIndex: number) => T;

const MAX_CRITERIA = 20;
const MAX_LIMIT = 20_000;

/** The same for all items. */
export function readOperation(context: ParameterContext): Operation {
	return requireOneOf('Operation', context.getNodeParameter('operation', 0) as unknown, Object.keys(OPERATIONS) as Operation[]);
}

/** One library for the whole run. */
export function readLibrary(context: ParameterContext): unknown {
	return get(context, 0, 'library');
}

/** What it returns throws InvalidOptionError that names the parameter, as do the others. */
export function fillReader(context: ParameterContext): Reader<FillParameters> {
	return perItem(context, (from, itemIndex) => {
		const read = reader(from, itemIndex);
		const options = asValues(read('options'));
		const kind = requireOneOf('Template From', read('templateFrom') ?? 'text', ['item', 'library', 'text']);
		const own = { escape: toEscape(options.escape), settings: toFillSettings(read, options) };
		const source: FillSource =
			kind === 'library'
				? { from: kind, choice: toTemplateChoice(read, options) }
				: kind === 'text'
					? { from: kind, text: requireText('Template Text', read('templateText')), ...own }
					: { from: kind, field: requireText('Text Field', read('textField')), ...own };
		return { source, outputField: requireText('Output Field', options.outputField ?? 'text'), includeInput: options.includeInput === true };
	});
}

/** How many texts go into a file; undefined where each is an item of its own. One setting for the whole run. */
export function readFiles(context: ParameterContext): number | undefined {
	const { putInto, textsPerFile } = asValues(get(context, 0, 'options'));
	if (requireOneOf('Put Texts Into', putInto ?? 'items', ['files', 'items']) === 'items') return undefined;
	return requireInteger('Texts per File', textsPerFile ?? 1000, { min: 1, max: 100_000 });
}

/** @param inputs the fields of the items */
export function draftReader(context: ParameterContext, inputs: (itemIndex: number) => Values): Reader<TemplateDraft> {
	return (itemIndex) => {
		const read = reader(context, itemIndex);
		const { description, tags, version } = asValues(read('details'));
		const kind = requireOneOf('Template From', read('templateFrom') ?? 'text', ['item', 'text']);
		const text = kind === 'text' ? read('templateText') : inputs(itemIndex)[requireText('Text Field', read('textField'))];
		return toDraft({ name: read('name'), version, description, tags, text, escape: read('escape'), fields: toFields(read('declaredFields')) });
	};
}

export interface Named {
	readonly name: string;
	readonly version: string | undefined;
}

export function nameReader(context: ParameterContext): Reader<Named> {
	return perItem(context, (from, itemIndex) => toNamed(reader(from, itemIndex)));
}

export function queryReader(context: ParameterContext): Reader<Query & { readonly limit: number }> {
	return perItem(context, (from, itemIndex) => {
		const read = reader(from, itemIndex);
		const words = read('findWords') ?? '';
		if (typeof words !== 'string') throw new InvalidOptionError('Words', 'a text', words);
		return {
			tags: toNames('Tags', read('findTags'), MAX_CRITERIA),
			fields: toNames('Needs Fields', read('findFields'), MAX_CRITERIA),
			words: toWords(words).slice(0, MAX_CRITERIA),
			limit: requireInteger('Limit', read('limit') ?? 50, { min: 1, max: MAX_LIMIT }),
		};
	});
}

export interface ImportParameters {
	readonly drafts: readonly TemplateDraft[];
	/** Whether a version that is there stays as it is. */
	readonly keep: boolean;
}

export function importReader(context: ParameterContext): Reader<ImportParameters> {
	return (itemIndex) => {
		const read = reader(context, itemIndex);
		const given = parseJsonField('Templates', read('importJson'));
		const { templates = [given] } = asValues(given);
		const list: unknown = Array.isArray(given) ? given : templates;
		if (!Array.isArray(list) || list.length > MAX_LIMIT) throw new InvalidOptionError('Templates', `at most ${MAX_LIMIT} templates`, list);
		return { drafts: list.map((entry) => toDraft(asValues(entry))), keep: requireOneOf('When a Version Is There', read('whenThere') ?? 'replace', ['keep', 'replace']) === 'keep' };
	};
}

/** The rows of the panel; a default of another type than text is written as JSON. */
function toFields(value: unknown): unknown[] {
	const { fields = [] } = asValues(value);
	if (!Array.isArray(fields)) throw new InvalidOptionError('Fields', 'a list of fields', fields);
	return fields.map(asValues).map(({ default: standIn, ...row }) => (standIn === undefined || standIn === '' ? row : { ...row, default: toDefault(row, standIn) }));
}

function toDefault({ name, type }: Values, standIn: unknown): unknown {
	if (typeof standIn !== 'string' || type === 'text' || type === 'any' || type === undefined) return standIn;
	return parseJsonField(`Default of ${String(name)}`, standIn);
}

/** n8n throws on a parameter that is hidden and so has no value, unless it is given another than undefined. */
function get(context: ParameterContext, itemIndex: number, name: string): unknown {
	return context.getNodeParameter(name, itemIndex, null) ?? undefined;
}

function reader(context: ParameterContext, itemIndex: number): (name: string) => unknown {
	return (name) => get(context, itemIndex, name);
}

function asValues(value: unknown): Values {
	return typeof value === 'object' && value !== null ? (value as Values) : {};
}

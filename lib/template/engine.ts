import { TemplateError } from '../core/errors';
import { Liquid } from '../vendor';
import { MAX_FILL_MS, MAX_MEMORY, MAX_NESTING, MAX_OUTPUT, MAX_TEXT } from './bounds';
import { ESCAPE, type Escape } from './escape';

/** The part of Liquid that a text needs: no counters that outlive a block, no layouts, nothing that reads files. */
export const TAGS = ['assign', 'break', 'capture', 'case', 'comment', 'continue', 'cycle', 'for', 'if', 'raw', 'render', 'unless', '#'];

/** Those whose time grows with their input alone, and which give the same for the same: no chance, no clock. */
export const FILTERS = [
	...['abs', 'at_least', 'at_most', 'ceil', 'divided_by', 'floor', 'minus', 'modulo', 'plus', 'round', 'times'],
	...['compact', 'concat', 'find', 'first', 'group_by', 'has', 'join', 'last', 'map', 'reject', 'reverse', 'size', 'slice', 'sort', 'sort_natural', 'sum', 'uniq', 'where'],
	...['append', 'capitalize', 'downcase', 'lstrip', 'prepend', 'remove', 'remove_first', 'remove_last', 'replace', 'replace_first', 'replace_last'],
	...['rstrip', 'split', 'strip', 'strip_newlines', 'truncate', 'truncatewords', 'upcase'],
	...['date', 'default', 'escape', 'json', 'raw', 'url_encode', 'xml_escape'],
];

/** An engine that escapes in one way and knows these partials, by name. */
export function createEngine(escape: Escape, partials: Readonly<Record<string, string>> = {}): Liquid {
	const engine = new Liquid({
		ownPropertyOnly: true,
		lenientIf: true,
		strictFilters: true,
		templates: { ...partials },
		cache: true,
		relativeReference: false,
		outputEscape: ESCAPE[escape],
		locale: 'en-US',
		timezoneOffset: 0,
		preserveTimezones: true,
		parseLimit: MAX_TEXT,
		memoryLimit: MAX_MEMORY,
		renderLimit: MAX_FILL_MS,
	});
	keepOnly(engine.tags, TAGS);
	const { date, json } = engine.filters;
	keepOnly(engine.filters, FILTERS);
	if (typeof date === 'function') engine.registerFilter('date', withoutClock(date));
	// Where JSON is written, what the filter gives is a whole value already.
	if (escape === 'json' && typeof json === 'function') engine.registerFilter('json', { raw: true, handler: json });
	return engine;
}

function keepOnly(registry: Record<string, unknown>, names: readonly string[]): void {
	for (const name of Object.keys(registry)) if (!names.includes(name)) delete registry[name];
}

type Handler = Extract<Liquid['filters'][string], (...values: never[]) => unknown>;

function withoutClock(date: Handler): Handler {
	return function (value: unknown, ...rest: unknown[]) {
		if (value === 'now' || value === 'today') throw new TemplateError(`"${value}" is another text each time; give the time as a field`);
		return date.call(this, value, ...rest);
	};
}

/** Strict mode: the text reads what has no value. */
export class MissingFieldError extends TemplateError {
	constructor(
		which: string,
		/** With its path, such as `customer.name`. */
		readonly field: string,
		place: string,
	) {
		super(`${which} needs the field "${field}", which has no value${place}`);
	}
}

/** The engine's own errors, in our words where it has none that help. `which` names the template at the beginning of a sentence. */
export function toTemplateError(error: unknown, which: string): TemplateError {
	if (error instanceof TemplateError) return new TemplateError(`${which}: ${error.message}`);
	const { originalError, message } = error as { readonly originalError?: unknown; readonly message?: unknown };
	if (originalError instanceof TemplateError) return new TemplateError(`${which}: ${originalError.message}${placeOf(String(message))}`);
	const text = String(message);
	const missing = (originalError as { readonly variableName?: unknown } | undefined)?.variableName;
	if (typeof missing === 'string') return new MissingFieldError(which, missing, placeOf(text));
	if (/maximum call stack/i.test(text)) return new TemplateError(`${which} is nested deeper than ${MAX_NESTING} levels`);
	if (/invalid string length/i.test(text)) return tooLong(which);
	if (/render limit exceeded/.test(text)) return new TemplateError(`${which} was not filled within ${MAX_FILL_MS} ms`);
	if (/memory alloc limit exceeded/.test(text)) return new TemplateError(`${which} makes more than ${MAX_MEMORY} characters and entries of lists on its way`);
	if (/parse length limit exceeded|parse.* limit exceeded/.test(text)) return new TemplateError(`${which} is longer than ${MAX_TEXT} characters`);
	return new TemplateError(`${which} cannot be read: ${text.replace(PLACE, '')}${placeOf(text)}`);
}

export function tooLong(which: string): TemplateError {
	return new TemplateError(`${which} gives more than ${MAX_OUTPUT} characters`);
}

const PLACE = /,?(?: file:[^,]*,)? line:(\d+), col:(\d+).*$/s;

function placeOf(message: string): string {
	const [, line, column] = PLACE.exec(message) ?? [];
	return line === undefined ? '' : ` (line ${line}, column ${column})`;
}

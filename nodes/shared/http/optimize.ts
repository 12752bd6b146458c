import { InvalidOptionError, MalformedAnswerError } from '../../../lib/core/errors';
import { requireOneOf } from '../../../lib/core/validate';
import { partsOf, setPath, valueAt } from './paths';
import { asText, asValues, type Values } from './values';

/** Which part of a JSON response a model gets to see. */
export interface Optimization {
	/** Undefined for the whole response. */
	readonly dataField: string | undefined;
	readonly include: 'all' | 'selected' | 'except';
	readonly fields: readonly string[];
}

/** Undefined where nothing shall be left out. Throws InvalidOptionError for the types that need a browser's eye. */
export function toOptimization(read: (name: string) => unknown): Optimization | undefined {
	if (read('optimizeResponse') !== true) return undefined;
	const type = read('responseType') ?? 'json';
	if (type !== 'json') throw new InvalidOptionError('Expected Response Type', 'JSON (for HTML and text use HTTP Request)', type);
	const dataField = asText(read('dataField'));
	const fields = read('fields');
	return {
		dataField: dataField === '' ? undefined : dataField,
		include: requireOneOf('Include Fields', read('fieldsToInclude') ?? 'all', ['all', 'selected', 'except']),
		fields: Array.isArray(fields) ? fields.map(asText) : asText(fields).split(',').map((field) => field.trim()),
	};
}

/** The part of a body, always as a list. The body itself stays as it is. */
export function optimized(body: unknown, { dataField, include, fields }: Optimization): unknown[] {
	const entries = entriesOf(body, dataField);
	if (include === 'all') return entries;
	return entries.map((entry) => (include === 'selected' ? selected(entry, fields) : without(entry, fields)));
}

function entriesOf(body: unknown, dataField: string | undefined): unknown[] {
	if (typeof body !== 'object' || body === null) throw new MalformedAnswerError('The response type must be an object or an array of objects');
	if (Array.isArray(body)) return dataField === undefined ? (body as unknown[]) : body.map((entry: unknown) => asValues(entry)[dataField]);
	if (dataField === undefined) return [body];
	if (!Object.hasOwn(body, dataField)) throw new MalformedAnswerError(`Target field "${dataField}" not found in response.`);
	const data = asValues(body)[dataField];
	return Array.isArray(data) ? (data as unknown[]) : [data];
}

function selected(entry: unknown, fields: readonly string[]): Values {
	const kept: Record<string, unknown> = {};
	for (const field of fields) setPath(kept, field, valueAt(entry, field));
	return kept;
}

function without(entry: unknown, fields: readonly string[]): unknown {
	const copy = structuredClone(entry);
	for (const field of fields) {
		const parts = partsOf(field);
		const last = parts[parts.length - 1] ?? field;
		const place = parts.slice(0, -1).reduce<unknown>((at, part) => asValues(at)[part], copy);
		if (typeof place === 'object' && place !== null && Object.hasOwn(place, last)) Reflect.deleteProperty(place, last);
	}
	return copy;
}

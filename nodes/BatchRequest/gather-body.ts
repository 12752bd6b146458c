import { InvalidOptionError } from '../../lib/core/errors';
import type { LoadedBody } from '../shared/http/load-body';
import { setPath, valueAt } from '../shared/http/paths';
import type { GatherItem, GatherSettings } from './gather-parameters';

/** An item as it goes into a body. */
export interface Packed {
	readonly value: unknown;
	/** With what separates it from the next one. */
	readonly bytes: number;
	readonly key: string | undefined;
}

/** Throws InvalidOptionError where the item has no key of its own, or is too big for any request. */
export function pack({ value, rest }: GatherItem, settings: GatherSettings): Packed {
	const { format, itemKey, match, maxBytes } = settings;
	const text = format === 'ndjson' ? linesOf(value) : JSON.stringify(value);
	const bytes = Buffer.byteLength(text) + (format === 'ndjson' ? 0 : 1);
	if (bytes > roomFor(rest, settings)) {
		throw new InvalidOptionError('Item', `one that fits into the ${maxBytes} bytes of Max Request Size`, bytes);
	}
	return { value: format === 'ndjson' ? text : value, bytes, key: match === 'key' ? requireKey(value, itemKey) : undefined };
}

/** Bytes that a body leaves for items. */
export function roomFor(rest: GatherItem['rest'], { format, bodyPath, maxBytes }: GatherSettings): number {
	if (format === 'ndjson' || maxBytes === Infinity) return maxBytes;
	// Each item is counted with a comma, of which the last one has none.
	return maxBytes - Buffer.byteLength(JSON.stringify(around([], rest, bodyPath))) + 1;
}

export function bodyOf(values: readonly unknown[], rest: GatherItem['rest'], { format, bodyPath }: GatherSettings): LoadedBody {
	if (format === 'ndjson') return { kind: 'raw', contentType: 'application/x-ndjson', text: values.join('') };
	return { kind: 'json', value: around(values, rest, bodyPath) };
}

/** Numbers and texts that read alike are the same key: servers do not always give back the one that they got. */
export function keyOf(value: unknown, path: string): string | undefined {
	const key = valueAt(value, path);
	return (typeof key === 'string' && key !== '') || typeof key === 'number' ? String(key) : undefined;
}

function requireKey(value: unknown, path: string): string {
	const key = keyOf(value, path);
	if (key !== undefined) return key;
	throw new InvalidOptionError('Key in Item', `a text or number at "${path}" of the item`, valueAt(value, path));
}

function around(list: readonly unknown[], rest: GatherItem['rest'], path: string): unknown {
	if (path === '') return list;
	const body = JSON.parse(JSON.stringify(rest)) as Record<string, unknown>;
	setPath(body, path, list);
	return body;
}

/** A list makes a line per entry, such as the action and the document of a bulk API. */
function linesOf(value: unknown): string {
	return (Array.isArray(value) ? (value as unknown[]) : [value]).map((line) => `${JSON.stringify(line)}\n`).join('');
}

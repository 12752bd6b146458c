import { isPlain } from '../core/plain';

/** That a parameter has to be asked of n8n for this item. */
export const UNRESOLVED: unique symbol = Symbol('unresolved');

/** What a parameter comes to for an item's `json`, or UNRESOLVED. */
export type Resolve = (json: unknown) => unknown;

type Path = readonly string[];

const PLACE = /^\s*\$json((?:\??\.[A-Za-z_$][\w$]*|\["[^"\\]*"\]|\['[^'\\]*'\]|\[\d{1,9}\])*)\s*$/;
const STEP = /\.([A-Za-z_$][\w$]*)|\["([^"\\]*)"\]|\['([^'\\]*)'\]|\[(\d+)\]/g;

/**
 * A parameter as it stands in the node, made of literals and of expressions that only name places in the item, such as
 * `=https://api.example.com/orders/{{ $json.order.id }}`. Undefined where it holds any other expression. What such a place
 * comes to is said of what JSON can hold, and inside of a text of texts, numbers and booleans; for anything else n8n has rules of its own.
 */
export function compile(raw: unknown): Resolve | undefined {
	if (typeof raw === 'string' && raw.startsWith('=')) return compileText(raw.slice(1));
	if (typeof raw !== 'object' || raw === null) return () => raw;
	return Array.isArray(raw) ? compileList(raw) : compileRecord(raw);
}

function compileText(text: string): Resolve | undefined {
	const parts = partsOf(text);
	if (!parts) return undefined;
	const [first, only] = parts;
	// An expression and nothing else gives the value itself, and beside any character its text.
	if (parts.length === 2 && first === '' && typeof only === 'object') return (json) => copyOf(valueAt(json, only));
	return (json) => {
		let filled = '';
		for (const part of parts) {
			const value = typeof part === 'string' ? part : valueAt(json, part);
			if (!isWritten(value)) return UNRESOLVED;
			filled += value;
		}
		return filled;
	};
}

/** Texts and paths in turns. */
function partsOf(text: string): Array<string | Path> | undefined {
	// A backslash may escape what follows it.
	if (text.includes('\\')) return undefined;
	const parts: Array<string | Path> = [];
	let at = 0;
	for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
		const close = text.indexOf('}}', open + 2);
		const path = close < 0 ? undefined : pathOf(text.slice(open + 2, close));
		if (!path) return undefined;
		parts.push(text.slice(at, open), path);
		at = close + 2;
	}
	if (at < text.length) parts.push(text.slice(at));
	return parts;
}

function pathOf(code: string): Path | undefined {
	const place = PLACE.exec(code)?.[1];
	if (place === undefined) return undefined;
	const path = Array.from(place.matchAll(STEP), ([, ...names]) => names.find((name) => name !== undefined) ?? '');
	// n8n refuses some of what every object has, and of the rest sees its own.
	return path.some((name) => name in Object.prototype) ? undefined : path;
}

function valueAt(json: unknown, path: Path): unknown {
	let value = json;
	for (const name of path) {
		if (typeof value !== 'object' || value === null || !(Array.isArray(value) || isPlain(value)) || !Object.hasOwn(value, name)) return UNRESOLVED;
		value = (value as Readonly<Record<string, unknown>>)[name];
	}
	return value;
}

/** What every engine writes alike into a text. */
function isWritten(value: unknown): value is string | number | boolean {
	return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function copyOf(value: unknown): unknown {
	if (isWritten(value) || value === null) return value;
	if (Array.isArray(value)) return listOf(value.map(copyOf));
	if (typeof value !== 'object' || !isPlain(value)) return UNRESOLVED;
	return recordOf(Object.keys(value), Object.values(value).map(copyOf));
}

function listOf(values: readonly unknown[]): unknown {
	return values.includes(UNRESOLVED) ? UNRESOLVED : values;
}

function recordOf(names: readonly string[], values: readonly unknown[]): unknown {
	if (values.includes(UNRESOLVED) || names.includes('__proto__')) return UNRESOLVED;
	return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}

function compileList(raw: readonly unknown[]): Resolve | undefined {
	const members = compileAll(raw);
	return members && ((json) => listOf(members.map((resolve) => resolve(json))));
}

function compileRecord(raw: object): Resolve | undefined {
	const names = Object.keys(raw);
	const members = compileAll(Object.values(raw));
	return members && ((json) => recordOf(names, members.map((resolve) => resolve(json))));
}

function compileAll(raw: readonly unknown[]): Resolve[] | undefined {
	const members = raw.map(compile).filter((resolve) => resolve !== undefined);
	return members.length === raw.length ? members : undefined;
}

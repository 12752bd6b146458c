import { isPlain } from '../core/plain';

/** That a parameter has to be asked of n8n for this item. */
export const UNRESOLVED: unique symbol = Symbol('unresolved');

/** What a parameter comes to for an item's `json`, or UNRESOLVED. */
export type Resolve = (json: unknown) => unknown;

/** A place in the item, or its JSON. */
interface Place {
	readonly path: readonly string[];
	readonly asJson: boolean;
}

const PLACE = /^\$json((?:\??\.[A-Za-z_$][\w$]*|\["[^"\\]*"\]|\['[^'\\]*'\]|\[\d{1,9}\])*)$/;
const AS_JSON = /^JSON\.stringify\(([^()]*)\)$/;
const STEP = /\.([A-Za-z_$][\w$]*)|\["([^"\\]*)"\]|\['([^'\\]*)'\]|\[(\d+)\]/g;

/**
 * A parameter as it stands in the node, made of literals and of expressions that only name places in the item, such as
 * `=https://api.example.com/orders/{{ $json.order.id }}` or `={ "text": {{ JSON.stringify($json.text) }} }`. Undefined where it holds any
 * other expression. What such a place comes to is said of what JSON can hold, and inside of a text of texts, numbers and booleans; for
 * anything else n8n has rules of its own.
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
	if (parts.length === 2 && first === '' && typeof only === 'object') return (json) => valueOf(json, only);
	return (json) => {
		let filled = '';
		for (const part of parts) {
			const value = typeof part === 'string' ? part : valueOf(json, part);
			if (!isWritten(value)) return UNRESOLVED;
			filled += value;
		}
		return filled;
	};
}

/** Texts and places in turns. */
function partsOf(text: string): Array<string | Place> | undefined {
	// A backslash may escape what follows it.
	if (text.includes('\\')) return undefined;
	const parts: Array<string | Place> = [];
	let at = 0;
	for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
		const close = text.indexOf('}}', open + 2);
		const place = close < 0 ? undefined : placeOf(text.slice(open + 2, close).trim());
		if (!place) return undefined;
		parts.push(text.slice(at, open), place);
		at = close + 2;
	}
	if (at < text.length) parts.push(text.slice(at));
	return parts;
}

function placeOf(code: string): Place | undefined {
	const inside = AS_JSON.exec(code)?.[1];
	const steps = PLACE.exec(inside?.trim() ?? code)?.[1];
	if (steps === undefined) return undefined;
	const path = Array.from(steps.matchAll(STEP), ([, ...names]) => names.find((name) => name !== undefined) ?? '');
	// n8n refuses some of what every object has, and of the rest sees its own.
	return path.some((name) => name in Object.prototype) ? undefined : { path, asJson: inside !== undefined };
}

function valueOf(json: unknown, { path, asJson }: Place): unknown {
	const value = copyOf(valueAt(json, path));
	return asJson && value !== UNRESOLVED ? JSON.stringify(value) : value;
}

function valueAt(json: unknown, path: readonly string[]): unknown {
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

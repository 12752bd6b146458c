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

const PLACE = /^\$json((?:\??\.[A-Za-z_$][\w$]*|\["[^"\\]*"\]|\['[^'\\]*'\]|\[(?:0|[1-9]\d{0,8})\])*)$/;
const AS_JSON = /^JSON\.stringify\(([^()]*)\)$/;
const STEP = /\.([A-Za-z_$][\w$]*)|\["([^"\\]*)"\]|\['([^'\\]*)'\]|\[(\d+)\]/g;

/** Deeper than that no value is read here. */
const MAX_DEPTH = 100;

/**
 * A parameter as it stands in the node, made of literals and of expressions that only name places in the item, such as
 * `=https://api.example.com/orders/{{ $json.order.id }}` or `={ "text": {{ JSON.stringify($json.text) }} }`. Undefined where it
 * holds any other expression. Values that JSON cannot hold are left to n8n; inside a text, so is all but texts, numbers and booleans.
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
			const value = typeof part === 'string' ? part : textOf(json, part);
			if (value === UNRESOLVED) return UNRESOLVED;
			filled += String(value);
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
	return path.some(isOfEveryObject) ? undefined : { path, asJson: inside !== undefined };
}

function valueOf(json: unknown, { path, asJson }: Place): unknown {
	const value = copyOf(valueAt(json, path));
	return asJson && value !== UNRESOLVED ? JSON.stringify(value) : value;
}

/** Of what no text can be made, nothing is copied. */
function textOf(json: unknown, place: Place): unknown {
	return place.asJson || isWritten(valueAt(json, place.path)) ? valueOf(json, place) : UNRESOLVED;
}

function valueAt(json: unknown, path: readonly string[]): unknown {
	let value = json;
	for (const name of path) {
		if (typeof value !== 'object' || value === null || !(Array.isArray(value) || isPlain(value)) || !Object.hasOwn(value, name)) return UNRESOLVED;
		value = (value as Readonly<Record<string, unknown>>)[name];
	}
	return value;
}

/** What every engine writes alike into a text. Of texts that are no Unicode or hold a NUL, one engine keeps less. */
function isWritten(value: unknown): value is string | number | boolean {
	if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
	return typeof value === 'boolean' || Number.isFinite(value);
}

/** Shares nothing with the item, which a caller could change through it. */
function copyOf(value: unknown, depth = 0): unknown {
	if (isWritten(value) || value === null) return value;
	if (typeof value !== 'object' || depth === MAX_DEPTH) return UNRESOLVED;
	const copyAll = (members: readonly unknown[]) => resolveAll(members, (member) => copyOf(member, depth + 1));
	if (Array.isArray(value)) return copyAll(value) ?? UNRESOLVED;
	return isPlain(value) ? recordOf(Object.keys(value), copyAll(Object.values(value))) : UNRESOLVED;
}

/** Undefined where one is unresolved; the others are then not looked at. */
function resolveAll<T>(members: readonly T[], resolve: (member: T) => unknown): unknown[] | undefined {
	const values: unknown[] = [];
	for (const member of members) {
		const value = resolve(member);
		if (value === UNRESOLVED) return undefined;
		values.push(value);
	}
	return values;
}

function recordOf(names: readonly string[], values: readonly unknown[] | undefined): unknown {
	if (!values || names.some(isOfEveryObject)) return UNRESOLVED;
	return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}

/** n8n refuses some of these names, and for the others sees what every object has. */
function isOfEveryObject(name: string): boolean {
	return name in Object.prototype;
}

function compileList(raw: readonly unknown[]): Resolve | undefined {
	const members = compileAll(raw);
	return members && ((json) => resolveAll(members, (resolve) => resolve(json)) ?? UNRESOLVED);
}

function compileRecord(raw: object): Resolve | undefined {
	const names = Object.keys(raw);
	const members = compileAll(Object.values(raw));
	return members && ((json) => recordOf(names, resolveAll(members, (resolve) => resolve(json))));
}

function compileAll(raw: readonly unknown[]): Resolve[] | undefined {
	const members = raw.map(compile).filter((resolve) => resolve !== undefined);
	return members.length === raw.length ? members : undefined;
}

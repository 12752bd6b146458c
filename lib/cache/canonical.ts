import { hash } from 'node:crypto';
import { types } from 'node:util';
import { isPlain, kindOf } from './isolate';

/**
 * An unambiguous text of a value: equal for equal values whatever the order of their keys, different
 * for different ones. JSON's gaps are closed with marks that JSON never writes: undefined, NaN,
 * infinities, bigint, Date, bytes, Map and Set each keep an identity of their own. What hides its state
 * (a class instance) is written as its toJSON says, or refused: two of them could look alike and differ.
 */
export function canonical(value: unknown): string {
	const sorted = sortedJson(value, []);
	return sorted === NOT_JSON ? write(value, []) : JSON.stringify(sorted);
}

/** Stands for whatever JSON has no exact form for. */
const NOT_JSON = Symbol('not JSON');

/**
 * The value with the keys of all its objects in order, itself wherever they are so already, for the platform to write, which is
 * several times as fast as `write` and gives the same text. NOT_JSON where that would not be exact; `write` then judges.
 */
function sortedJson(value: unknown, ancestors: object[]): unknown {
	if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
	if (typeof value === 'number') return Number.isFinite(value) ? value : NOT_JSON;
	if (typeof value !== 'object' || ancestors.includes(value)) return NOT_JSON;
	ancestors.push(value);
	const sorted = Array.isArray(value) ? sortedList(value, ancestors) : isPlain(value) ? sortedRecord(value as Record<string, unknown>, ancestors) : NOT_JSON;
	ancestors.pop();
	return sorted;
}

function sortedList(list: readonly unknown[], ancestors: object[]): unknown {
	if ('toJSON' in list) return NOT_JSON;
	let copy: unknown[] | undefined;
	for (let index = 0; index < list.length; index += 1) {
		const member = sortedJson(list[index], ancestors);
		if (member === NOT_JSON) return NOT_JSON;
		if (member !== list[index]) (copy ??= [...list])[index] = member;
	}
	return copy ?? list;
}

function sortedRecord(record: Readonly<Record<string, unknown>>, ancestors: object[]): unknown {
	const keys = Object.keys(record);
	const inOrder = sort(keys);
	let copy: Record<string, unknown> | undefined = inOrder ? undefined : {};
	for (const key of keys) {
		// A new object would put keys that are numbers first, and take this one for its prototype.
		if (!inOrder && (startsWithDigit(key) || key === '__proto__')) return NOT_JSON;
		const member = record[key];
		if (member === undefined) continue;
		const sorted = sortedJson(member, ancestors);
		if (sorted === NOT_JSON) return NOT_JSON;
		if (inOrder && sorted === member) continue;
		(copy ??= { ...record })[key] = sorted;
	}
	return copy ?? record;
}

function startsWithDigit(key: string): boolean {
	const code = key.charCodeAt(0);
	return code >= 0x30 && code <= 0x39;
}

/** Of more keys, the platform's sort is the faster one. */
const FEW_KEYS = 16;

/** In place, by code units, as `sort` does by itself; says whether they were in order. */
function sort(keys: string[]): boolean {
	let inOrder = true;
	for (let index = 1; index < keys.length && inOrder; index += 1) inOrder = (keys[index - 1] ?? '') <= (keys[index] ?? '');
	if (inOrder) return true;
	if (keys.length > FEW_KEYS) keys.sort();
	else sortByInsertion(keys);
	return false;
}

function sortByInsertion(keys: string[]): void {
	for (let index = 1; index < keys.length; index += 1) {
		const key = keys[index] ?? '';
		let place = index;
		for (let before = keys[place - 1]; before !== undefined && before > key; before = keys[place - 1]) {
			keys[place] = before;
			place -= 1;
		}
		keys[place] = key;
	}
}

function write(value: unknown, ancestors: object[]): string {
	switch (typeof value) {
		case 'string':
			return quote(value);
		case 'number':
			// -0 and 0 are the same number to every origin: JSON writes both as 0.
			return Number.isFinite(value) ? String(value === 0 ? 0 : value) : `#${value}`;
		case 'boolean':
			return value ? 'true' : 'false';
		case 'undefined':
			return '#undefined';
		case 'bigint':
			return `#bigint ${value}`;
		case 'object':
			return value === null ? 'null' : writeObject(value, ancestors);
		default:
			throw new TypeError(`A ${typeof value} has no canonical form`);
	}
}

/** JSON.stringify for a text; called by itself it costs several times this loop where the text is short. */
function quote(text: string): string {
	if (text.length > 40) return JSON.stringify(text);
	for (let index = 0; index < text.length; index += 1) {
		const code = text.charCodeAt(index);
		// Control characters, quote, backslash, and surrogates, of which lone ones are escaped.
		if (code < 0x20 || code === 0x22 || code === 0x5c || code >= 0xd800) return JSON.stringify(text);
	}
	return `"${text}"`;
}

function writeObject(value: object, ancestors: object[]): string {
	if (ancestors.includes(value)) throw new TypeError('A value that contains itself has no canonical form');
	ancestors.push(value);
	const text = writeMembers(value, ancestors);
	ancestors.pop();
	return text;
}

function writeMembers(value: object, ancestors: object[]): string {
	if (Array.isArray(value)) {
		let text = '[';
		for (let index = 0; index < value.length; index += 1) {
			text += (index === 0 ? '' : ',') + write(value[index], ancestors);
		}
		return `${text}]`;
	}
	if (!isPlain(value)) return writeSpecial(value, ancestors);
	// undefined members are left out, as every JSON body leaves them out.
	const record = value as Readonly<Record<string, unknown>>;
	let text = '{';
	const keys = Object.keys(record);
	sort(keys);
	for (const key of keys) {
		const member = record[key];
		if (member === undefined) continue;
		text += `${text === '{' ? '' : ','}${quote(key)}:${write(member, ancestors)}`;
	}
	return `${text}}`;
}

/** The checks know the objects of every realm, which instanceof does not. */
function writeSpecial(value: object, ancestors: object[]): string {
	if (ArrayBuffer.isView(value)) {
		// A Buffer is a Uint8Array; the same bytes read as other numbers are another value.
		const kind = types.isUint8Array(value) ? 'Uint8Array' : kindOf(value);
		return `#bytes ${kind} ${hash('sha256', new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
	}
	if (types.isDate(value)) return `#date ${value.getTime()}`;
	if (types.isMap(value)) return `#map ${write([...value], ancestors)}`;
	if (types.isSet(value)) return `#set ${write([...value], ancestors)}`;
	if ('toJSON' in value && typeof value.toJSON === 'function') return `#json ${write(value.toJSON(), ancestors)}`;
	throw new TypeError(`A ${kindOf(value)} has no canonical form`);
}

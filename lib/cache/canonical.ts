import { hash } from 'node:crypto';
import { types } from 'node:util';
import { isPlain, kindOf } from '../core/plain';
import { isBase64 } from './base64';
import { layoutOf } from './layout';

/** Base64 of as many characters is put aside, where that is asked for. */
const LONG = 4096;

/** Stands for a text that was put aside: in JSON no such character is left, as it escapes it. */
export const ASIDE = '\0';

/** A value that goes deeper is looked for among those that it is in. */
const SHALLOW = 32;

/** What is known on the way through a value. */
interface Way {
	/** Takes what is put aside. */
	readonly aside?: string[] | undefined;
	depth: number;
	/** From the depth on at which a value is suspected of containing itself. */
	readonly ancestors: object[];
}

/**
 * An unambiguous text of a value: equal for equal values whatever the order of their keys, different
 * for different ones. JSON's gaps are closed with marks that JSON never writes: undefined, NaN,
 * infinities, bigint, Date, bytes, Map and Set each keep an identity of their own. What hides its state
 * (a class instance) is written as its toJSON says, or refused: two of them could look alike and differ.
 * @param aside takes long base64, such as that of images, in its order, so that it need not be read and copied to be quoted; ASIDE stands in its places
 */
export function canonical(value: unknown, aside?: string[]): string {
	const sorted = sortedJson(value, { aside, depth: 0, ancestors: [] });
	return sorted === NOT_JSON ? write(value, { aside, depth: 0, ancestors: [] }) : JSON.stringify(sorted);
}

/** Stands for whatever JSON has no exact form for, and for what is to be put aside. */
const NOT_JSON = Symbol('not JSON');

/**
 * The value with the keys of all its objects in order, itself wherever they are so already, for the platform to write, which of
 * many objects is faster than `write` and gives the same text. NOT_JSON where that would not be exact; `write` then judges.
 */
function sortedJson(value: unknown, way: Way): unknown {
	if (typeof value === 'string') return way.aside && isAside(value) ? NOT_JSON : value;
	if (typeof value === 'boolean' || value === null) return value;
	if (typeof value === 'number') return Number.isFinite(value) ? value : NOT_JSON;
	if (typeof value !== 'object' || contains(way, value)) return NOT_JSON;
	const sorted = Array.isArray(value) ? sortedList(value, way) : isPlain(value) ? sortedRecord(value as Record<string, unknown>, way) : NOT_JSON;
	leave(way);
	return sorted;
}

function isAside(text: string): boolean {
	return text.length >= LONG && isBase64(text);
}

/** Goes into a value, and says whether it is within itself. */
function contains(way: Way, value: object): boolean {
	way.depth += 1;
	if (way.depth <= SHALLOW) return false;
	const isWithin = way.ancestors.includes(value);
	way.ancestors.push(value);
	return isWithin;
}

function leave(way: Way): void {
	if (way.depth > SHALLOW) way.ancestors.pop();
	way.depth -= 1;
}

function sortedList(list: readonly unknown[], way: Way): unknown {
	if ('toJSON' in list) return NOT_JSON;
	let copy: unknown[] | undefined;
	for (let index = 0; index < list.length; index += 1) {
		const member = sortedJson(list[index], way);
		if (member === NOT_JSON) return NOT_JSON;
		if (member !== list[index]) (copy ??= [...list])[index] = member;
	}
	return copy ?? list;
}

function sortedRecord(record: Readonly<Record<string, unknown>>, way: Way): unknown {
	const { keys, sorted, isKept } = layoutOf(record);
	if (!isKept) return NOT_JSON;
	const inOrder = keys === sorted;
	let copy: Record<string, unknown> | undefined = inOrder ? undefined : {};
	for (const key of sorted) {
		const member = record[key];
		if (member === undefined) continue;
		const ready = sortedJson(member, way);
		if (ready === NOT_JSON) return NOT_JSON;
		if (inOrder && ready === member) continue;
		(copy ??= { ...record })[key] = ready;
	}
	return copy ?? record;
}

function write(value: unknown, way: Way): string {
	switch (typeof value) {
		case 'string':
			if (!way.aside || !isAside(value)) return quote(value);
			way.aside.push(value);
			return `"${ASIDE}"`;
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
			return value === null ? 'null' : writeObject(value, way);
		default:
			throw new TypeError(`A ${typeof value} has no canonical form`);
	}
}

/**
 * What JSON writes as it is. Of a short text to know that takes less than having it written, and it is a pattern as loops over characters take
 * five times as long in a process in which any library extends String, as Redis clients do.
 */
const BARE = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
	return text.length <= 60 && BARE.test(text) ? `"${text}"` : JSON.stringify(text);
}

function writeObject(value: object, way: Way): string {
	if (contains(way, value)) throw new TypeError('A value that contains itself has no canonical form');
	const text = writeMembers(value, way);
	leave(way);
	return text;
}

function writeMembers(value: object, way: Way): string {
	if (Array.isArray(value)) {
		let text = '[';
		for (let index = 0; index < value.length; index += 1) {
			text += (index === 0 ? '' : ',') + write(value[index], way);
		}
		return `${text}]`;
	}
	if (!isPlain(value)) return writeSpecial(value, way);
	// undefined members are left out, as every JSON body leaves them out.
	const record = value as Readonly<Record<string, unknown>>;
	let text = '{';
	for (const key of layoutOf(record).sorted) {
		const member = record[key];
		if (member === undefined) continue;
		text += `${text === '{' ? '' : ','}${quote(key)}:${write(member, way)}`;
	}
	return `${text}}`;
}

/** The checks know the objects of every realm, which instanceof does not. */
function writeSpecial(value: object, way: Way): string {
	if (ArrayBuffer.isView(value)) {
		// A Buffer is a Uint8Array; the same bytes read as other numbers are another value.
		const kind = types.isUint8Array(value) ? 'Uint8Array' : kindOf(value);
		return `#bytes ${kind} ${hash('sha256', new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
	}
	if (types.isDate(value)) return `#date ${value.getTime()}`;
	if (types.isMap(value)) return `#map ${write([...value], way)}`;
	if (types.isSet(value)) return `#set ${write([...value], way)}`;
	if ('toJSON' in value && typeof value.toJSON === 'function') return `#json ${write(value.toJSON(), way)}`;
	throw new TypeError(`A ${kindOf(value)} has no canonical form`);
}

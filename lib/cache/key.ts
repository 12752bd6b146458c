import { hash } from 'node:crypto';
import { types } from 'node:util';
import { isPlain, kindOf } from './isolate';

/** Raised when the canonical form or the stored shape changes, so that old entries are never read as new ones. */
const SCHEMA = 'fastpath/1';

/**
 * What no key ever crosses. Two calls share an answer only if all of it is the same.
 * None of the parts may be a secret: a credential is named by its id, never by its content.
 */
export interface KeyScope {
	/** Identity of the credential in use, or 'none'. */
	readonly credential: string;
	/** Scheme, host and port that the request goes to. */
	readonly origin: string;
	/** What the user chose: a node, a workflow, the instance, or a text of their own. */
	readonly partition: string;
}

/**
 * SHA-256 over the canonical form of the whole request and its scope: 64 hexadecimal digits.
 * Throws TypeError on what has no canonical form (functions, symbols, cycles, instances of classes without toJSON).
 */
export function cacheKey(scope: KeyScope, request: unknown): string {
	return hash('sha256', canonical([SCHEMA, scope.credential, scope.origin, scope.partition, request]));
}

/**
 * An unambiguous text of a value: equal for equal values whatever the order of their keys, different
 * for different ones. JSON's gaps are closed with marks that JSON never writes: undefined, NaN,
 * infinities, bigint, Date, bytes, Map and Set each keep an identity of their own. What hides its state
 * (a class instance) is written as its toJSON says, or refused: two of them could look alike and differ.
 */
export function canonical(value: unknown): string {
	return write(value, []);
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
	for (const key of Object.keys(record).sort()) {
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

import { types } from 'node:util';
import { isPlain, kindOf } from '../core/plain';

/**
 * Marks an object that stands for what JSON cannot hold: `{ "#fastpath": "bytes", "of": "<base64>" }`.
 * A user's own object with such a member is wrapped in the mark `plain`, so that nothing is mistaken.
 */
const MARK = '#fastpath';

/**
 * JSON that gives plain data back as it was: bytes as Buffer, dates as Date; undefined members are
 * left out, and in a list become null. Throws TypeError on what is no plain data and on numbers that JSON would turn into null.
 */
export function toJson(value: unknown): string {
	return JSON.stringify(pack(value)) ?? 'null';
}

/** @throws SyntaxError where the text is no JSON */
export function fromJson(text: string): unknown {
	const value: unknown = JSON.parse(text);
	// The walk is only worth its time where something is marked.
	return text.includes(`"${MARK}"`) ? unpack(value) : value;
}

/** The value itself where JSON can hold it, so that most answers are not copied. */
function pack(value: unknown): unknown {
	switch (typeof value) {
		case 'string':
		case 'boolean':
		case 'undefined':
			return value;
		case 'number':
			if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold ${value}`);
			return value;
		case 'object':
			return value === null ? null : packObject(value);
		default:
			throw new TypeError(`JSON cannot hold a ${typeof value}`);
	}
}

function packObject(value: object): unknown {
	if (Array.isArray(value)) {
		let packed: unknown[] = value;
		for (let index = 0; index < value.length; index += 1) {
			const member = pack(value[index]);
			if (member === value[index]) continue;
			if (packed === value) packed = [...value];
			packed[index] = member;
		}
		return packed;
	}
	if (isPlain(value)) return packRecord(value as Readonly<Record<string, unknown>>);
	if (types.isUint8Array(value)) return mark('bytes', Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
	if (types.isDate(value)) return mark('date', value.getTime());
	throw new TypeError(`JSON cannot hold a ${kindOf(value)}`);
}

function packRecord(value: Readonly<Record<string, unknown>>): unknown {
	let packed: Record<string, unknown> | undefined;
	for (const key of Object.keys(value)) {
		const member = pack(value[key]);
		if (member === value[key]) continue;
		packed ??= { ...value };
		// Safe for `__proto__` too: the copy has an own member of every name that comes here.
		packed[key] = member;
	}
	return Object.hasOwn(value, MARK) ? mark('plain', packed ?? value) : (packed ?? value);
}

function unpack(value: unknown): unknown {
	if (typeof value !== 'object' || value === null) return value;
	const record = value as Record<string, unknown>;
	switch (Object.hasOwn(record, MARK) ? record[MARK] : undefined) {
		case 'bytes':
			return Buffer.from(String(record.of), 'base64');
		case 'date':
			return new Date(Number(record.of ?? NaN));
		case 'plain':
			return unpackMembers(record.of as Record<string, unknown>);
		default:
			return unpackMembers(record);
	}
}

function unpackMembers(record: Record<string, unknown>): unknown {
	for (const key of Object.keys(record)) {
		const member = unpack(record[key]);
		if (member !== record[key]) record[key] = member;
	}
	return record;
}

function mark(kind: string, of: unknown): object {
	return { [MARK]: kind, of };
}

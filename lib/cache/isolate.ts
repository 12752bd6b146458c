import { types } from 'node:util';
import { isPlain, kindOf } from '../core/plain';

/**
 * A copy that shares nothing mutable with the original, for plain data: JSON values, bytes and dates.
 * Anything else (class instances, functions) does not belong into a cache and is refused.
 */
export function isolate<T>(value: T): T {
	return copy(value) as T;
}

function copy(value: unknown): unknown {
	if (typeof value !== 'object' || value === null) {
		if (typeof value === 'function' || typeof value === 'symbol') refuse(value);
		return value;
	}
	if (Array.isArray(value)) {
		const list = new Array<unknown>(value.length);
		for (let index = 0; index < value.length; index += 1) list[index] = copy(value[index]);
		return list;
	}
	if (isPlain(value)) {
		const record: Record<string, unknown> = {};
		// Nothing that a plain object inherits is enumerable, and this loop makes no list of what it goes through.
		for (const key in value) {
			const member = copy((value as Readonly<Record<string, unknown>>)[key]);
			if (key === '__proto__') Object.defineProperty(record, key, { value: member, enumerable: true, configurable: true, writable: true });
			else record[key] = member;
		}
		return record;
	}
	// instanceof would miss bytes and dates of another realm.
	if (Buffer.isBuffer(value)) return Buffer.from(value);
	if (types.isUint8Array(value)) return new Uint8Array(value);
	if (types.isDate(value)) return new Date(value.getTime());
	return refuse(value);
}

function refuse(value: unknown): never {
	throw new TypeError(`Only plain data can be cached, not a ${kindOf(value)}`);
}

/** Bytes that a value takes at rest, near enough for a bound: two per character, eight per number, sixteen per container. */
export function sizeOf(value: unknown): number {
	if (typeof value === 'string') return 16 + value.length * 2;
	if (typeof value !== 'object' || value === null) return 8;
	if (ArrayBuffer.isView(value)) return 64 + value.byteLength;
	let bytes = 16;
	if (Array.isArray(value)) {
		for (const member of value) bytes += 8 + sizeOf(member);
		return bytes;
	}
	for (const key in value) bytes += 16 + key.length * 2 + sizeOf((value as Readonly<Record<string, unknown>>)[key]);
	return bytes;
}

import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { isolate, sizeOf } from '../../lib/cache/isolate.ts';

describe('an isolated copy', () => {
	test('equals its original and shares no object with it', () => {
		const original = { a: [1, { b: 'x' }, null, undefined], d: new Date(5), bytes: Buffer.from('ab'), u: Uint8Array.of(1) };
		const copy = isolate(original);
		expect(copy).toEqual(original);
		const inOriginal = new Set(objectsIn(original));
		expect(objectsIn(copy).filter((object) => inOriginal.has(object))).toEqual([]);
	});

	test('keeps a Buffer a Buffer over memory of its own', () => {
		const original = Buffer.from('ab');
		const copy = isolate(original);
		original[0] = 0;
		expect(Buffer.isBuffer(copy)).toBe(true);
		expect(copy.toString()).toBe('ab');
	});

	test('keeps an own __proto__ as a member and pollutes nothing', () => {
		const copy = isolate(JSON.parse('{"__proto__":{"polluted":true}}') as object);
		expect(Object.keys(copy)).toEqual(['__proto__']);
		expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
		expect('polluted' in copy).toBe(false);
		expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":true}}');
	});

	test('takes plain objects, lists, dates and bytes of another realm', () => {
		const foreign: unknown = runInNewContext('({ a: [{ b: 1 }], d: new Date(5), u: Uint8Array.of(1, 2), n: Object.create(null) })');
		const copy = isolate(foreign) as { a: unknown; d: unknown; u: unknown };
		expect(copy.a).toEqual([{ b: 1 }]);
		expect(copy.d).toEqual(new Date(5));
		expect(copy.u).toEqual(Uint8Array.of(1, 2));
	});

	test.each([
		['a Map', new Map()],
		['a Set', new Set()],
		['an instance of a class', new (class Answer {})()],
		['a promise', Promise.resolve()],
		['an error', new Error('x')],
		['a function', () => 1],
		['a symbol', Symbol('x')],
		['an object whose prototype has no constructor', Object.create(Object.create(null) as object) as unknown],
		['a class instance of another realm', runInNewContext('new (class Answer {})()') as unknown],
	])('of %s is refused', (_name, value) => {
		expect(() => isolate({ deep: [value] })).toThrow(/Only plain data can be cached/);
	});

	test('touches each member once, however many there are', () => {
		for (const length of [10, 1000]) {
			let reads = 0;
			const list = Array.from({ length }, () => Object.defineProperty({}, 'x', { enumerable: true, get: () => (reads += 1) }));
			isolate(list);
			expect(reads).toBe(length);
		}
	});
});

describe('the estimated size', () => {
	test('grows by at least the bytes that a value holds', () => {
		const before = sizeOf({ text: '', bytes: Buffer.alloc(0), list: [] });
		const after = sizeOf({ text: 'x'.repeat(100), bytes: Buffer.alloc(1000), list: Array.from({ length: 10 }, () => 1) });
		expect(after - before).toBeGreaterThanOrEqual(200 + 1000 + 80);
	});

	test('counts keys as well as values', () => {
		expect(sizeOf({ ['k'.repeat(500)]: 1 })).toBeGreaterThan(1000);
	});
});

function objectsIn(value: unknown): object[] {
	if (typeof value !== 'object' || value === null) return [];
	if (ArrayBuffer.isView(value) || value instanceof Date) return [value];
	return [value, ...Object.values(value).flatMap(objectsIn)];
}

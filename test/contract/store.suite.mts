import { beforeEach, describe, expect, test } from 'vitest';
import type { Store, StoreOptions } from '../../lib/cache/store.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

/** Fits every store under test with its default bound of 1 MB an entry. */
const TOO_LARGE = 'x'.repeat(1_100_000);

/** What every store promises, whatever stands behind it. */
export function storeContract(name: string, create: (clock: FakeClock) => Store): void {
	describe(`the contract of a store, kept by ${name}:`, () => {
		let clock: FakeClock;
		let store: Store;
		const minute: StoreOptions = { ttlMs: 60_000, keepMs: 60_000 };

		beforeEach(() => {
			clock = new FakeClock();
			store = create(clock);
		});

		test('what was never stored is not found', async () => {
			expect(await store.get('a')).toBeUndefined();
		});

		test('an answer comes back with its age and with the TTL of its writer', async () => {
			expect(await store.set('a', { n: 1 }, { ttlMs: 100, keepMs: 1000 })).toBe(true);
			await clock.advance(40);
			expect(await store.get('a')).toMatchObject({ value: { n: 1 }, ageMs: 40, ttlMs: 100, keepMs: 1000 });
		});

		test('an answer outlives its TTL until it is to be kept no longer', async () => {
			await store.set('a', 1, { ttlMs: 100, keepMs: 1000 });
			await clock.advance(1000);
			expect(await store.get('a')).toMatchObject({ value: 1, ageMs: 1000, ttlMs: 100, keepMs: 1000 });
			await clock.advance(1);
			expect(await store.get('a')).toBeUndefined();
		});

		test('an answer stored at the very start of the clock expires like any other', async () => {
			await store.set('a', 1, { ttlMs: 10, keepMs: 10 });
			await clock.advance(10_000);
			expect(await store.get('a')).toBeUndefined();
		});

		test('overwriting takes the new value, a new age and the new TTL', async () => {
			await store.set('a', 'old', { ttlMs: 100, keepMs: 100 });
			await clock.advance(90);
			await store.set('a', 'new', { ttlMs: 500, keepMs: 500 });
			await clock.advance(400);
			expect(await store.get('a')).toMatchObject({ value: 'new', ageMs: 400, ttlMs: 500, keepMs: 500 });
			await store.set('a', 'newer', { ttlMs: 10, keepMs: 10 });
			await clock.advance(11);
			expect(await store.get('a')).toBeUndefined();
		});

		test.each([
			['a text', 'ä"\\\u2028🙂'],
			['an empty text', ''],
			['a number', -1.5],
			['false', false],
			['null', null],
			['nested lists and objects', { a: [1, { b: [] }, 'x', null], c: {} }],
			['bytes', { bytes: Buffer.from([0, 255, 10]) }],
			['a date', { at: new Date(123_456) }],
			['an object with an own __proto__', JSON.parse('{"__proto__":{"a":1},"b":2}')],
			['an object with an own __proto__ beside bytes', Object.assign(JSON.parse('{"__proto__":{"a":1}}') as object, { b: Buffer.from('x') })],
			['an object with bytes in an own __proto__', withOwnProto({ bytes: Buffer.from('x') })],
			['an object that looks like our own mark', { '#fastpath': 'bytes', of: 'AA==' }],
			['an object that looks like a wrapped one', { '#fastpath': 'plain', of: { '#fastpath': 'date', of: 1 }, more: Buffer.from('x') }],
			['an object that looks like the JSON of a Buffer', { type: 'Buffer', data: [1, 2] }],
		])('%s comes back as it went in', async (_name, value) => {
			expect(await store.set('a', value, minute)).toBe(true);
			const found = (await store.get('a'))?.value;
			expect(found).toStrictEqual(value);
			if (typeof value === 'object' && value) expect(Object.keys(found as object).sort()).toEqual(Object.keys(value).sort());
		});

		test('editing what was stored, or what was read, edits nothing in the store', async () => {
			const given = { list: [1], bytes: Buffer.from('ab') };
			await store.set('a', given, minute);
			given.list.push(2);
			given.bytes[0] = 0;
			const read = (await store.get('a'))?.value as typeof given;
			read.list.push(3);
			read.bytes[1] = 0;
			expect((await store.get('a'))?.value).toEqual({ list: [1], bytes: Buffer.from('ab') });
		});

		test('an answer that is too large is not kept and takes the old one with it', async () => {
			await store.set('a', 'old', minute);
			expect(await store.set('a', TOO_LARGE, minute)).toBe(false);
			expect(await store.get('a')).toBeUndefined();
		});

		test.each([
			['a class instance', new (class Answer {})()],
			['a function', () => 1],
			['a bigint in a Map', new Map([['a', 1n]])],
			['a cycle', cycle()],
		])('%s is no plain data: it is not kept, takes the old one with it, and nothing throws', async (_name, value) => {
			await store.set('a', 'old', minute);
			expect(await store.set('a', { value }, minute)).toBe(false);
			expect(await store.get('a')).toBeUndefined();
		});

		test('an answer that is to be kept for no time is not kept', async () => {
			await store.set('a', 'old', minute);
			expect(await store.set('a', 1, { ttlMs: 0, keepMs: 0 })).toBe(false);
			expect(await store.get('a')).toBeUndefined();
		});

		test('deleting says whether there was something, and leaves the others', async () => {
			await store.set('a', 1, minute);
			await store.set('b', 2, minute);
			expect([await store.delete('a'), await store.delete('a')]).toEqual([true, false]);
			expect([await store.get('a'), (await store.get('b'))?.value]).toEqual([undefined, 2]);
		});

		test('clearing leaves nothing', async () => {
			await store.set('a', 1, minute);
			await store.set('b', 2, minute);
			await store.clear();
			expect([await store.get('a'), await store.get('b')]).toEqual([undefined, undefined]);
		});

		test('sweeping drops no answer that is still kept', async () => {
			await store.set('a', 1, { ttlMs: 10, keepMs: 100 });
			await clock.advance(50);
			store.sweep();
			expect((await store.get('a'))?.value).toBe(1);
		});

		test('no timer is left behind', async () => {
			await store.set('a', 1, minute);
			await store.get('a');
			await store.delete('a');
			await store.dispose();
			expect(clock.timers).toBe(0);
		});
	});
}

function withOwnProto(value: unknown): object {
	return Object.defineProperty({}, '__proto__', { value, enumerable: true, configurable: true, writable: true });
}

function cycle(): object {
	const self: { self?: unknown } = {};
	self.self = self;
	return self;
}

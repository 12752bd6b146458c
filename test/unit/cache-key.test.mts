import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { canonical } from '../../lib/cache/canonical.ts';
import { cacheKey, type KeyScope } from '../../lib/cache/key.ts';
import { seeded, type Seeded } from '../helpers/seeded.mts';

const SCOPE: KeyScope = { credential: 'c1', origin: 'https://a.test:443', partition: 'p' };

/** Values of which no two may share a key. */
const ALL_DIFFERENT: ReadonlyArray<readonly [string, unknown]> = [
	['the text 1', '1'],
	['the number 1', 1],
	['the bigint 1', 1n],
	['true', true],
	['the text true', 'true'],
	['null', null],
	['undefined', undefined],
	['the text null', 'null'],
	['the number 0', 0],
	['NaN', NaN],
	['the text NaN', 'NaN'],
	['infinity', Infinity],
	['minus infinity', -Infinity],
	['an empty text', ''],
	['an empty list', []],
	['an empty object', {}],
	['an empty Map', new Map()],
	['an empty Set', new Set()],
	['an empty Buffer', Buffer.alloc(0)],
	['a list of null', [null]],
	['a list of undefined', [undefined]],
	['a list of an empty list', [[]]],
	['a Map', new Map([['a', 1]])],
	['another Map', new Map([['a', 2]])],
	['the object like that Map', { a: 1 }],
	['the pairs of that Map', [['a', 1]]],
	['a Set', new Set([1])],
	['another Set', new Set([2])],
	['the list like that Set', [1]],
	['bytes', Uint8Array.of(1, 2)],
	['other bytes', Uint8Array.of(1, 3)],
	['signed bytes', Int8Array.of(1, 2)],
	['the list like these bytes', [1, 2]],
	['the object like these bytes', { 0: 1, 1: 2 }],
	['floats', Float32Array.of(1, 2)],
	['a DataView', new DataView(Uint8Array.of(1, 2).buffer)],
	['a Date', new Date(0)],
	['another Date', new Date(1)],
	['the text of a Date', new Date(0).toJSON()],
	['an invalid Date', new Date(NaN)],
	['an object with an own __proto__', JSON.parse('{"__proto__":{"a":1}}')],
	['an object with another own __proto__', JSON.parse('{"__proto__":{"a":2}}')],
	['a member that is null', { a: null }],
	['a mark as text', '#undefined'],
	['a key with a quote', { 'a":1,"b': 2 }],
	['two keys', { a: 1, b: 2 }],
	['an address', new URL('https://a.test/')],
	['its text', 'https://a.test/'],
];

describe('the canonical form', () => {
	test('is the same whatever the order of the keys, at every depth', () => {
		const one = { a: 1, b: { c: [{ d: 1, e: 2 }], f: null } };
		const other = { b: { f: null, c: [{ e: 2, d: 1 }] }, a: 1 };
		expect(canonical(one)).toBe(canonical(other));
	});

	test('tells apart all values that mean something different', () => {
		const seen = new Map<string, string>();
		for (const [name, value] of ALL_DIFFERENT) {
			const text = canonical(value);
			expect(seen.get(text), `${name} looks like`).toBeUndefined();
			seen.set(text, name);
		}
		expect(seen.size).toBe(ALL_DIFFERENT.length);
	});

	test('leaves out undefined members, as a JSON body does', () => {
		expect(canonical({ a: 1, b: undefined })).toBe(canonical({ a: 1 }));
		expect(canonical({ b: undefined, a: 1 })).toBe(canonical({ a: 1 }));
	});

	test('takes -0 for 0, as a JSON body does', () => {
		expect(canonical(-0)).toBe(canonical(0));
	});

	test('takes a Buffer for the bytes that it is', () => {
		const whole = Buffer.from('xabx');
		expect(canonical(whole.subarray(1, 3))).toBe(canonical(new Uint8Array([97, 98])));
	});

	test('takes the objects of another realm for what they are', () => {
		const foreign: unknown = runInNewContext(
			'({ o: { a: 1 }, l: [1], m: new Map([["a", 1]]), s: new Set([1]), d: new Date(5), b: Uint8Array.of(1, 2) })',
		);
		const own = { o: { a: 1 }, l: [1], m: new Map([['a', 1]]), s: new Set([1]), d: new Date(5), b: Uint8Array.of(1, 2) };
		expect(canonical(foreign)).toBe(canonical(own));
		expect(canonical(runInNewContext('new Map([["a", 1]])'))).not.toBe(canonical(runInNewContext('new Map([["a", 2]])')));
		expect(canonical(runInNewContext('new Date(5)'))).not.toBe(canonical(runInNewContext('new Date(6)')));
	});

	test('refuses a cycle but takes the same object twice side by side', () => {
		const cycle: { self?: unknown } = {};
		cycle.self = [cycle];
		expect(() => canonical(cycle)).toThrow(TypeError);
		const shared = { a: 1 };
		expect(canonical([shared, shared])).toBe('[{"a":1},{"a":1}]');
	});

	test.each([
		['a function', () => 1],
		['a symbol', Symbol('x')],
		['a regular expression, whose source no member shows', /a/],
		['an error', new Error('a')],
		['a boxed text', Object('a')],
		['an instance of a class', new (class { a = 1; })()],
		['raw memory', new ArrayBuffer(2)],
	])('refuses %s', (_name, value) => {
		expect(() => canonical({ value })).toThrow(TypeError);
	});

	test('writes every character as JSON does, in short texts and in long ones', () => {
		for (let code = 0; code <= 0xffff; code += 1) {
			const text = `a${String.fromCharCode(code)}`;
			expect(canonical(text) === JSON.stringify(text), `character ${code}`).toBe(true);
		}
		for (const text of ['', '\ud83d', '\ude42', '🙂', 'x'.repeat(41), '"'.repeat(41)]) expect(canonical({ [text]: text })).toBe(JSON.stringify({ [text]: text }));
	});

	test('is the same text whether JSON can hold the value or not', () => {
		const random = seeded(2);
		const alone = '#date 0';
		for (let round = 0; round < 300; round += 1) {
			const value = randomJson(random, 4);
			// What JSON cannot hold beside it makes all of it be written by hand.
			expect(canonical([value, new Date(0)])).toBe(`[${canonical(value)},${alone}]`);
		}
	});

	test.each([
		['numbers as keys, which an object puts first', { b: 1, 10: 2, 9: 3, a: 4 }, '{"10":2,"9":3,"a":4,"b":1}'],
		['numbers as keys, in order', { 1: 'a', 2: 'b', c: 3 }, '{"1":"a","2":"b","c":3}'],
		['an own __proto__ out of order', JSON.parse('{"b":1,"__proto__":{"z":1,"a":2}}'), '{"__proto__":{"a":2,"z":1},"b":1}'],
		['an own __proto__ in order', JSON.parse('{"__proto__":{"z":1,"a":2},"b":1}'), '{"__proto__":{"a":2,"z":1},"b":1}'],
		['what is in order around what is not', { a: [1, { z: 1, b: 2 }], c: undefined, d: 3 }, '{"a":[1,{"b":2,"z":1}],"d":3}'],
		['many keys', Object.fromEntries(Array.from({ length: 30 }, (_key, index) => [`k${29 - index}`, index])), undefined],
		['a list that would write itself otherwise', Object.assign([1], { toJSON: () => [2] }), '[1]'],
	])('sorts %s', (_name, value, text) => {
		const before = JSON.stringify(value);
		expect(canonical(value)).toBe(text ?? `{${Object.entries(value as object).map(([key, member]) => `"${key}":${member}`).sort().join(',')}}`);
		expect(JSON.stringify(value), 'the value itself is left as it was').toBe(before);
	});

	test('is JSON, with sorted keys, for every JSON value', () => {
		const random = seeded(1);
		for (let round = 0; round < 300; round += 1) {
			const value = randomJson(random, 4);
			expect(JSON.parse(canonical(value))).toEqual(value);
			expect(canonical(shuffled(value, random))).toBe(canonical(value));
		}
	});
});

describe('a cache key', () => {
	test('is 64 hexadecimal digits and tells nothing of its parts', () => {
		expect(cacheKey(SCOPE, { secret: 'abc' })).toMatch(/^[0-9a-f]{64}$/);
	});

	test.each(['credential', 'origin', 'partition'] as const)('differs when only the %s differs', (part) => {
		expect(cacheKey({ ...SCOPE, [part]: 'other' }, { a: 1 })).not.toBe(cacheKey(SCOPE, { a: 1 }));
	});

	test('leaves no way to move text from one part into the next', () => {
		const texts = ['', 'a', 'b', 'ab', 'a","b', '"', ',', '","'];
		const keys = new Set<string>();
		for (const credential of texts) {
			for (const origin of texts) {
				for (const partition of texts) keys.add(cacheKey({ credential, origin, partition }, 'r'));
			}
		}
		expect(keys.size).toBe(texts.length ** 3);
	});

	test('differs when any one parameter differs', () => {
		const request = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'hi' }] };
		const { temperature: _omitted, ...without } = request;
		const variants = [request, without, { ...request, temperature: 0.1 }, { ...request, top_p: 1 }, { ...request, model: 'M' }];
		expect(new Set(variants.map((variant) => cacheKey(SCOPE, variant))).size).toBe(variants.length);
	});
});

function randomJson(random: Seeded, depth: number): unknown {
	const kind = random.int(depth > 0 ? 7 : 5);
	if (kind === 0) return random.int(2) === 0;
	if (kind === 1) return random.int(1000) / 8;
	if (kind === 2) return null;
	if (kind <= 4) return random.pick(['', 'a', 'ä"\\', '\u2028', '1', 'null', '🙂']);
	const members = Array.from({ length: random.int(4) }, () => randomJson(random, depth - 1));
	return kind === 5 ? members : Object.fromEntries(members.map((member, index) => [random.pick([`k${(index * 7) % 4}`, String((index * 7) % 4)]), member]));
}

function shuffled(value: unknown, random: Seeded): unknown {
	if (Array.isArray(value)) return value.map((member) => shuffled(member, random));
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).map(([key, member]) => [key, shuffled(member, random)] as const);
	return Object.fromEntries(entries.map((entry) => ({ entry, at: random.next() })).sort((a, b) => a.at - b.at).map(({ entry }) => entry));
}

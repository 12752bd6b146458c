import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isBase64 } from '../../lib/cache/base64.ts';
import { ASIDE, canonical } from '../../lib/cache/canonical.ts';
import { cacheKey, digest, type KeyScope } from '../../lib/cache/key.ts';
import { seeded, type Seeded } from '../helpers/seeded.mts';

const SCOPE: KeyScope = { credential: 'c1', origin: 'https://a.test:443', partition: 'p' };
const KEYS = [
	'a', 'b', 'model', 'Model', '', '1', '10', '9', '01', '-1', '__proto__', 'constructor', 'toString',
	'ä', 'é', 'k"', '\\', '\n', '\0', '🙂', '\ud83d', '\ude42', '\uffff', 'x'.repeat(40), 'y'.repeat(1100),
];
const LONG = Buffer.alloc(150_000, 'any bytes at all').toString('base64');

const TEXTS = ['x'.repeat(33), `${'y'.repeat(60)}"`, 'line\n'.repeat(2000), `data:image/png;base64,${LONG.slice(0, 70_000)}`, `${LONG.slice(0, 5000)}\ud800`];

/** The same text in the plainest way: each value by JSON.stringify, keys by the platform's sort. */
function exact(value: unknown): string {
	if (value === undefined) return '#undefined';
	if (typeof value === 'bigint') return `#bigint ${value}`;
	if (typeof value === 'number' && !Number.isFinite(value)) return `#${value}`;
	if (value instanceof Date) return `#date ${value.getTime()}`;
	if (value instanceof Uint8Array) return `#bytes Uint8Array ${createHash('sha256').update(value).digest('hex')}`;
	if (value instanceof Map) return `#map ${exact([...value])}`;
	if (Array.isArray(value)) return `[${value.map(exact).join(',')}]`;
	if (typeof value !== 'object' || value === null) return JSON.stringify(value);
	const members = Object.entries(value).filter(([, member]) => member !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
	return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${exact(member)}`).join(',')}}`;
}

const exactKey = (scope: KeyScope, request: unknown) =>
	createHash('sha256').update(exact(['fastpath/1', scope.credential, scope.origin, scope.partition, request])).digest('hex');

function randomValue(random: Seeded, depth: number): unknown {
	const kind = random.int(depth > 0 ? 12 : 8);
	if (kind === 0) return random.pick([true, false, null, undefined]);
	if (kind === 1) return random.pick([0, -0, 1e21, 1e-7, 0.1, -5, NaN, Infinity, -Infinity, 2 ** 53, 12n]);
	if (kind === 2) return random.pick([new Date(0), new Date(NaN), Buffer.from('ab'), new Uint8Array(3), new Map([['a', 1]])]);
	if (kind <= 6) return random.pick([...KEYS, ...TEXTS, LONG.slice(0, 4096 + random.int(9))]);
	if (kind <= 8) return Array.from({ length: random.int(4) }, () => randomValue(random, depth - 1));
	const record: Record<string, unknown> = {};
	for (let members = random.int(6); members > 0; members -= 1) {
		Object.defineProperty(record, random.pick(KEYS), { value: randomValue(random, depth - 1), enumerable: true, configurable: true, writable: true });
	}
	return record;
}

describe('the text of a key', () => {
	test('is the one that the plainest writer gives, for random values', () => {
		const random = seeded(11);
		for (let round = 0; round < 700; round += 1) {
			const value = randomValue(random, 4);
			expect(canonical(value) === exact(value), `round ${round}`).toBe(true);
			expect(cacheKey(SCOPE, value), `round ${round}`).toBe(exactKey(SCOPE, value));
		}
	});

	test('does not change when objects of many shapes come in any order', () => {
		const random = seeded(12);
		const keys = (count: number) => Array.from({ length: count }, () => `${random.pick(KEYS)}${random.int(30)}`);
		const shapes = Array.from({ length: 400 }, (_shape, index) => Object.fromEntries(keys(1 + (index % 40)).map((key) => [key, index])));
		for (let round = 0; round < 3000; round += 1) {
			const shape = random.pick(shapes);
			expect(canonical(shape)).toBe(exact(shape));
		}
	});

	const LETTERS = [0x00, 0x09, 0x0a, 0x1f, 0x20, 0x22, 0x3d, 0x5c, 0x7f, 0xe9, 0x0141, 0x2028, 0xd800, 0xdc41, 0xffff];

	test.each(LETTERS)('of base64 with the character %i in it is what JSON writes', (code) => {
		const text = `data:image/png;base64,${LONG}`;
		for (const place of [0, 30, 85, 4000, 65_557, 65_558, text.length - 6, text.length - 5, text.length - 1]) {
			const changed = text.slice(0, place) + String.fromCharCode(code) + text.slice(place + 1);
			for (const value of [changed, changed.slice(22), [changed, { a: LONG, b: changed }]]) {
				expect(cacheKey(SCOPE, value) === exactKey(SCOPE, value), `at ${place}`).toBe(true);
			}
		}
	});

	test('of base64 of any length is written as it is', () => {
		for (let length = 4096; length < 4110; length += 1) {
			const text = LONG.slice(0, length);
			expect([text, `data:image/png;base64,${text}`, `${text}==`].map(isBase64)).toEqual([true, true, true]);
		}
		expect(isBase64(Buffer.alloc(70_000, 255).toString('base64url'))).toBe(true);
		expect([' ', '"', '\n', '\\', '\ud841'].map((letter) => isBase64(`${LONG.slice(0, 70_000)}${letter}${LONG}`))).toEqual([false, false, false, false, false]);
	});

	test('puts long base64 aside, in its order, and leaves nothing else of its places', () => {
		const aside: string[] = [];
		const text = canonical({ c: `data:image/png;base64,${LONG}`, b: 'line\n', a: [LONG, '\0', 'short'] }, aside);
		expect(text).toBe(`{"a":["${ASIDE}","\\u0000","short"],"b":"line\\n","c":"${ASIDE}"}`);
		expect(aside).toEqual([LONG, `data:image/png;base64,${LONG}`]);
	});

	test('is not disturbed by a value that makes a key while it is written, or that cannot be written', () => {
		const nested = { a: new (class { toJSON = () => cacheKey(SCOPE, { b: 1 }); })() };
		const key = cacheKey(SCOPE, nested);
		expect(() => cacheKey(SCOPE, { a: LONG, b: () => 1 })).toThrow(TypeError);
		expect([cacheKey(SCOPE, nested), cacheKey(SCOPE, { b: 1 })]).toEqual([key, exactKey(SCOPE, { b: 1 })]);
	});

	test('finds a value that contains itself at any depth, and takes what is only deep', () => {
		const around = (value: unknown, depth: number): unknown => (depth === 0 ? value : around({ in: [value] }, depth - 1));
		const cycle: Record<string, unknown> = {};
		cycle.self = around(cycle, 30);
		expect(() => canonical(around(cycle, 10))).toThrow(/contains itself/);
		const shared = { a: 1 };
		expect(canonical(around([shared, shared], 100))).toBe(exact(around([shared, shared], 100)));
	});

	const chat = { model: 'm', messages: [{ role: 'user', content: 'Say "hi"\n' }], temperature: undefined, 10: 1, 9: 2 };

	test.each([
		['inputs of two members', { param2: 42, param1: 'value1' }, 'd668e6d2e5c4f23d554870d8890defe869f4d2082c1112270586e511a2cabd99'],
		['a chat', chat, '7b9b970086d9a5babdc2f8a5fa53005f967393247bd89ae0b197be1acb2cb2bf'],
		['bytes and dates', { at: new Date(5), bytes: Buffer.from('ab'), list: [undefined, NaN] }, '6b9d0c8741fd8af456351e0088830705d4b0813f4f4b3eecefb5e19b8c341462'],
		['an image', { url: `data:image/png;base64,${LONG}` }, '17bea1d07cdcf04ecf4fc11dc2f236ee1ff98b8196e861ba75f41cb1511b8be5'],
	])('keeps the key of %s, under which answers lie in stores', (_name, request, key) => {
		expect(cacheKey(SCOPE, request)).toBe(key);
	});

	test('keeps the digest of a value', () => {
		expect(digest({ b: [1], a: LONG })).toBe('eb7db6242ae9307c76baa8908a0154db7a242635c64448f8ab07d6d2136a0620');
	});

	test('tells scopes apart that take turns', () => {
		const scopes = [SCOPE, { ...SCOPE, partition: 'q' }, { ...SCOPE }, { ...SCOPE, credential: '"' }, SCOPE, { ...SCOPE, origin: '' }];
		for (const scope of [...scopes, ...scopes.reverse()]) expect(cacheKey(scope, 1)).toBe(exactKey(scope, 1));
	});
});

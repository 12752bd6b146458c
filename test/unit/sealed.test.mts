import { randomBytes } from 'node:crypto';
import * as zlib from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { deriveKeys, SealedBackend } from '../../lib/shared/sealed.ts';
import type { SealKey } from '../../lib/shared/seal-key.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

const HOUR_MS = 3_600_000;
const PROSE = Buffer.from('The quick brown fox jumps over the lazy dog, and the dog does not mind. '.repeat(40));
const MEGABYTE = 1_048_576;

let old: SealKey;
let current: SealKey;
let memory: MemoryBackend;

beforeAll(async () => {
	[current, old] = (await deriveKeys({ secret: 'the current secret', earlier: ['the old secret'] })) as [SealKey, SealKey];
});

beforeEach(() => {
	memory = new MemoryBackend(new FakeClock());
});

const sealed = (...keys: SealKey[]) => new SealedBackend(memory, Promise.resolve(keys));

async function only(): Promise<{ name: string; bytes: Buffer }> {
	const [name = ''] = await memory.scan('', 10);
	return { name, bytes: (await memory.get(name)) ?? Buffer.alloc(0) };
}

/** What is in the store is replaced by `bytes`, and must then be a miss that is counted and gone. */
async function expectMiss(store: SealedBackend, key: string, name: string, bytes: Buffer): Promise<void> {
	const before = store.unreadable;
	await memory.set(name, bytes, HOUR_MS);
	expect(await store.get(key)).toBeUndefined();
	expect(store.unreadable).toBe(before + 1);
	expect(await memory.get(name)).toBeUndefined();
}

describe('a sealed store', () => {
	test('compresses what becomes smaller by it, and nothing else', async () => {
		const store = sealed();
		await store.set('prose', PROSE, HOUR_MS);
		expect((await memory.get('prose'))?.length).toBeLessThan(PROSE.length / 5);
		expect(await store.get('prose')).toEqual(PROSE);
		for (const bytes of [Buffer.from('short'), randomBytes(5000), randomBytes(100_000)]) {
			await store.set('noise', bytes, HOUR_MS);
			expect((await memory.get('noise'))?.length).toBe(bytes.length + 3);
			expect(await store.get('noise')).toEqual(bytes);
		}
	});

	test('leaves what is smaller than 1 KB as it is, and reads it where it was compressed all the same', async () => {
		const store = sealed();
		const sizeOf = async (bytes: Buffer) => {
			await store.set('a', bytes, HOUR_MS);
			expect(await store.get('a')).toEqual(bytes);
			return (await only()).bytes.length;
		};
		expect([await sizeOf(PROSE.subarray(0, 1023)), await sizeOf(PROSE.subarray(0, 1024))]).toEqual([1026, expect.toSatisfy((size: number) => size < 200)]);
		for (const size of [1, 63, 64, 600]) {
			const head = Buffer.from([0xfa, 1, 1, 0, 0, 0, 0]);
			head.writeUInt32BE(size, 3);
			await memory.set('old', Buffer.concat([head, zlib.zstdCompressSync(PROSE.subarray(0, size))]), HOUR_MS);
			expect(await store.get('old')).toEqual(PROSE.subarray(0, size));
		}
		expect(store.unreadable).toBe(0);
	});

	test('gives back large values as they were', async () => {
		const large = Buffer.alloc(3 * MEGABYTE, 'large and dull ');
		const store = sealed(current);
		await store.set('a', large, HOUR_MS);
		expect((await store.get('a'))?.equals(large)).toBe(true);
	});

	test('keeps nothing that is too large to be opened again, and lets go of what was there before', async () => {
		const store = sealed(current, old);
		await sealed(old).set('a', PROSE, HOUR_MS);
		await store.set('a', Buffer.alloc(9 * MEGABYTE), HOUR_MS);
		expect([await store.get('a'), (await memory.size()).entries]).toEqual([undefined, 0]);
	});

	test('takes what is not its own, or was changed, for a miss, and deletes it', async () => {
		const store = sealed();
		await store.set('a', PROSE, HOUR_MS);
		const { bytes } = await only();
		const changed = (place: number) => Buffer.from(bytes.map((byte, index) => (index === place ? byte ^ 0x55 : byte)));
		for (const foreign of [Buffer.alloc(0), Buffer.from('{"value":1}'), bytes.subarray(0, 2), bytes.subarray(0, 5), bytes.subarray(0, -3), ...[0, 1, 2, 6, 30, 60].map(changed)]) {
			await expectMiss(store, 'a', 'a', foreign);
		}
	});

	test('opens nothing that would become larger than all that is kept', async () => {
		const bomb = zlib.zstdCompressSync(Buffer.alloc(200 * MEGABYTE));
		expect(bomb.length).toBeLessThan(MEGABYTE);
		for (const size of [1000, 200 * MEGABYTE, 2 ** 32 - 1]) {
			const told = Buffer.from([0xfa, 1, 1, 0, 0, 0, 0]);
			told.writeUInt32BE(size, 3);
			await expectMiss(sealed(), 'a', 'a', Buffer.concat([told, bomb]));
		}
	});
});

describe('a store with a secret', () => {
	test('shows neither contents nor names, and the same content never twice in the same way', async () => {
		const store = sealed(current);
		const word = 'cucumber';
		const seen: string[] = [];
		const watched = new Proxy(memory, {
			get: (target, name) => {
				const member: unknown = Reflect.get(target, name, target);
				if (typeof member !== 'function') return member;
				return (...given: unknown[]) => {
					seen.push(given.map((part) => (Buffer.isBuffer(part) ? part.toString('latin1') : String(part))).join(' '));
					return member.apply(target, given) as unknown;
				};
			},
		});
		const watchedStore = new SealedBackend(watched, Promise.resolve([current]));
		const heard: string[] = [];
		await watchedStore.subscribe(`${word}:ch`, (message) => heard.push(message));
		await watchedStore.set(`a:${word}`, Buffer.from(word), HOUR_MS);
		await watchedStore.append(`${word}/list`, Buffer.from(word), { ttlMs: HOUR_MS, max: 5 });
		await watchedStore.acquire(word, 'token', HOUR_MS);
		await watchedStore.add(word, 1, HOUR_MS);
		await watchedStore.take(word, 1, HOUR_MS);
		await watchedStore.publish(`${word}:ch`, word);
		await new Promise((resolve) => setImmediate(resolve));
		expect(heard).toEqual([word]);
		expect(await store.get(`a:${word}`)).toEqual(Buffer.from(word));
		expect(seen.length).toBeGreaterThan(6);
		const parts = [word, Buffer.from(word).toString('hex'), Buffer.from(word).toString('base64').slice(0, 10)];
		for (const part of parts) expect(seen.join('\n')).not.toContain(part);
		const first = (await only()).bytes;
		await store.set(`a:${word}`, Buffer.from(word), HOUR_MS);
		expect((await only()).bytes.equals(first)).toBe(false);
	});

	test('takes whatever was changed, in any of its bytes, for a miss', async () => {
		const store = sealed(current);
		await store.set('a', Buffer.from('short'), HOUR_MS);
		const { name, bytes } = await only();
		for (let place = 0; place < bytes.length; place += 1) {
			const changed = Buffer.from(bytes);
			changed[place] = (changed[place] ?? 0) ^ 1;
			await expectMiss(store, 'a', name, changed);
		}
	});

	test('opens no value that was moved to another key, and no list entry as a value', async () => {
		const store = sealed(current);
		await store.set('a', PROSE, HOUR_MS);
		await expectMiss(store, 'b', current.hide('b'), (await only()).bytes);
		await store.append('c', PROSE, { ttlMs: HOUR_MS, max: 1 });
		const [entry = Buffer.alloc(0)] = await memory.list(current.hide('c'));
		await expectMiss(store, 'c', current.hide('c'), entry);
	});

	test('takes what is not encrypted for foreign, and without a secret what is encrypted', async () => {
		await sealed().set('a', PROSE, HOUR_MS);
		await expectMiss(sealed(current), 'a', current.hide('a'), (await only()).bytes);
		await memory.deleteByPrefix('');
		await sealed(current).set('a', PROSE, HOUR_MS);
		await expectMiss(sealed(), 'a', 'a', (await only()).bytes);
	});

	test('comes to the same keys from the same secret, and to others from another', async () => {
		const [again] = await deriveKeys({ secret: 'the current secret', earlier: [] });
		expect([again?.hide('a:b'), again?.show(current.hide('a:b'))]).toEqual([current.hide('a:b'), 'a:b']);
		expect([old.hide('a'), old.show(current.hide('a')), current.show('a'), current.show('%%')]).not.toContain('a');
	});
});

describe('a store whose secret was changed', () => {
	test('still reads what was written with the earlier one, alone and among others', async () => {
		await sealed(old).set('a', PROSE, HOUR_MS);
		await sealed(old).append('list', Buffer.from('1'), { ttlMs: HOUR_MS, max: 5 });
		const store = sealed(current, old);
		await store.set('b', Buffer.from('new'), HOUR_MS);
		await store.append('list', Buffer.from('2'), { ttlMs: HOUR_MS, max: 5 });
		expect(await store.get('a')).toEqual(PROSE);
		expect(await store.getMany(['x', 'a', 'b'])).toEqual([undefined, PROSE, Buffer.from('new')]);
		expect(await store.getMany(['b', 'x', 'a', 'b'])).toEqual([Buffer.from('new'), undefined, PROSE, Buffer.from('new')]);
		expect((await store.list('list')).map(String)).toEqual(['1', '2']);
		expect((await store.scan('', 10)).sort()).toEqual(['a', 'b']);
		expect([await sealed(current).get('a'), store.unreadable]).toEqual([undefined, 0]);
	});

	test('lets go of the old content with the new one', async () => {
		await sealed(old).set('a:1', Buffer.from('old'), HOUR_MS);
		const store = sealed(current, old);
		await store.set('a:1', Buffer.from('new'), HOUR_MS);
		expect((await memory.size()).entries).toBe(1);
		await sealed(old).set('a:2', Buffer.from('old'), HOUR_MS);
		expect(await store.delete(['a:2'])).toBe(1);
		await sealed(old).set('a:2', Buffer.from('old'), HOUR_MS);
		expect(await store.deleteByPrefix('a:')).toBe(2);
		expect((await memory.size()).entries).toBe(0);
	});
});

test('names keep their order of parts, and a part looks different behind another', () => {
	const hidden = current.hide('a:b/c:b');
	const parts = hidden.split(/[:/]/);
	expect([hidden.replace(/[^:/]+/g, 'x'), new Set(parts).size]).toEqual(['x:x/x:x', 4]);
	expect(current.hide('a:b/').startsWith(current.hide('a:'))).toBe(true);
	expect([current.show(hidden), current.hide(''), current.show('')]).toEqual(['a:b/c:b', '', '']);
	expect(current.show(current.hide(':ä\u{1f600}//')) ).toBe(':ä\u{1f600}//');
});

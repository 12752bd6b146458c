import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';
import { storeContract } from './store.suite.mts';

const DAY = { ttlMs: 86_400_000, keepMs: 86_400_000 };

storeContract('the memory store', (clock) => new MemoryStore({ clock }));

describe('the memory store', () => {
	test('never holds more entries, bytes or bytes an entry than allowed, after any operation', async () => {
		const clock = new FakeClock();
		const bounds = { maxEntries: 20, maxBytes: 20_000, maxEntryBytes: 4000 };
		const store = new MemoryStore({ clock, ...bounds });
		const random = seeded(7);
		for (let step = 0; step < 5000; step += 1) {
			const key = `k${random.int(60)}`;
			const kind = random.int(10);
			if (kind < 6) {
				const kept = await store.set(key, 'x'.repeat(random.int(2500)), { ttlMs: 50, keepMs: 1 + random.int(500) });
				expect(kept).toBe((await store.get(key)) !== undefined);
			} else if (kind < 8) await store.get(key);
			else if (kind < 9) await store.delete(key);
			else await clock.advance(random.int(40));
			if (step % 500 === 0) store.sweep();
			const { entries, bytes } = store.stats();
			expect(entries).toBeLessThanOrEqual(bounds.maxEntries);
			expect(bytes).toBeLessThanOrEqual(bounds.maxBytes);
			expect(bytes).toBeGreaterThanOrEqual((entries ?? 0) * 400);
		}
		let found = 0;
		for (let key = 0; key < 60; key += 1) found += (await store.get(`k${key}`)) ? 1 : 0;
		expect(found).toBe(store.stats().entries);
	});

	test('lets the least recently used leave first, and reading counts as use', async () => {
		const store = new MemoryStore({ clock: new FakeClock(), maxEntries: 3 });
		for (const key of ['a', 'b', 'c']) await store.set(key, key, DAY);
		await store.get('a');
		await store.set('d', 'd', DAY);
		await store.set('c', 'c2', DAY);
		await store.set('e', 'e', DAY);
		const left = [];
		for (const key of ['a', 'b', 'c', 'd', 'e']) left.push((await store.get(key))?.value);
		expect(left).toEqual([undefined, undefined, 'c2', 'd', 'e']);
		expect(store.stats().evictions).toBe(2);
	});

	test('makes room by bytes, for as many as it takes', async () => {
		const store = new MemoryStore({ clock: new FakeClock(), maxBytes: 10_000 });
		for (const key of ['a', 'b', 'c', 'd']) await store.set(key, 'x'.repeat(900), DAY);
		await store.set('large', 'x'.repeat(4000), DAY);
		const left = [];
		for (const key of ['a', 'b', 'c', 'd', 'large']) left.push((await store.get(key)) !== undefined);
		expect(left).toEqual([false, false, false, false, true]);
	});

	test('lets no answer leave where others have been deleted, however often', async () => {
		const store = new MemoryStore({ clock: new FakeClock(), maxEntries: 100 });
		const names = (round: number) => Array.from({ length: 100 }, (_name, index) => `${round} ${index}`);
		for (let round = 0; round < 5; round += 1) {
			for (const key of names(round)) expect(await store.set(key, key, DAY)).toBe(true);
			expect(store.stats()).toMatchObject({ entries: 100, evictions: 0 });
			expect(store.keysWhere(() => true).sort()).toEqual(names(round).sort());
			if (round % 2 === 0) for (const key of names(round)) expect([await store.delete(key), await store.delete(key)]).toEqual([true, false]);
			else expect(store.deleteWhere(() => true)).toBe(100);
			expect(store.stats()).toMatchObject({ entries: 0, bytes: 0 });
			expect(store.contents()).toEqual([]);
		}
	});

	test('lets no answer leave where a later one has been deleted', async () => {
		const store = new MemoryStore({ clock: new FakeClock(), maxEntries: 3 });
		for (const key of ['a', 'b', 'c']) await store.set(key, key, DAY);
		await store.delete('c');
		await store.set('d', 'd', DAY);
		expect(store.keysWhere(() => true)).toEqual(['d', 'b', 'a']);
		await store.delete('b');
		for (const key of ['b', 'a']) await store.set(key, key, DAY);
		expect(store.keysWhere(() => true)).toEqual(['a', 'b', 'd']);
		expect(store.stats()).toMatchObject({ entries: 3, evictions: 0 });
	});

	test('takes other bounds with gaps of what was deleted in it', async () => {
		const store = new MemoryStore({ clock: new FakeClock(), maxEntries: 10 });
		for (const key of ['a', 'b', 'c']) await store.set(key, key, DAY);
		await store.delete('b');
		store.resize({ maxEntries: 2, maxBytes: 10_000 });
		expect(store.keysWhere(() => true)).toEqual(['c', 'a']);
		await store.set('b', 'b', DAY);
		expect(store.keysWhere(() => true)).toEqual(['b', 'c']);
		expect(store.stats()).toMatchObject({ entries: 2, evictions: 1 });
	});

	test('sets a key again as fast after many deletions as after none, among however many', async () => {
		const store = new MemoryStore({ clock: new FakeClock(), maxEntries: 20_000 });
		for (let index = 0; index < 10_000; index += 1) await store.set(`k${index}`, index, DAY);
		const turns = async (keyOf: (time: number) => string) => {
			const { user } = process.cpuUsage();
			for (let time = 0; time < 6000; time += 1) {
				await store.set(keyOf(time), time, DAY);
				await store.delete(keyOf(time));
			}
			return process.cpuUsage().user - user;
		};
		await turns((time) => `warm ${time}`);
		// Without its place being kept, the key would be looked for behind thousands of its former selves.
		expect(await turns(() => 'hot') / await turns((time) => `other ${time}`)).toBeLessThan(5);
	});

	test('counts what expired once, whether it was asked for or swept', async () => {
		const clock = new FakeClock();
		const store = new MemoryStore({ clock });
		for (const key of ['a', 'b', 'c']) await store.set(key, key, { ttlMs: 10, keepMs: 10 });
		await clock.advance(11);
		expect(store.keysWhere(() => true)).toEqual([]);
		expect([await store.get('a'), await store.get('a')]).toEqual([undefined, undefined]);
		store.sweep();
		expect(store.stats()).toMatchObject({ entries: 0, bytes: 0, expired: 3, evictions: 0 });
	});

	test('does not count what expired or was deleted as evicted', async () => {
		const clock = new FakeClock();
		const store = new MemoryStore({ clock });
		await store.set('a', 1, { ttlMs: 10, keepMs: 10 });
		await store.set('b', 1, DAY);
		await store.set('b', 2, DAY);
		await store.delete('b');
		await clock.advance(11);
		store.sweep();
		expect(store.stats()).toMatchObject({ entries: 0, bytes: 0, evictions: 0 });
	});

	test('a sweep gives the memory of expired answers back without anybody asking for them', async () => {
		const clock = new FakeClock();
		const store = new MemoryStore({ clock });
		await store.set('a', 'x'.repeat(1000), { ttlMs: 10, keepMs: 20 });
		await clock.advance(21);
		store.sweep();
		expect(store.stats()).toMatchObject({ entries: 0, bytes: 0 });
	});

	test.each([{ maxEntries: 0 }, { maxBytes: -1 }, { maxEntryBytes: 1.5 }])('refuses %o', (options) => {
		expect(() => new MemoryStore({ clock: new FakeClock(), ...options })).toThrow(/expected a whole number/);
	});
});

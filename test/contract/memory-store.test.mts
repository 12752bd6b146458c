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

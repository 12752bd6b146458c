import { describe, expect, test } from 'vitest';
import { KeyvStore } from '../../lib/cache/keyv-store.ts';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { TieredStore } from '../../lib/cache/tiered-store.ts';
import { WriteBehindStore, type WriteBehindOptions } from '../../lib/cache/write-behind-store.ts';
import { ChaosAdapter } from '../helpers/chaos-store.mts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';
import { storeContract } from './store.suite.mts';

const create = (clock: FakeClock) => new WriteBehindStore(new KeyvStore({ clock, adapter: new ChaosAdapter() }), { clock });

storeContract('the store that writes behind', create);
storeContract('memory in front of one that writes behind', (clock) => new TieredStore('tiers', new MemoryStore({ clock }), create(clock)));

function setUp(options: Partial<WriteBehindOptions> = {}) {
	const clock = new FakeClock(0, Date.now());
	const adapter = new ChaosAdapter();
	const store = new WriteBehindStore(new KeyvStore({ clock, adapter }), { clock, batch: 4, intervalMs: 50, ...options });
	const minute = { ttlMs: 60_000, keepMs: 60_000 };
	const write = async (...keys: string[]) => await Promise.all(keys.map(async (key) => await store.set(key, `value of ${key}`, minute)));
	return { clock, adapter, store, minute, write };
}

describe('a store that writes behind', () => {
	test('comes back before anything is written, and writes after the interval, in one go', async () => {
		const { clock, adapter, store, write } = setUp();
		expect(await write('a', 'b')).toEqual([true, true]);
		expect([adapter.commands, store.pending]).toEqual([0, 2]);
		await clock.advance(49);
		expect(adapter.commands).toBe(0);
		await clock.advance(1);
		expect([adapter.texts.size, store.pending, clock.timers]).toEqual([2, 0, 0]);
	});

	test('writes at once when there are enough for a batch', async () => {
		const { clock, adapter, write } = setUp();
		await write('a', 'b', 'c', 'd');
		await clock.advance(0);
		expect([adapter.texts.size, clock.timers]).toEqual([4, 0]);
	});

	test('finds what waits, with its age, and the latest of what was written to one place', async () => {
		const { clock, store, minute } = setUp();
		await store.set('a', 1, minute);
		await store.set('a', 2, { ...minute, ageMs: 100 });
		await clock.advance(20);
		expect(await store.get('a')).toMatchObject({ value: 2, ageMs: 120 });
		await clock.advance(100);
		expect(await store.get('a')).toMatchObject({ value: 2, ageMs: 220 });
		expect(store.pending).toBe(0);
	});

	test('is not held up by a store that does not answer, and holds no more than it may', async () => {
		const { adapter, store, write } = setUp({ maxEntries: 10, maxBytes: 2000 });
		adapter.mode = 'hangs';
		const random = seeded(3);
		for (let round = 0; round < 200; round += 1) {
			void write(`k${Math.floor(random.next() * 50)}`);
			await Promise.resolve();
			expect(store.pending).toBeLessThanOrEqual(10 + 4);
		}
		expect(store.dropped).toBeGreaterThan(0);
	});

	test('writes what waits when it is disposed of', async () => {
		const { adapter, store, write, clock } = setUp();
		await write('a', 'b', 'c');
		await store.dispose();
		expect([adapter.texts.size, clock.timers]).toEqual([3, 0]);
	});

	test('says when what waits has been written, and that nothing does', async () => {
		const { clock, adapter, store, write } = setUp();
		expect(store.settled()).toBeUndefined();
		await write('a');
		let settled = false;
		void store.settled()?.then(() => (settled = true));
		await clock.advance(49);
		expect([settled, adapter.texts.size]).toEqual([false, 0]);
		await clock.advance(1);
		expect([settled, adapter.texts.size]).toEqual([true, 1]);
	});

	test('does not bring back what is deleted while it waits or is on its way', async () => {
		const { clock, adapter, store, write } = setUp();
		await write('a', 'b');
		expect(await store.delete('a')).toBe(true);
		const flushed = store.flush();
		await store.delete('b');
		await flushed;
		await clock.advance(100);
		expect([adapter.texts.size, await store.get('a'), await store.get('b')]).toEqual([0, undefined, undefined]);
	});
});

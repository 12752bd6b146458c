import { describe, expect, test } from 'vitest';
import { FrontNews } from '../../lib/cache/front-news.ts';
import { KeyvStore } from '../../lib/cache/keyv-store.ts';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { TieredStore } from '../../lib/cache/tiered-store.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { ChaosAdapter, CountingStore } from '../helpers/chaos-store.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { storeContract } from './store.suite.mts';

storeContract(
	'memory in front of Keyv',
	(clock) => new TieredStore('tiers', new MemoryStore({ clock }), new KeyvStore({ clock, adapter: new ChaosAdapter() })),
);

describe('memory in front of a shared store', () => {
	const setUp = () => {
		const clock = new FakeClock();
		const behind = new CountingStore();
		const front = new MemoryStore({ clock });
		return { clock, behind, front, store: new TieredStore('tiers', front, behind) };
	};
	const kept = { ttlMs: 100, keepMs: 300 };

	test('asks behind once, and keeps what it got with the age that it had', async () => {
		const { clock, behind, store } = setUp();
		behind.answers.set('a', { value: 1, ageMs: 60, ...kept });
		expect(await store.get('a')).toMatchObject({ value: 1, ageMs: 60 });
		await clock.advance(30);
		expect(await store.get('a')).toMatchObject({ value: 1, ageMs: 90 });
		expect(behind.gets).toBe(1);
	});

	test('looks behind for what is stale in front, and takes what is younger', async () => {
		const { clock, behind, store } = setUp();
		await store.set('a', 'old', kept);
		await clock.advance(150);
		behind.answers.set('a', { value: 'new', ageMs: 10, ...kept });
		expect(await store.get('a')).toMatchObject({ value: 'new', ageMs: 10 });
		behind.answers.set('a', { value: 'older', ageMs: 280, ...kept });
		await clock.advance(100);
		expect(await store.get('a')).toMatchObject({ value: 'new', ageMs: 110 });
	});

	test('drops what another process has deleted, and keeps what it has deleted and stored anew itself', async () => {
		const { clock, behind, front } = setUp();
		const signals = new MemoryBackend(clock);
		const store = new TieredStore('tiers', front, behind, new FrontNews(signals, front));
		const elsewhere = new MemoryStore({ clock });
		const other = new TieredStore('tiers', elsewhere, behind, new FrontNews(signals, elsewhere));
		for (const each of [store, other]) {
			await each.get('a');
			await each.set('a', 1, kept);
		}
		await store.delete('a');
		await front.set('a', 2, kept);
		await settle();
		expect([(await front.get('a'))?.value, await elsewhere.get('a')]).toEqual([2, undefined]);
	});

	test('serves from memory what the store behind does not keep', async () => {
		const { behind, store } = setUp();
		behind.set = async () => false;
		expect(await store.set('a', 1, kept)).toBe(true);
		behind.get = async () => undefined;
		expect(await store.get('a')).toMatchObject({ value: 1 });
	});
});

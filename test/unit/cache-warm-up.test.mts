import { describe, expect, test } from 'vitest';
import { KeyvStore } from '../../lib/cache/keyv-store.ts';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { TieredStore } from '../../lib/cache/tiered-store.ts';
import { Usage } from '../../lib/cache/usage.ts';
import { WarmUp } from '../../lib/cache/warm-up.ts';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { KeyvAdapter } from '../../lib/shared/keyv-adapter.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

describe('the counts of use', () => {
	test('know the most used, and fade', () => {
		const usage = new Usage();
		for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) usage.count(key);
		expect(usage.top(2)).toEqual([['a', 3], ['b', 2]]);
		usage.fade();
		expect(usage.top(5)).toEqual([['a', 1], ['b', 1]]);
	});

	test('stay within their bound, and keep what is used most, whatever comes', () => {
		const usage = new Usage(50);
		const random = seeded(5);
		for (let round = 0; round < 5000; round += 1) {
			usage.count(round % 3 === 0 ? 'often' : `k${Math.floor(random.next() * 1000)}`);
			expect(usage.size).toBeLessThanOrEqual(50);
		}
		expect(usage.top(1)[0]?.[0]).toBe('often');
	});
});

describe('warming up', () => {
	const clock = new FakeClock();
	const minute = { ttlMs: 60_000, keepMs: 120_000 };

	function world() {
		const backend = new MemoryBackend(clock);
		const reads: number[] = [];
		const getMany = backend.getMany.bind(backend);
		backend.getMany = async (keys) => {
			reads.push(keys.length);
			return await getMany(keys);
		};
		const start = () => {
			const shared = new GuardedBackend(backend, { label: 'store', clock });
			const behind = new KeyvStore({ clock, adapter: new KeyvAdapter(shared), namespace: 'answers' });
			const memory = new MemoryStore({ clock });
			const warmUp = new WarmUp({ shared, behind, front: memory, clock });
			return { memory, warmUp, store: new TieredStore('tiers', memory, behind, undefined, (key) => warmUp.used(key)) };
		};
		return { backend, reads, start };
	}

	test('takes the answers that were used most into the memory of a new process, with the age that they have, in one read', async () => {
		const { reads, start } = world();
		const one = start();
		for (const key of ['a', 'b', 'c']) await one.store.set(key, `answer ${key}`, minute);
		for (const key of ['a', 'a', 'b']) await one.store.get(key);
		await clock.advance(1000);
		await one.warmUp.report(true);
		const other = start();
		expect(await other.warmUp.preload()).toBe(2);
		expect(reads).toEqual([2]);
		expect(await other.memory.get('a')).toMatchObject({ value: 'answer a', ageMs: 1000 });
		expect(await other.memory.get('c')).toBeUndefined();
	});

	test('adds up what several processes have noted, and passes over what is stale or gone', async () => {
		const { start } = world();
		const [one, other] = [start(), start()];
		await one.store.set('stale', 1, { ttlMs: 10, keepMs: 120_000 });
		await one.store.set('fresh', 2, minute);
		for (const key of ['stale', 'fresh']) await one.store.get(key);
		await other.store.get('fresh');
		other.warmUp.used('gone');
		await clock.advance(11);
		await one.warmUp.report(true);
		await other.warmUp.report(true);
		expect(await start().warmUp.preload()).toBe(1);
	});

	test('notes at most every five minutes, and only where something was used', async () => {
		const { backend, start } = world();
		const one = start();
		await clock.advance(300_000);
		await one.warmUp.report();
		expect(await backend.list('most used')).toHaveLength(0);
		one.warmUp.used('a');
		await one.warmUp.report();
		one.warmUp.used('a');
		await one.warmUp.report();
		expect(await backend.list('most used')).toHaveLength(1);
		await clock.advance(300_000);
		await one.warmUp.report();
		expect(await backend.list('most used')).toHaveLength(2);
	});

	test('takes no more than it may of what is large, and nothing of what it cannot read', async () => {
		const { backend, start } = world();
		const one = start();
		for (let index = 0; index < 200; index += 1) {
			await one.store.set(`k${index}`, 'x'.repeat(200_000), minute);
			one.warmUp.used(`k${index}`);
		}
		await one.warmUp.report(true);
		for (const text of ['no json', '{}', '[["k",-1],["k"],[1,1],null]', `["${'x'.repeat(70_000)}"]`]) {
			await backend.append('most used', Buffer.from(text), { ttlMs: 1000, max: 20 });
		}
		const taken = await start().warmUp.preload();
		expect(taken * 400_000).toBeLessThanOrEqual(16 * 1_048_576 + 50 * 400_000);
		expect(taken).toBeGreaterThan(0);
	});

	test('is quietly left out where the store is out', async () => {
		const { backend, start } = world();
		const { warmUp } = start();
		backend.list = async () => await Promise.reject(new Error('Connection is closed'));
		expect(await warmUp.preload()).toBe(0);
	});
});

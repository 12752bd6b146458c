import { describe, expect, test } from 'vitest';
import { GatheredStore } from '../../lib/cache/gathered-store.ts';
import { KeyvStore } from '../../lib/cache/keyv-store.ts';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { TieredStore } from '../../lib/cache/tiered-store.ts';
import { KeyvAdapter } from '../../lib/shared/keyv-adapter.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { storeContract } from './store.suite.mts';

/** Counts the commands that reach the backend. */
class CountedBackend extends MemoryBackend {
	readonly sent: string[] = [];

	override async get(key: string): Promise<Buffer | undefined> {
		this.sent.push('get');
		return await super.get(key);
	}

	override async getMany(keys: readonly string[]): Promise<Array<Buffer | undefined>> {
		this.sent.push(`getMany ${keys.length}`);
		return await Promise.all(keys.map(async (key) => await super.get(key)));
	}
}

function setUp(clock = new FakeClock()) {
	const backend = new CountedBackend(clock);
	const keyv = new KeyvStore({ clock, adapter: new KeyvAdapter(backend), namespace: 'answers' });
	return { clock, backend, keyv, store: new GatheredStore(keyv) };
}

storeContract('the store that gathers reads', (clock) => setUp(clock).store);

describe('reads that are gathered', () => {
	const minute = { ttlMs: 60_000, keepMs: 60_000 };
	const keys = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`);

	test('make one round trip, whatever is there, and each gets its own', async () => {
		const { backend, store } = setUp();
		for (const key of keys(50)) if (key !== 'k7') await store.set(key, { of: key }, minute);
		backend.sent.length = 0;
		const found = await Promise.all(keys(50).map(async (key) => await store.get(key)));
		expect(found.map((answer) => (answer?.value as { of: string } | undefined)?.of)).toEqual(keys(50).map((key) => (key === 'k7' ? undefined : key)));
		expect(backend.sent).toEqual(['getMany 50']);
	});

	test('go through the tiers as one, for what the memory lacks', async () => {
		const { clock, backend, keyv, store } = setUp();
		const tiers = new TieredStore('tiers', new MemoryStore({ clock }), store);
		for (const key of keys(20)) await keyv.set(key, key, minute);
		await tiers.get('k3');
		backend.sent.length = 0;
		await Promise.all(keys(20).map(async (key) => await tiers.get(key)));
		await Promise.all(keys(20).map(async (key) => await tiers.get(key)));
		expect(backend.sent).toEqual(['getMany 19']);
	});

	test('of very many keys go in parts', async () => {
		const { backend, store } = setUp();
		await Promise.all(keys(450).map(async (key) => await store.get(key)));
		expect(backend.sent).toEqual(['getMany 200', 'getMany 200', 'getMany 50']);
	});

	test('tell everybody who asked of a failure', async () => {
		const { keyv, store } = setUp();
		const failure = new Error('no answer');
		keyv.getMany = async () => await Promise.reject(failure);
		keyv.get = async () => await Promise.reject(failure);
		const read = async (...asked: string[]) => (await Promise.allSettled(asked.map(async (key) => await store.get(key)))).map(({ status }) => status);
		expect([await read('a', 'b', 'a'), await read('a')]).toEqual([['rejected', 'rejected', 'rejected'], ['rejected']]);
	});

	test('one alone is a plain read; the same key twice is asked for once, and shares nothing', async () => {
		const { backend, store } = setUp();
		await store.set('a', { list: [1] }, minute);
		backend.sent.length = 0;
		const [one, other] = await Promise.all([store.get('a'), store.get('a')]);
		expect(backend.sent).toEqual(['get']);
		(one?.value as { list: number[] }).list.push(2);
		expect(other?.value).toEqual({ list: [1] });
	});
});

test('what is too large for the memory reaches the shared store all the same, and is served from there', async () => {
	const { clock, keyv } = setUp();
	const memory = new MemoryStore({ clock, maxEntryBytes: 1000 });
	const tiers = new TieredStore('tiers', memory, keyv);
	expect(await tiers.set('large', 'x'.repeat(2000), { ttlMs: 1000, keepMs: 1000 })).toBe(true);
	expect(await memory.get('large')).toBeUndefined();
	expect((await tiers.get('large'))?.value).toHaveLength(2000);
});

import { describe, expect, test } from 'vitest';
import { KeyvStore, type KeyvStoreOptions } from '../../lib/cache/keyv-store.ts';
import { ChaosAdapter } from '../helpers/chaos-store.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { storeContract } from './store.suite.mts';

const DAY = { ttlMs: 86_400_000, keepMs: 86_400_000 };

/** Keyv itself looks at the machine's clock, so the fake one must not run ahead of it by more than it means to. */
function wallClock(): FakeClock {
	return new FakeClock(0, Date.now());
}

storeContract('the store over Keyv with a Map', (clock) => new KeyvStore({ clock, adapter: new Map() }));
storeContract('the store over Keyv with an adapter', (clock) => new KeyvStore({ clock, adapter: new ChaosAdapter() }));

function chaos(options: Partial<KeyvStoreOptions> = {}) {
	const clock = wallClock();
	const adapter = new ChaosAdapter();
	const failures: unknown[] = [];
	const store = new KeyvStore({ clock, adapter, onFailure: (error) => failures.push(error), ...options });
	const write = async () => await store.set('a', { n: 1 }, DAY);
	return { clock, adapter, store, failures, write };
}

describe('the store over Keyv', () => {
	test('writes one JSON text with version, value and times', async () => {
		const { adapter, clock, write } = chaos();
		await write();
		const [text] = adapter.texts.values();
		expect(JSON.parse(text ?? '')).toEqual({
			value: { v: 1, value: { n: 1 }, storedAt: clock.wallNow(), ...DAY },
			expires: expect.any(Number) as number,
		});
	});

	test.each([
		['text that is no JSON', '{"value":{"v":1,'],
		['JSON that is no object', '42'],
		['JSON null', 'null'],
		['an entry without an envelope', '{"value":"hello"}'],
		['an entry of another version', '{"value":{"v":2,"value":1,"storedAt":1,"ttlMs":1,"keepMs":1}}'],
		['an envelope without times', '{"value":{"v":1,"value":1}}'],
		['an envelope with times of the wrong type', '{"value":{"v":1,"value":1,"storedAt":"1","ttlMs":null,"keepMs":1}}'],
		['an envelope without a value', '{"value":{"v":1,"storedAt":1,"ttlMs":1,"keepMs":1}}'],
		['a mark that wraps nothing', '{"value":{"v":1,"value":{"#fastpath":"plain"},"storedAt":1,"ttlMs":1,"keepMs":1}}'],
	])('takes %s for a miss, counts it and deletes it', async (_name, text) => {
		const { adapter, store, write } = chaos();
		await write();
		const [key] = adapter.texts.keys();
		adapter.texts.set(key ?? '', text);
		expect(await store.get('a')).toBeUndefined();
		expect(store.corrupt).toBe(1);
		expect(adapter.texts.size).toBe(0);
	});

	test('fails open when every command throws: misses, nothing kept, each failure told once', async () => {
		const { adapter, store, failures, write } = chaos();
		await write();
		adapter.mode = 'throws';
		expect(await store.get('a')).toBeUndefined();
		expect(await write()).toBe(false);
		expect(await store.delete('a')).toBe(false);
		await store.clear();
		await store.dispose();
		expect(failures).toHaveLength(5);
		expect(store.failures).toBe(5);
	});

	test('answers when its time is over although the adapter never does', async () => {
		const { adapter, store, clock, failures, write } = chaos({ timeoutMs: 250 });
		adapter.mode = 'hangs';
		const done: unknown[] = [];
		const commands = [store.get('a'), write(), store.delete('a'), store.clear(), store.dispose()];
		for (const command of commands) void command.then((value) => done.push(value));
		await clock.advance(249);
		expect(done).toEqual([]);
		await clock.advance(1);
		expect(done).toHaveLength(commands.length);
		expect(failures).toHaveLength(commands.length);
		expect(clock.timers).toBe(0);
	});

	test('leaves the bound to an adapter that has one', async () => {
		const { adapter, store, clock, write } = chaos({ timeoutMs: 0 });
		await write();
		adapter.mode = 'hangs';
		void store.get('a');
		expect(clock.timers).toBe(0);
		adapter.mode = 'well';
		expect((await store.get('a'))?.value).toEqual({ n: 1 });
	});

	test('reads many where its adapter reads one at a time, and drops what is broken among them', async () => {
		const { adapter, store, write } = chaos();
		await write();
		const [key = ''] = adapter.texts.keys();
		adapter.texts.set(key.replace(/a$/, 'b'), '{"value":{"v":1,');
		expect((await store.getMany(['x', 'a', 'b'])).map((answer) => answer?.value)).toEqual([undefined, { n: 1 }, undefined]);
		expect([[...adapter.texts.keys()], store.corrupt]).toEqual([[key], 1]);
	});

	test('is well again as soon as its adapter is', async () => {
		const { adapter, store, write } = chaos();
		adapter.mode = 'throws';
		await write();
		adapter.mode = 'well';
		await write();
		expect((await store.get('a'))?.value).toEqual({ n: 1 });
	});

	test('takes an answer from the future of another machine for a new one', async () => {
		const adapter = new ChaosAdapter();
		const ahead = new KeyvStore({ clock: new FakeClock(0, Date.now() + 5000), adapter });
		await ahead.set('a', 1, DAY);
		const behind = new KeyvStore({ clock: wallClock(), adapter });
		expect(await behind.get('a')).toMatchObject({ value: 1, ageMs: 0 });
	});

	test('keeps its entries apart from those of another namespace in the same place', async () => {
		const adapter = new Map();
		const one = new KeyvStore({ clock: wallClock(), adapter, namespace: 'one' });
		const other = new KeyvStore({ clock: wallClock(), adapter, namespace: 'other' });
		await one.set('a', 1, DAY);
		await other.set('a', 2, DAY);
		await other.clear();
		expect([(await one.get('a'))?.value, await other.get('a')]).toEqual([1, undefined]);
	});

	test('cannot tell how much it holds, and says so', () => {
		expect(chaos().store.stats()).toEqual({ entries: null, bytes: null, evictions: 0, expired: 0, maxBytes: null });
	});

	test('settles nothing twice when an answer comes after its time', async () => {
		const { adapter, store, clock, failures } = chaos();
		let answer!: (value: unknown) => void;
		adapter.get = async () => await new Promise((resolve) => (answer = resolve));
		const found = store.get('a');
		await clock.advance(250);
		answer('{"value":{"v":1,"value":1,"storedAt":1,"ttlMs":1,"keepMs":1}}');
		await settle();
		expect(await found).toBeUndefined();
		expect(failures).toHaveLength(1);
	});
});

/** What Configure says of caches holds in each process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CallContext } from '../../lib/core/policy.ts';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import type { LaneOptions } from '../../lib/runtime/compose.ts';
import { Runtime } from '../../lib/runtime/runtime.ts';
import type { SharedStore } from '../../lib/runtime/shared-stores.ts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

const HOUR = 3_600_000;
const KEEP = { ttlMs: HOUR, keepMs: HOUR };

let clock: FakeClock;
const made: Runtime[] = [];

beforeEach(() => {
	clock = new FakeClock();
});

afterEach(async () => {
	for (const runtime of made.splice(0)) await runtime.dispose();
});

function newRuntime(): Runtime {
	const runtime = new Runtime({ clock });
	made.push(runtime);
	return runtime;
}

/** Keeps answers for an hour. */
function laneWith(runtime: Runtime, more: Partial<LaneOptions>) {
	return runtime.lane({
		source: 'cachedAiCall', scope: { credential: 'none', origin: 'https://api.test' }, place: { workflowId: 'w', nodeName: 'Ask' },
		cache: { mode: 'readWrite', ttlMs: HOUR, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, refreshTimeoutMs: 1000, isCacheable: () => true },
		retry: { maxRetries: 0, baseMs: 1, maxMs: 1 }, maxConcurrent: 10, attemptTimeoutMs: 10_000, totalTimeoutMs: 10_000, ...more,
	});
}

/** Asks through the cache, for an hour; gives what the trace says of it. */
async function ask(runtime: Runtime, shared?: SharedStore): Promise<string> {
	const lane = laneWith(runtime, { shared });
	const answer = async (_context: CallContext) => 'answer';
	const { trace } = await lane.run(answer, { signal: new AbortController().signal, key: 'k', idempotent: true });
	return trace.cache;
}

describe('the memory store with other bounds', () => {
	test('keeps what it had, for as long as it was to be kept, and then more of it', async () => {
		const store = new MemoryStore({ clock, maxEntries: 2, maxBytes: 10_000 });
		for (const key of ['a', 'b', 'c']) await store.set(key, key, KEEP);
		store.resize({ maxEntries: 3, maxBytes: 10_000 });
		await clock.advance(HOUR / 2);
		await store.set('d', 'd', KEEP);
		expect(store.keysWhere(() => true).sort()).toEqual(['b', 'c', 'd']);
		expect(await store.get('b')).toMatchObject({ value: 'b', ageMs: HOUR / 2 });
		await clock.advance(HOUR / 2 + 1000);
		expect([await store.get('b'), (await store.get('d'))?.value]).toEqual([undefined, 'd']);
	});

	test('lets go of what was not used for the longest time where they are narrower', async () => {
		const store = new MemoryStore({ clock });
		for (const key of ['a', 'b', 'c', 'd']) await store.set(key, 'x'.repeat(1000), KEEP);
		await store.get('a');
		store.resize({ maxEntries: 3, maxBytes: 1_000_000 });
		expect(store.keysWhere(() => true).sort()).toEqual(['a', 'c', 'd']);
		store.resize({ maxEntries: 3, maxBytes: 3000 });
		expect(store.stats()).toMatchObject({ entries: 1, maxBytes: 3000, evictions: 3 });
		expect(await store.get('a')).toBeDefined();
	});
});

test('a longest time to live holds for what is asked later, and for what was stored before', async () => {
	const runtime = newRuntime();
	expect([await ask(runtime), await ask(runtime)]).toEqual(['miss', 'hit']);
	await runtime.oversight.configure({ longestTtlSeconds: 60 });
	await clock.advance(59_000);
	expect(await ask(runtime)).toBe('hit');
	await clock.advance(2000);
	expect(await ask(runtime)).toBe('miss');
	await runtime.oversight.configure({ longestTtlSeconds: 0 });
	await clock.advance(HOUR / 2);
	expect(await ask(runtime)).toBe('miss');
	await clock.advance(HOUR / 2);
	expect(await ask(runtime)).toBe('hit');
});

test('it also holds for other wordings and for responses that are kept for a fixed time', async () => {
	const runtime = newRuntime();
	await runtime.oversight.configure({ longestTtlSeconds: 60 });
	const lane = runtime.lane({
		source: 'pooledHttp', scope: { credential: 'none', origin: 'https://api.test' }, place: { workflowId: 'w', nodeName: 'Fetch' },
		httpCache: {
			scope: { credential: 'none', origin: 'https://api.test', partition: 'p' }, ttlMs: HOUR, refreshTimeoutMs: 1000,
			toMessage: () => ({ status: 200, statusMessage: 'OK', url: 'https://api.test/a', redirects: 0, headers: {}, body: Buffer.from('a') }), fromMessage: (message) => message,
		},
		retry: { maxRetries: 0, baseMs: 1, maxMs: 1 }, maxConcurrent: 10, attemptTimeoutMs: 10_000, totalTimeoutMs: 10_000,
	});
	const request = { method: 'GET', url: 'https://api.test/a', headers: {} };
	const fetched = async () => (await lane.run(async () => 'a', { signal: new AbortController().signal, idempotent: true, request })).trace.cache;
	expect([await fetched(), await fetched()]).toEqual(['miss', 'hit']);
	await clock.advance(61_000);
	expect(await fetched()).toBe('miss');

	const similar = { mode: 'on', threshold: 0.5, maxAgeMs: HOUR, candidates: 'letters', showPrompt: false } as const;
	const asked = async (key: string, text: string) => {
		const outcome = await laneWith(runtime, { similar }).run(async () => 'answer', { signal: new AbortController().signal, key, idempotent: true, prompt: { scope: 's', text } });
		return outcome.trace.cache;
	};
	expect(await asked('one', 'Please tell me the capital of France')).toBe('miss');
	expect(await asked('two', 'please tell me the capital of France!')).toBe('similar');
	await clock.advance(61_000);
	expect(await asked('three', 'Please, tell me the capital of France')).toBe('miss');
});

test.each([
	[{ cacheMegabytes: 0 }, 'cacheMegabytes'],
	[{ cacheEntries: 1.5 }, 'cacheEntries'],
	[{ longestTtlSeconds: -1 }, 'longestTtlSeconds'],
])('%j changes nothing', async (given, name) => {
	const runtime = newRuntime();
	await expect(runtime.oversight.configure({ cacheEntries: 5, ...given })).rejects.toThrow(name);
	expect((await runtime.oversight.settings()).cacheEntries).toBe(1000);
});

describe('over processes', () => {
	let folder: string;

	beforeEach(() => {
		folder = mkdtempSync(path.join(tmpdir(), 'fastpath-limits-'));
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	const open = (runtime: Runtime) => runtime.sharedStores.obtain({ type: 'sqlite', sqlite: { path: path.join(folder, 'store.db'), maxBytes: 8 * 1_048_576 } });

	test('what one was told, the others hear within a minute, and those that start begin with it', async () => {
		const [one, other] = [newRuntime(), newRuntime()];
		const [shared, theirs] = [open(one), open(other)];
		await ask(other, theirs);
		await settle();
		await one.oversightOver(shared).configure({ cacheMegabytes: 8, longestTtlSeconds: 60 });
		expect([one, other].map((runtime) => runtime.store.stats().maxBytes)).toEqual([8 * 1_048_576, 64 * 1_048_576]);
		await clock.advance(60_000);
		await settle();
		expect([other.store.stats().maxBytes, other.longestTtlMs]).toEqual([8 * 1_048_576, 60_000]);
		const third = newRuntime();
		await ask(third, open(third));
		await settle();
		expect(third.store.stats().maxBytes).toBe(8 * 1_048_576);
	});

	test('a store in which nothing was set leaves alone what a process was told', async () => {
		const runtime = newRuntime();
		const shared = open(runtime);
		await runtime.oversight.configure({ cacheEntries: 10, longestTtlSeconds: 5 });
		await ask(runtime, shared);
		await clock.advance(120_000);
		await runtime.oversightOver(shared).settings();
		expect(runtime.longestTtlMs).toBe(5000);
	});

	test('listening for it keeps no store open that nobody uses', async () => {
		const runtime = newRuntime();
		const shared = open(runtime);
		await runtime.oversightOver(shared).configure({ cacheMegabytes: 8 });
		await ask(runtime, shared);
		for (let minute = 0; minute < 40; minute += 1) {
			await clock.advance(60_000);
			await settle();
		}
		expect(runtime.sharedStores.list()).toEqual([]);
	});
});

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compose, type LaneOptions } from '../../lib/runtime/compose.ts';
import { Registry } from '../../lib/runtime/registry.ts';
import { Runtime } from '../../lib/runtime/runtime.ts';
import { listeners, outage, status, Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const SCOPE = { credential: 'none', origin: 'https://a.test' };

const OPTIONS: LaneOptions = {
	source: 'test',
	scope: SCOPE,
	cache: {
		mode: 'readWrite', ttlMs: 100, staleWhileRevalidateMs: 100, staleIfErrorMs: 1000, isCacheable: () => true, refreshTimeoutMs: 5000,
	},
	retry: { maxRetries: 2, baseMs: 10, maxMs: 100 },
	breaker: { failureThreshold: 5, failureWindowMs: 60_000, openMs: 60_000 },
	maxConcurrent: 2,
	attemptTimeoutMs: 1000,
	totalTimeoutMs: 10_000,
};

const made: Runtime[] = [];

function newRuntime() {
	const clock = new FakeClock();
	const logged: string[] = [];
	const runtime = new Runtime({ clock, random: seeded(1), log: (message) => logged.push(message) });
	made.push(runtime);
	return { clock, runtime, logged };
}

afterEach(async () => {
	for (const runtime of made.splice(0)) await runtime.dispose();
});

describe('a lane', () => {
	test('looks for similar prompts behind single-flight and in front of the cache, where that is wanted', () => {
		const { runtime } = newRuntime();
		const similar = { mode: 'on', candidates: 'letters', threshold: 0.5, maxAgeMs: 1000, showPrompt: false } as const;
		expect(compose(runtime, { ...OPTIONS, similar }).name).toContain('single-flight → similar → cache → ');
	});

	test('who wants no similar answer gets none from another call in flight', async () => {
		const { runtime } = newRuntime();
		const similar = { mode: 'on', candidates: 'letters', threshold: 0.3, maxAgeMs: 1000, showPrompt: false } as const;
		const [signal, scope] = [new AbortController().signal, 'scope'];
		const ask = async (text: string, options: LaneOptions) =>
			await runtime.lane(options).run(async () => text, { signal, key: text, prompt: { scope, text }, idempotent: true });
		await ask('What is the capital of France?', { ...OPTIONS, similar });
		const other = 'please tell me what the capital of France is';
		const [served, asked] = await Promise.all([ask(other, { ...OPTIONS, similar }), ask(other, OPTIONS)]);
		expect(served).toMatchObject({ value: 'What is the capital of France?', trace: { cache: 'similar' } });
		expect(asked).toMatchObject({ value: other, trace: { cache: 'miss', coalesced: false } });
		expect(runtime.stats().similar).toMatchObject({ served: 1, wouldServe: 0, vetoed: 0 });
	});

	test('leads through all stages, in the one right order', () => {
		const { runtime } = newRuntime();
		expect(compose(runtime, OPTIONS).name).toBe(
			'deadline → single-flight → cache → retry → breaker → limiter → attempt timeout → attempt',
		);
	});

	test.each<[string, Partial<LaneOptions>, string]>([
		['a cache', { cache: undefined }, 'deadline → retry → breaker → limiter → attempt timeout → attempt'],
		['a breaker', { breaker: undefined }, 'deadline → single-flight → cache → retry → limiter → attempt timeout → attempt'],
	])('leaves out what belongs to %s where there is to be none', (_name, options, name) => {
		expect(compose(newRuntime().runtime, { ...OPTIONS, ...options }).name).toBe(name);
	});

	test('leads through further ones where they are asked for, of which those of the origin follow the choice', () => {
		const { runtime } = newRuntime();
		const balance = { origins: [{ origin: 'https://a.test' }, { origin: 'https://b.test' }], strategy: 'random' as const };
		expect(compose(runtime, { ...OPTIONS, balance, hedge: { after: 10 }, retryBudget: { percent: 20 } }).name).toBe(
			'deadline → single-flight → cache → retry → hedge → balance',
		);
	});

	test('pays for hedges from the budget of retries, and asks for none where that is used up', async () => {
		const { runtime, clock } = newRuntime();
		const upstream = new Upstream<string>();
		const options = { ...OPTIONS, cache: undefined, maxConcurrent: 100, hedge: { after: 10 }, retryBudget: { percent: 20, floor: 3 } };
		const { signal } = new AbortController();
		for (let call = 0; call < 10; call += 1) void runtime.lane(options).run(upstream.call, { signal, idempotent: true, safe: true });
		await clock.advance(500);
		expect(upstream.count).toBe(13);
	});

	test('does not coalesce while the cache is off', () => {
		const { runtime } = newRuntime();
		const cache = OPTIONS.cache && { ...OPTIONS.cache, mode: 'off' as const };
		expect(compose(runtime, { ...OPTIONS, cache }).name).not.toContain('single-flight');
	});

	test('answers many callers with one request, then from the cache, and counts it so', async () => {
		const { runtime } = newRuntime();
		const lane = runtime.lane(OPTIONS);
		const upstream = new Upstream<string>();
		const { signal } = new AbortController();
		const run = async () => await lane.run(upstream.call, { signal, key: 'k', idempotent: true });
		const callers = Array.from({ length: 10 }, run);
		await settle();
		upstream.at(0).resolve('answer');
		for (const outcome of await Promise.all(callers)) expect(outcome).toMatchObject({ ok: true, value: 'answer', trace: { attempts: 1, cache: 'miss' } });
		expect(await run()).toMatchObject({ ok: true, trace: { cache: 'hit', attempts: 0 } });
		expect(upstream.count).toBe(1);
		expect(runtime.stats()).toMatchObject({ inFlight: 0, coalesced: 9 });
		expect((await runtime.snapshot()).windows['1m'].series).toMatchObject([{ calls: 11, hits: 1, coalesced: 9, attempts: 1 }]);
		expect(listeners(signal)).toBe(0);
	});

	test('never rejects: a failure is an outcome, with its trace and its count', async () => {
		const { runtime } = newRuntime();
		const error = status(404);
		const fail = async () => await Promise.reject(error);
		const { signal } = new AbortController();
		const outcome = await runtime.lane(OPTIONS).run(fail, { signal, key: 'k', idempotent: true });
		expect(outcome).toMatchObject({ ok: false, error, trace: { attempts: 1 } });
		expect((await runtime.snapshot()).windows['1m'].total).toMatchObject({ errors: { ERR_HTTP_STATUS: 1 } });
		const bug = await runtime.lane(OPTIONS).run(async () => await Promise.reject(new TypeError('bug')), { signal, idempotent: true });
		expect(bug.ok).toBe(false);
		expect((await runtime.snapshot()).windows['1m'].total).toMatchObject({ errors: { ERR_HTTP_STATUS: 1, ERR_UNKNOWN: 1 } });
	});

	test('counts every attempt, and what was waited between them', async () => {
		const { runtime, clock } = newRuntime();
		let calls = 0;
		const outcome = runtime.lane(OPTIONS).run(
			async () => {
				calls += 1;
				if (calls < 3) throw outage();
				return 'answer';
			},
			{ signal: new AbortController().signal, idempotent: true },
		);
		await clock.advance(1000);
		expect(await outcome).toMatchObject({ ok: true, trace: { attempts: 3 } });
		expect((await outcome).trace.waitedMs).toBeGreaterThan(0);
	});

	test('tries again after an attempt that took too long, and ends when the whole took too long', async () => {
		const { runtime, clock } = newRuntime();
		const upstream = new Upstream<string>();
		const lane = runtime.lane({ ...OPTIONS, retry: { maxRetries: 99, baseMs: 1, maxMs: 1 }, breaker: undefined });
		const outcome = lane.run(upstream.call, { signal: new AbortController().signal, key: 'k', idempotent: true });
		await clock.advance(10_000);
		expect(await outcome).toMatchObject({ ok: false, error: { code: 'ERR_TIMEOUT', phase: 'total' } });
		expect(upstream.count).toBe(10);
		expect(upstream.calls.every(({ context }) => context.signal.aborted)).toBe(true);
		// All that is left are the timers of the sweep, of the measurements and of the memory guard.
		await settle();
		expect([runtime.stats().inFlight, clock.timers]).toEqual([0, 3]);
	});

	test('shares one bound and one circuit with the other lanes of its scope', async () => {
		const { runtime } = newRuntime();
		const upstream = new Upstream<string>();
		const { signal } = new AbortController();
		for (let lane = 0; lane < 4; lane += 1) void runtime.lane(OPTIONS).run(upstream.call, { signal, idempotent: true });
		await settle();
		expect(upstream.count).toBe(2);
		expect(runtime.breaker(SCOPE, OPTIONS.breaker!)).toBe(runtime.breaker({ ...SCOPE }, { ...OPTIONS.breaker! }));
	});

	test('that is older than what idles is forgotten after still shares them with new lanes', async () => {
		const { runtime, clock } = newRuntime();
		const old = runtime.lane(OPTIONS);
		await clock.advance(31 * 60_000);
		expect(runtime.stats().circuits).toEqual([]);
		const upstream = new Upstream<string>();
		const { signal } = new AbortController();
		for (const lane of [old, old, runtime.lane(OPTIONS), old]) void lane.run(upstream.call, { signal, idempotent: true });
		await settle();
		expect(upstream.count).toBe(2);
	});

	test('holds what asks for it to a rate, over all lanes of its scope', async () => {
		const { runtime, clock } = newRuntime();
		const upstream = new Upstream<string>();
		const { signal } = new AbortController();
		const options = { ...OPTIONS, maxConcurrent: 10, rate: { perSecond: 3 } };
		expect(compose(runtime, options).name).toContain('breaker → limiter → rate → attempt timeout');
		for (let lane = 0; lane < 5; lane += 1) void runtime.lane(options).run(upstream.call, { signal, idempotent: true });
		await settle();
		expect(upstream.count).toBe(3);
		await clock.advance(999);
		expect(upstream.count).toBe(3);
	});

	test('buys a token of the rate for each attempt', async () => {
		const { runtime, clock } = newRuntime();
		const sent: number[] = [];
		const lane = runtime.lane({ ...OPTIONS, rate: { perSecond: 1 }, retry: { maxRetries: 2, baseMs: 0, maxMs: 0 } });
		const outcome = lane.run(async () => { sent.push(clock.now()); throw outage(); }, { signal: new AbortController().signal, idempotent: true });
		await clock.advance(10_000);
		expect(await outcome).toMatchObject({ ok: false, trace: { attempts: 3, totalMs: 2000 } });
		expect(sent).toEqual([0, 1000, 2000]);
	});

	test('repeats no more than the budget of its scope allows', async () => {
		const { runtime, clock } = newRuntime();
		const options = { ...OPTIONS, breaker: undefined, cache: undefined, maxConcurrent: 100, retry: { maxRetries: 5, baseMs: 1, maxMs: 1 }, retryBudget: { percent: 20 } };
		let calls = 0;
		const fail = async () => { calls += 1; throw status(500); };
		const { signal } = new AbortController();
		const outcomes = Array.from({ length: 100 }, () => runtime.lane(options).run(fail, { signal, idempotent: true }));
		await clock.advance(1000);
		for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ error: { code: 'ERR_HTTP_STATUS', status: 500 } });
		expect(calls).toBe(120);
	});

	test.each(['credential', 'origin'] as const)('shares neither bound nor circuit with a scope of another %s', (part) => {
		const { runtime } = newRuntime();
		const other = { ...SCOPE, [part]: 'other' };
		expect(runtime.limiter(other, 2)).not.toBe(runtime.limiter(SCOPE, 2));
		expect(runtime.breaker(other, OPTIONS.breaker!)).not.toBe(runtime.breaker(SCOPE, OPTIONS.breaker!));
	});
});

describe('the runtime', () => {
	test('logs a refresh that failed, and gives the caller the stale answer all the same', async () => {
		const { runtime, clock, logged } = newRuntime();
		const lane = runtime.lane({ ...OPTIONS, retry: { ...OPTIONS.retry, maxRetries: 0 } });
		const call = { signal: new AbortController().signal, key: 'k', idempotent: true };
		await lane.run(async () => 'old', call);
		await clock.advance(150);
		const outcome = await lane.run(async () => await Promise.reject(outage()), call);
		await settle();
		expect(outcome).toMatchObject({ ok: true, value: 'old', trace: { cache: 'stale' } });
		expect(logged).toEqual([expect.stringContaining('refresh failed')]);
		expect(runtime.stats().backgroundFailures).toBe(1);
	});

	test('is left without timers when it is disposed of, and ends its refreshes', async () => {
		const { runtime, clock } = newRuntime();
		const detached = runtime.detachedSignal(1000);
		expect(detached.deadlineAt).toBe(1000);
		await runtime.dispose();
		expect(detached.signal.aborted).toBe(true);
		detached.release();
		expect(clock.timers).toBe(0);
	});

	test('a thousand dead origins do not lock out the next one', async () => {
		const { runtime } = newRuntime();
		const options = { failureThreshold: 1, failureWindowMs: 1000, openMs: 3_600_000 };
		const call = { signal: new AbortController().signal, idempotent: true };
		for (let origin = 0; origin < 1000; origin += 1) {
			const lane = runtime.lane({ ...OPTIONS, breaker: options, scope: { ...SCOPE, origin: `https://${origin}.test` }, retry: { maxRetries: 0, baseMs: 0, maxMs: 0 } });
			expect(await lane.run(async () => await Promise.reject(outage()), call)).toMatchObject({ error: { code: 'ERR_NETWORK' } });
		}
		expect(runtime.stats().circuits).toHaveLength(500);
	});

	test('forgets idle circuits and expired answers by itself', async () => {
		const { runtime, clock } = newRuntime();
		await runtime.lane(OPTIONS).run(async () => 'x', { signal: new AbortController().signal, key: 'k', idempotent: true });
		expect(runtime.stats()).toMatchObject({ store: { entries: 1 }, circuits: [{ state: 'closed' }] });
		await clock.advance(31 * 60_000);
		expect(runtime.stats()).toMatchObject({ store: { entries: 0 }, circuits: [] });
	});
});

describe('the one runtime of a process', () => {
	const PLACE = Symbol.for('n8n-nodes-fastpath/runtime@1');
	const place = globalThis as { [PLACE]?: { build: string; runtime: unknown } };
	const newCopy = async () => {
		vi.resetModules();
		return await import('../../lib/runtime/index.ts');
	};

	beforeEach(() => delete place[PLACE]);
	afterEach(async () => {
		await (place[PLACE]?.runtime as Runtime | undefined)?.dispose();
		delete place[PLACE];
	});

	test('is shared by two copies of the module', async () => {
		const [one, other] = [await newCopy(), await newCopy()];
		expect(one.getRuntime).not.toBe(other.getRuntime);
		expect(one.getRuntime()).toBe(other.getRuntime());
	});

	test('is not made before somebody asks for it', async () => {
		await newCopy();
		expect(place[PLACE]).toBeUndefined();
	});

	test('is of the build that package.json names', async () => {
		(await newCopy()).getRuntime();
		const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
		expect(place[PLACE]?.build).toBe(version);
	});

	test('is left to a newer build, which an older copy makes do with', async () => {
		let disposed = 0;
		const newer = { dispose: async () => void (disposed += 1) };
		place[PLACE] = { build: '0.10.0', runtime: newer };
		expect((await newCopy()).getRuntime()).toBe(newer);
		expect(disposed).toBe(0);
	});

	test.each([
		['', async () => {}],
		[', also when the old one fails to end', async () => await Promise.reject(new Error('old'))],
		[', also when the old one throws', () => { throw new Error('old'); }],
	])('is taken over by a newer build, which disposes of the old one once%s', async (_name, dispose) => {
		let disposed = 0;
		const old = { dispose: () => { disposed += 1; return dispose(); } };
		place[PLACE] = { build: '0.0.1', runtime: old };
		const { getRuntime } = await newCopy();
		const runtime = getRuntime();
		await settle();
		expect(runtime).not.toBe(old);
		expect(getRuntime()).toBe(runtime);
		expect(disposed).toBe(1);
	});
});

describe('a registry', () => {
	function setUp() {
		let now = 0;
		const busy = new Set<string>();
		const registry = new Registry<{ key: string }>({ max: 3, idleMs: 100, now: () => now, isIdle: ({ key }) => !busy.has(key) });
		return { registry, busy, turn: (ms: number) => { now += ms; }, obtain: (key: string) => registry.obtain(key, () => ({ key })).key };
	}

	test('makes a thing once and shares it by name', () => {
		const { registry } = setUp();
		let makes = 0;
		for (let call = 0; call < 5; call += 1) registry.obtain('a', () => ({ key: `made ${(makes += 1)}` }));
		expect([makes, registry.entries()]).toEqual([1, [['a', { key: 'made 1' }]]]);
	});

	test('makes room by dropping the least recently used of those that are idle', () => {
		const { registry, busy, turn, obtain } = setUp();
		for (const key of ['a', 'b', 'c', 'a']) {
			turn(1);
			obtain(key);
		}
		busy.add('b');
		obtain('d');
		expect(registry.entries().map(([key]) => key)).toEqual(['a', 'b', 'd']);
	});

	test('rejects what does not fit while all are in use', () => {
		const { busy, obtain } = setUp();
		for (const key of ['a', 'b', 'c']) busy.add(obtain(key));
		expect(() => obtain('d')).toThrow(/More than 3/);
		expect(obtain('a')).toBe('a');
	});

	test('is never larger than its bound and sweeps only what is idle for long', () => {
		const { registry, busy, turn, obtain } = setUp();
		const random = seeded(8);
		for (let step = 0; step < 1000; step += 1) {
			turn(random.int(20));
			obtain(`k${random.int(10)}`);
			expect(registry.size).toBeLessThanOrEqual(3);
		}
		const [first] = registry.entries().map(([key]) => key);
		busy.add(first!);
		turn(100);
		registry.sweep();
		expect(registry.entries().map(([key]) => key)).toEqual([first]);
	});

	test('gives what it has swept to whoever asks again while somebody still holds it', () => {
		const { registry, turn } = setUp();
		const held = registry.obtain('a', () => ({ key: 'a' }));
		turn(100);
		registry.sweep();
		expect(registry.size).toBe(0);
		expect(registry.obtain('a', () => ({ key: 'another' }))).toBe(held);
	});
});

import { describe, expect, test } from 'vitest';
import { CachePolicy, type CacheOptions } from '../../lib/cache/policy.ts';
import { Background } from '../../lib/core/background.ts';
import { CircuitOpenError, TimeoutError } from '../../lib/core/errors.ts';
import { childController } from '../../lib/core/signal.ts';
import { newContext, outage, rejection, status, Upstream } from '../helpers/calls.mts';
import { CountingStore } from '../helpers/chaos-store.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

function setUp(options: Partial<CacheOptions> = {}) {
	const clock = new FakeClock();
	const store = new CountingStore();
	const failed: string[] = [];
	const background = new Background(2, (key) => failed.push(key));
	const detachedSignal = (timeoutMs: number) => {
		const { controller, release } = childController();
		const cancel = clock.after(timeoutMs, () => controller.abort(new TimeoutError('total', timeoutMs)));
		const end = () => {
			cancel();
			release();
		};
		return { signal: controller.signal, deadlineAt: clock.now() + timeoutMs, release: end };
	};
	const policy = new CachePolicy(
		{
			mode: 'readWrite', ttlMs: 100, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000,
			...options,
		},
		{ store, background, detachedSignal },
	);
	const upstream = new Upstream<string>();
	const holds = (ageMs: number, ttlMs = 100) => store.answers.set('k', { value: 'old', ageMs, ttlMs, keepMs: ttlMs });
	const ask = (facts = {}) => {
		const context = newContext({ key: 'k', ...facts });
		return { context, answer: policy.execute(upstream.call, context) };
	};
	return { clock, store, background, failed, policy, upstream, holds, ask };
}

describe('the cache', () => {
	test('asks upstream on a miss, keeps the answer and serves it the next time', async () => {
		const { ask, upstream, store } = setUp({ staleWhileRevalidateMs: 30, staleIfErrorMs: 500 });
		const first = ask();
		await settle();
		upstream.at(0).resolve('new');
		expect(await first.answer).toBe('new');
		expect(first.context.trace.cache).toBe('miss');
		expect(first.context.trace).not.toHaveProperty('ageMs');
		expect(store.written).toEqual([{ ttlMs: 100, keepMs: 600 }]);

		const second = ask();
		expect(await second.answer).toBe('new');
		expect(second.context.trace.cache).toBe('hit');
		expect(upstream.count).toBe(1);
	});

	test('tells the age of what it serves, in whole milliseconds', async () => {
		const { ask, holds } = setUp();
		holds(12.4);
		const { answer, context } = ask();
		await answer;
		expect(context.trace).toMatchObject({ cache: 'hit', ageMs: 12, attempts: 0 });
	});

	test('serves an answer until its TTL is over, and no longer', async () => {
		const { ask, holds, upstream } = setUp();
		holds(100);
		expect(await ask().answer).toBe('old');
		holds(100.1);
		void ask();
		await settle();
		expect(upstream.count).toBe(1);
	});

	test('holds to the shorter of the writer\'s and the reader\'s TTL', async () => {
		const { ask, holds, upstream } = setUp({ ttlMs: 50 });
		holds(60, 1000);
		void ask();
		holds(60, 30);
		void ask();
		await settle();
		expect(upstream.count).toBe(2);
		holds(40, 1000);
		expect(await ask().answer).toBe('old');
	});

	test.each([
		['readWrite', 'old', 0, 0],
		['readOnly', 'old', 0, 0],
		['refresh', 'new', 1, 1],
		['off', 'new', 1, 0],
	] as const)('in mode %s a fresh answer at hand gives "%s" with %i calls and %i writes', async (mode, value, calls, writes) => {
		const { ask, holds, upstream, store } = setUp({ mode });
		holds(0);
		const { answer, context } = ask();
		await settle();
		if (calls > 0) upstream.at(0).resolve('new');
		expect(await answer).toBe(value);
		expect(upstream.count).toBe(calls);
		expect(store.written).toHaveLength(writes);
		expect(context.trace.cache).toBe(mode === 'off' ? 'bypass' : mode === 'refresh' ? 'miss' : 'hit');
	});

	test('neither looks nor stores when it is off or the call has no key', async () => {
		for (const [options, facts] of [[{ mode: 'off' as const }, {}], [{}, { key: undefined }]] as const) {
			const { ask, upstream, store } = setUp(options);
			const { answer, context } = ask(facts);
			await settle();
			upstream.at(0).resolve('new');
			await answer;
			expect([store.gets, store.written.length, context.trace.cache]).toEqual([0, 0, 'bypass']);
		}
	});

	test.each([
		['what is not complete', { isCacheable: () => false }],
		['anything when it is read-only', { mode: 'readOnly' as const }],
	])('does not store %s', async (_name, options) => {
		const { ask, upstream, store } = setUp(options);
		const { answer } = ask();
		await settle();
		upstream.at(0).resolve('new');
		expect(await answer).toBe('new');
		expect(store.written).toEqual([]);
	});

	test('does not store errors, and hands them on as they are', async () => {
		const { ask, upstream, store } = setUp();
		const { answer } = ask();
		await settle();
		const error = status(500);
		upstream.at(0).reject(error);
		expect(await rejection(answer)).toBe(error);
		expect(store.answers.size).toBe(0);
	});
});

describe('stale-while-revalidate', () => {
	test('serves a stale answer at once and refreshes it exactly once, however many ask', async () => {
		const { ask, holds, upstream, store, background, clock } = setUp({ staleWhileRevalidateMs: 50 });
		holds(150);
		for (let caller = 0; caller < 10; caller += 1) {
			const { answer, context } = ask();
			expect(await answer).toBe('old');
			expect(context.trace).toMatchObject({ cache: 'stale', ageMs: 150, attempts: 0 });
		}
		expect(upstream.count).toBe(1);
		upstream.at(0).resolve('new');
		await background.drain();
		expect(store.answers.get('k')?.value).toBe('new');
		expect(clock.timers).toBe(0);
		expect(await ask().answer).toBe('new');
	});

	test('asks before it answers once the answer is older than that', async () => {
		const { ask, holds, upstream } = setUp({ staleWhileRevalidateMs: 50 });
		holds(151);
		const { answer } = ask();
		await settle();
		upstream.at(0).resolve('new');
		expect(await answer).toBe('new');
	});

	test('refreshes on a signal, a deadline and a trace of its own', async () => {
		const { ask, holds, upstream, clock } = setUp({ staleWhileRevalidateMs: 50 });
		holds(150);
		const caller = new AbortController();
		const { answer, context } = ask({ signal: caller.signal, deadlineAt: 5 });
		await answer;
		caller.abort();
		const refresh = upstream.at(0).context;
		refresh.trace.attempts = 3;
		expect(refresh.signal.aborted).toBe(false);
		expect(refresh.deadlineAt).toBe(1000);
		expect(context.trace.attempts).toBe(0);
		await clock.advance(1000);
		expect(refresh.signal.aborted).toBe(true);
	});

	test('a failed refresh is counted and told, the stale answer stays, and the next caller starts another', async () => {
		const { ask, holds, upstream, background, failed } = setUp({ staleWhileRevalidateMs: 50 });
		holds(150);
		await ask().answer;
		upstream.at(0).reject(status(500));
		await background.drain();
		expect([background.failures, failed, background.running]).toEqual([1, ['k'], 0]);
		expect(await ask().answer).toBe('old');
		expect(upstream.count).toBe(2);
	});

	test('a refresh that never ends makes way when its bound is over', async () => {
		const { ask, holds, clock, background } = setUp({ staleWhileRevalidateMs: 50 });
		holds(150);
		await ask().answer;
		expect(background.running).toBe(1);
		await clock.advance(1000);
		expect([background.running, background.failures, clock.timers]).toEqual([0, 1, 0]);
	});

	test('asks for nothing that it may not store', async () => {
		const { ask, holds, upstream } = setUp({ staleWhileRevalidateMs: 50, mode: 'readOnly' });
		holds(150);
		expect(await ask().answer).toBe('old');
		expect(upstream.count).toBe(0);
	});
});

describe('stale-if-error', () => {
	test.each([
		['a status of the 5xx range', status(503)],
		['a connection that broke', outage()],
		['a timeout', new TimeoutError('attempt', 10)],
		['an open circuit', new CircuitOpenError('https://a.test', 10)],
	])('a stale answer stands in for %s', async (_name, error) => {
		const { ask, holds, upstream } = setUp({ staleIfErrorMs: 500 });
		holds(400);
		const { answer, context } = ask();
		await settle();
		upstream.at(0).reject(error);
		expect(await answer).toBe('old');
		expect(context.trace).toMatchObject({ cache: 'stale', ageMs: 400 });
	});

	test.each([
		['the refusal of this one request', status(400)],
		['missing rights', status(401)],
		['a rate limit', status(429)],
		['an error that is none of ours', new Error('bug')],
	])('no stale answer hides %s', async (_name, error) => {
		const { ask, holds, upstream } = setUp({ staleIfErrorMs: 500 });
		holds(400);
		const { answer } = ask();
		await settle();
		upstream.at(0).reject(error);
		expect(await rejection(answer)).toBe(error);
	});

	test('an answer too old for it does not stand in', async () => {
		const { ask, holds, upstream } = setUp({ staleIfErrorMs: 500 });
		holds(601);
		const { answer } = ask();
		await settle();
		const error = outage();
		upstream.at(0).reject(error);
		expect(await rejection(answer)).toBe(error);
	});
});

test('work in the background never exceeds its bound and frees its key when done', async () => {
	const background = new Background(2);
	const upstream = new Upstream<void>();
	const task = async () => await upstream.call(newContext());
	expect(['a', 'a', 'b', 'c'].map((key) => background.start(key, task))).toEqual([true, false, true, false]);
	upstream.at(0).resolve();
	await settle();
	expect(background.running).toBe(1);
	expect(background.start('a', task)).toBe(true);
});

import { describe, expect, test } from 'vitest';
import { CancelledError, LimitExceededError } from '../../lib/core/errors.ts';
import type { CallContext } from '../../lib/core/policy.ts';
import { LearntLimit } from '../../lib/limit/learnt.ts';
import { limitsSaid, reportedLimits, retryAfterMs } from '../../lib/retry/retry-after.ts';
import { listeners, newContext, rejection, Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

function setUp() {
	const clock = new FakeClock();
	const limit = new LearntLimit(clock);
	const upstream = new Upstream<string>();
	const start = (facts: Partial<CallContext> = {}) => {
		const context = newContext(facts);
		const answer = limit.execute(upstream.call, context);
		answer.catch(() => {});
		return { context, answer };
	};
	/** The call of that number is answered, and the answer says what is left. */
	const answer = async (index: number, remaining: number, resetMs = 1000) => {
		limit.observe([{ counts: 'requests', remaining, resetMs }]);
		upstream.calls[index]?.resolve('ok');
		await settle();
	};
	return { clock, limit, upstream, start, answer };
}

describe('a learnt limit', () => {
	test('lets everything through while nothing is known', async () => {
		const { upstream, start } = setUp();
		for (let count = 0; count < 50; count += 1) start();
		await settle();
		expect(upstream.calls).toHaveLength(50);
	});

	test('waits for the reset once nothing is left', async () => {
		const { clock, upstream, start, answer } = setUp();
		start();
		await answer(0, 0);
		const { context } = start();
		await clock.advance(999);
		expect(upstream.calls).toHaveLength(1);
		await clock.advance(1);
		expect(upstream.calls).toHaveLength(2);
		expect(context.trace.waitedMs).toBe(1000);
		expect(clock.timers).toBe(0);
	});

	test('hands out what is left, less what is under way', async () => {
		const { clock, upstream, start, answer } = setUp();
		for (let count = 0; count < 3; count += 1) start();
		await answer(0, 5);
		for (let count = 0; count < 10; count += 1) start();
		await settle();
		// Two others were under way, so three of the five are free.
		expect(upstream.calls).toHaveLength(6);
		await clock.advance(1000);
		expect(upstream.calls).toHaveLength(13);
	});

	test('wakes as many as a newer answer has room for', async () => {
		const { upstream, start, answer } = setUp();
		start();
		await answer(0, 1, 60_000);
		for (let count = 0; count < 4; count += 1) start();
		await settle();
		expect(upstream.calls).toHaveLength(2);
		await answer(1, 2, 60_000);
		expect(upstream.calls).toHaveLength(4);
	});

	test('does not begin a wait beyond the deadline', async () => {
		const { clock, start, answer } = setUp();
		start();
		await answer(0, 0, 5000);
		const error = await rejection(start({ deadlineAt: 5000 }).answer);
		expect(error).toBeInstanceOf(LimitExceededError);
		expect(String(error)).toMatch(/used up for another 5 s/);
		expect(clock.timers).toBe(0);
	});

	test('lets one call a minute see whether a long one still holds', async () => {
		const { clock, upstream, start, answer } = setUp();
		start();
		await answer(0, 0, 3_600_000);
		await clock.advance(60_000);
		start({ deadlineAt: clock.now() + 1000 });
		const second = start({ deadlineAt: clock.now() + 1000 });
		expect(await rejection(second.answer)).toBeInstanceOf(LimitExceededError);
		expect(upstream.calls).toHaveLength(2);
		await answer(1, 100);
		start();
		await settle();
		expect(upstream.calls).toHaveLength(3);
	});

	test('lets go of a call that is cancelled', async () => {
		const { clock, limit, start, answer } = setUp();
		start();
		await answer(0, 0);
		const stop = new AbortController();
		const { answer: waiting } = start({ signal: stop.signal });
		await settle();
		stop.abort();
		expect(await rejection(waiting)).toBeInstanceOf(CancelledError);
		expect([clock.timers, listeners(stop.signal)]).toEqual([0, 0]);
		await clock.advance(1000);
		expect(limit.idle).toBe(true);
	});

	test('of tokens holds up calls of unknown size only when none are left', async () => {
		const { clock, limit, upstream, start } = setUp();
		limit.observe([{ counts: 'tokens', remaining: 1, resetMs: 1000 }]);
		for (let count = 0; count < 3; count += 1) start();
		await settle();
		expect(upstream.calls).toHaveLength(3);
		limit.observe([{ counts: 'tokens', remaining: 0, resetMs: 1000 }]);
		start();
		await clock.advance(999);
		expect(upstream.calls).toHaveLength(3);
	});

	describe('of tokens', () => {
		const report = (remaining: number, whole = 100, resetMs = 1000) => ({ counts: 'tokens' as const, remaining, resetMs, whole });

		test('hands out what is left by what calls are expected to take, in the order in which they came', async () => {
			const { clock, limit, upstream, start } = setUp();
			limit.observe([report(50)]);
			for (const tokens of [30, 30, 10]) start({ tokens });
			await settle();
			// The second does not fit; the third would, but came later.
			expect(upstream.calls).toHaveLength(1);
			await clock.advance(999);
			expect(upstream.calls).toHaveLength(1);
			await clock.advance(1);
			expect(upstream.calls).toHaveLength(3);
			expect(clock.timers).toBe(0);
		});

		test('has no more than the whole limit after the reset', async () => {
			const { clock, limit, upstream, start } = setUp();
			limit.observe([report(0)]);
			for (let count = 0; count < 10; count += 1) start({ tokens: 40 });
			await clock.advance(1000);
			expect(upstream.calls).toHaveLength(2);
			await clock.advance(1000);
			expect(upstream.calls).toHaveLength(4);
		});

		test('is corrected by the next word of the origin', async () => {
			const { limit, upstream, start } = setUp();
			limit.observe([report(50, 100, 60_000)]);
			start({ tokens: 40 });
			start({ tokens: 40 });
			await settle();
			expect(upstream.calls).toHaveLength(1);
			limit.observe([report(45, 100, 60_000)]);
			await settle();
			expect(upstream.calls).toHaveLength(2);
		});

		test('takes off what others under way are expected to take', async () => {
			const { limit, upstream, start } = setUp();
			for (let count = 0; count < 3; count += 1) start({ tokens: 20 });
			limit.observe([report(70, 100, 60_000)]);
			for (let count = 0; count < 3; count += 1) start({ tokens: 20 });
			await settle();
			expect(upstream.calls).toHaveLength(4);
		});

		test('learns what calls come to: answers, and texts that are more tokens than their length says', async () => {
			const { limit, upstream, start } = setUp();
			for (let count = 0; count < 40; count += 1) limit.learn(10, { inputTokens: 20, outputTokens: 30 });
			limit.observe([report(100, 1000, 60_000)]);
			for (let count = 0; count < 3; count += 1) start({ tokens: 10 });
			await settle();
			// 20 of input and 30 of output each.
			expect(upstream.calls).toHaveLength(2);
		});

		test('lets through what is larger than the whole limit once it is whole', async () => {
			const { clock, limit, upstream, start } = setUp();
			limit.observe([report(99)]);
			start({ tokens: 500 });
			await settle();
			expect(upstream.calls).toHaveLength(0);
			await clock.advance(1000);
			expect(upstream.calls).toHaveLength(1);
		});

		test('input and output are kept apart', async () => {
			const { limit, upstream, start } = setUp();
			limit.learn(10, { inputTokens: 10, outputTokens: 50 });
			limit.observe([{ counts: 'input', remaining: 1000, resetMs: 60_000 }, { counts: 'output', remaining: 120, resetMs: 60_000 }]);
			for (let count = 0; count < 5; count += 1) start({ tokens: 10 });
			await settle();
			expect(upstream.calls).toHaveLength(2);
		});

		test('the one behind goes when the one before it is cancelled', async () => {
			const { limit, upstream, start } = setUp();
			limit.observe([report(50, 100, 60_000)]);
			const stop = new AbortController();
			start({ tokens: 80, signal: stop.signal });
			start({ tokens: 20 });
			await settle();
			expect(upstream.calls).toHaveLength(0);
			stop.abort();
			await settle();
			expect(upstream.calls).toHaveLength(1);
		});

		test('says how long a call would wait', () => {
			const { limit } = setUp();
			expect(limit.waitMs(50)).toBe(0);
			limit.observe([report(40)]);
			expect([limit.waitMs(40), limit.waitMs(50)]).toEqual([0, 1000]);
		});
	});
});

test('limits are read from the headers of OpenAI, of Anthropic and of others', () => {
	const wallNow = Date.UTC(2026, 0, 1);
	const headers = {
		'x-ratelimit-remaining-requests': '0',
		'x-ratelimit-reset-requests': '1m30s',
		'x-ratelimit-limit-tokens': '40000',
		'x-ratelimit-remaining-tokens': '12',
		'x-ratelimit-reset-tokens': '6ms',
		'anthropic-ratelimit-input-tokens-remaining': '0',
		'anthropic-ratelimit-input-tokens-reset': '2026-01-01T00:00:05Z',
		'x-ratelimit-remaining': '3',
		'x-ratelimit-reset': '7',
		'ratelimit-reset': '7',
	};
	expect(reportedLimits(headers, wallNow)).toEqual([
		{ counts: 'requests', remaining: 0, resetMs: 90_000, whole: undefined },
		{ counts: 'tokens', remaining: 12, resetMs: 6, whole: 40_000 },
		{ counts: 'input', remaining: 0, resetMs: 5000, whole: undefined },
		{ counts: 'requests', remaining: 3, resetMs: 7000, whole: undefined },
	]);
	expect(reportedLimits({}, wallNow)).toEqual([]);
	const epoch = (reset: number) => reportedLimits({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) }, wallNow)[0]?.resetMs;
	expect([epoch(wallNow / 1000 + 3), epoch(wallNow + 4000)]).toEqual([3000, 4000]);
});

test.each([
	['"default";r=50;t=30', [{ remaining: 50, resetMs: 30_000, counts: 'requests' }]],
	['"burst";r=0;t=5, "daily";r=900;t=3600', [{ remaining: 0, resetMs: 5000, counts: 'requests' }, { remaining: 900, resetMs: 3_600_000, counts: 'requests' }]],
	['limit=100, remaining=0, reset=7', [{ remaining: 0, resetMs: 7000, counts: 'requests' }]],
	['"default";r=50', []],
	['nonsense', []],
])('limits are read from the field RateLimit: %s', (ratelimit, limits) => {
	expect(reportedLimits({ ratelimit }, 0)).toEqual(limits);
	const [resetMs] = limits.filter(({ remaining }) => remaining === 0).map((limit) => limit.resetMs);
	expect(retryAfterMs({ ratelimit }, 0)).toBe(resetMs);
});

test('a rejection that names a wait says more than the limits that come with it', () => {
	const headers = { 'retry-after': '3', ratelimit: '"default";r=50;t=30' };
	expect(limitsSaid(429, headers, 0)).toEqual([{ remaining: 0, resetMs: 3000, counts: 'requests' }]);
	expect(limitsSaid(200, headers, 0)).toEqual([{ remaining: 50, resetMs: 30_000, counts: 'requests' }]);
});

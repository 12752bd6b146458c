import { describe, expect, test } from 'vitest';
import { CancelledError, TimeoutError } from '../../lib/core/errors.ts';
import { limitsRate, RateLimiter, type RateOptions } from '../../lib/limit/rate.ts';
import { listeners, newContext, rejection } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

function setUp(options: RateOptions) {
	const clock = new FakeClock();
	const limiter = new RateLimiter(options, clock);
	const sent: number[] = [];
	const send = async (context = newContext()) => await limiter.execute(async () => void sent.push(clock.now()), context);
	return { clock, limiter, sent, send };
}

/** The most of `times` that any window of this length, closed on one side, holds. */
function most(times: readonly number[], windowMs: number): number {
	return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));
}

describe('a rate limit', () => {
	test('lets the whole limit go at once, and the next when its time is up, in order', async () => {
		const { clock, sent, send } = setUp({ perSecond: 3 });
		const order: number[] = [];
		for (let call = 0; call < 7; call += 1) void send().then(() => order.push(call));
		await settle();
		expect(sent).toEqual([0, 0, 0]);
		await clock.advance(999);
		expect(sent).toHaveLength(3);
		await clock.advance(5000);
		expect(sent).toEqual([0, 0, 0, 1000, 1000, 1000, 2000]);
		expect(order).toEqual([0, 1, 2, 3, 4, 5, 6]);
		expect(clock.timers).toBe(0);
	});

	test('with a burst of one keeps an even pace', async () => {
		const { clock, sent, send } = setUp({ perMinute: 60, burst: 1 });
		for (let call = 0; call < 4; call += 1) void send();
		await clock.advance(60_000);
		expect(sent).toEqual([0, 1000, 2000, 3000]);
	});

	test.each([1, 2, 3, 4, 5])('is kept in every sliding window, whatever comes when (seed %i)', async (seed) => {
		const random = seeded(seed);
		const perSecond = 1 + random.int(8);
		const perMinute = perSecond + random.int(100);
		const burst = 1 + random.int(perSecond);
		const { clock, limiter, sent, send } = setUp({ perSecond, perMinute, burst });
		const ends: Array<Promise<unknown>> = [];
		let left = 0;
		for (let step = 0; step < 150; step += 1) {
			const stop = new AbortController();
			for (let call = random.int(4); call > 0; call -= 1) ends.push(send(newContext({ signal: stop.signal })).catch(() => (left += 1)));
			await clock.advance(random.int(700));
			if (random.int(10) === 0) stop.abort();
		}
		await clock.advance(60 * 60_000);
		await Promise.all(ends);
		expect(most(sent, 1000)).toBeLessThanOrEqual(perSecond);
		expect(most(sent, 60_000)).toBeLessThanOrEqual(perMinute);
		expect(most(sent, (burst * 1000) / perSecond)).toBeLessThanOrEqual(burst);
		expect(sent.length + left).toBe(ends.length);
		expect([limiter.queued, limiter.idle, clock.timers]).toEqual([0, true, 0]);
	});

	test('rejects at once what would have to wait beyond its deadline', async () => {
		const { clock, sent, send } = setUp({ perSecond: 2 });
		await Promise.all([send(), send()]);
		const error = await rejection(send(newContext({ deadlineAt: 1000 })));
		expect(error).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED', retryable: false, unprocessed: true });
		const waiting = send(newContext({ deadlineAt: 1001 }));
		expect(await rejection(Promise.all([send(), send(newContext({ deadlineAt: 1999 }))]))).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' });
		await clock.advance(1000);
		await waiting;
		expect(sent).toEqual([0, 0, 1000, 1000]);
	});

	test('counts what was waited', async () => {
		const { clock, send } = setUp({ perSecond: 1 });
		await send();
		const context = newContext();
		const waiting = send(context);
		await clock.advance(1000);
		await waiting;
		expect(context.trace.waitedMs).toBe(1000);
	});

	test('is not spent by a waiter who leaves, whose place goes to the next', async () => {
		const { clock, limiter, sent, send } = setUp({ perSecond: 1 });
		await send();
		const stop = new AbortController();
		const gone = rejection(send(newContext({ signal: stop.signal })));
		void send();
		const reason = new CancelledError();
		stop.abort(reason);
		expect(await gone).toBe(reason);
		expect([limiter.queued, listeners(stop.signal)]).toEqual([1, 0]);
		await clock.advance(1000);
		expect(sent).toEqual([0, 1000]);
	});

	test('wraps a deadline that runs out in the queue, as nothing was sent', async () => {
		const { send } = setUp({ perSecond: 1 });
		await send();
		const stop = new AbortController();
		const error = rejection(send(newContext({ signal: stop.signal })));
		stop.abort(new TimeoutError('total', 1));
		expect(await error).toMatchObject({ code: 'ERR_CANCELLED', outage: false });
	});

	test('has a bounded queue', async () => {
		const { limiter, send } = setUp({ perSecond: 1, maxQueued: 2 });
		for (let call = 0; call < 3; call += 1) void send();
		expect(await rejection(send())).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' });
		expect(limiter.queued).toBe(2);
	});

	test.each([{ perSecond: 0 }, { perMinute: 1.5 }, { perSecond: 5, burst: 0 }, { perSecond: 100_001 }])('refuses %j', (options) => {
		expect(() => new RateLimiter(options, new FakeClock())).toThrow(/expected a whole number/);
	});

	test('is none where nothing is named', () => {
		expect([limitsRate(undefined), limitsRate({}), limitsRate({ burst: 2 }), limitsRate({ perMinute: 1 })]).toEqual([false, false, false, true]);
	});
});

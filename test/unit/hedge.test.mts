import { describe, expect, test } from 'vitest';
import { HedgePolicy, RecentLatencies, type HedgeOptions } from '../../lib/balance/hedge.ts';
import { CancelledError } from '../../lib/core/errors.ts';
import { listeners, newContext, outage, rejection, Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

function setUp(after: HedgeOptions['after'] = 100, mayRepeat = () => true) {
	const clock = new FakeClock();
	const upstream = new Upstream<string>();
	const latencies = new RecentLatencies();
	const policy = new HedgePolicy({ after }, latencies, clock, mayRepeat);
	const stop = new AbortController();
	const context = newContext({ safe: true, signal: stop.signal });
	const counted = async (inward: typeof context) => {
		inward.trace.attempts += 1;
		return await upstream.call(inward);
	};
	const answer = policy.execute(counted, context);
	answer.catch(() => {});
	return { clock, upstream, latencies, answer, context, stop };
}

describe('a hedged call', () => {
	test('sends nothing more where the first answer comes in time', async () => {
		const { clock, upstream, answer, context } = setUp();
		await clock.advance(99);
		upstream.at(0).resolve('first');
		expect(await answer).toBe('first');
		await clock.advance(1000);
		expect([upstream.count, clock.timers, listeners(context.signal)]).toEqual([1, 0, 0]);
		expect(context.trace).toMatchObject({ attempts: 1 });
		expect(context.trace).not.toHaveProperty('hedged');
		expect(context.trace).not.toHaveProperty('origins');
	});

	test.each([0, 1])('takes the first success, that of attempt %i, and aborts the other', async (winner) => {
		const { clock, upstream, answer, context } = setUp();
		await clock.advance(100);
		expect(upstream.count).toBe(2);
		upstream.at(winner).resolve('answer');
		expect(await answer).toBe('answer');
		const loser = upstream.at(1 - winner);
		expect(loser.context.signal.reason).toBeInstanceOf(CancelledError);
		expect(upstream.at(winner).context.signal.aborted).toBe(false);
		expect(context.trace).toMatchObject({ hedged: true, attempts: 2 });
		// What the loser still says of itself is nobody's any more.
		loser.context.trace.upstreamMs = 1e9;
		loser.reject(outage());
		await settle();
		expect(context.trace.upstreamMs).toBe(0);
	});

	test('waits for the other attempt when one fails, and fails when both have', async () => {
		const { clock, upstream, answer } = setUp();
		await clock.advance(100);
		upstream.at(0).reject(outage());
		await settle();
		upstream.at(1).resolve('second');
		expect(await answer).toBe('second');
		const both = setUp();
		await both.clock.advance(100);
		both.upstream.at(1).reject(new Error('one'));
		await settle();
		const last = outage();
		both.upstream.at(0).reject(last);
		expect(await rejection(both.answer)).toBe(last);
	});

	test('that fails before its time leaves trying again to others', async () => {
		const { clock, upstream, answer } = setUp();
		const error = outage();
		upstream.at(0).reject(error);
		expect(await rejection(answer)).toBe(error);
		await clock.advance(1000);
		expect([upstream.count, clock.timers]).toEqual([1, 0]);
	});

	test('is not hedged where the budget is used up', async () => {
		const { clock, upstream, context } = setUp(100, () => false);
		await clock.advance(1000);
		expect([upstream.count, context.trace.hedged]).toEqual([1, undefined]);
	});

	test('is not hedged where its method is not safe', async () => {
		const clock = new FakeClock();
		const upstream = new Upstream<string>();
		void new HedgePolicy({ after: 1 }, new RecentLatencies(), clock, () => true).execute(upstream.call, newContext());
		await clock.advance(1000);
		expect(upstream.count).toBe(1);
	});

	test('that is cancelled aborts both attempts', async () => {
		const { clock, upstream, answer, stop, context } = setUp();
		await clock.advance(100);
		const reason = new CancelledError();
		stop.abort(reason);
		for (const { context: inward, reject } of upstream.calls) {
			expect(inward.signal.aborted).toBe(true);
			reject(inward.signal.reason);
		}
		expect(await rejection(answer)).toBe(reason);
		expect(listeners(context.signal)).toBe(0);
	});

	test('waits for the 95th percentile of the latest latencies, once there are enough', async () => {
		const few = setUp('p95');
		await few.clock.advance(60_000);
		expect(few.upstream.count).toBe(1);
		const latencies = new RecentLatencies();
		for (let latency = 1; latency <= 19; latency += 1) latencies.observe(latency);
		expect(latencies.p95()).toBeUndefined();
		latencies.observe(20);
		expect(latencies.p95()).toBe(19);
		for (let latency = 1; latency <= 100; latency += 1) latencies.observe(latency * 10);
		expect(latencies.p95()).toBe(950);
	});
});

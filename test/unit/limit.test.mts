import { describe, expect, test } from 'vitest';
import { BreakerPolicy } from '../../lib/breaker/policy.ts';
import { CancelledError, LimitExceededError, TimeoutError } from '../../lib/core/errors.ts';
import { pipeline, type CallContext } from '../../lib/core/policy.ts';
import { newTrace } from '../../lib/core/trace.ts';
import { ConcurrencyLimiter } from '../../lib/limit/concurrency.ts';
import { TimeoutPolicy } from '../../lib/limit/deadline.ts';
import { listeners, newContext, outage, rejection, Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

function setUp(maxConcurrent: number, maxQueued?: number) {
	const clock = new FakeClock();
	const limiter = new ConcurrencyLimiter(maxQueued === undefined ? { maxConcurrent } : { maxConcurrent, maxQueued }, clock);
	const upstream = new Upstream<string>();
	const start = (facts: Partial<CallContext> = {}) => {
		const stop = new AbortController();
		const context = newContext({ signal: stop.signal, ...facts });
		const answer = limiter.execute(upstream.call, context);
		answer.catch(() => {});
		return { stop, context, answer };
	};
	return { clock, limiter, upstream, start };
}

describe('the limiter', () => {
	test('lets waiting calls start in the order in which they came', async () => {
		const { upstream, start } = setUp(2);
		const contexts = Array.from({ length: 6 }, () => start().context);
		for (const next of [1, 0, 2, 3, 4, 5]) {
			await settle();
			upstream.at(next).resolve('done');
		}
		await settle();
		expect(upstream.calls.map(({ context }) => contexts.indexOf(context as never))).toEqual([0, 1, 2, 3, 4, 5]);
	});

	test('never runs more than allowed, loses no call and ends empty, under any load', async () => {
		const random = seeded(5);
		const { limiter, upstream, start } = setUp(4, 30);
		let running = 0;
		const callers: Array<ReturnType<typeof start>> = [];
		const answered = new Set<number>();
		for (let step = 0; step < 3000; step += 1) {
			const kind = random.int(5);
			if (kind <= 1) callers.push(start());
			else if (kind === 2 && callers.length > 0) random.pick(callers).stop.abort();
			else if (running > 0) {
				const open = upstream.calls.map((_call, index) => index).filter((index) => !answered.has(index));
				const index = random.pick(open);
				answered.add(index);
				if (random.int(2)) upstream.at(index).resolve('done');
				else upstream.at(index).reject(outage());
			}
			await settle();
			running = upstream.count - answered.size;
			expect(running).toBeLessThanOrEqual(4);
			expect(limiter.active).toBe(running);
			expect(limiter.queued).toBeLessThanOrEqual(30);
			if (limiter.queued > 0) expect(running).toBe(4);
		}
		for (let index = 0; index < upstream.count; index += 1) {
			upstream.at(index).resolve('done');
			await settle();
		}
		await Promise.allSettled(callers.map(({ answer }) => answer));
		expect([limiter.active, limiter.queued]).toEqual([0, 0]);
	});

	test('hands a slot straight to the next in line, so that nobody who comes later takes it', async () => {
		const { upstream, start } = setUp(1);
		start();
		const waiting = start();
		upstream.at(0).resolve('done');
		const late = start();
		await settle();
		expect(upstream.at(1).context).toBe(waiting.context);
		expect(upstream.calls.some(({ context }) => context === late.context)).toBe(false);
	});

	test('retries wait behind fresh calls, but each tenth slot is theirs', async () => {
		const { upstream, start } = setUp(1);
		start();
		const again = [0, 1].map(() => start({ trace: { ...newTrace(), attempts: 1 } }).context);
		const fresh = Array.from({ length: 12 }, () => start().context);
		for (let call = 0; call < 15; call += 1) {
			await settle();
			upstream.at(call).resolve('done');
		}
		const order = upstream.calls.slice(1).map(({ context }) => context);
		expect(order).toEqual([...fresh.slice(0, 9), again[0], ...fresh.slice(9), again[1]]);
	});

	test('a call that aborts in the queue leaves at once, from the middle, and the others keep their places', async () => {
		const { limiter, upstream, start } = setUp(1);
		const [, second, third, fourth] = [start(), start(), start(), start()];
		third.stop.abort();
		expect(await rejection(third.answer)).toBeInstanceOf(CancelledError);
		expect(limiter.queued).toBe(2);
		upstream.at(0).resolve('done');
		await settle();
		upstream.at(1).resolve('done');
		await settle();
		expect(upstream.calls.map(({ context }) => context)).toEqual([expect.anything(), second.context, fourth.context]);
	});

	test('a call that has aborted before it has to wait never joins the queue', async () => {
		const { limiter, start } = setUp(1);
		start();
		const { answer } = start({ signal: AbortSignal.abort() });
		expect(await rejection(answer)).toBeInstanceOf(CancelledError);
		expect(limiter.queued).toBe(0);
	});

	test('rejects what would exceed the queue, and only that', async () => {
		const { upstream, start } = setUp(1, 2);
		const callers = [start(), start(), start(), start()];
		expect(await rejection(callers[3]!.answer)).toBeInstanceOf(LimitExceededError);
		for (let index = 0; index < 3; index += 1) {
			upstream.at(index).resolve('done');
			await settle();
		}
		expect(upstream.count).toBe(3);
	});

	test('counts the time in the queue, also of a call that gives up there', async () => {
		const { clock, upstream, start } = setUp(1);
		const [first, second, third] = [start(), start(), start()];
		await clock.advance(40);
		third.stop.abort();
		await clock.advance(60);
		upstream.at(0).resolve('done');
		await settle();
		expect([first, second, third].map(({ context }) => context.trace.waitedMs)).toEqual([0, 100, 40]);
	});

	test('leaves no listener on a signal that lives on', async () => {
		const { upstream, start } = setUp(1);
		const { signal } = new AbortController();
		for (let call = 0; call < 5; call += 1) start({ signal });
		for (let call = 0; call < 5; call += 1) {
			upstream.at(call).resolve('done');
			await settle();
		}
		expect(listeners(signal)).toBe(0);
	});

	test('deadlines that run out in the queue do not open the circuit of an origin that nobody asked', async () => {
		const clock = new FakeClock();
		const breaker = new BreakerPolicy('o', { failureThreshold: 3, failureWindowMs: 10_000, openMs: 1000 }, clock);
		const upstream = new Upstream<string>();
		const limiter = new ConcurrencyLimiter({ maxConcurrent: 1 }, clock);
		const policy = pipeline(new TimeoutPolicy('total', 100, clock), breaker, limiter);
		void limiter.execute(async () => await new Promise(() => {}), newContext());
		const waiting = Array.from({ length: 10 }, async () => await rejection(policy.execute(upstream.call, newContext())));
		await clock.advance(100);
		for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'total' });
		expect(breaker.state).toBe('closed');
	});
});

describe('a time limit', () => {
	test.each([
		['attempt', 'attempt timeout'],
		['total', 'deadline'],
	] as const)('of the %s ends the call at its time and says which it was', async (phase, name) => {
		const clock = new FakeClock();
		const policy = new TimeoutPolicy(phase, 100, clock);
		expect(policy.name).toBe(name);
		const upstream = new Upstream<string>();
		const answer = policy.execute(upstream.call, newContext());
		answer.catch(() => {});
		await clock.advance(99);
		expect(upstream.at(0).context.signal.aborted).toBe(false);
		await clock.advance(1);
		const error = await rejection(answer);
		expect(error).toBeInstanceOf(TimeoutError);
		expect(error).toMatchObject({ phase, timeoutMs: 100, retryable: phase === 'attempt' });
		expect(upstream.at(0).context.signal.reason).toBe(error);
	});

	test('hands inwards the nearer of two deadlines', async () => {
		const clock = new FakeClock(1000);
		const upstream = new Upstream<string>();
		for (const deadlineAt of [undefined, 1050, 5000]) {
			void new TimeoutPolicy('total', 100, clock).execute(upstream.call, newContext({ deadlineAt }));
		}
		expect(upstream.calls.map(({ context }) => context.deadlineAt)).toEqual([1100, 1050, 1100]);
	});

	test('passes the caller\'s own abort on, with its reason', async () => {
		const stop = new AbortController();
		const upstream = new Upstream<string>();
		const answer = new TimeoutPolicy('attempt', 100, new FakeClock()).execute(upstream.call, newContext({ signal: stop.signal }));
		const reason = new CancelledError();
		stop.abort(reason);
		expect(await rejection(answer)).toBe(reason);
		expect(upstream.at(0).context.signal.aborted).toBe(true);
	});

	test('leaves no timer and no listener behind, however the call ends', async () => {
		const clock = new FakeClock();
		const policy = new TimeoutPolicy('attempt', 100, clock);
		const { signal } = new AbortController();
		const upstream = new Upstream<string>();
		const ends = [() => upstream.at(-1).resolve('x'), () => upstream.at(-1).reject(outage()), async () => await clock.advance(100)];
		for (const end of ends) {
			const answer = policy.execute(upstream.call, newContext({ signal }));
			await Promise.allSettled([end(), answer]);
			await settle();
			expect([clock.timers, listeners(signal), listeners(upstream.at(-1).context.signal)]).toEqual([0, 0, 0]);
		}
	});
});

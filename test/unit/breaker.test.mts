import { describe, expect, test } from 'vitest';
import { BreakerPolicy } from '../../lib/breaker/policy.ts';
import { CancelledError, CircuitOpenError, EgressBlockedError, LimitExceededError, TimeoutError } from '../../lib/core/errors.ts';
import { pipeline } from '../../lib/core/policy.ts';
import { RetryPolicy } from '../../lib/retry/policy.ts';
import { newContext, outage, rejection, status, Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

function setUp() {
	const clock = new FakeClock();
	const breaker = new BreakerPolicy('https://a.test', { failureThreshold: 3, failureWindowMs: 1000, openMs: 500 }, clock);
	const upstream = new Upstream<string>();
	const start = () => {
		const answer = breaker.execute(upstream.call, newContext());
		answer.catch(() => {});
		return answer;
	};
	const end = async (outcome: unknown, index = -1) => {
		if (outcome === 'well') upstream.at(index).resolve('well');
		else upstream.at(index).reject(outcome);
		await settle();
	};
	const call = async (outcome: unknown) => {
		const before = upstream.count;
		const answer = start();
		if (upstream.count > before) await end(outcome);
		return await answer.catch((error: unknown) => error);
	};
	const trip = async () => {
		for (let failure = 0; failure < 3; failure += 1) await call(outage());
	};
	return { clock, breaker, upstream, start, end, call, trip };
}

test('twenty calls in an outage, each with three retries, touch the upstream exactly five times', async () => {
	const clock = new FakeClock();
	const policy = pipeline(
		new RetryPolicy({ maxRetries: 3, baseMs: 10, maxMs: 100 }, clock, { next: () => 0.5 }),
		new BreakerPolicy('https://a.test', { failureThreshold: 5, failureWindowMs: 60_000, openMs: 60_000 }, clock),
	);
	let touched = 0;
	const fail = async () => {
		touched += 1;
		throw outage();
	};
	for (let call = 0; call < 20; call += 1) {
		const answer = policy.execute(fail, newContext());
		answer.catch(() => {});
		await clock.advance(1000);
		await rejection(answer);
	}
	expect(touched).toBe(5);
});

describe('a closed circuit', () => {
	test('opens at the failure that reaches the threshold, not before', async () => {
		const { breaker, call } = setUp();
		const states = [];
		for (let failure = 0; failure < 3; failure += 1) {
			await call(outage());
			states.push(breaker.state);
		}
		expect(states).toEqual(['closed', 'closed', 'open']);
	});

	test('forgets failures that are older than the window', async () => {
		const { breaker, call, clock } = setUp();
		await call(outage());
		await call(outage());
		await clock.advance(1000);
		await call(outage());
		await call(outage());
		expect(breaker.state).toBe('closed');
		await call(outage());
		expect(breaker.state).toBe('open');
	});

	test.each([
		['a success', 'well'],
		['a 404, which a sick origin would not send', status(404)],
		['a 401', status(401)],
		['a 429', status(429)],
	])('starts counting anew after %s', async (_name, outcome) => {
		const { breaker, call } = setUp();
		for (const step of [outage(), outage(), outcome, outage(), outage()]) await call(step);
		expect(breaker.state).toBe('closed');
		await call(outage());
		expect(breaker.state).toBe('open');
	});

	test.each([
		['a cancelled call', new CancelledError()],
		['a call that found the queue full', new LimitExceededError('full')],
		['a call that policy forbade', new EgressBlockedError('no')],
		['an error of our own making', new TypeError('bug')],
	])('learns nothing of the origin from %s', async (_name, error) => {
		const { breaker, call } = setUp();
		for (const step of [outage(), outage(), error, outage()]) await call(step);
		expect(breaker.state).toBe('open');
		const { breaker: other, call: callOther } = setUp();
		for (const step of [error, error, error, error, outage(), outage()]) await callOther(step);
		expect(other.state).toBe('closed');
	});

	test.each([status(500), status(503), new TimeoutError('attempt', 5), outage()])('counts %s', async (error) => {
		const { breaker, call } = setUp();
		for (let failure = 0; failure < 3; failure += 1) await call(error);
		expect(breaker.state).toBe('open');
	});
});

describe('an open circuit', () => {
	test('rejects at once, saying for how much longer, and lets nothing through', async () => {
		const { call, trip, clock, upstream } = setUp();
		await trip();
		await clock.advance(200);
		const error = await call('well');
		expect(error).toBeInstanceOf(CircuitOpenError);
		expect(error).toMatchObject({ origin: 'https://a.test', retryAfterMs: 300, retryable: false, outage: true });
		expect(upstream.count).toBe(3);
	});

	test('lets exactly one of many callers probe when its time is over', async () => {
		const { breaker, start, trip, clock, upstream } = setUp();
		await trip();
		await clock.advance(500);
		const answers = Array.from({ length: 10 }, start);
		expect(upstream.count).toBe(4);
		expect(breaker.state).toBe('half-open');
		const errors = await Promise.all(answers.slice(1).map(rejection));
		expect(errors.every((error) => error instanceof CircuitOpenError)).toBe(true);
	});

	test('closes when the probe succeeds, with no failure on its account', async () => {
		const { breaker, call, trip, clock } = setUp();
		await trip();
		await clock.advance(500);
		await call('well');
		for (let failure = 0; failure < 2; failure += 1) await call(outage());
		expect(breaker.state).toBe('closed');
	});

	test('closes when the probe is answered with a 404', async () => {
		const { breaker, call, trip, clock } = setUp();
		await trip();
		await clock.advance(500);
		await call(status(404));
		expect(breaker.state).toBe('closed');
	});

	test('stays open for another full time when the probe fails', async () => {
		const { call, trip, clock, upstream } = setUp();
		await trip();
		await clock.advance(500);
		await call(outage());
		await clock.advance(499);
		expect(await call('well')).toMatchObject({ retryAfterMs: 1 });
		await clock.advance(1);
		expect(await call('well')).toBe('well');
		expect(upstream.count).toBe(5);
	});

	test('in an outage of ten periods, lets one probe through in each', async () => {
		const { call, trip, clock, upstream } = setUp();
		await trip();
		for (let step = 0; step < 100; step += 1) {
			await clock.advance(50);
			await call(outage());
		}
		expect(upstream.count).toBe(3 + 10);
	});

	test.each([
		['is cancelled', new CancelledError()],
		['finds the queue full', new LimitExceededError('full')],
		['breaks for a reason of our own', new TypeError('bug')],
	])('lets the next caller probe at once when the probe %s', async (_name, error) => {
		const { breaker, call, trip, clock } = setUp();
		await trip();
		await clock.advance(500);
		expect(await call(error)).toBe(error);
		expect(breaker.state).toBe('open');
		expect(await call('well')).toBe('well');
		expect(breaker.state).toBe('closed');
	});

	test('sends another probe when one never comes back', async () => {
		const { start, trip, clock, upstream } = setUp();
		await trip();
		await clock.advance(500);
		void start();
		await clock.advance(500);
		void start();
		expect(upstream.count).toBe(5);
	});
});

const LATE: ReadonlyArray<readonly [string, unknown]> = [['a success', 'well'], ['a failure', outage()]];

describe('late results of calls that were let through before', () => {
	test.each(LATE)('change nothing while the circuit is open: %s', async (_name, outcome) => {
		const { breaker, start, end, trip, clock, call } = setUp();
		void start();
		await trip();
		await clock.advance(200);
		await end(outcome, 0);
		expect(breaker.state).toBe('open');
		expect(await call('well')).toMatchObject({ retryAfterMs: 300 });
	});

	test.each(LATE)('change nothing while the probe is under way: %s', async (_name, outcome) => {
		const { breaker, start, end, trip, clock } = setUp();
		void start();
		await trip();
		await clock.advance(500);
		void start();
		await end(outcome, 0);
		expect(breaker.state).toBe('half-open');
	});

	test('do not count once the circuit has closed again', async () => {
		const { breaker, start, end, trip, clock, call } = setUp();
		for (let call = 0; call < 3; call += 1) void start();
		await trip();
		await clock.advance(500);
		await call('well');
		for (let index = 0; index < 3; index += 1) await end(outage(), index);
		expect(breaker.state).toBe('closed');
	});

	test('a probe that was given up cannot reopen what a later probe has closed', async () => {
		const { breaker, start, end, trip, clock, call, upstream } = setUp();
		await trip();
		await clock.advance(500);
		void start();
		const lost = upstream.count - 1;
		await clock.advance(500);
		await call('well');
		await end(outage(), lost);
		expect(breaker.state).toBe('closed');
	});
});

test.each([{ failureThreshold: 0 }, { failureWindowMs: 0 }, { openMs: 0.5 }])('circuit options %o are refused', (options) => {
	const make = () => new BreakerPolicy('o', { failureThreshold: 1, failureWindowMs: 1, openMs: 1, ...options }, new FakeClock());
	expect(make).toThrow(/expected a whole number/);
});

describe('a circuit that is closed by hand', () => {
	test('lets calls through at once, and opens again after as many failures as ever', async () => {
		const { breaker, call, trip } = setUp();
		await trip();
		breaker.reset();
		expect(breaker.state).toBe('closed');
		expect(await call('well')).toBe('well');
		await trip();
		expect(breaker.state).toBe('open');
	});

	test('does not count what was sent before', async () => {
		const { breaker, start, end } = setUp();
		const calls = [start(), start(), start()];
		breaker.reset();
		for (const index of calls.keys()) await end(outage(), index);
		expect(breaker.state).toBe('closed');
	});
});

import { describe, expect, test, vi } from 'vitest';
import { CancelledError, CircuitOpenError, LimitExceededError, NetworkError, TimeoutError, type HeaderMap } from '../../lib/core/errors.ts';
import type { CallContext } from '../../lib/core/policy.ts';
import { fullJitter } from '../../lib/retry/backoff.ts';
import { RetryPolicy, type RetryOptions } from '../../lib/retry/policy.ts';
import { retryAfterMs } from '../../lib/retry/retry-after.ts';
import { listeners, newContext, outage, rejection, status } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const WALL = Date.UTC(2026, 0, 1);

function setUp(errors: readonly unknown[], facts: Partial<CallContext> = {}, options: Partial<RetryOptions> = {}) {
	const clock = new FakeClock(0, WALL);
	const policy = new RetryPolicy({ maxRetries: 3, baseMs: 100, maxMs: 1000, ...options }, clock, { next: () => 0.5 });
	const stop = new AbortController();
	const context = newContext({ signal: stop.signal, ...facts });
	const calledAt: number[] = [];
	const answer = policy.execute(async () => {
		const error = errors[calledAt.length];
		calledAt.push(clock.now());
		if (error !== undefined) throw error;
		return 'answer';
	}, context);
	answer.catch(() => {});
	return { clock, context, stop, calledAt, answer };
}

describe('full jitter', () => {
	test('lies between nothing and base · 2^retry, and never above its maximum', () => {
		const random = seeded(3);
		for (let round = 0; round < 5000; round += 1) {
			const [retry, baseMs, maxMs] = [random.int(40), 1 + random.int(1000), 1 + random.int(60_000)];
			const wait = fullJitter(retry, { baseMs, maxMs }, random);
			expect(wait).toBeGreaterThanOrEqual(0);
			expect(wait).toBeLessThanOrEqual(Math.min(maxMs, baseMs * 2 ** retry));
		}
	});

	test('uses the whole range, evenly', () => {
		const random = seeded(4);
		const tenths = new Array<number>(10).fill(0);
		for (let round = 0; round < 10_000; round += 1) {
			const tenth = Math.floor(fullJitter(2, { baseMs: 100, maxMs: 10_000 }, random) / 40);
			tenths[tenth] = (tenths[tenth] ?? 0) + 1;
		}
		for (const count of tenths) expect(count).toBeGreaterThan(800);
	});

	test('stays finite for any number of retries', () => {
		expect(fullJitter(5000, { baseMs: 1, maxMs: 1000 }, { next: () => 1 })).toBe(1000);
	});
});

describe('how long an origin asks us to stay away', () => {
	test.each<[string, HeaderMap, number | undefined]>([
		['no header', {}, undefined],
		['seconds', { 'retry-after': '120' }, 120_000],
		['no time at all', { 'retry-after': '0' }, 0],
		['fractions of a second', { 'retry-after': '0.5' }, 500],
		['white space around', { 'retry-after': ' 7 ' }, 7000],
		['the first of several', { 'retry-after': ['3', '9'] }, 3000],
		['an HTTP date', { 'retry-after': 'Thu, 01 Jan 2026 00:01:30 GMT' }, 90_000],
		['an RFC 850 date', { 'retry-after': 'Thursday, 01-Jan-26 00:01:30 GMT' }, 90_000],
		['an asctime date, which means GMT', { 'retry-after': 'Thu Jan  1 00:01:30 2026' }, 90_000],
		['an RFC 3339 date', { 'retry-after': '2026-01-01T00:00:30Z' }, 30_000],
		['a date in the past', { 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT' }, 0],
		['nonsense', { 'retry-after': 'soon' }, undefined],
		['a negative number', { 'retry-after': '-1' }, undefined],
		['an empty text', { 'retry-after': '' }, undefined],
		['a number in scientific notation', { 'retry-after': '1e3' }, undefined],
		['milliseconds, which go before seconds', { 'retry-after-ms': '250', 'retry-after': '1' }, 250],
		['milliseconds as Azure spells them', { 'x-ms-retry-after-ms': '300' }, 300],
		['Retry-After, which goes before a reset', { 'retry-after': '1', 'x-ratelimit-reset': '50', 'x-ratelimit-remaining': '0' }, 1000],
		['a Go duration', { 'x-ratelimit-reset-requests': '1m30s' }, 90_000],
		['a Go duration in milliseconds', { 'x-ratelimit-reset-tokens': '20ms' }, 20],
		['a Go duration with fractions', { 'x-ratelimit-reset-tokens': '1h2m3.5s' }, 3_723_500],
		['a Go duration that is none', { 'x-ratelimit-reset-tokens': '1 fortnight' }, undefined],
		[
			'the later reset of two exhausted limits',
			{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '2s', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6s' },
			6000,
		],
		[
			'only the limit that is exhausted',
			{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '2s', 'x-ratelimit-remaining-tokens': '10', 'x-ratelimit-reset-tokens': '6m0s' },
			2000,
		],
		['Anthropic', { 'anthropic-ratelimit-tokens-remaining': '0', 'anthropic-ratelimit-tokens-reset': '2026-01-01T00:00:10Z' }, 10_000],
		['Anthropic with something left', { 'anthropic-ratelimit-tokens-remaining': '5', 'anthropic-ratelimit-tokens-reset': '2026-01-01T00:00:10Z' }, undefined],
		['Anthropic output tokens', { 'anthropic-ratelimit-output-tokens-remaining': '0', 'anthropic-ratelimit-output-tokens-reset': '2026-01-01T00:00:05Z' }, 5000],
		['a reset in seconds', { 'ratelimit-reset': '30' }, 30_000],
		['a reset as a moment', { 'x-ratelimit-reset': String(WALL / 1000 + 45) }, 45_000],
		['a reset in the past', { 'x-ratelimit-reset': String(WALL / 1000 - 45) }, 0],
		['a limit that is far from reached', { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': String(WALL / 1000 + 2400) }, undefined],
		['a limit that is reached', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(WALL / 1000 + 2400) }, 2_400_000],
		['a standard limit that is far from reached', { 'ratelimit-remaining': '7', 'ratelimit-reset': '60' }, undefined],
	])('%s', (_name, headers, expected) => {
		expect(retryAfterMs(headers, WALL)).toBe(expected);
	});
});

test('an asctime date means GMT in whatever zone this machine is', () => {
	vi.stubEnv('TZ', 'America/New_York');
	try {
		expect(new Date(WALL).getTimezoneOffset()).toBe(300);
		expect(retryAfterMs({ 'retry-after': 'Thu Jan  1 00:01:30 2026' }, WALL)).toBe(90_000);
	} finally {
		vi.unstubAllEnvs();
	}
});

describe('a retry', () => {
	test('follows after a jittered wait that grows, until an answer comes', async () => {
		const { clock, calledAt, answer, context } = setUp([outage(), status(503)]);
		await clock.advance(1000);
		expect(await answer).toBe('answer');
		expect(calledAt).toEqual([0, 50, 150]);
		expect(context.trace.waitedMs).toBe(150);
		expect(clock.timers).toBe(0);
	});

	test('ends after its number of retries, with the last error', async () => {
		const errors = [outage(), outage(), outage(), outage(), outage()];
		const { clock, calledAt, answer } = setUp(errors);
		await clock.advance(10_000);
		expect(await rejection(answer)).toBe(errors[3]);
		expect(calledAt).toHaveLength(4);
	});

	test('comes when the origin says, not earlier and not later', async () => {
		const { clock, calledAt } = setUp([status(429, { 'retry-after': '7' })]);
		await clock.advance(6999);
		expect(calledAt).toHaveLength(1);
		await clock.advance(1);
		expect(calledAt).toEqual([0, 7000]);
	});

	test.each([408, 409, 425, 429, 500, 502, 503, 504, 529])('follows a status %i', async (code) => {
		const { clock, calledAt } = setUp([status(code)]);
		await clock.advance(1000);
		expect(calledAt).toHaveLength(2);
	});

	test.each<readonly [string, unknown]>([
		...[400, 401, 403, 404, 405, 410, 422, 501].map((code) => [`a status ${code}`, status(code)] as const),
		['an open circuit', new CircuitOpenError('https://a.test', 5)],
		['a full queue', new LimitExceededError('full')],
		['a cancelled call', new CancelledError()],
		['the end of the whole deadline', new TimeoutError('total', 5)],
		['an error that is none of ours', new TypeError('bug')],
	])('does not follow %s', async (_name, error) => {
		const { clock, calledAt, answer } = setUp([error]);
		await clock.advance(60_000);
		expect(await rejection(answer)).toBe(error);
		expect(calledAt).toHaveLength(1);
	});

	test('does not come at all where the origin asks for more than the deadline leaves, and nothing is waited', async () => {
		const error = status(429, { 'retry-after': '60' });
		const { calledAt, answer, context, clock } = setUp([error], { deadlineAt: 60_000 });
		await settle();
		expect(await rejection(answer)).toBe(error);
		expect(calledAt).toHaveLength(1);
		expect([context.trace.waitedMs, clock.timers, clock.now()]).toEqual([0, 0, 0]);
	});

	test('does not start a wait that reaches the deadline', async () => {
		const { answer } = setUp([outage()], { deadlineAt: 50 });
		expect(await rejection(answer)).toBeInstanceOf(NetworkError);
	});
});

describe('a call that may not be sent twice', () => {
	test.each<[string, unknown, boolean]>([
		['a broken connection', outage(), false],
		['a server error', status(500), false],
		['a server error with Retry-After', status(500, { 'retry-after': '0' }), false],
		['a timeout while it waited for the answer', new TimeoutError('headers', 5), false],
		['a rate limit without Retry-After', status(429), false],
		['an unavailable server without Retry-After', status(503), false],
		['a rate limit with Retry-After', status(429, { 'retry-after': '0' }), true],
		['an unavailable server with Retry-After', status(503, { 'retry-after': '0' }), true],
		['a connection that was never made', new TimeoutError('connect', 5), true],
		['a refused connection', new NetworkError('refused', { systemCode: 'ECONNREFUSED', unprocessed: true }), true],
	])('after %s: sent again %#', async (_name, error, again) => {
		const { clock, calledAt } = setUp([error], { idempotent: false });
		await clock.advance(1000);
		expect(calledAt).toHaveLength(again ? 2 : 1);
	});
});

describe('an abort during backoff', () => {
	test('ends the call at once, without another attempt, and counts only what was waited', async () => {
		const { clock, calledAt, answer, stop, context } = setUp([status(503, { 'retry-after': '10' })]);
		await clock.advance(4000);
		const reason = new CancelledError();
		stop.abort(reason);
		expect(await rejection(answer)).toBe(reason);
		expect([context.trace.waitedMs, clock.timers, listeners(stop.signal)]).toEqual([4000, 0, 0]);
		await clock.advance(60_000);
		expect(calledAt).toHaveLength(1);
	});

	test('before the first attempt lets none be made', async () => {
		const { calledAt, answer } = setUp([], { signal: AbortSignal.abort(new CancelledError()) });
		expect(await rejection(answer)).toBeInstanceOf(CancelledError);
		expect(calledAt).toEqual([]);
	});
});

test.each([{ maxRetries: -1 }, { maxRetries: 101 }, { baseMs: 0.5 }, { maxMs: -1 }])('retry options %o are refused', (options) => {
	const make = () => new RetryPolicy({ maxRetries: 1, baseMs: 1, maxMs: 1, ...options }, new FakeClock(), seeded(1));
	expect(make).toThrow(/expected a whole number/);
});

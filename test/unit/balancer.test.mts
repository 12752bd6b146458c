import { describe, expect, test } from 'vitest';
import { Balancer, type BalanceOptions } from '../../lib/balance/balancer.ts';
import { BalancePolicy } from '../../lib/balance/policy.ts';
import { CancelledError, CircuitOpenError } from '../../lib/core/errors.ts';
import { newContext, outage, rejection, status } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const NONE = new Set<string>();

function setUp(options: Partial<BalanceOptions> = {}, origins = ['a', 'b', 'c']) {
	const clock = new FakeClock();
	const balancer = new Balancer({ origins: origins.map((origin) => ({ origin })), strategy: 'inOrder', ...options }, clock, seeded(1));
	const call = (error?: unknown, tried: readonly string[] = []) => {
		const attempt = balancer.begin(tried, NONE);
		attempt?.end(error);
		return attempt?.origin;
	};
	const healthy = () => balancer.states().filter((state) => state.healthy).map(({ origin }) => origin).join('');
	const fail = (times: number) => { for (let time = 0; time < times; time += 1) call(outage()); };
	return { clock, balancer, call, healthy, fail };
}

describe('an origin', () => {
	test('is served from the first call on, with nothing known of it', () => {
		const { call, healthy } = setUp({ probe: { path: '/health', intervalMs: 1000 } });
		expect([healthy(), call()]).toEqual(['abc', 'a']);
	});

	test('is left out after failures in a row, for a time that grows', async () => {
		const { clock, call, fail, healthy } = setUp();
		fail(4);
		call();
		fail(4);
		expect(healthy()).toBe('abc');
		call(outage());
		expect([healthy(), call()]).toEqual(['bc', 'b']);
		await clock.advance(30_000);
		expect(call()).toBe('a');
		fail(5);
		await clock.advance(59_999);
		expect(healthy()).toBe('bc');
		await clock.advance(1);
		expect(healthy()).toBe('abc');
	});

	test('has its past forgotten when it was well for long', async () => {
		const { clock, fail, healthy } = setUp();
		fail(5);
		await clock.advance(30_000 + 300_000);
		fail(5);
		await clock.advance(30_000);
		expect(healthy()).toBe('abc');
	});

	test.each([
		['refuses one request', () => status(404)],
		['is cancelled at', () => new CancelledError()],
		['has its circuit open', () => new CircuitOpenError('a', 1)],
		['throws what is not ours', () => new TypeError('bug')],
	])('that %s is not left out for it', (_what, error) => {
		const { call, healthy } = setUp();
		for (let time = 0; time < 20; time += 1) call(error());
		expect(healthy()).toBe('abc');
	});

	test('that lost a hedged race is known to be at least so slow', async () => {
		const { clock, balancer } = setUp();
		const attempt = balancer.begin([], NONE);
		await clock.advance(700);
		attempt?.end(new CancelledError());
		expect(balancer.states()[0]).toMatchObject({ latencyMs: 700, healthy: true, active: 0 });
	});

	test.each([0, 101])('must be one of at most 100: %i are refused', (count) => {
		const origins = Array.from({ length: count }, (_, index) => `o${index}`);
		expect(() => setUp({}, origins)).toThrow('between 1 and 100 origins');
	});

	test('is left out only while enough others are in', () => {
		const half = setUp({}, ['a', 'b', 'c', 'd']);
		half.fail(100);
		expect(half.healthy()).toBe('cd');
		const lone = setUp({}, ['a']);
		lone.fail(100);
		expect([lone.healthy(), lone.call()]).toEqual(['a', 'a']);
		const pair = setUp({}, ['a', 'b']);
		pair.fail(100);
		expect(pair.healthy()).toBe('b');
	});

	test('is used all the same when all are left out', () => {
		const { call, fail, healthy } = setUp({ ejection: { maxPercent: 100 } });
		fail(15);
		expect([healthy(), call()]).toEqual(['', 'a']);
	});

	test.each([1, 2, 3])('is never left out beyond the share that may be (seed %i)', async (seed) => {
		const random = seeded(seed);
		const origins = Array.from({ length: 2 + random.int(8) }, (_, index) => `o${index}`);
		const maxPercent = random.int(101);
		const { clock, balancer, call } = setUp({ strategy: 'random', ejection: { maxPercent, failureThreshold: 2 } }, origins);
		for (let step = 0; step < 2000; step += 1) {
			call(random.int(3) === 0 ? undefined : outage());
			await (step % 20 === 0 ? clock.advance(random.int(5000)) : undefined);
			const out = balancer.states().filter((state) => !state.healthy).length;
			expect(out).toBeLessThanOrEqual(maxPercent === 0 ? 0 : Math.max(1, Math.floor((origins.length * maxPercent) / 100)));
		}
		expect(balancer.states().every(({ active }) => active === 0)).toBe(true);
	});
});

describe('a probe', () => {
	function probed() {
		const sick = new Set<string>();
		const asked: string[] = [];
		const parts = setUp({ probe: { path: '/health', intervalMs: 1000 } }, ['http://a', 'http://b']);
		parts.balancer.probeWith = async (url) => {
			asked.push(url);
			if ([...sick].some((origin) => url.startsWith(origin))) throw new Error('sick');
		};
		return { ...parts, sick, asked };
	}

	test('puts an origin out until one succeeds', async () => {
		const { clock, call, sick } = probed();
		sick.add('http://a');
		expect(call()).toBe('http://a');
		await clock.advance(1);
		expect(call()).toBe('http://b');
		sick.clear();
		await clock.advance(1000);
		expect(call()).toBe('http://a');
	});

	test('is sent only while requests are', async () => {
		const { clock, balancer, call, asked } = probed();
		expect([asked, clock.timers]).toEqual([[], 0]);
		call();
		await clock.advance(60_000);
		expect([clock.timers, balancer.idle]).toEqual([0, true]);
		expect(asked.length).toBe(8);
		call();
		expect(clock.timers).toBe(0);
		balancer.probeWith = async () => {};
		call();
		expect(clock.timers).toBe(1);
		balancer.dispose();
		expect(clock.timers).toBe(0);
	});

	test('that is not back when the next one is due has failed', async () => {
		const { clock, balancer, call, healthy } = probed();
		balancer.probeWith = async (url, signal) =>
			await new Promise((resolve, reject) => {
				if (url.startsWith('http://b')) return resolve(undefined);
				signal.addEventListener('abort', () => reject(new Error('late')));
			});
		call();
		await clock.advance(1001);
		await settle();
		expect(healthy()).toBe('http://b');
		balancer.dispose();
	});
});

describe('a call', () => {
	function policyOver(strategy: BalanceOptions['strategy'], answer: (origin: string) => unknown) {
		const { balancer } = setUp({ strategy });
		const seen: string[] = [];
		const policy = new BalancePolicy(balancer, (origin) => ({
			name: origin,
			async execute(call, context) {
				seen.push(origin);
				const error = answer(origin);
				if (error !== undefined) throw error as Error;
				return await call(context);
			},
		}));
		return { policy, seen, balancer };
	}

	test('is told its origin, as is its trace', async () => {
		const { policy } = policyOver('roundRobin', () => undefined);
		const context = newContext();
		expect(await policy.execute(async ({ origin }) => origin, context)).toBe('a');
		expect(context.trace).toMatchObject({ origin: 'a', origins: ['a'] });
	});

	test('goes to another origin when it is tried again, and to the same ones when all were tried', async () => {
		const { policy, seen } = policyOver('inOrder', () => outage());
		const context = newContext();
		for (let attempt = 0; attempt < 4; attempt += 1) await rejection(policy.execute(async () => 'x', context));
		expect(seen).toEqual(['a', 'b', 'c', 'a']);
		expect(context.trace.origins).toEqual(seen);
	});

	test('passes over an open circuit within the attempt, and fails with its error where all are open', async () => {
		const refuse = (origin: string) => (origin === 'a' ? new CircuitOpenError(origin, 1) : undefined);
		const some = policyOver('inOrder', refuse);
		const context = newContext();
		expect(await some.policy.execute(async ({ origin }) => origin, context)).toBe('b');
		expect(context.trace.origins).toEqual(['b']);
		const all = policyOver('inOrder', (origin) => new CircuitOpenError(origin, 1));
		expect(await rejection(all.policy.execute(async () => 'x', newContext()))).toMatchObject({ code: 'ERR_CIRCUIT_OPEN', origin: 'c' });
		expect(all.seen).toEqual(['a', 'b', 'c']);
		expect(all.balancer.states().every(({ active }) => active === 0)).toBe(true);
	});
});

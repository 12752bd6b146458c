import { describe, expect, test } from 'vitest';
import { CircuitNews } from '../../lib/breaker/news.ts';
import { BreakerPolicy } from '../../lib/breaker/policy.ts';
import { CancelledError } from '../../lib/core/errors.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { listeners, newContext, outage, rejection, status, Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

const OPTIONS = { failureThreshold: 3, failureWindowMs: 60_000, openMs: 10_000 };

/** Processes with one store, each with a circuit for the same origin. */
function setUp(processes = 2) {
	const clock = new FakeClock();
	const signals = new MemoryBackend(clock);
	const members = Array.from({ length: processes }, (_, index) => {
		const breaker = new BreakerPolicy('https://a.test', OPTIONS, clock);
		const news = new CircuitNews({ signals, store: 'store', process: `process ${index}`.replace(' ', '-') });
		news.join('scope', breaker);
		const upstream = new Upstream<string>();
		const call = (signal = new AbortController().signal) => {
			const context = newContext({ signal });
			const answer = breaker.execute(upstream.call, context);
			answer.catch(() => {});
			return { context, answer };
		};
		/** Fails so many calls, one after the other. */
		const fail = async (times: number) => {
			for (let index = 0; index < times; index += 1) {
				const { answer } = call();
				await settle();
				upstream.at(-1).reject(outage());
				await rejection(answer);
			}
		};
		return { breaker, news, upstream, call, fail };
	});
	const [one, other] = members;
	if (!one || !other) throw new Error('There are two at least');
	return { clock, signals, one, other, members };
}

describe('a circuit that opens', () => {
	test('makes those of other processes let one call go ahead, while the others wait for it', async () => {
		const { clock, one, other } = setUp();
		await one.fail(3);
		expect([one.breaker.state, other.breaker.state]).toEqual(['open', 'wary']);
		const calls = Array.from({ length: 5 }, () => other.call());
		await settle();
		expect(other.upstream.count).toBe(1);
		await clock.advance(500);
		other.upstream.at(0).resolve('well');
		await settle();
		expect([other.upstream.count, other.breaker.state]).toEqual([5, 'closed']);
		for (const { resolve } of other.upstream.calls) resolve('well');
		expect(await Promise.all(calls.map(async ({ answer }) => await answer))).toEqual(Array.from({ length: 5 }, () => 'well'));
		expect(calls.map(({ context }) => context.trace.waitedMs)).toEqual([0, 500, 500, 500, 500]);
		expect(clock.timers).toBe(0);
	});

	test('takes no other down that finds the origin well', async () => {
		const { one, other } = setUp();
		await one.fail(3);
		const { answer } = other.call();
		await settle();
		other.upstream.at(0).resolve('well');
		expect(await answer).toBe('well');
		await other.fail(2);
		expect(other.breaker.state).toBe('closed');
	});

	test('opens the others at the first failure of their own', async () => {
		const { one, other } = setUp();
		await one.fail(3);
		const calls = Array.from({ length: 4 }, () => other.call());
		await settle();
		other.upstream.at(0).reject(outage());
		const errors = await Promise.all(calls.map(async ({ answer }) => await rejection(answer)));
		expect(errors.slice(1)).toEqual(errors.slice(1).map(() => expect.objectContaining({ code: 'ERR_CIRCUIT_OPEN' })));
		expect([other.upstream.count, other.breaker.state]).toEqual([1, 'open']);
	});

	test('holds nobody up for long where the call that goes ahead takes long', async () => {
		const { clock, one, other } = setUp();
		await one.fail(3);
		const calls = Array.from({ length: 4 }, () => other.call());
		await clock.advance(1999);
		expect(other.upstream.count).toBe(1);
		await clock.advance(1);
		expect(other.upstream.count).toBe(4);
		for (const { resolve } of other.upstream.calls) resolve('slow');
		await Promise.all(calls.map(async ({ answer }) => await answer));
		expect([other.breaker.state, clock.timers]).toEqual(['closed', 0]);
	});

	test('lets the next call go ahead when the first one leaves without news', async () => {
		const { one, other } = setUp();
		await one.fail(3);
		const [first] = [other.call(), other.call()];
		await settle();
		other.upstream.at(0).reject(new CancelledError());
		await rejection(first.answer);
		await settle();
		expect([other.upstream.count, other.breaker.state]).toEqual([2, 'wary']);
		other.upstream.at(1).reject(status(404));
		await settle();
		expect(other.breaker.state).toBe('closed');
	});

	test('lets a waiter go as soon as its signal aborts', async () => {
		const { clock, one, other } = setUp();
		await one.fail(3);
		other.call();
		const stop = new AbortController();
		const { answer } = other.call(stop.signal);
		await settle();
		const reason = new CancelledError();
		stop.abort(reason);
		expect(await rejection(answer)).toBe(reason);
		expect([listeners(stop.signal), clock.timers, other.upstream.count]).toEqual([0, 0, 1]);
	});

	test('is forgotten by the others after a while', async () => {
		const { clock, one, other } = setUp();
		await one.fail(3);
		await clock.advance(30_000);
		for (let index = 0; index < 3; index += 1) other.call();
		await settle();
		expect([other.upstream.count, other.breaker.state]).toEqual([3, 'closed']);
	});

	test('is told once: not with each probe that fails, not to itself, and not round in circles', async () => {
		const { clock, signals, one, members } = setUp(3);
		const told: string[] = [];
		await signals.subscribe('circuit opened', (message) => told.push(message));
		await one.fail(3);
		await clock.advance(10_000);
		await one.fail(1);
		expect(told).toEqual(['process-0 scope']);
		for (const { fail } of members.slice(1)) await fail(1);
		expect(told).toHaveLength(3);
		expect(members.map(({ breaker }) => breaker.state)).toEqual(['open', 'open', 'open']);
		await clock.advance(10_000);
		const { answer } = one.call();
		await settle();
		one.upstream.at(-1).resolve('well');
		await answer;
		expect(one.breaker.state).toBe('closed');
		await signals.publish('circuit opened', 'process-0 scope');
		expect(one.breaker.state).toBe('closed');
	});

	test('concerns the circuits of its scope alone, of which a bounded number is known', async () => {
		const { clock, signals, one, other } = setUp();
		const elsewhere = new BreakerPolicy('https://b.test', OPTIONS, clock);
		other.news.join('another scope', elsewhere);
		await one.fail(3);
		expect([other.breaker.state, elsewhere.state]).toEqual(['wary', 'closed']);
		for (let index = 0; index < 500; index += 1) other.news.join(`scope ${index}`, elsewhere);
		await signals.publish('circuit opened', 'process-9 scope 499');
		expect(elsewhere.state).toBe('wary');
	});
});

test('circuits that are closed by hand are closed in the processes that listen, for one origin or for all', async () => {
	const clock = new FakeClock();
	const signals = new MemoryBackend(clock);
	const heard: Array<[string, string | undefined]> = [];
	const member = (process: string) => {
		const news = new CircuitNews({ signals, store: 'store', process, onReset: (origin) => heard.push([process, origin]) });
		news.join('scope', new BreakerPolicy('https://a.test', OPTIONS, clock));
		return news;
	};
	const one = member('one');
	member('other');
	await one.tellReset('https://a.test');
	await one.tellReset(undefined);
	expect(heard).toEqual([['other', 'https://a.test'], ['other', undefined]]);
});

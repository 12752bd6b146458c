import { describe, expect, test } from 'vitest';
import { LeaseDeck, LeasePolicy } from '../../lib/flight/lease.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { newContext, outage, rejection, status, Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

/** Processes that share one store: each has a deck of its own. */
function setUp(processes = 3, keeps = true) {
	const clock = new FakeClock();
	const shared = new MemoryBackend(clock);
	const upstream = new Upstream<string>();
	const answers = new Set<string>();
	const members = Array.from({ length: processes }, (_, index) => {
		const deck = new LeaseDeck({ shared, clock, random: seeded(index + 1) });
		const policy = new LeasePolicy(deck, async ({ key = '' }) => ({ asks: !answers.has(key) }));
		const ask = (signal = new AbortController().signal) => {
			const context = newContext({ key: 'k', signal });
			const answer = policy.execute(async (inward) => {
				if (answers.has('k')) return 'from the store';
				const value = await upstream.call(inward);
				if (keeps) answers.add('k');
				return value;
			}, context);
			answer.catch(() => {});
			return { context, answer };
		};
		return { ask };
	});
	return { clock, shared, upstream, members };
}

describe('a flight of many processes', () => {
	test('is one call, and the others take the answer from the store at the news of it', async () => {
		const { clock, upstream, members } = setUp();
		const asked = members.map(({ ask }) => ask());
		await settle();
		expect(upstream.count).toBe(1);
		await clock.advance(3000);
		expect(upstream.count).toBe(1);
		upstream.at(0).resolve('asked');
		await settle();
		expect((await Promise.all(asked.map(async ({ answer }) => await answer))).sort()).toEqual(['asked', 'from the store', 'from the store']);
		expect(clock.timers).toBe(0);
	});

	test('outlives a leader that takes long, which renews its lease', async () => {
		const { clock, upstream, members } = setUp();
		for (const { ask } of members) ask();
		await clock.advance(60_000);
		expect(upstream.count).toBe(1);
	});

	test('is taken over when its leader dies', async () => {
		const { clock, shared, upstream, members } = setUp(1);
		await shared.acquire('k', 'a process that is gone', 5000);
		const { answer } = members[0]?.ask() ?? expect.unreachable();
		await clock.advance(4000);
		expect(upstream.count).toBe(0);
		await clock.advance(2000);
		expect(upstream.count).toBe(1);
		upstream.at(0).resolve('asked');
		expect(await answer).toBe('asked');
	});

	test('whose leader fails is tried by the next one at once', async () => {
		const { upstream, members } = setUp(2);
		const [first, second] = members.map(({ ask }) => ask());
		await settle();
		const error = outage();
		upstream.at(0).reject(error);
		await settle();
		expect(await rejection(first?.answer ?? Promise.resolve())).toBe(error);
		expect(upstream.count).toBe(2);
		upstream.at(1).resolve('asked');
		expect(await second?.answer).toBe('asked');
	});

	test.each([
		['an answer that is not kept', (answer: ReturnType<Upstream<string>['at']>) => answer.resolve('not to be stored')],
		['a refusal', (answer: ReturnType<Upstream<string>['at']>) => answer.reject(status(404))],
	])('is over after %s: the others ask for themselves, and nobody waits for the next one', async (_what, end) => {
		const { clock, shared, upstream, members } = setUp(3, false);
		for (const { ask } of members) ask();
		await settle();
		expect(upstream.count).toBe(1);
		end(upstream.at(0));
		await settle();
		expect(upstream.count).toBe(3);
		for (const { ask } of members) ask();
		await settle();
		expect(upstream.count).toBe(6);
		for (const call of upstream.calls) end(call);
		await clock.advance(30_000);
		expect([await shared.acquire('k', 'free', 1000), clock.timers]).toEqual([true, 0]);
		await shared.release('k', 'free');
		for (const { ask } of members) ask();
		await settle();
		expect(upstream.count).toBe(7);
	});

	test('remembers a bounded number of keys whose answers are not kept', async () => {
		const { clock, shared } = setUp();
		const deck = new LeaseDeck({ shared, clock, random: seeded(1) });
		for (let key = 0; key < 1200; key += 1) await deck.landed(String(key), false);
		const alone = Array.from({ length: 1200 }, (_, key) => deck.isAlone(String(key)));
		expect([alone.filter(Boolean).length, alone[0], alone[1199]]).toEqual([1000, false, true]);
	});

	test('lets a waiter go as soon as its own signal aborts', async () => {
		const { clock, members } = setUp(2);
		members[0]?.ask();
		await settle();
		const stop = new AbortController();
		const { answer } = members[1]?.ask(stop.signal) ?? expect.unreachable();
		await settle();
		stop.abort();
		expect(await rejection(answer)).toMatchObject({ code: 'ERR_CANCELLED' });
		expect(clock.timers).toBe(1);
	});
});

import { describe, expect, test } from 'vitest';
import { isolate } from '../../lib/cache/isolate.ts';
import { CancelledError, TimeoutError } from '../../lib/core/errors.ts';
import type { CallContext } from '../../lib/core/policy.ts';
import { FlightDeck, SingleFlightPolicy, type SingleFlightOptions } from '../../lib/flight/single-flight.ts';
import { listeners, newContext, outage, rejection, Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

function setUp(options: Partial<SingleFlightOptions> = {}) {
	const clock = new FakeClock();
	const deck = new FlightDeck(clock);
	const upstream = new Upstream<{ n: number }>();
	const lane = (name: string) => new SingleFlightPolicy(deck, { boundMs: 1000, lane: name, isolate, ...options });
	const join = (facts: Partial<CallContext> = {}, name = 'readWrite') => {
		const stop = new AbortController();
		const context = newContext({ key: 'k', signal: stop.signal, ...facts });
		const answer = lane(name).execute(upstream.call, context);
		answer.catch(() => {});
		return { context, answer, stop };
	};
	return { clock, deck, upstream, join };
}

describe('a flight', () => {
	test('of many callers is one call, whose answer all of them get', async () => {
		const { join, upstream, deck } = setUp();
		const callers = Array.from({ length: 100 }, () => join());
		upstream.at(0).resolve({ n: 1 });
		for (const { answer } of callers) expect(await answer).toEqual({ n: 1 });
		expect(upstream.count).toBe(1);
		expect([deck.inFlight, deck.coalesced]).toEqual([0, 99]);
		expect(callers.filter(({ context }) => context.trace.coalesced)).toHaveLength(99);
	});

	test('gives each follower a copy that it may edit', async () => {
		const { join, upstream } = setUp();
		const callers = [join(), join(), join()];
		upstream.at(0).resolve({ n: 1 });
		const answers = await Promise.all(callers.map(async ({ answer }) => await answer));
		for (const answer of answers) {
			expect(answer.n).toBe(1);
			answer.n = 99;
		}
		expect(new Set(answers).size).toBe(3);
	});

	test('tells every caller what happened on it', async () => {
		const { join, upstream } = setUp();
		const callers = [join(), join()];
		Object.assign(upstream.at(0).context.trace, { cache: 'miss', attempts: 2, upstreamMs: 5 });
		upstream.at(0).resolve({ n: 1 });
		await settle();
		expect(callers.map(({ context }) => context.trace)).toMatchObject([
			{ cache: 'miss', attempts: 2, upstreamMs: 5, coalesced: false },
			{ cache: 'miss', attempts: 2, upstreamMs: 5, coalesced: true },
		]);
	});

	test('is counted with the first caller who gets its answer, where the one who started it has left', async () => {
		const { join, upstream, deck } = setUp();
		const [leader, first, second] = [join(), join(), join()];
		leader.stop.abort();
		await settle();
		upstream.at(0).resolve({ n: 1 });
		await settle();
		expect([first, second].map(({ context }) => context.trace.coalesced)).toEqual([false, true]);
		expect(deck.coalesced).toBe(1);
	});

	test('fails thirteen callers with one shared rejection', async () => {
		const { join, upstream, deck } = setUp();
		const callers = Array.from({ length: 13 }, () => join());
		const error = outage();
		upstream.at(0).reject(error);
		for (const { answer } of callers) expect(await rejection(answer)).toBe(error);
		expect(upstream.count).toBe(1);
		expect(deck.inFlight).toBe(0);
	});

	test('is over when it is over: the next caller starts another', async () => {
		const { join, upstream } = setUp();
		const first = join();
		upstream.at(0).resolve({ n: 1 });
		await first.answer;
		const second = join();
		upstream.at(1).reject(outage());
		await rejection(second.answer);
		const third = join();
		upstream.at(2).resolve({ n: 3 });
		expect(await third.answer).toEqual({ n: 3 });
	});

	test('is not shared between keys, between lanes, or without a key', async () => {
		const { join, upstream, deck } = setUp();
		join();
		join({ key: 'other' });
		join({}, 'refresh');
		join({ key: undefined });
		join({ key: undefined });
		expect(upstream.count).toBe(5);
		expect(deck.inFlight).toBe(3);
	});
});

describe('leaving a flight', () => {
	test('a follower survives its leader\'s abort', async () => {
		const { join, upstream } = setUp();
		const leader = join();
		const follower = join();
		leader.stop.abort();
		expect(await rejection(leader.answer)).toBeInstanceOf(CancelledError);
		expect(upstream.at(0).context.signal.aborted).toBe(false);
		upstream.at(0).resolve({ n: 1 });
		expect(await follower.answer).toEqual({ n: 1 });
	});

	test('a follower leaves the moment it aborts, and nobody else notices', async () => {
		const { join, upstream } = setUp();
		const leader = join();
		const follower = join();
		follower.stop.abort();
		expect(await rejection(follower.answer)).toBeInstanceOf(CancelledError);
		upstream.at(0).resolve({ n: 1 });
		expect(await leader.answer).toEqual({ n: 1 });
	});

	test('the last one out aborts the request and frees the key at once', async () => {
		const { join, upstream, deck, clock } = setUp();
		const callers = [join(), join(), join()];
		for (const { stop } of callers) stop.abort();
		await settle();
		expect(upstream.at(0).context.signal.aborted).toBe(true);
		expect([deck.inFlight, clock.timers]).toEqual([0, 0]);
		const next = join();
		expect(upstream.count).toBe(2);
		expect(upstream.at(1).context.signal.aborted).toBe(false);
		upstream.at(0).resolve({ n: 1 });
		upstream.at(1).resolve({ n: 2 });
		expect(await next.answer).toEqual({ n: 2 });
		expect(deck.inFlight).toBe(0);
	});

	test('the end of an abandoned request leaves the flight that took its key alone', async () => {
		const { join, upstream, deck } = setUp();
		join().stop.abort();
		await settle();
		join();
		upstream.at(0).reject(outage());
		await settle();
		expect(deck.inFlight).toBe(1);
		join();
		expect(upstream.count).toBe(2);
	});

	test('who has left already starts nothing', async () => {
		const { join, upstream, deck } = setUp();
		const signal = AbortSignal.abort(new CancelledError());
		expect(await rejection(join({ signal }).answer)).toBe(signal.reason);
		expect([upstream.count, deck.inFlight]).toEqual([0, 0]);
	});

	test('leaves no listener on a signal that lives on', async () => {
		const { join, upstream } = setUp();
		const { signal } = new AbortController();
		for (let round = 0; round < 20; round += 1) {
			const callers = [join({ signal }), join({ signal }), join({ signal })];
			if (round % 2) upstream.at(-1).resolve({ n: 1 });
			else upstream.at(-1).reject(outage());
			await Promise.allSettled(callers.map(({ answer }) => answer));
			await settle();
			expect(listeners(signal)).toBe(0);
			expect(listeners(upstream.at(-1).context.signal)).toBe(0);
		}
	});
});

describe('the bound of a flight', () => {
	test('ends it for all, whether or not the call listens', async () => {
		const { join, upstream, clock, deck } = setUp({ boundMs: 500 });
		const callers = [join(), join()];
		expect(upstream.at(0).context.deadlineAt).toBe(500);
		await clock.advance(500);
		const errors = await Promise.all(callers.map(async ({ answer }) => await rejection(answer)));
		expect(errors[0]).toBeInstanceOf(TimeoutError);
		expect(errors[1]).toBe(errors[0]);
		expect(upstream.at(0).context.signal.aborted).toBe(true);
		expect(deck.inFlight).toBe(0);
	});

	test('is not the deadline of whoever came first', async () => {
		const { join, upstream } = setUp({ boundMs: 500 });
		join({ deadlineAt: 10 });
		expect(upstream.at(0).context.deadlineAt).toBe(500);
	});

	test('leaves no timer when the flight lands', async () => {
		const { join, upstream, clock } = setUp();
		const { answer } = join();
		upstream.at(0).resolve({ n: 1 });
		await answer;
		expect(clock.timers).toBe(0);
	});
});

test('after any sequence of joining, leaving and landing, one flight per key flies and none is left at the end', async () => {
	const random = seeded(11);
	const { upstream, deck, join, clock } = setUp();
	let open: Array<ReturnType<typeof join> & { key: string }> = [];
	for (let step = 0; step < 2000; step += 1) {
		const kind = random.int(4);
		if (kind <= 1) {
			const key = `k${random.int(5)}`;
			open.push({ ...join({ key }), key });
		} else if (kind === 2 && open.length > 0) {
			open.splice(random.int(open.length), 1)[0]?.stop.abort();
		} else if (upstream.count > 0) {
			const call = upstream.at(random.int(upstream.count));
			if (random.int(2)) call.resolve({ n: step });
			else call.reject(outage());
		}
		await settle();
		const ended = await Promise.all(open.map(async ({ answer }) => await Promise.race([answer.then(() => true, () => true), settle().then(() => false)])));
		open = open.filter((_caller, index) => !ended[index]);
		expect(deck.inFlight).toBe(new Set(open.map(({ key }) => key)).size);
	}
	for (const { stop } of open) stop.abort();
	await settle();
	expect([deck.inFlight, clock.timers]).toEqual([0, 0]);
});

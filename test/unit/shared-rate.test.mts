import { describe, expect, test } from 'vitest';
import { CancelledError } from '../../lib/core/errors.ts';
import type { WindowGrant } from '../../lib/core/shared.ts';
import { RateLimiter, type RateOptions } from '../../lib/limit/rate.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { listeners, newContext, rejection } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

interface Sent {
	readonly at: number;
	readonly by: number;
}

/** Processes with one store, whose replies take as long as `delayMs` says. */
function setUp(options: RateOptions, { processes = 2, delayMs = () => 0 }: { processes?: number; delayMs?: () => number } = {}) {
	const clock = new FakeClock();
	const backend = new MemoryBackend(clock);
	const sent: Sent[] = [];
	const asked: string[] = [];
	const store = { up: true };
	const take = async (name: string, limit: number, windowMs: number): Promise<WindowGrant> => {
		asked.push(name);
		const grant = await backend.take(name, limit, windowMs);
		const wait = delayMs();
		if (wait > 0) await clock.sleep(wait);
		return grant;
	};
	const members = Array.from({ length: processes }, (_, by) => {
		const shared = { counters: { take }, isUp: () => store.up, name: 'scope', random: seeded(by + 1) };
		const limiter = new RateLimiter(options, clock, shared);
		const send = async (context = newContext()) => await limiter.execute(async () => void sent.push({ at: clock.now(), by }), context);
		return { limiter, send };
	});
	return { clock, sent, asked, store, members };
}

/** The most of them that any window of this length, closed on one side, holds. */
function most(sent: readonly Sent[], windowMs: number): number {
	return Math.max(0, ...sent.map(({ at: from }) => sent.filter(({ at }) => at >= from && at < from + windowMs).length));
}

const first = <T,>(list: readonly T[]): T => list[0] ?? expect.unreachable();

describe('a rate limit over processes', () => {
	test('of 100 per minute lets two processes send 100 in any sliding minute, and close to that', async () => {
		const { clock, sent, members } = setUp({ perMinute: 100 });
		for (const { send } of members) for (let call = 0; call < 300; call += 1) void send();
		await clock.advance(5 * 60_000);
		expect(most(sent, 60_000)).toBe(100);
		expect(sent.length).toBeGreaterThan(490);
	});

	test.each([1, 2, 3, 4])('is kept in every sliding window, whatever comes when and however long the store takes (seed %i)', async (seed) => {
		const random = seeded(seed);
		const perSecond = 2 + random.int(8);
		const perMinute = perSecond * 3 + random.int(60);
		const burst = 1 + random.int(perSecond);
		// Beyond the 25 ms that are allowed for, a place is not used.
		const { clock, sent, members } = setUp({ perSecond, perMinute, burst }, { processes: 3, delayMs: () => random.int(8) });
		const ends: Array<Promise<unknown>> = [];
		for (let step = 0; step < 100; step += 1) {
			for (const { send } of members) for (let call = random.int(3); call > 0; call -= 1) ends.push(send());
			await clock.advance(random.int(900));
		}
		await clock.advance(60 * 60_000);
		await Promise.all(ends);
		expect(most(sent, 1000)).toBeLessThanOrEqual(perSecond);
		expect(most(sent, 60_000)).toBeLessThanOrEqual(perMinute);
		expect(most(sent, (burst * 1000) / perSecond)).toBeLessThanOrEqual(burst);
		expect(sent.length).toBe(ends.length);
		expect(members.map(({ limiter }) => [limiter.queued, limiter.idle])).toEqual(members.map(() => [0, true]));
		expect(clock.timers).toBe(0);
	});

	test('keeps the order of a process, and says who counted', async () => {
		const { clock, members } = setUp({ perSecond: 2 });
		const order: number[] = [];
		const contexts = Array.from({ length: 6 }, () => newContext());
		const { send } = first(members);
		const sends = contexts.map(async (context, index) => await send(context).then(() => order.push(index)));
		await clock.advance(4000);
		await Promise.all(sends);
		expect(order).toEqual([0, 1, 2, 3, 4, 5]);
		expect(contexts.map(({ trace }) => trace.rate)).toEqual(contexts.map(() => 'shared'));
		expect(contexts.at(-1)?.trace.waitedMs).toBeGreaterThan(2000);
	});

	test('gives each process its share, when all have much to send', async () => {
		const { clock, sent, members } = setUp({ perSecond: 10 }, { processes: 3, delayMs: () => 1 });
		for (const { send } of members) for (let call = 0; call < 400; call += 1) void send().catch(() => {});
		await clock.advance(60_000);
		const shares = members.map((_, by) => sent.filter((call) => call.by === by).length / sent.length);
		for (const share of shares) expect(share).toBeGreaterThan(0.2);
	});

	test('asks the store little more often than calls leave', async () => {
		const { clock, sent, asked, members } = setUp({ perMinute: 100 });
		for (const { send } of members) for (let call = 0; call < 200; call += 1) void send();
		await clock.advance(3 * 60_000);
		expect(sent.length).toBeGreaterThan(295);
		expect(asked.length).toBeLessThan(2.5 * sent.length);
	});

	test('asks nothing where this process alone has used up the limit', async () => {
		const { clock, asked, members } = setUp({ perMinute: 5 });
		const { send } = first(members);
		for (let call = 0; call < 50; call += 1) void send();
		await clock.advance(50_000);
		expect(asked).toHaveLength(5);
	});

	test('goes on with what this process has sent while the store is out, and with all when it is back', async () => {
		const { clock, sent, asked, store, members } = setUp({ perSecond: 4 });
		for (const { send } of members) for (let call = 0; call < 40; call += 1) void send();
		await clock.advance(2000);
		expect(most(sent, 1000)).toBe(4);
		store.up = false;
		const before = asked.length;
		const outSince = clock.now();
		await clock.advance(4000);
		const during = sent.filter(({ at }) => at > outSince);
		expect(asked.length).toBe(before);
		for (const by of [0, 1]) expect(most(sent.filter((call) => call.by === by), 1000)).toBe(4);
		expect(during.length).toBeGreaterThan(24);
		const context = newContext();
		const late = first(members).send(context);
		store.up = true;
		const backSince = clock.now();
		await clock.advance(20_000);
		await late;
		expect(context.trace.rate).toBe('shared');
		expect(most(sent.filter(({ at }) => at > backSince), 1000)).toBe(4);
	});

	test('says that the process counted alone where the store is out', async () => {
		const { store, members } = setUp({ perSecond: 4 });
		store.up = false;
		const context = newContext();
		await first(members).send(context);
		expect(context.trace.rate).toBe('process');
	});

	test('rejects at once what would have to wait beyond its deadline', async () => {
		const { clock, members } = setUp({ perMinute: 3 });
		const [one, other] = [first(members), members[1] ?? expect.unreachable()];
		await Promise.all([one.send(), one.send(), one.send()]);
		const error = await rejection(other.send(newContext({ deadlineAt: clock.now() + 50_000 })));
		expect(error).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED', unprocessed: true, message: expect.stringContaining('after its deadline') });
		expect([other.limiter.queued, clock.now()]).toEqual([0, 0]);
		const waiting = other.send(newContext({ deadlineAt: clock.now() + 70_000 }));
		await clock.advance(61_000);
		await waiting;
	});

	test('lets a waiter go as soon as its signal aborts, and its place to the next', async () => {
		const { clock, sent, members } = setUp({ perSecond: 1 });
		const { limiter, send } = first(members);
		await send();
		const stop = new AbortController();
		const gone = rejection(send(newContext({ signal: stop.signal })));
		const next = send();
		await settle();
		const reason = new CancelledError();
		stop.abort(reason);
		expect(await gone).toBe(reason);
		expect([limiter.queued, listeners(stop.signal)]).toEqual([1, 0]);
		await clock.advance(1100);
		await next;
		expect(sent).toHaveLength(2);
	});

	test('does not use a place that came too late, but is held up by no store that always does', async () => {
		const delays = [200, 0];
		const { clock, sent, asked, members } = setUp({ perSecond: 10 }, { delayMs: () => delays.shift() ?? 0 });
		const { send } = first(members);
		const once = send();
		await clock.advance(300);
		await once;
		expect([sent.length, asked.length]).toEqual([1, 2]);
		delays.push(200, 200, 200, 200);
		const slow = send();
		await clock.advance(900);
		await slow;
		expect(asked.length).toBe(6);
	});

	test('waits no longer than a window, should the clock of the store be set back', async () => {
		const clock = new FakeClock();
		const take = async (): Promise<WindowGrant> => (clock.now() < 1000 ? { granted: false, waitMs: 3_600_000 } : { granted: true, waitMs: 0 });
		const limiter = new RateLimiter({ perSecond: 1 }, clock, { counters: { take }, isUp: () => true, name: 'scope', random: seeded(1) });
		const sent = limiter.execute(async () => 'sent', newContext());
		await clock.advance(1100);
		expect(await sent).toBe('sent');
	});
});

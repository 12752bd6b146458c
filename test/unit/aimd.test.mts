import { describe, expect, test } from 'vitest';
import { AimdLimiter } from '../../lib/limit/aimd.ts';
import { TimeoutError } from '../../lib/core/errors.ts';
import { deferred, listeners, newContext, outage, rejection, status } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const SERVICE_MS = 50;

interface Server {
	capacity: number;
	active: number;
	refused: number;
	answered: number;
}

/** A server that admits `capacity` calls at once and answers 429 to the rest, as slowly as it is told to. */
function admitting(clock: FakeClock, serviceMs = SERVICE_MS, refusalMs = 2) {
	const random = seeded(1);
	const server: Server = { capacity: 20, active: 0, refused: 0, answered: 0 };
	const call = async () => {
		if (server.active >= server.capacity) {
			server.refused += 1;
			await clock.sleep(refusalMs);
			throw status(429);
		}
		server.active += 1;
		await clock.sleep(serviceMs * (0.75 + random.next() / 2)).finally(() => (server.active -= 1));
		server.answered += 1;
	};
	return { server, call };
}

/** Keeps callers at it and gives the mean of the limit over the last half of the time. */
async function meanLimit(limiter: AimdLimiter, clock: FakeClock, call: () => Promise<void>, ms: number): Promise<number> {
	const end = clock.now() + ms;
	const workers = Array.from({ length: 150 }, async () => {
		while (clock.now() < end) await limiter.execute(call, newContext()).catch(() => undefined);
	});
	const seen: number[] = [];
	for (let step = 0; step < 200; step += 1) {
		await clock.advance(ms / 200);
		seen.push(limiter.limit);
	}
	await clock.advance(10 * ms);
	await Promise.all(workers);
	const last = seen.slice(seen.length / 2);
	return last.reduce((sum, limit) => sum + limit, 0) / last.length;
}

describe('the adaptive limiter', () => {
	test.each([
		{ serviceMs: 2, refusalMs: 0.5 },
		{ serviceMs: 50, refusalMs: 2 },
		{ serviceMs: 50, refusalMs: 50 },
		{ serviceMs: 2000, refusalMs: 2 },
		{ serviceMs: 20_000, refusalMs: 500 },
	])('finds the capacity of a server within a tenth, and follows when it halves and comes back: %j', async ({ serviceMs, refusalMs }) => {
		const clock = new FakeClock();
		const limiter = new AimdLimiter({ max: 150 }, clock);
		const { server, call } = admitting(clock, serviceMs, refusalMs);
		for (const capacity of [60, 20, 10, 20]) {
			Object.assign(server, { capacity, refused: 0, answered: 0 });
			const found = await meanLimit(limiter, clock, call, 100 * serviceMs);
			expect(Math.abs(found - capacity) / capacity, `${found} of ${capacity}`).toBeLessThanOrEqual(0.1);
			// The search costs few refusals, even where they come much faster than answers.
			expect(server.refused / server.answered, `${server.refused} refused, ${server.answered} answered`).toBeLessThan(0.1);
		}
	});

	test('begins by growing by half per round, until the first sign of overload', async () => {
		const clock = new FakeClock();
		const limiter = new AimdLimiter({ max: 100 }, clock);
		const { server, call } = admitting(clock);
		server.capacity = 1000;
		await meanLimit(limiter, clock, call, 10 * 1.25 * SERVICE_MS);
		expect(limiter.limit).toBe(100);
	});

	test.each([1.1, 1.5])('keeps latency near its target, where the server grows slower with its load (target %f of its best)', async (share) => {
		const clock = new FakeClock();
		const limiter = new AimdLimiter({ max: 150, latencyTargetMs: SERVICE_MS * share }, clock);
		let active = 0;
		const call = async () => {
			active += 1;
			await clock.sleep(SERVICE_MS * Math.max(1, active / 20)).finally(() => (active -= 1));
		};
		const found = await meanLimit(limiter, clock, call, 200 * SERVICE_MS);
		expect(found / (20 * share)).toBeGreaterThan(0.9);
		expect(found / (20 * share)).toBeLessThan(1.1);
	});

	test('time under a rate limit is no latency', async () => {
		const clock = new FakeClock();
		const limiter = new AimdLimiter({ max: 8, initial: 1, latencyTargetMs: 10 }, clock);
		for (let call = 0; call < 8; call += 1) {
			const waits = limiter.execute(async ({ trace }) => {
				await clock.sleep(500);
				trace.waitedMs += 500;
			}, newContext());
			await clock.advance(500);
			await waits;
		}
		expect(limiter.limit).toBeGreaterThan(1);
	});

	test('goes up to its bound and no further, and never below one', async () => {
		const clock = new FakeClock();
		const limiter = new AimdLimiter({ max: 8 }, clock);
		const { server, call } = admitting(clock);
		await meanLimit(limiter, clock, call, 5000);
		expect(limiter.limit).toBe(8);
		server.capacity = 0;
		await meanLimit(limiter, clock, call, 5000);
		expect(limiter.limit).toBe(1);
	});

	test.each([
		['a 429', status(429), 9],
		['a 503', status(503), 9],
		['a timeout', new TimeoutError('attempt', 10), 9],
		['a 500', status(500), 10],
		['a broken connection', outage(), 10],
	])('after %s, of 10 remain what they should', async (_name, error, limit) => {
		const limiter = new AimdLimiter({ max: 20, initial: 10 }, new FakeClock());
		await rejection(limiter.execute(async () => await Promise.reject(error), newContext()));
		expect(limiter.limit).toBe(limit);
	});

	test('several signs at once count as one', async () => {
		const limiter = new AimdLimiter({ max: 20, initial: 10 }, new FakeClock());
		const refuse = async () => await rejection(limiter.execute(async () => await Promise.reject(status(429)), newContext()));
		await Promise.all(Array.from({ length: 10 }, refuse));
		expect(limiter.limit).toBe(9);
		await refuse();
		expect(limiter.limit).toBe(8);
	});

	test('does not grow where it is not in full use', async () => {
		const limiter = new AimdLimiter({ max: 20 }, new FakeClock());
		for (let call = 0; call < 50; call += 1) await limiter.execute(async () => await Promise.resolve(), newContext());
		expect(limiter.limit).toBe(4);
	});

	test('who waits may leave, and takes no slot along', async () => {
		const limiter = new AimdLimiter({ max: 1 }, new FakeClock());
		const first = deferred<void>();
		const running = limiter.execute(async () => await first.promise, newContext());
		const stop = new AbortController();
		const waiting = rejection(limiter.execute(async () => await Promise.resolve(), newContext({ signal: stop.signal })));
		await settle();
		stop.abort();
		expect(await waiting).toMatchObject({ code: 'ERR_CANCELLED' });
		expect(listeners(stop.signal)).toBe(0);
		first.resolve();
		await running;
		expect(limiter.active).toBe(0);
	});
});

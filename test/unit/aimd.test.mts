import { describe, expect, test } from 'vitest';
import { AimdLimiter } from '../../lib/limit/aimd.ts';
import { TimeoutError } from '../../lib/core/errors.ts';
import { deferred, listeners, newContext, outage, rejection, status } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

const SERVICE_MS = 50;

/** A server that admits `capacity` calls at once and answers 429 to the rest. */
function admitting(clock: FakeClock) {
	const server = { capacity: 20, active: 0, refused: 0 };
	const call = async () => {
		if (server.active >= server.capacity) {
			server.refused += 1;
			await clock.sleep(2);
			throw status(429);
		}
		server.active += 1;
		await clock.sleep(SERVICE_MS).finally(() => (server.active -= 1));
	};
	return { server, call };
}

/** Keeps callers at it and gives the mean of the limit over the last half of the time. */
async function meanLimit(limiter: AimdLimiter, clock: FakeClock, call: () => Promise<void>, ms: number): Promise<number> {
	const end = clock.now() + ms;
	const workers = Array.from({ length: 80 }, async () => {
		while (clock.now() < end) await limiter.execute(call, newContext()).catch(() => undefined);
	});
	const seen: number[] = [];
	while (clock.now() < end) {
		await clock.advance(SERVICE_MS / 2);
		seen.push(limiter.limit);
	}
	await clock.advance(10_000);
	await Promise.all(workers);
	const last = seen.slice(seen.length / 2);
	return last.reduce((sum, limit) => sum + limit, 0) / last.length;
}

describe('the adaptive limiter', () => {
	test('finds the capacity of a server within a tenth, and follows when it halves and comes back', async () => {
		const clock = new FakeClock();
		const limiter = new AimdLimiter({ max: 80 }, clock);
		const { server, call } = admitting(clock);
		for (const capacity of [20, 10, 40]) {
			server.capacity = capacity;
			const found = await meanLimit(limiter, clock, call, 12_000);
			expect(Math.abs(found - capacity) / capacity, `${found} of ${capacity}`).toBeLessThanOrEqual(0.1);
		}
	});

	test('goes up to its bound and no further, and never below one', async () => {
		const clock = new FakeClock();
		const limiter = new AimdLimiter({ max: 8 }, clock);
		const { server, call } = admitting(clock);
		await meanLimit(limiter, clock, call, 3000);
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
		const clock = new FakeClock();
		const limiter = new AimdLimiter({ max: 20, initial: 10 }, clock);
		const refuse = async () => await rejection(limiter.execute(async () => await Promise.reject(status(429)), newContext()));
		await Promise.all(Array.from({ length: 10 }, refuse));
		expect(limiter.limit).toBe(9);
		await clock.advance(200);
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

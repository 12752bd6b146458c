import { expect, test } from 'vitest';
import { LearntLimit } from '../../lib/limit/learnt.ts';
import { newContext } from '../helpers/calls.mts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const WINDOW_MS = 1000;
const WHOLE = { requests: 20, tokens: 500 };

/** A server with windows of its own, which counts a request when it comes and says with each answer what is left. */
function newOrigin(clock: FakeClock, tookMs: () => number) {
	let [endsAt, requests, tokens, refused, served, total, lastAt] = [0, 0, 0, 0, 0, 0, 0];
	return {
		get refused() {
			return refused;
		},
		get served() {
			return served;
		},
		/** Of the tokens that it had to give until the last call came, the share that was taken. */
		get share() {
			return total / (WHOLE.tokens * Math.ceil(lastAt / WINDOW_MS));
		},
		async ask(cost: number) {
			[total, lastAt] = [total + cost, clock.now()];
			if (clock.now() >= endsAt) [endsAt, requests, tokens] = [clock.now() + WINDOW_MS, 0, 0];
			if (requests + 1 > WHOLE.requests || tokens + cost > WHOLE.tokens) refused += 1;
			else [requests, tokens, served] = [requests + 1, tokens + cost, served + 1];
			const took = tookMs();
			if (took > 0) await clock.sleep(took);
			const resetMs = Math.max(0, endsAt - clock.now());
			return [
				{ counts: 'requests' as const, remaining: resetMs === 0 ? WHOLE.requests : WHOLE.requests - requests, resetMs, whole: WHOLE.requests },
				{ counts: 'tokens' as const, remaining: resetMs === 0 ? WHOLE.tokens : WHOLE.tokens - tokens, resetMs, whole: WHOLE.tokens },
			];
		},
	};
}

test.each([1, 2, 3, 4, 5])('a server that says what it has left refuses nobody, whatever calls cost and take (%i)', async (seed) => {
	const random = seeded(seed);
	const clock = new FakeClock();
	const limit = new LearntLimit(clock);
	const origin = newOrigin(clock, () => random.int(200));
	const ask = async (tokens: number) =>
		await limit.execute(async () => {
			limit.observe(await origin.ask(tokens));
		}, newContext({ tokens }));
	const first = ask(10);
	await clock.advance(300);
	await first;
	const calls = Array.from({ length: 200 }, async () => {
		await clock.sleep(1 + random.int(3000));
		await ask(1 + random.int(120));
	});
	await clock.advance(120_000);
	await Promise.all(calls);
	expect(origin.served).toBe(201);
	expect(origin.refused).toBe(0);
	expect(origin.share).toBeGreaterThan(0.7);
	expect(clock.timers).toBe(0);
	expect(limit.idle).toBe(true);
});

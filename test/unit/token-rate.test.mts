import { describe, expect, test } from 'vitest';
import { LimitExceededError } from '../../lib/core/errors.ts';
import { TokenRate } from '../../lib/limit/token-rate.ts';
import { listeners, newContext, rejection } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

function setUp(perMinute: number) {
	const clock = new FakeClock();
	const rate = new TokenRate(perMinute, clock);
	const went: Array<{ tokens: number; at: number }> = [];
	const call = async (tokens: number | undefined, facts: Parameters<typeof newContext>[0] = {}) => {
		const context = newContext({ tokens, ...facts });
		await rate.execute(async () => await Promise.resolve(went.push({ tokens: tokens ?? 0, at: clock.now() })), context);
		return context;
	};
	return { clock, rate, went, call };
}

describe('tokens per minute', () => {
	test('are never exceeded in any minute, and nobody is overtaken', async () => {
		const random = seeded(4);
		const { clock, rate, went, call } = setUp(1000);
		const asked = Array.from({ length: 300 }, () => 1 + random.int(200));
		const calls = asked.map(async (tokens, index) => {
			await clock.sleep(index * 100);
			await call(tokens);
		});
		await clock.advance(60 * 60_000);
		await Promise.all(calls);
		expect(went.map(({ tokens }) => tokens)).toEqual(asked);
		for (const { at } of went) {
			const minute = went.filter((other) => other.at > at - 60_000 && other.at <= at);
			expect(minute.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(1000);
		}
		// And they are used: the whole takes little longer than it must.
		const total = asked.reduce((sum, tokens) => sum + tokens, 0);
		expect(went.at(-1)!.at).toBeLessThan((total / 800) * 60_000);
		expect(rate.idle).toBe(true);
		expect(clock.timers).toBe(0);
	});

	test('a call without tokens passes by', async () => {
		const { went, call } = setUp(10);
		await call(10);
		await call(undefined);
		expect(went.map(({ at }) => at)).toEqual([0, 0]);
	});

	test('a call that cannot have its turn before its deadline is rejected at once, and takes nothing', async () => {
		const { clock, went, call } = setUp(10);
		await call(10);
		expect(await rejection(call(5, { deadlineAt: 59_000 }))).toBeInstanceOf(LimitExceededError);
		const next = call(10);
		await clock.advance(60_000);
		expect((await next).trace.waitedMs).toBe(60_000);
		expect(went).toHaveLength(2);
	});

	test('a call of more tokens than a minute has is rejected', async () => {
		expect(await rejection(setUp(10).call(11))).toMatchObject({ message: expect.stringContaining('takes 11 tokens') });
	});

	test('a call that is aborted leaves at once', async () => {
		const { clock, went, call } = setUp(10);
		await call(10);
		const stop = new AbortController();
		const waiting = rejection(call(1, { signal: stop.signal }));
		await settle();
		stop.abort();
		expect(await waiting).toMatchObject({ code: 'ERR_CANCELLED' });
		expect([went.length, clock.timers, listeners(stop.signal)]).toEqual([1, 0, 0]);
	});
});

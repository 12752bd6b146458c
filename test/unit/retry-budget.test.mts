import { describe, expect, test } from 'vitest';
import { HttpStatusError } from '../../lib/core/errors.ts';
import { RetryBudget } from '../../lib/retry/budget.ts';
import { RetryPolicy } from '../../lib/retry/policy.ts';
import { newContext, outage, rejection } from '../helpers/calls.mts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const drain = (budget: RetryBudget) => {
	let retries = 0;
	while (retries < 10_000 && budget.withdraw()) retries += 1;
	return retries;
};

describe('a retry budget', () => {
	test('allows a few retries to the smallest workflow, and a share of the calls to a large one', () => {
		const clock = new FakeClock();
		const small = new RetryBudget({ percent: 20 }, clock);
		expect(drain(small)).toBe(10);
		const large = new RetryBudget({ percent: 20 }, clock);
		for (let call = 0; call < 1000; call += 1) large.deposit();
		expect(drain(large)).toBe(200);
	});

	test('forgets what is older than its window', async () => {
		const clock = new FakeClock();
		const budget = new RetryBudget({ percent: 20, floor: 3, windowMs: 1000 }, clock);
		for (let call = 0; call < 100; call += 1) budget.deposit();
		expect(drain(budget)).toBe(20);
		await clock.advance(899);
		expect(drain(budget)).toBe(0);
		await clock.advance(101);
		expect(drain(budget)).toBe(3);
	});

	test.each([1, 2, 3])('is never exceeded in any window, whatever comes when (seed %i)', async (seed) => {
		const random = seeded(seed);
		const clock = new FakeClock();
		const budget = new RetryBudget({ percent: 20, floor: 5, windowMs: 1000 }, clock);
		const calls: number[] = [];
		const retries: number[] = [];
		for (let step = 0; step < 3000; step += 1) {
			await clock.advance(random.int(10));
			budget.deposit();
			calls.push(clock.now());
			if (random.int(2) === 0 && budget.withdraw()) retries.push(clock.now());
			const recent = (times: readonly number[], windowMs: number) => times.filter((at) => at > clock.now() - windowMs).length;
			// A window of ten slices holds between nine and ten of them.
			expect(recent(retries, 900)).toBeLessThanOrEqual(Math.max(5, recent(calls, 1000) * 0.2));
		}
		expect(retries.length).toBeGreaterThan(300);
	});

	test('that is used up lets the original error through, at once', async () => {
		const clock = new FakeClock();
		const budget = new RetryBudget({ percent: 0, floor: 2 }, clock);
		const policy = new RetryPolicy({ maxRetries: 10, baseMs: 0, maxMs: 0 }, clock, seeded(1), budget);
		const error = outage();
		let calls = 0;
		const failed = rejection(policy.execute(async () => { calls += 1; throw error; }, newContext()));
		await clock.advance(0);
		expect(await failed).toBe(error);
		expect(calls).toBe(3);
		expect(await rejection(policy.execute(async () => await Promise.reject(error), newContext()))).toBe(error);
	});

	test('does not pay for retries that the origin gave a time for', async () => {
		const clock = new FakeClock();
		const budget = new RetryBudget({ percent: 0, floor: 0 }, clock);
		const policy = new RetryPolicy({ maxRetries: 3, baseMs: 0, maxMs: 0 }, clock, seeded(1), budget);
		const error = new HttpStatusError({ status: 429, headers: { 'retry-after-ms': '10' }, body: undefined });
		let calls = 0;
		const failed = rejection(policy.execute(async () => { calls += 1; throw error; }, newContext()));
		await clock.advance(30);
		expect(await failed).toBe(error);
		expect(calls).toBe(4);
	});

	test('is not asked where there would be no retry anyway', async () => {
		const clock = new FakeClock();
		const budget = new RetryBudget({ percent: 0, floor: 1 }, clock);
		const policy = new RetryPolicy({ maxRetries: 0, baseMs: 0, maxMs: 0 }, clock, seeded(1), budget);
		await rejection(policy.execute(async () => await Promise.reject(outage()), newContext()));
		expect(drain(budget)).toBe(1);
	});
});

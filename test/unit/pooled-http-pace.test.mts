import { describe, expect, test } from 'vitest';
import { createPace, toBatching } from '../../nodes/PooledHttp/pace.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

const never = new AbortController().signal;
const option = (batchSize: unknown, batchInterval: unknown) => ({ batch: { batchSize, batchInterval } });

describe('the batching of HTTP Request', () => {
	test.each([
		[undefined, { size: 1, intervalMs: 0 }],
		[{}, { size: 1, intervalMs: 0 }],
		[option(50, 1000), { size: 50, intervalMs: 1000 }],
		[option(0, 1000), { size: 1, intervalMs: 1000 }],
		[option(-1, 1000), { size: 1, intervalMs: 1000 }],
		[option(5, 0), { size: 5, intervalMs: 0 }],
		[option('5', 'x'), { size: 1, intervalMs: 0 }],
	])('%j means %j', (given, expected) => expect(toBatching(given)).toEqual(expected));
});

describe('a pace', () => {
	test('lets so many begin at once, then pauses', async () => {
		const clock = new FakeClock();
		const pace = createPace(clock, { size: 2, intervalMs: 100 });
		const startedAt = clock.now();
		const begun: Array<[number, number]> = [];
		const all = Promise.all([0, 1, 2, 3, 4].map(async (index) => {
			await pace(index, never);
			begun.push([index, clock.now() - startedAt]);
		}));
		await clock.advance(250);
		await all;
		expect(begun).toEqual([[0, 0], [1, 0], [2, 100], [3, 100], [4, 200]]);
	});

	test('counts the pause from a batch that began late', async () => {
		const clock = new FakeClock();
		const pace = createPace(clock, { size: 1, intervalMs: 100 });
		await pace(0, never);
		await clock.advance(500);
		await pace(1, never);
		let begun = false;
		const third = pace(2, never).then(() => (begun = true));
		await clock.advance(99);
		expect(begun).toBe(false);
		await clock.advance(1);
		await third;
		expect(begun).toBe(true);
	});

	test('ends with the execution', async () => {
		const clock = new FakeClock();
		const pace = createPace(clock, { size: 1, intervalMs: 100 });
		const controller = new AbortController();
		const second = pace(1, controller.signal);
		controller.abort(new Error('stopped'));
		await expect(second).rejects.toThrow();
	});
});

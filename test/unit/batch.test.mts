import { describe, expect, test } from 'vitest';
import { runOrdered, SkippedError, type RunOptions } from '../../lib/batch/run.ts';
import { CancelledError } from '../../lib/core/errors.ts';
import { abortable } from '../../lib/core/signal.ts';
import { deferred, listeners, outage, rejection, type Deferred } from '../helpers/calls.mts';
import { settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

function options(facts: Partial<RunOptions> = {}): RunOptions {
	return { concurrency: 3, signal: new AbortController().signal, stopOnFailure: false, ...facts };
}

/** Starts a run whose items the test ends by hand. */
function start(count: number, facts: Partial<RunOptions> = {}) {
	const open = new Map<number, Deferred<string>>();
	const started: number[] = [];
	const items = Array.from({ length: count }, (_item, index) => index);
	const results = runOrdered(items, options(facts), async (item, index, signal) => {
		expect(item).toBe(index);
		started.push(index);
		const work = deferred<string>();
		open.set(index, work);
		return await abortable(work.promise, signal).finally(() => open.delete(index));
	});
	return { open, started, results };
}

describe('an ordered run', () => {
	test('answers in the order of the items, whatever the order in which they end, never above its bound', async () => {
		const random = seeded(2);
		const { open, started, results } = start(40, { concurrency: 7 });
		for (let ended = 0; ended < 40; ended += 1) {
			expect(open.size).toBe(Math.min(7, 40 - ended));
			const index = random.pick([...open.keys()]);
			open.get(index)?.resolve(`answer ${index}`);
			await settle();
		}
		expect(started).toEqual(Array.from({ length: 40 }, (_item, index) => index));
		expect(await results).toEqual(started.map((index) => ({ status: 'ok', value: `answer ${index}` })));
	});

	test.each([
		['of ours', outage()],
		['of any other kind', new TypeError('bug')],
		['of a call that cancelled itself', new CancelledError()],
	])('goes on after a failure %s and reports it in its place', async (_name, error) => {
		const results = await runOrdered(['a', 'b', 'c'], options({ concurrency: 1 }), async (item) => {
			if (item === 'b') throw error;
			return item;
		});
		expect(results).toEqual([{ status: 'ok', value: 'a' }, { status: 'failed', error }, { status: 'ok', value: 'c' }]);
	});

	test('that stops on failure starts nothing more, ends what is under way and keeps what is done', async () => {
		const error = outage();
		const { open, started, results } = start(10, { stopOnFailure: true });
		open.get(0)?.resolve('done');
		await settle();
		open.get(2)?.reject(error);
		const settled = await results;
		expect(settled.map(({ status }) => status)).toEqual(['ok', 'cancelled', 'failed', ...new Array<string>(7).fill('cancelled')]);
		expect(settled[2]).toEqual({ status: 'failed', error });
		expect(started).toEqual([0, 1, 2, 3]);
	});

	test('that is cancelled starts nothing more and reports the rest as cancelled', async () => {
		const stop = new AbortController();
		const { open, started, results } = start(10, { signal: stop.signal });
		open.get(1)?.resolve('done');
		await settle();
		stop.abort();
		const statuses = (await results).map(({ status }) => status);
		expect(statuses).toEqual(['cancelled', 'ok', ...new Array<string>(8).fill('cancelled')]);
		expect(started).toEqual([0, 1, 2, 3]);
		expect(listeners(stop.signal)).toBe(0);
	});

	test('that was cancelled before it began starts nothing', async () => {
		const { started, results } = start(3, { signal: AbortSignal.abort(new CancelledError()) });
		expect(await results).toEqual(new Array(3).fill({ status: 'cancelled' }));
		expect(started).toEqual([]);
	});

	test('still reports a real failure that comes with the cancel', async () => {
		const stop = new AbortController();
		const error = outage();
		const [result] = await runOrdered([1], options({ signal: stop.signal }), async () => {
			stop.abort();
			throw error;
		});
		expect(result).toEqual({ status: 'failed', error });
	});

	test('of no items is an empty list', async () => {
		expect(await runOrdered([], options(), async () => 1)).toEqual([]);
	});

	test('of a hundred thousand items holds no more work than its bound', async () => {
		let running = 0;
		let most = 0;
		const results = await runOrdered(new Array<number>(100_000).fill(1), options({ concurrency: 10 }), async (item) => {
			running += 1;
			most = Math.max(most, running);
			await Promise.resolve();
			running -= 1;
			return item;
		});
		expect(most).toBe(10);
		expect(results.filter(({ status }) => status === 'ok')).toHaveLength(100_000);
	});

	test('leaves no listener on a signal that lives on', async () => {
		const { signal } = new AbortController();
		await runOrdered([1, 2, 3], options({ signal }), async (item) => item);
		expect(listeners(signal)).toBe(0);
	});

	test.each([0, -1, 1.5, NaN])('refuses a concurrency of %s', async (concurrency) => {
		expect(await rejection(runOrdered([1], options({ concurrency }), async () => 1))).toMatchObject({ code: 'ERR_INVALID_OPTION' });
	});
});

describe('a run that may not begin everything', () => {
	test('starts nothing more once it may not, and lets what is under way end', async () => {
		let may = true;
		const { open, started, results } = start(10, { mayStart: () => may });
		await settle();
		expect(started).toEqual([0, 1, 2]);
		may = false;
		for (const index of [0, 1, 2]) open.get(index)?.resolve(`answer ${index}`);
		expect((await results).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', ...Array.from({ length: 7 }, () => 'cancelled')]);
		expect(started).toEqual([0, 1, 2]);
	});

	test('counts work that skips itself as cancelled, and tells of each item that ends', async () => {
		const told: string[] = [];
		const results = await runOrdered([1, 2, 3, 4], options({ concurrency: 1, onSettled: (status) => told.push(status) }), async (item) => {
			if (item === 2) throw new SkippedError();
			if (item === 3) throw outage();
			return item;
		});
		expect(results.map(({ status }) => status)).toEqual(['ok', 'cancelled', 'failed', 'ok']);
		expect(told).toEqual(['ok', 'cancelled', 'failed', 'ok']);
	});
});

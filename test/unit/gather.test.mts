import { describe, expect, test } from 'vitest';
import { Gatherer, sendSplitting, type Gathered } from '../../lib/batch/gather.ts';
import { CancelledError } from '../../lib/core/errors.ts';
import { deferred, listeners, rejection } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seededRandom } from '../stand-in/behaviour.mts';

const NEVER = new AbortController().signal;
const ok = (items: readonly number[]): Array<Gathered<string>> => items.map((item) => ({ ok: true, value: `got ${item}` }));

function setUp(send: (items: readonly number[], signal: AbortSignal) => Promise<Array<Gathered<string>>>, maxItems = 3, maxWeight = 1000) {
	const clock = new FakeClock();
	const sent: number[][] = [];
	const gatherer = new Gatherer<number, string>(
		{
			maxItems,
			maxWeight,
			weigh: (item) => item,
			maxWaitMs: 5,
			send: async (items, signal) => {
				sent.push([...items]);
				return await send(items, signal);
			},
		},
		clock,
	);
	return { clock, sent, gatherer };
}

describe('gathering', () => {
	test('sends a full batch at once and the rest when its first item has waited long enough', async () => {
		const { clock, sent, gatherer } = setUp(async (items) => ok(items));
		const results = Promise.all([1, 2, 3, 4].map(async (item) => await gatherer.add(item, NEVER)));
		await settle();
		expect(sent).toEqual([[1, 2, 3]]);
		await clock.advance(5);
		expect(sent).toEqual([[1, 2, 3], [4]]);
		expect(await results).toEqual(['got 1', 'got 2', 'got 3', 'got 4']);
		expect(clock.timers).toBe(0);
	});

	test('never sends more weight than is allowed, save for one heavy item alone', async () => {
		const { clock, sent, gatherer } = setUp(async (items) => ok(items), 100, 10);
		const results = Promise.all([4, 4, 4, 99, 1].map(async (item) => await gatherer.add(item, NEVER)));
		await clock.advance(5);
		await results;
		expect(sent).toEqual([[4, 4], [4], [99], [1]]);
	});

	test('gives each item its own failure', async () => {
		const { gatherer } = setUp(async (items) => items.map((item) => (item === 2 ? { ok: false, error: new Error('two') } : { ok: true, value: 'fine' })));
		const [one, two, three] = [1, 2, 3].map(async (item) => await gatherer.add(item, NEVER));
		expect(await one).toBe('fine');
		expect(await three).toBe('fine');
		expect(await rejection(two ?? Promise.resolve())).toMatchObject({ message: 'two' });
	});

	test('an item that is cancelled leaves alone, and the last one to leave aborts the batch', async () => {
		const signals: AbortSignal[] = [];
		const answer = deferred<Array<Gathered<string>>>();
		const { gatherer } = setUp(async (_items, signal) => {
			signals.push(signal);
			return await answer.promise;
		}, 2);
		const [first, second] = [new AbortController(), new AbortController()];
		const one = gatherer.add(1, first.signal);
		const two = gatherer.add(2, second.signal);
		await settle();
		first.abort();
		expect(await rejection(one)).toBeInstanceOf(CancelledError);
		expect(signals[0]?.aborted).toBe(false);
		second.abort();
		expect(await rejection(two)).toBeInstanceOf(CancelledError);
		expect(signals[0]?.aborted).toBe(true);
		expect([listeners(first.signal), listeners(second.signal)]).toEqual([0, 0]);
	});

	test('an item that is cancelled before its batch leaves is not sent, and makes room for another', async () => {
		const { clock, sent, gatherer } = setUp(async (items) => ok(items), 3, 10);
		const stop = new AbortController();
		const left = rejection(gatherer.add(8, stop.signal));
		const stays = gatherer.add(2, NEVER);
		stop.abort();
		expect(await left).toBeInstanceOf(CancelledError);
		const late = gatherer.add(7, NEVER);
		await clock.advance(5);
		expect(sent).toEqual([[2, 7]]);
		expect(await Promise.all([stays, late])).toEqual(['got 2', 'got 7']);
	});

	test('where all leave before the time nothing is sent', async () => {
		const { clock, sent, gatherer } = setUp(async (items) => ok(items));
		const stop = new AbortController();
		const left = rejection(gatherer.add(1, stop.signal));
		stop.abort();
		await left;
		await clock.advance(5);
		expect(sent).toEqual([]);
		expect(clock.timers).toBe(0);
	});

	test('two of the same name never share a batch', async () => {
		const clock = new FakeClock();
		const sent: string[][] = [];
		const gatherer = new Gatherer<string, string>(
			{
				maxItems: 10,
				maxWeight: 100,
				weigh: () => 1,
				nameOf: (item) => item[0],
				maxWaitMs: 5,
				send: async (items) => {
					sent.push([...items]);
					return await Promise.resolve(items.map((value) => ({ ok: true, value })));
				},
			},
			clock,
		);
		const results = Promise.all(['a1', 'b1', 'a2', 'c1', 'a3'].map(async (item) => await gatherer.add(item, NEVER)));
		await clock.advance(5);
		expect(sent).toEqual([['a1', 'b1'], ['a2', 'c1'], ['a3']]);
		expect(await results).toEqual(['a1', 'b1', 'a2', 'c1', 'a3']);
	});

	test('an item that comes after all others have left begins a new batch', async () => {
		const { clock, gatherer } = setUp(async (items, signal) => (signal.aborted ? [] : ok(items)));
		const stop = new AbortController();
		const left = gatherer.add(1, stop.signal);
		stop.abort();
		await rejection(left);
		const next = gatherer.add(2, NEVER);
		await clock.advance(5);
		expect(await next).toBe('got 2');
		expect(clock.timers).toBe(0);
	});
});

describe('splitting a batch that is refused', () => {
	const refused = new Error('refused');
	const run = async (count: number, bad: ReadonlySet<number>, maxSends: number) => {
		let sends = 0;
		const results = await sendSplitting(
			Array.from({ length: count }, (_, index) => index),
			{
				maxSends,
				isItems: (error) => error === refused,
				send: async (items) => {
					sends += 1;
					if (items.some((item) => bad.has(item))) throw refused;
					return items.map(String);
				},
			},
		);
		return { results, sends };
	};

	test('answers all but the bad ones, in their order', async () => {
		const random = seededRandom(11);
		for (let round = 0; round < 50; round += 1) {
			const count = 1 + Math.floor(random() * 100);
			const bad = new Set([Math.floor(random() * count)]);
			const { results, sends } = await run(count, bad, Infinity);
			expect(results).toEqual(Array.from({ length: count }, (_, item) => (bad.has(item) ? { ok: false, error: refused } : { ok: true, value: String(item) })));
			expect(sends).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(count)));
		}
	});

	test('gives up on what is left once the search has cost enough', async () => {
		const { results, sends } = await run(1000, new Set(Array.from({ length: 1000 }, (_, item) => item)), 30);
		expect(results.every((result) => !result.ok)).toBe(true);
		expect(sends).toBeLessThan(45);
	});
});

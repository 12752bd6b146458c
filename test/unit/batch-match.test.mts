import { describe, expect, test } from 'vitest';
import type { Gathered } from '../../lib/batch/gather.ts';
import { matchByKey, matchByPosition } from '../../lib/batch/match.ts';
import { Windows, type Fragment, type Part } from '../../lib/batch/windows.ts';
import { CancelledError } from '../../lib/core/errors.ts';
import { newTrace } from '../../lib/core/trace.ts';
import { deferred, rejection } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded, type Seeded } from '../helpers/seeded.mts';

const NEVER = new AbortController().signal;
const OPTIONS = { maxItems: 10, maxWeight: Infinity, maxWaitMs: 100 };

const reasons = (answers: ReadonlyArray<Gathered<unknown>>) => answers.map((answer) => (answer.ok ? answer.value : String(answer.error)));

describe('results', () => {
	test('by position go to the items in their order', () => {
		expect(matchByPosition(['a', null, 'c'], 3)).toEqual({ answers: ['a', null, 'c'].map((value) => ({ ok: true, value })), surplus: 0 });
	});

	test.each([2, 4, 0])('by position, %i of them for three items are given to nobody', (count) => {
		const { answers } = matchByPosition(Array(count).fill('x'), 3);
		expect(reasons(answers)).toEqual(Array(3).fill(expect.stringContaining(`${count} results for 3 items`)));
	});

	test('by key, one that is missing or comes twice fails its item alone, and those of nobody are counted', () => {
		const { answers, surplus } = matchByKey([['c', 3], ['x', 9], ['a', 1], ['c', 4], [undefined, 0]], ['a', 'b', 'c']);
		expect(reasons(answers)).toEqual([1, expect.stringContaining('no result with the key "b"'), expect.stringContaining('2 results with the key "c"')]);
		expect(surplus).toBe(2);
	});
});

/** A server that loses, repeats, adds and shuffles results, and remembers which keys it did what to. */
function unreliable(random: Seeded) {
	const spoilt = new Set<string>();
	const answer = (keys: readonly string[]): Array<readonly [string, string]> => {
		const results = keys.flatMap((key) => {
			const fate = random.int(10);
			if (fate < 2) spoilt.add(key);
			return Array.from({ length: fate === 0 ? 0 : fate === 1 ? 2 + random.int(2) : 1 }, (): readonly [string, string] => [key, `answer to ${key}`]);
		});
		if (random.int(3) === 0) results.push([`nobody ${random.int(100)}`, 'surplus']);
		return results.map((result) => ({ result, at: random.next() })).sort((one, other) => one.at - other.at).map(({ result }) => result);
	};
	return { spoilt, answer };
}

test.each([1, 2, 3, 4, 5])('with results shuffled, lost, repeated and added, each item gets its own or none (seed %i)', async (seed) => {
	const random = seeded(seed);
	const clock = new FakeClock();
	const windows = new Windows(clock);
	const { spoilt, answer } = unreliable(random);
	let requests = 0;
	const send = async (fragments: readonly Fragment[]): Promise<Part[]> => {
		requests += 1;
		expect(fragments.length).toBeLessThanOrEqual(OPTIONS.maxItems);
		const keys = fragments.map(({ key }) => key ?? '');
		expect(new Set(keys).size).toBe(keys.length);
		await clock.sleep(random.int(50));
		return matchByKey(answer(keys), keys).answers.map((own) => ({ answer: own, trace: newTrace(), request: undefined }));
	};
	const items = Array.from({ length: 400 }, (_item, index) => {
		// Two executions and two credentials; each has items of the same keys.
		const name = random.pick(['mine', 'yours']);
		return { name, key: `${name} ${Math.floor(index / 4)} ${index}`, stop: random.int(20) === 0 ? new AbortController() : undefined };
	});
	const outcomes = Promise.allSettled(
		items.map(async ({ name, key, stop }) => {
			await clock.sleep(random.int(300));
			if (stop) clock.after(random.int(120), () => stop.abort());
			const part = await windows.add(name, OPTIONS, { value: key, bytes: 1, tokens: undefined, key, send }, stop?.signal ?? NEVER);
			return part.answer;
		}),
	);
	await clock.advance(1000);
	for (const [index, outcome] of (await outcomes).entries()) {
		const { key, stop } = items[index]!;
		if (outcome.status === 'rejected') {
			expect(stop?.signal.aborted).toBe(true);
			expect(outcome.reason).toBeInstanceOf(CancelledError);
		} else if (outcome.value.ok) expect(outcome.value.value).toBe(`answer to ${key}`);
		else expect(spoilt).toContain(key);
	}
	expect(requests).toBeGreaterThanOrEqual(36);
	expect(requests).toBeLessThan(80);
	expect(windows.size).toBe(0);
	expect(clock.timers).toBe(0);
});

describe('windows', () => {
	const setUp = () => {
		const clock = new FakeClock();
		const sent: Array<{ by: string; values: unknown[]; signal: AbortSignal }> = [];
		const held = deferred<void>();
		const fragment = (by: string, value: unknown): Fragment => ({
			value,
			bytes: 1,
			tokens: undefined,
			key: undefined,
			send: async (fragments, signal) => {
				sent.push({ by, values: fragments.map((each) => each.value), signal });
				await held.promise;
				return fragments.map((each, index) => ({ answer: { ok: true, value: each.value }, trace: newTrace(), request: index === 0 ? { surplus: 0 } : undefined }));
			},
		});
		return { clock, sent, held, fragment, windows: new Windows(clock) };
	};

	test('of different names never mix', async () => {
		const { clock, sent, held, fragment, windows } = setUp();
		const all = Promise.all(['a', 'b', 'a', 'b'].map(async (name, index) => await windows.add(name, OPTIONS, fragment(name, index), NEVER)));
		await clock.advance(100);
		held.resolve();
		await all;
		expect(sent.map(({ by, values }) => [by, values])).toEqual([['a', [0, 2]], ['b', [1, 3]]]);
	});

	test('a request is made by the first item that is still wanted, and the leave of one does not stop it', async () => {
		const { clock, sent, held, fragment, windows } = setUp();
		const [early, late] = [new AbortController(), new AbortController()];
		const gone = rejection(windows.add('a', OPTIONS, fragment('first', 0), early.signal));
		const leaves = rejection(windows.add('a', OPTIONS, fragment('second', 1), late.signal));
		const stays = windows.add('a', OPTIONS, fragment('third', 2), NEVER);
		early.abort();
		await clock.advance(100);
		expect(sent.map(({ by, values }) => [by, values])).toEqual([['second', [1, 2]]]);
		late.abort();
		await Promise.all([gone, leaves]);
		expect(sent[0]?.signal.aborted).toBe(false);
		held.resolve();
		expect((await stays).answer).toEqual({ ok: true, value: 2 });
	});

	test('one that was left by all is forgotten, and what is sent is aborted', async () => {
		const { clock, sent, fragment, windows } = setUp();
		const stop = new AbortController();
		const gone = rejection(windows.add('a', OPTIONS, fragment('only', 0), stop.signal));
		await clock.advance(100);
		stop.abort();
		await gone;
		expect(sent[0]?.signal.aborted).toBe(true);
		await settle();
		expect(windows.size).toBe(0);
	});

	test('that are too many to remember still work, each by itself', async () => {
		const { clock, sent, held, fragment } = setUp();
		const windows = new Windows(clock, 10);
		const many = Array.from({ length: 15 }, async (_item, index) => await windows.add(`window ${index}`, OPTIONS, fragment('x', index), NEVER));
		expect(windows.size).toBe(10);
		await clock.advance(100);
		held.resolve();
		await Promise.all(many);
		expect(sent).toHaveLength(15);
		expect(windows.size).toBe(0);
	});
});

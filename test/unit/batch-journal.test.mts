import { describe, expect, test } from 'vitest';
import { Journal, type JournalStore } from '../../lib/batch/journal.ts';
import { idOf, openRound, type Pass, type Resume } from '../../lib/batch/rounds.ts';
import { Together } from '../../lib/batch/together.ts';
import { Journals } from '../../lib/runtime/journals.ts';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { deferred } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

const HOUR = 3_600_000;
const key = (index: number) => index.toString(16).padStart(32, '0');
const answer = (index: number) => Buffer.from(`answer ${index}`);
const indices = (count: number) => Array.from({ length: count }, (_item, index) => index);

function setUp() {
	const clock = new FakeClock();
	const memory = new MemoryBackend(clock, 100_000);
	const calls: Record<string, number> = {};
	const store = new Proxy<JournalStore>(memory, {
		get(target, name) {
			const member = Reflect.get(target, name, target) as (...args: unknown[]) => unknown;
			return (...args: unknown[]) => {
				calls[String(name)] = (calls[String(name)] ?? 0) + 1;
				return member.apply(target, args);
			};
		},
	});
	const open = async (name = 'one') => await Journal.open(store, clock, { name, ttlMs: HOUR, maxAnswerBytes: 100 });
	return { clock, memory, calls, store, open };
}

describe('a journal', () => {
	test('gives back what was written, to who opens it afterwards and under that name alone', async () => {
		const { open } = setUp();
		const first = await open();
		await first.write(key(1), answer(1));
		const second = await open();
		expect([second.size, second.has(key(1)), second.has(key(2))]).toEqual([1, true, false]);
		expect((await second.read(key(1)))?.toString()).toBe('answer 1');
		expect((await open('other')).size).toBe(0);
	});

	test('is read with one list, and ten thousand answers in groups, never one by one', async () => {
		const { open, calls } = setUp();
		const first = await open();
		await Promise.all(indices(10_000).map(async (index) => await first.write(key(index), answer(index))));
		expect(calls.append).toBeLessThan(30);
		const second = await open();
		expect(second.size).toBe(10_000);
		expect(calls.list).toBe(2);
		const read = await Promise.all(indices(10_000).map(async (index) => await second.read(key(index))));
		expect(read.every((value, index) => value?.toString() === `answer ${index}`)).toBe(true);
		expect(calls.getMany).toBeLessThan(30);
	});

	test('has written an entry before it says so, and the answer before the entry', async () => {
		const { store, clock } = setUp();
		const order: string[] = [];
		const open = deferred<void>();
		const slow: JournalStore = {
			...store,
			list: async () => [],
			set: async () => {
				await open.promise;
				order.push('answer');
			},
			append: async () => void order.push('entry'),
		};
		const journal = await Journal.open(slow, clock, { name: 'one', ttlMs: HOUR });
		const written = journal.write(key(1), answer(1)).then(() => order.push('said so'));
		await settle();
		expect(order).toEqual([]);
		open.resolve();
		await written;
		expect(order).toEqual(['answer', 'entry', 'said so']);
	});

	test('remembers that an item with too large an answer is done, without the answer', async () => {
		const { open } = setUp();
		expect(await (await open()).write(key(1), Buffer.alloc(101))).toBe('tooLarge');
		const second = await open();
		expect([second.has(key(1)), await second.read(key(1))]).toEqual([true, undefined]);
	});

	test('counts each entry for its own time, and never one whose answer has expired', async () => {
		const { open, clock } = setUp();
		const first = await open();
		await first.write(key(1), answer(1));
		await clock.advance(HOUR / 2);
		await first.write(key(2), answer(2));
		await clock.advance(HOUR / 2 + 1);
		const later = await open();
		expect([later.has(key(1)), later.has(key(2))]).toEqual([false, true]);
		expect(await later.read(key(2))).toBeDefined();
	});

	test('is nothing where its list holds what is not its own', async () => {
		const { open, memory } = setUp();
		await memory.append('one', Buffer.from('something else'), { ttlMs: HOUR, max: 10 });
		expect((await open()).size).toBe(0);
	});

	test('leaves no answers when it is cleared', async () => {
		const { open, memory } = setUp();
		const journal = await open();
		await Promise.all(indices(1200).map(async (index) => await journal.write(key(index), answer(index))));
		await journal.clear();
		expect(await memory.scan('one/', 2000)).toEqual([]);
	});
});

describe('a group commit', () => {
	test('sends a lone item at once, and then all that has come meanwhile together', async () => {
		const sent: Array<readonly number[]> = [];
		const gates = [deferred<void>(), deferred<void>(), deferred<void>()];
		const together = new Together<number, number>(async (items) => {
			sent.push(items);
			await gates[sent.length - 1]?.promise;
			return items.map((item) => item * 2);
		}, 3);
		const results = [1, 2, 3, 4, 5].map(async (item) => await together.add(item));
		expect(sent).toEqual([[1]]);
		for (const gate of gates) {
			gate.resolve();
			await settle();
		}
		expect(sent).toEqual([[1], [2, 3, 4], [5]]);
		expect(await Promise.all(results)).toEqual([2, 4, 6, 8, 10]);
	});

	test('tells a failure to those of its group alone', async () => {
		const together = new Together<number, number>(async (items) => {
			if (items.includes(2)) throw new Error('no');
			return items;
		}, 1);
		const results = await Promise.allSettled([1, 2, 3].map(async (item) => await together.add(item)));
		expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
	});
});

describe('runs that go on with each other', () => {
	const pass = (facts: Partial<Pass> = {}): Pass => ({ place: ['instance', 'workflow', 'node'], execution: '1', retryOf: undefined, pass: 0, ...facts });

	async function run(parts: { store: JournalStore; clock: FakeClock; durable?: boolean }, of: Partial<Pass>, resume: Resume, items: number, complete: boolean) {
		const round = await openRound({ durable: true, ...parts }, pass(of), resume, HOUR);
		const sent = indices(items).filter((index) => !round.journal.has(key(index)));
		// Of an incomplete run the last item fails.
		for (const index of sent.slice(0, complete ? undefined : -1)) await round.journal.write(key(index), answer(index));
		await round.end(complete);
		return { sent: sent.length, id: round.id };
	}

	test('under "retries": tries of one execution do, through any number of retries, and new executions do not', async () => {
		const parts = setUp();
		const first = await run(parts, { execution: '1' }, { kind: 'retries' }, 10, false);
		const again = await run(parts, { execution: '1' }, { kind: 'retries' }, 10, false);
		const retry = await run(parts, { execution: '2', retryOf: '1' }, { kind: 'retries' }, 20, false);
		const retryOfRetry = await run(parts, { execution: '3', retryOf: '2' }, { kind: 'retries' }, 20, true);
		expect([first, again, retry, retryOfRetry].map(({ sent }) => sent)).toEqual([10, 1, 11, 1]);
		expect(new Set([first, again, retry, retryOfRetry].map(({ id }) => id))).toEqual(new Set([idOf(pass())]));
		expect((await run(parts, { execution: '4' }, { kind: 'retries' }, 20, true)).sent).toBe(20);
	});

	test('another pass of a loop, another node and another workflow are other batches', async () => {
		for (const kind of ['retries', 'unfinished'] as const) {
			const parts = setUp();
			await run(parts, {}, { kind }, 5, false);
			expect((await run(parts, { pass: 1 }, { kind }, 5, false)).sent).toBe(5);
			expect((await run(parts, { place: ['instance', 'workflow', 'other'] }, { kind }, 5, false)).sent).toBe(5);
			expect((await run(parts, { place: ['instance', 'other', 'node'] }, { kind }, 5, false)).sent).toBe(5);
		}
	});

	test('under "unfinished": a new execution goes on until one is complete, and the one after that begins anew', async () => {
		const parts = setUp();
		const resume = { kind: 'unfinished' } as const;
		const runs = [];
		for (const [execution, complete] of [['1', false], ['2', false], ['3', true], ['4', true], ['5', false]] as const) {
			runs.push((await run(parts, { execution }, resume, 10, complete)).sent);
		}
		expect(runs).toEqual([10, 1, 1, 10, 10]);
	});

	test('a complete batch is still there for another try of its own execution, where the store outlives the process', async () => {
		for (const kind of ['retries', 'unfinished'] as const) {
			const durable = setUp();
			await run(durable, {}, { kind }, 10, true);
			expect((await run(durable, { execution: '2', retryOf: '1' }, { kind }, 10, true)).sent).toBe(0);
			const memory = { ...setUp(), durable: false };
			await run(memory, {}, { kind }, 10, true);
			expect(await memory.memory.scan('journal/', 100)).toEqual([]);
		}
	});

	test('under a key: all runs with that key do, complete or not, until their time is over', async () => {
		const parts = setUp();
		const resume = { kind: 'key', key: 'november' } as const;
		expect((await run(parts, { execution: '1' }, resume, 10, true)).sent).toBe(10);
		expect((await run(parts, { execution: '2' }, resume, 10, true)).sent).toBe(0);
		expect((await run(parts, { execution: '3' }, { kind: 'key', key: 'december' }, 10, true)).sent).toBe(10);
		await parts.clock.advance(HOUR + 1);
		expect((await run(parts, { execution: '4' }, resume, 10, true)).sent).toBe(10);
	});
});

describe('a journal over a shared store that falls ill', () => {
	test('goes on in memory, and finds all of it when the store is back', async () => {
		const clock = new FakeClock();
		const backend = new MemoryBackend(clock);
		let ill = false;
		const guard = new GuardedBackend(
			new Proxy(backend, {
				get(target, name) {
					const member = Reflect.get(target, name, target) as unknown;
					if (typeof member !== 'function') return member;
					return (...args: unknown[]) => {
						if (ill && name !== 'isRefusal') throw new Error('Connection is closed');
						return (member as (...given: unknown[]) => unknown).apply(target, args);
					};
				},
			}),
			{ label: 'test', clock },
		);
		const store = new Journals(clock).over({ backend: guard, get status() { return guard.status; } });
		const open = async () => await Journal.open(store, clock, { name: 'one', ttlMs: HOUR });
		const journal = await open();
		for (const index of indices(30)) {
			ill = index >= 10 && index < 20;
			await journal.write(key(index), answer(index));
		}
		ill = false;
		await clock.advance(5000);
		const later = await open();
		expect(later.size).toBe(30);
		const read = await Promise.all(indices(30).map(async (index) => await later.read(key(index))));
		expect(read.map(String)).toEqual(indices(30).map((index) => `answer ${index}`));
		await guard.dispose();
	});
});

import { describe, expect, test } from 'vitest';
import { BudgetBook, SharedBudgetBook, type Amount } from '../../lib/ai/index.ts';
import { BudgetExceededError } from '../../lib/core/errors.ts';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { rejection } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';
import { sickStore } from '../helpers/sick-store.mts';

const DAY = 86_400_000;
const tokens = (limit: number, account = 'workflow one') => [{ account, owner: 'this workflow', tokens: limit }];
const of = (count: number): Amount => ({ usd: count / 1000, tokens: count });

function setUp() {
	const clock = new FakeClock();
	const memory = new MemoryBackend(clock);
	let started = 0;
	/** With a guard and a connection of its own, as each process has. */
	const start = () => {
		const { backend, patient } = sickStore(memory);
		const guard = new GuardedBackend(backend, { label: 'store', clock });
		const own = new BudgetBook(clock);
		const book = new SharedBudgetBook({ own, shared: guard, clock, process: `process ${(started += 1)}` });
		return { book, own, patient };
	};
	return { clock, memory, start, one: start(), other: start() };
}

/** What all processes together have spent of a budget of 1000 tokens, by that one's account. */
const spent = (book: SharedBudgetBook) => Math.round(book.share(tokens(1000)[0] ?? expect.unreachable()) * 1000);

async function spend(book: SharedBudgetBook, count: number, limit = 1000): Promise<void> {
	(await book.reserve(tokens(limit), of(0))).settle(of(count));
	await settle();
}

describe('a budget over processes', () => {
	test('counts what any of them has spent, and refuses before anything is sent', async () => {
		const { one, other } = setUp();
		await spend(one.book, 600);
		await spend(other.book, 300);
		const error = await rejection(one.book.reserve(tokens(1000), of(200)));
		expect(error).toBeInstanceOf(BudgetExceededError);
		expect(String(error)).toContain('1000 tokens (spent or under way: 900)');
		expect([spent(one.book), spent(other.book)]).toEqual([900, 900]);
		(await other.book.reserve(tokens(1000), of(100))).settle(of(100));
		expect(await rejection(other.book.reserve(tokens(1000), of(0)))).toBeInstanceOf(BudgetExceededError);
	});

	test('counts calls under way elsewhere, and gives back what they did not need', async () => {
		const { one, other } = setUp();
		const held = await one.book.reserve(tokens(1000), of(900));
		expect(await rejection(other.book.reserve(tokens(1000), of(200)))).toBeInstanceOf(BudgetExceededError);
		held.settle(of(100));
		await settle();
		await spend(other.book, 200);
		expect(spent(other.book)).toBe(300);
	});

	test('is not overspent by two that ask for the last of it at the same time', async () => {
		const { one, other } = setUp();
		const outcomes = await Promise.allSettled([one, other].map(async ({ book }) => await book.reserve(tokens(1000), of(600))));
		expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
	});

	test.each([1, 2, 3, 4, 5])('is never overspent, whoever asks when, and all of it can be spent (seed %i)', async (seed) => {
		const { clock, start } = setUp();
		const random = seeded(seed);
		const processes = Array.from({ length: 3 }, start);
		const billed: number[] = [];
		const under: Array<Promise<void>> = [];
		for (let call = 0; call < 200; call += 1) {
			const { book } = processes[random.int(3)] ?? expect.unreachable();
			const estimate = 1 + random.int(40);
			const work = async () => {
				const held = await book.reserve(tokens(1000), of(estimate));
				await clock.sleep(random.int(50));
				held.settle(of(estimate));
				billed.push(estimate);
			};
			under.push(work().catch((error: unknown) => expect(error).toBeInstanceOf(BudgetExceededError)));
			if (random.int(3) === 0) await clock.advance(random.int(60));
		}
		await clock.advance(1000);
		await Promise.all(under);
		const sum = billed.reduce((total, count) => total + count, 0);
		expect(sum).toBeLessThanOrEqual(1000);
		expect(sum).toBeGreaterThan(900);
	});

	test('remembers what a process spent that is gone', async () => {
		const { start, one } = setUp();
		await spend(one.book, 700);
		const again = start();
		expect(await rejection(again.book.reserve(tokens(1000), of(400)))).toBeInstanceOf(BudgetExceededError);
		await spend(again.book, 100);
		expect(spent(again.book)).toBe(800);
	});

	test('goes on with what was known while the store is out, and counts nothing twice when it is back', async () => {
		const { clock, one, other } = setUp();
		await spend(one.book, 300);
		await spend(other.book, 200);
		await spend(one.book, 0);
		one.patient.health = 'throws';
		for (let call = 0; call < 10; call += 1) await spend(one.book, 20);
		expect(spent(one.book)).toBe(700);
		expect(await rejection(one.book.reserve(tokens(1000), of(400)))).toBeInstanceOf(BudgetExceededError);
		await spend(other.book, 100);
		one.patient.health = 'well';
		await clock.advance(1000);
		await spend(one.book, 0);
		await spend(other.book, 0);
		expect([spent(one.book), spent(other.book)]).toEqual([800, 800]);
	});

	test('that begins while the store is out is known to the others once it is back', async () => {
		const { clock, one, other } = setUp();
		one.patient.health = 'throws';
		for (let call = 0; call < 5; call += 1) await spend(one.book, 100);
		one.patient.health = 'well';
		await clock.advance(1000);
		await spend(one.book, 100);
		await spend(other.book, 0);
		expect(spent(other.book)).toBe(600);
	});

	test('counts once what the store took without saying so', async () => {
		const { clock, one, other } = setUp();
		one.patient.health = 'unheard';
		for (let call = 0; call < 3; call += 1) {
			const spending = spend(one.book, 100);
			await clock.advance(1000);
			await spending;
		}
		one.patient.health = 'well';
		await clock.advance(2000);
		await spend(one.book, 100);
		await spend(other.book, 0);
		expect(spent(other.book)).toBe(400);
	});

	test('is known again after the store has lost everything', async () => {
		const { memory, one, other } = setUp();
		await spend(one.book, 400);
		await spend(other.book, 300);
		await memory.dispose();
		await spend(one.book, 0);
		await spend(other.book, 0);
		await spend(one.book, 0);
		expect([spent(one.book), spent(other.book)]).toEqual([700, 700]);
	});

	test('asks the store a few times for many calls at once', async () => {
		const { clock, one } = setUp();
		await spend(one.book, 1);
		const before = one.patient.sent;
		const held = await Promise.all(Array.from({ length: 100 }, async () => await one.book.reserve(tokens(1000), of(1))));
		for (const { settle: end } of held) end(of(1));
		await clock.advance(100);
		expect(one.patient.sent - before).toBeLessThan(20);
		expect(spent(one.book)).toBe(101);
	});

	test('is whole again with the new day', async () => {
		const { clock, one, other } = setUp();
		await spend(one.book, 900);
		await spend(other.book, 50);
		await clock.advance(DAY);
		await spend(other.book, 10);
		expect(spent(other.book)).toBe(10);
	});

	test('keeps accounts apart, under names that say nothing, and passes over what it cannot read', async () => {
		const { memory, one, other } = setUp();
		(await one.book.reserve(tokens(1000, 'workflow two'), of(0))).settle(of(999));
		await spend(one.book, 100);
		const names = await memory.scan('', 100);
		expect(names.join()).not.toContain('workflow');
		for (const name of names) await memory.set(name, Buffer.from('{"tokens":-5,"usd":"x"}'), DAY);
		await spend(other.book, 0);
		expect(spent(other.book)).toBe(0);
		await spend(one.book, 0);
		await spend(other.book, 0);
		expect(spent(other.book)).toBe(100);
	});
});

import { describe, expect, test } from 'vitest';
import { BudgetBook, estimateInputTokens, estimateTokens } from '../../lib/ai';
import { BudgetExceededError } from '../../lib/core/errors';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seededRandom } from '../stand-in/behaviour.mts';

const HOUR = 3_600_000;
const budget = (limits: { usd?: number; tokens?: number }, account = 'a') => ({ account, owner: 'this workflow', ...limits });
const free = { usd: 0, tokens: 0 };

describe('a budget', () => {
	test('lets through what fits, and refuses what does not before it is sent', () => {
		const book = new BudgetBook(new FakeClock());
		const limits = [budget({ usd: 1, tokens: 1000 })];
		book.reserve(limits, { usd: 0.4, tokens: 100 }).settle({ usd: 0.9, tokens: 200 });
		expect(() => book.reserve(limits, { usd: 0.2, tokens: 1 })).toThrow(BudgetExceededError);
		expect(() => book.reserve(limits, { usd: 0.2, tokens: 1 })).toThrow(/The budget of this workflow for today is \$1 .*midnight UTC/);
		expect(() => book.reserve(limits, { usd: 0, tokens: 801 })).toThrow(/1000 tokens \(spent or under way: 200\)/);
		book.reserve(limits, { usd: 0.1, tokens: 800 }).settle();
		expect(book.share(limits[0] ?? budget({}))).toBeCloseTo(0.9);
	});

	test('that is spent refuses even what costs nothing', () => {
		const book = new BudgetBook(new FakeClock());
		book.reserve([budget({ tokens: 10 })], free).settle({ usd: null, tokens: 10 });
		expect(() => book.reserve([budget({ tokens: 10 })], free)).toThrow(BudgetExceededError);
	});

	test('counts calls under way, and gives back what they did not need', () => {
		const book = new BudgetBook(new FakeClock());
		const limits = [budget({ tokens: 100 })];
		const held = book.reserve(limits, { usd: null, tokens: 80 });
		expect(() => book.reserve(limits, { usd: null, tokens: 30 })).toThrow(BudgetExceededError);
		held.settle();
		held.settle({ usd: 5, tokens: 5000 });
		expect(book.spent('a')).toEqual(free);
	});

	test('is whole again with the new day, for calls under way over midnight too', async () => {
		const clock = new FakeClock();
		const untilMidnight = 24 * HOUR - (clock.wallNow() % (24 * HOUR));
		const book = new BudgetBook(clock);
		const limits = [budget({ tokens: 100 })];
		book.reserve(limits, free).settle({ usd: 1, tokens: 90 });
		const held = book.reserve(limits, { usd: 0, tokens: 10 });
		await clock.advance(untilMidnight - 1);
		expect(book.spent('a').tokens).toBe(100);
		await clock.advance(1);
		expect(book.spent('a').tokens).toBe(0);
		held.settle({ usd: 0, tokens: 30 });
		expect(book.spent('a').tokens).toBe(30);
	});

	test('with two limits on one account enters the bill once', () => {
		const book = new BudgetBook(new FakeClock());
		book.reserve([budget({ usd: 9 }), budget({ tokens: 9 })], free).settle({ usd: 1, tokens: 2 });
		expect(book.spent('a')).toEqual({ usd: 1, tokens: 2 });
	});
});

test('the book is bounded, never negative, and what is settled adds up', () => {
	const book = new BudgetBook(new FakeClock(), { maxAccounts: 20 });
	const random = seededRandom(7);
	for (let round = 0; round < 500; round += 1) {
		const held = book.reserve([budget({ usd: 1e9 }, `account ${Math.floor(random() * 60)}`)], { usd: random(), tokens: 10 });
		if (random() < 0.8) held.settle({ usd: random(), tokens: Math.floor(random() * 50) });
		expect(book.size).toBeLessThanOrEqual(20);
	}
	for (let index = 0; index < 60; index += 1) expect(book.spent(`account ${index}`).usd).toBeGreaterThanOrEqual(0);
});

test('tokens are estimated by length, with messages, images and the schema', () => {
	expect(estimateTokens('')).toBe(0);
	expect(estimateTokens('four four')).toBe(3);
	const image = { mediaType: 'image/png', data: 'x' };
	expect(estimateInputTokens({ messages: [{ role: 'user', content: 'x'.repeat(40), images: [image] }], json: { schema: {} } })).toBe(1015);
});

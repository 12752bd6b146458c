import { describe, expect, test } from 'vitest';
import { PRICES_DATED, costUsd, priceOf, usageOf } from '../../lib/ai';
import type { ProviderName } from '../../lib/ai';
import { PRICES } from '../../lib/ai/prices';

const MILLION = 1_000_000;
const plain = usageOf({ inputTokens: 1000, outputTokens: 100 });

describe('the price of a model', () => {
	test.each<[ProviderName, string, string]>([
		['openAi', 'gpt-4o-2024-08-06', 'gpt-4o'],
		['openAi', 'gpt-4o-mini-2024-07-18', 'gpt-4o-mini'],
		['openAi', 'gpt-5-chat-latest', 'gpt-5-chat'],
		['openAi', 'gpt-6.1-sol-2026-09-29', 'gpt-6.1-sol'],
		['anthropic', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5'],
		['anthropic', 'claude-opus-4-20250514', 'claude-opus-4'],
		['anthropic', 'claude-3-5-haiku-latest', 'claude-3-5-haiku'],
		['gemini', 'models/gemini-2.5-pro', 'gemini-2.5-pro'],
		['gemini', 'gemini-2.0-flash-001', 'gemini-2.0-flash'],
		['gemini', 'gemini-3-flash-preview', 'gemini-3-flash'],
		['gemini', 'gemini-2.5-flash-lite-preview-09-2025', 'gemini-2.5-flash-lite'],
	])('of %s %s is that of %s', (provider, model, base) => {
		expect(priceOf(provider, model)).not.toBeNull();
		expect(priceOf(provider, model)).toBe(PRICES[provider][base]);
	});

	test('is never that of a model whose name only begins the same', () => {
		expect(priceOf('openAi', 'gpt-4o-mini')).not.toEqual(priceOf('openAi', 'gpt-4o'));
		expect(priceOf('anthropic', 'claude-opus-5-5')).not.toEqual(priceOf('anthropic', 'claude-opus-5'));
		expect(priceOf('openAi', 'gpt-4o-2024-05-13')).not.toEqual(priceOf('openAi', 'gpt-4o'));
		const unknown = ['gpt-4o-audio-preview', 'gpt-4o-realtime-preview-2024-12-17', 'gpt-5-codex-max', 'gpt-4-1106-preview', 'gpt-50', 'ft:gpt-4o-mini-2024-07-18:org::id'];
		for (const model of unknown) expect(priceOf('openAi', model)).toBeNull();
		expect(priceOf('anthropic', 'claude-opus-4-9')).toBeNull();
		expect(priceOf('gemini', 'gemini-2.5-flash-image-preview')).toBeNull();
		expect(priceOf('gemini', 'gemini-flash-latest')).toBeNull();
	});

	test('is not found for names that every object has', () => {
		for (const name of ['constructor', '__proto__', 'toString', '']) expect(priceOf('openAi', name)).toBeNull();
	});

	test("belongs to the provider's own host", () => {
		expect(priceOf('openAi', 'gpt-4o', { baseUrl: 'https://api.openai.com/v1/' })).not.toBeNull();
		for (const baseUrl of ['http://localhost:11434/v1', 'https://api.openai.com.evil.example/v1', 'https://openrouter.ai/api/v1', 'nonsense', '']) {
			expect(priceOf('openAi', 'gpt-4o', { baseUrl })).toBeNull();
			expect(costUsd('openAi', 'gpt-4o', plain, { baseUrl })).toBeNull();
		}
	});

	test('of the user goes before the table, at any host, by the same match', () => {
		const mine = { input: 1, output: 2 };
		const options = { overrides: { 'gpt-4o': mine, llama3: mine }, baseUrl: 'http://localhost:11434/v1' };
		expect(priceOf('openAi', 'gpt-4o-2024-08-06', options)).toBe(mine);
		expect(costUsd('openAi', 'llama3', plain, options)).toBeCloseTo(0.0012, 12);
		expect(priceOf('openAi', 'llama3:70b', options)).toBeNull();
		expect(costUsd('openAi', 'free', plain, { overrides: { free: { input: 0, output: 0 } } })).toBe(0);
	});
});

describe('the cost of a call', () => {
	test('is null, never 0, where price or usage is unknown', () => {
		expect(costUsd('openAi', 'gpt-99', plain)).toBeNull();
		expect(costUsd('openAi', 'gpt-4o', null)).toBeNull();
	});

	test('is input and output at their prices', () => {
		expect(costUsd('openAi', 'gpt-4o', plain)).toBeCloseTo((1000 * 2.5 + 100 * 10) / MILLION, 12);
	});

	test('prices the parts that a prompt cache read and wrote once, at their own rates', () => {
		const usage = usageOf({ inputTokens: 3210, outputTokens: 5, cachedInputTokens: 3000, cacheWriteTokens: 200 });
		const expected = (10 * 1 + 3000 * 0.1 + 200 * 1.25 + 5 * 5) / MILLION;
		expect(costUsd('anthropic', 'claude-haiku-4-5', usage)).toBeCloseTo(expected, 12);
	});

	test('takes the price of input where a cache has none of its own', () => {
		const usage = usageOf({ inputTokens: 1000, cachedInputTokens: 400, cacheWriteTokens: 100 });
		expect(costUsd('openAi', 'gpt-4-turbo', usage)).toBeCloseTo(0.01, 12);
	});

	test('is never negative, however wrong the counts', () => {
		const usage = usageOf({ inputTokens: 10, cachedInputTokens: 50 });
		expect(costUsd('openAi', 'gpt-4o', usage)).toBeCloseTo((50 * 1.25) / MILLION, 12);
	});

	test('rises for all of a prompt that is longer than the bound, and not at the bound', () => {
		const at = usageOf({ inputTokens: 200_000, outputTokens: 1000 });
		const above = usageOf({ inputTokens: 200_001, outputTokens: 1000 });
		expect(costUsd('gemini', 'gemini-2.5-pro', at)).toBeCloseTo((200_000 * 1.25 + 1000 * 10) / MILLION, 9);
		expect(costUsd('gemini', 'gemini-2.5-pro', above)).toBeCloseTo((200_001 * 2.5 + 1000 * 15) / MILLION, 9);
	});

	test('leaves a promotion behind when it has ended', () => {
		const lastMoment = Date.UTC(2027, 0, 1) - 1;
		const half = costUsd('gemini', 'gemini-3.8-flash', plain, { at: lastMoment });
		const full = costUsd('gemini', 'gemini-3.8-flash', plain, { at: lastMoment + 1 });
		expect(half).toBeCloseTo((1000 * 0.75 + 100 * 3.75) / MILLION, 12);
		expect(full).toBeCloseTo((1000 * 1.5 + 100 * 7.5) / MILLION, 12);
	});
});

describe('the table', () => {
	test('carries its date', () => {
		expect(PRICES_DATED).toMatch(/^\d{4}-\d{2}-\d{2}$/);
		expect(Date.parse(PRICES_DATED)).not.toBeNaN();
	});

	test('holds sane prices under ids that match themselves', () => {
		for (const provider of ['openAi', 'anthropic', 'gemini'] as const) {
			for (const [model, price] of Object.entries(PRICES[provider])) {
				expect(priceOf(provider, model), model).toBe(price);
				expect(price.input, model).toBeGreaterThan(0);
				expect(price.cachedInput ?? 0, model).toBeLessThan(price.input);
				expect(price.cacheWrite ?? price.input, model).toBeGreaterThanOrEqual(price.input);
			}
		}
	});
});

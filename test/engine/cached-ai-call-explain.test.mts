import { describe, expect, test } from 'vitest';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const PROMPT = 'tag this package: a small web server';
const PRICES = JSON.stringify({ 'gpt-4o-mini': { input: 1, output: 2 }, 'text-embedding-3-small': { input: 1, output: 0 } });

const run = async (options: Record<string, unknown>, more: Partial<AiRun> = {}) =>
	await runAi({ engine, standIn, workflowId: 'one-workflow', ...more, parameters: { prompt: PROMPT, ...more.parameters, options: { prices: PRICES, ...options } } });

describe('explain', () => {
	test('sends nothing and says what would be done, before the answer is there and after', async () => {
		const before = await run({ explain: true, maxTokens: 100 });
		expect(before.error).toBeUndefined();
		expect(standIn.counters().requests).toBe(0);
		expect(answers(before)[0]).toMatchObject({
			provider: 'OpenAI-Compatible',
			model: 'gpt-4o-mini',
			url: `${standIn.url}/v1/chat/completions`,
			key: expect.stringMatching(/^[0-9a-f]{64}$/),
			cache: 'miss',
			wouldSend: true,
			estimatedInputTokens: 13,
			maxOutputTokens: 100,
			estimatedInputCostUsd: 13e-6,
			maxCostUsd: 213e-6,
		});
		await run({ maxTokens: 100 });
		const after = await run({ explain: true, maxTokens: 100 });
		expect(answers(after)[0]).toMatchObject({ cache: 'hit', wouldSend: false, key: answers(before)[0]?.key });
		expect(standIn.counters().requests).toBe(1);
	});

	test('sees stale answers, and does not refresh them', async () => {
		const parameters = { contentType: 'custom', ttlSeconds: 1 };
		const stale = { staleWhileRevalidateSeconds: 60 };
		await run(stale, { parameters });
		await new Promise((resolve) => setTimeout(resolve, 1050));
		for (let times = 0; times < 2; times += 1) {
			expect(answers(await run({ ...stale, explain: true }, { parameters }))[0]).toMatchObject({ cache: 'stale', wouldSend: true });
		}
		expect(standIn.counters().requests).toBe(1);
	});

	test('says that the cache takes no part where it is off, and that a price is not known', async () => {
		const result = await run({ explain: true, prices: '{}' }, { parameters: { cacheMode: 'off' } });
		expect(answers(result)[0]).toMatchObject({ cache: 'bypass', wouldSend: true, estimatedInputCostUsd: null, maxCostUsd: null });
	});

	test('is there for embeddings too', async () => {
		const parameters = { operation: 'embed', text: PROMPT, model: { __rl: true, mode: 'id', value: 'text-embedding-3-small' } };
		expect(answers(await run({ explain: true }, { parameters }))[0]).toMatchObject({ cache: 'miss', estimatedInputTokens: 9, estimatedInputCostUsd: 9e-6 });
		await run({}, { parameters });
		expect(answers(await run({ explain: true }, { parameters }))[0]).toMatchObject({ cache: 'hit' });
		expect(standIn.counters().requests).toBe(1);
	});
});

test('what was saved is told apart: by the cache, and by sharing a call in flight', async () => {
	standIn.setBehaviour({ delayMs: 150 });
	const cold = await run({ includeTrace: true }, { input: [{}, {}] });
	const tokens = (answers(cold)[0]?.usage as { totalTokens: number }).totalTokens;
	expect(cold.hints.map(({ message }) => message).join()).toMatch(
		new RegExp(`2 answered: 0 from the cache, 1 shared with a call in flight \\(saved ${tokens} tokens, about \\$[\\d.e-]+\\), 1 by the model`),
	);
	const warm = await run({ includeTrace: true });
	const [answer] = answers(warm);
	expect(answer).toMatchObject({ cached: true, costUsd: 0, _fastpath: { savedTokens: tokens, savedUsd: answers(cold)[0]?.costUsd } });
	expect((answer?._fastpath as { savedMs: number }).savedMs).toBeGreaterThanOrEqual(140);
	expect(warm.hints.map(({ message }) => message).join()).toMatch(/1 from the cache \(saved \d+ tokens, about \$[\d.e-]+, 0\.\d s\)/);
});

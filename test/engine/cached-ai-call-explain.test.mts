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

	test('says which rules would shorten the prompt, and by how much', async () => {
		const parameters = { prompt: 'Please   tag this   package: thank you' };
		const [without] = answers(await run({ explain: true }, { parameters }));
		const [explained] = answers(await run({ explain: true, shortenPrompt: ['whitespace', 'courtesy', 'json'] }, { parameters }));
		const shortened = explained?.shortened as { tokensBefore: number; tokensAfter: number; saved: Record<string, number> };
		expect(without?.shortened).toBeNull();
		expect(Object.keys(shortened.saved).sort()).toEqual(['courtesy', 'whitespace']);
		expect(shortened.tokensBefore - shortened.tokensAfter).toBe((shortened.saved.courtesy ?? 0) + (shortened.saved.whitespace ?? 0));
		expect(Number(without?.estimatedInputTokens) - Number(explained?.estimatedInputTokens)).toBe(shortened.tokensBefore - shortened.tokensAfter);
		expect(standIn.counters().requests).toBe(0);
	});

	test('says which similar prompt would answer, how close it is, or what speaks against it', async () => {
		const similar = { similarMode: 'on', similarShowMatch: true };
		const ask = async (prompt: string, options: Record<string, unknown> = {}) => answers(await run({ ...similar, ...options }, { parameters: { prompt } }))[0];
		await ask('Which tags fit a fast web server for static files?');
		const served = await ask('Please tell me which tags fit a quick web server for static files', { explain: true });
		expect(served).toMatchObject({ cache: 'similar', wouldSend: false, similar: { outcome: 'wouldServe', prompt: 'Which tags fit a fast web server for static files?' } });
		expect((served?.similar as { similarity: number }).similarity).toBeGreaterThan(0.5);
		const vetoed = await ask('Which tags fit a fast web server for 2 static files?', { explain: true });
		expect(vetoed).toMatchObject({ cache: 'miss', wouldSend: true, similar: { outcome: 'vetoed', veto: 'numbers' } });
		expect(standIn.counters().requests).toBe(1);
		const embeddings = { similarCandidates: 'embeddings', similarEmbeddingModel: 'text-embedding-3-small', explain: true };
		expect(await ask('Please tell me which tags fit', embeddings)).toMatchObject({ similar: { candidates: 'embeddings', outcome: 'none' } });
		expect(standIn.counters().requests, 'no embedding is asked for').toBe(1);
	});

	test('says which budget or limit would refuse the call or hold it up', async () => {
		const budgets = { budget: [{ scope: 'workflow', usd: 1 }, { scope: 'node', tokens: 5 }] };
		const [free] = answers(await run({ explain: true }));
		expect(free).toMatchObject({ heldUpBy: [], budgets: [], limits: { circuit: 'closed', maxConcurrent: 10, underWay: 0, providerWaitMs: 0 } });
		const [broke] = answers(await run({ explain: true, budgets }));
		expect(broke?.heldUpBy).toEqual(['budget of this node']);
		expect(broke?.budgets).toMatchObject([
			{ of: 'this workflow', limitUsd: 1, limitTokens: null, refusal: null },
			{ of: 'this node', limitUsd: null, limitTokens: 5, spentTokens: 0, refusal: expect.stringMatching(/5 tokens/) as string },
		]);
		standIn.setBehaviour({ requestLimit: { count: 1, windowMs: 60_000 } });
		await run({});
		const [limited] = answers(await run({ explain: true }, { parameters: { prompt: 'another' } }));
		expect(limited?.heldUpBy).toEqual(["provider's rate limit"]);
		expect((limited?.limits as { providerWaitMs: number }).providerWaitMs).toBeGreaterThan(1000);
		standIn.setBehaviour({ failRatio: { ratio: 1, status: 500 } });
		const options = { maxRetries: 0, circuitFailures: 1 };
		await run(options, { parameters: { model: { __rl: true, mode: 'id', value: 'gpt-4o' } }, node: { onError: 'continueRegularOutput' } });
		const [open] = answers(await run({ ...options, explain: true }, { parameters: { prompt: 'another', model: { __rl: true, mode: 'id', value: 'gpt-4o' } } }));
		expect(open?.heldUpBy).toEqual(['circuit breaker']);
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

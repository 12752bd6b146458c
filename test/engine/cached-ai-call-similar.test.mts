import { describe, expect, test } from 'vitest';
import { answers, runAi, texts } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const calls = () => Object.values(standIn.counters().calls).reduce((sum, count) => sum + count, 0);

const ask = async (prompt: string, options: Record<string, unknown> = {}, parameters: Record<string, unknown> = {}, credentialId = 'one') =>
	await runAi({
		engine,
		standIn,
		workflowId: 'similar',
		node: { credentialId },
		parameters: { prompt, ...parameters, options: { similarMode: 'on', includeTrace: true, ...options } },
	});

const trace = (result: Awaited<ReturnType<typeof ask>>) => answers(result)[0]?._fastpath as Record<string, unknown>;

const FIRST = 'Which tags fit a fast web server for static files?';
const OTHER = 'Please tell me which tags fit a quick web server for static files';

describe('similar prompts', () => {
	test('another wording gets the stored answer, costs nothing, and the trace says why', async () => {
		const first = await ask(FIRST);
		const second = await ask(OTHER, { similarShowMatch: true });
		expect(second.error).toBeUndefined();
		expect(calls()).toBe(1);
		expect(texts(second)).toEqual(texts(first));
		expect(answers(second)[0]).toMatchObject({ cached: true, costUsd: 0 });
		expect(second.hints[0]?.message).toContain('1 from similar calls');
		expect(trace(second)).toMatchObject({
			cache: 'similar',
			attempts: 0,
			similar: { mode: 'on', outcome: 'served', threshold: 0.5, maxAgeMs: 86_400_000, prompt: FIRST, matched: expect.stringMatching(/^[\da-f]{16}$/) },
		});
	});

	test('off by default', async () => {
		await ask(FIRST, { similarMode: 'off' });
		await ask(OTHER, { similarMode: 'off' });
		expect(calls()).toBe(2);
	});

	test('shadow mode asks the model, and reports what it would have served', async () => {
		await ask(FIRST, { similarMode: 'shadow' });
		const second = await ask(OTHER, { similarMode: 'shadow' });
		expect(calls()).toBe(2);
		expect(trace(second)).toMatchObject({ cache: 'miss', similar: { mode: 'shadow', outcome: 'wouldServe' } });
		expect(second.hints[0]?.message).toContain('would have answered 1 more');
	});

	test('a near-miss is asked, and the trace names the veto', async () => {
		await ask('tag this package: enable the cache of the server');
		const second = await ask('tag this package: disable the cache of the server');
		expect(calls()).toBe(2);
		expect(trace(second)).toMatchObject({ cache: 'miss', similar: { outcome: 'vetoed', veto: 'opposites' } });
	});

	test.each([
		['another system message', {}, { systemMessage: 'Be brief.' }, 'one'],
		['another model', {}, { model: { __rl: true, mode: 'id', value: 'gpt-4o' } }, 'one'],
		['another setting', { maxTokens: 77 }, {}, 'one'],
		['another output', {}, { outputFormat: 'json' }, 'one'],
		['another credential', {}, {}, 'two'],
		['another partition', {}, { cacheScope: 'custom', cacheScopeKey: 'tenant' }, 'one'],
	])('%s is another scope', async (_what, options, parameters, credentialId) => {
		await ask(FIRST);
		const second = await ask(OTHER, options, parameters, credentialId);
		expect(second.error).toBeUndefined();
		expect(calls()).toBe(2);
		expect(trace(second)).toMatchObject({ similar: { outcome: 'none' } });
	});

	test('a conversation is never answered by a similar one', async () => {
		const talk = (last: string) => ({
			promptType: 'messages',
			messages: JSON.stringify([
				{ role: 'user', content: 'Hello' },
				{ role: 'assistant', content: 'Hi' },
				{ role: 'user', content: last },
			]),
		});
		await ask('', {}, talk(FIRST));
		const second = await ask('', {}, talk(OTHER));
		expect(calls()).toBe(2);
		expect(trace(second)).not.toHaveProperty('similar');
	});

	test('an answer above the max age is asked anew', async () => {
		await ask(FIRST);
		await new Promise((resolve) => setTimeout(resolve, 30));
		await ask(OTHER, { similarMaxAgeSeconds: 0.01 });
		expect(calls()).toBe(2);
	});

	test('a threshold that is no number between 0 and 1 is named', async () => {
		const result = await ask(FIRST, { similarThreshold: 7 });
		expect(result.error?.message).toContain('Similar Prompts Threshold');
	});
});

describe('similar prompts, found by embeddings', () => {
	const EMBED = 'POST /v1/embeddings';
	const CHAT = 'POST /v1/chat/completions';
	const count = (route: string) => standIn.counters().calls[route] ?? 0;
	const PRICES = JSON.stringify({ 'gpt-4o-mini': { input: 1, output: 1 }, 'text-embedding-3-small': { input: 1000, output: 0 } });
	const EMBEDDINGS = { similarCandidates: 'embeddings', similarEmbeddingModel: 'text-embedding-3-small', similarThreshold: 0.6, prices: PRICES };
	const similar = (result: Awaited<ReturnType<typeof ask>>) => trace(result).similar as Record<string, unknown> & { embedding: { tokens: number; costUsd: number } };

	test('another wording gets the stored answer, for the price of its embedding', async () => {
		const first = await ask(FIRST, EMBEDDINGS);
		expect(first.error).toBeUndefined();
		expect([count(CHAT), count(EMBED)]).toEqual([1, 1]);
		const second = await ask(OTHER, EMBEDDINGS);
		expect(texts(second)).toEqual(texts(first));
		expect([count(CHAT), count(EMBED)]).toEqual([1, 2]);
		expect(similar(second)).toMatchObject({ outcome: 'served', candidates: 'embeddings', threshold: 0.6, embedding: { cached: false } });
		const { tokens } = similar(second).embedding;
		expect(answers(second)[0]).toMatchObject({ cached: true, costUsd: tokens / 1000 });
		const usage = answers(first)[0]?.usage as { totalTokens: number };
		expect(trace(second).savedUsd).toBeCloseTo(usage.totalTokens / 1e6 - tokens / 1000, 9);
		expect(answers(first)[0]?.costUsd).toBeCloseTo(usage.totalTokens / 1e6 + similar(first).embedding.tokens / 1000, 9);
		const again = await ask(OTHER, EMBEDDINGS);
		expect([count(CHAT), count(EMBED)]).toEqual([1, 2]);
		expect(answers(again)[0]).toMatchObject({ cached: true, costUsd: 0 });
	});

	test('a near-miss is asked, and so it is in shadow mode', async () => {
		await ask('tag this package: enable the cache of the server', EMBEDDINGS);
		const second = await ask('tag this package: disable the cache of the server', EMBEDDINGS);
		expect(similar(second)).toMatchObject({ outcome: 'vetoed', veto: 'opposites' });
		await ask(FIRST, { ...EMBEDDINGS, similarMode: 'shadow' });
		const shadow = await ask(OTHER, { ...EMBEDDINGS, similarMode: 'shadow' });
		expect(trace(shadow)).toMatchObject({ cache: 'miss', similar: { outcome: 'wouldServe' } });
		expect(count(CHAT)).toBe(4);
	});

	test('an embedding that fails costs no answer', async () => {
		standIn.setBehaviour({ route: '/v1/embeddings', failRatio: { ratio: 1, status: 400 } });
		const result = await ask(FIRST, EMBEDDINGS);
		expect(result.error).toBeUndefined();
		expect(similar(result)).toMatchObject({ outcome: 'none' });
	});

	test('count against a budget', async () => {
		const budgets = { budget: [{ scope: 'workflow', usd: 0.013 }] };
		const first = await ask(FIRST, { ...EMBEDDINGS, budgets });
		expect(first.error?.message).toMatch(/The budget of this workflow for today is \$0.013/);
		expect([count(CHAT), count(EMBED)]).toEqual([0, 1]);
	});

	test.each<[Record<string, unknown>, Record<string, unknown>, RegExp]>([
		[{ similarEmbeddingModel: '' }, {}, /Invalid Similar Prompts Embeddings/],
		[{}, { provider: 'anthropic' }, /Invalid Similar Prompts Candidates: expected letters, because Anthropic offers no embeddings/],
	])('what cannot be is named: %j %j', async (options, parameters, message) => {
		const result = await ask(FIRST, { ...EMBEDDINGS, ...options }, parameters);
		expect(result.error?.message).toMatch(message);
		expect(calls()).toBe(0);
	});
});

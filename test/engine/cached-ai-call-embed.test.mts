import { describe, expect, test } from 'vitest';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const EMBED = 'POST /v1/embeddings';
const calls = (route = EMBED) => standIn.counters().calls[route] ?? 0;
const MODELS = { openAi: 'text-embedding-3-small', gemini: 'gemini-embedding-001', anthropic: 'claude-sonnet-4-5' };

async function run({ parameters, ...options }: Omit<AiRun, 'engine' | 'standIn'>) {
	const provider = (parameters?.provider ?? 'openAi') as keyof typeof MODELS;
	const model = { __rl: true, mode: 'id', value: MODELS[provider] };
	const embed = { operation: 'embed', model, text: '={{ $json.text }}', ...parameters };
	return await runAi({ engine, standIn, workflowId: 'one-workflow', parameters: embed, ...options });
}

const texts = (count: number, distinct = count) => Array.from({ length: count }, (_, index) => ({ text: `text number ${index % distinct} here` }));
const vectors = (result: Awaited<ReturnType<typeof run>>) => answers(result).map(({ embedding }) => embedding as number[]);

describe('embeddings', () => {
	test('of many items share requests, keep their order, and each text is asked for once', async () => {
		const input = texts(250, 120);
		const options = { dimensions: 32, textsPerRequest: 50 };
		const cold = await run({ parameters: { options }, input });
		expect(cold.error).toBeUndefined();
		expect(calls()).toBe(3);
		expect(cold.items('AI').map(({ pairedItem }) => pairedItem)).toEqual(input.map((_, item) => ({ item })));
		const alone = await run({ parameters: { options, cacheMode: 'off' }, input: [input[77] ?? {}] });
		expect(vectors(cold)[77]).toEqual(vectors(alone)[0]);
		expect(vectors(cold)[77 + 120]).toEqual(vectors(alone)[0]);
		expect(vectors(cold)[78]).not.toEqual(vectors(alone)[0]);
		const warm = await run({ parameters: { options }, input });
		expect(calls()).toBe(4);
		expect(vectors(warm)).toEqual(vectors(cold));
		expect(answers(warm).every(({ cached, costUsd }) => cached === true && costUsd === 0)).toBe(true);
	});

	test('cost what their request was counted, shared out among the texts', async () => {
		standIn.reset();
		const result = await run({ parameters: { options: { includeTrace: true } }, input: texts(10) });
		const used = answers(result).reduce((sum, { usage }) => sum + (usage as { inputTokens: number }).inputTokens, 0);
		expect(used).toBe(standIn.counters().tokens.input);
		const attempts = answers(result).map(({ _fastpath }) => (_fastpath as { attempts: number }).attempts);
		expect(attempts.reduce((sum, count) => sum + count, 0)).toBe(1);
	});

	test('one new text among cached ones is the only one that is sent', async () => {
		await run({ input: texts(20) });
		standIn.reset();
		await run({ input: texts(21) });
		expect(standIn.counters().tokens.input).toBe(5);
	});

	test('a text that the provider refuses fails alone', async () => {
		const input = texts(60).map((item, index) => (index === 41 ? { text: 'x'.repeat(40_000) } : item));
		const result = await run({ input, node: { onError: 'continueRegularOutput' } });
		const failed = answers(result).flatMap(({ error }, index) => (error ? [index] : []));
		expect(failed).toEqual([41]);
		expect(calls()).toBeLessThan(16);
	});

	test('a refusal of all of them is not asked again for each', async () => {
		const input = texts(100);
		standIn.setBehaviour({ failRatio: { ratio: 1, status: 400 } });
		const result = await run({ input, node: { onError: 'continueRegularOutput' }, parameters: { options: { circuitBreaker: false } } });
		expect(answers(result).every(({ error }) => error !== undefined)).toBe(true);
		expect(calls()).toBeLessThan(40);
	});

	test('an outage is retried for the whole request', async () => {
		standIn.setBehaviour({ failNext: { count: 1, status: 429, headers: { 'retry-after-ms': '20' } } });
		const result = await run({ input: texts(30) });
		expect(result.error).toBeUndefined();
		expect(calls()).toBe(2);
	});

	test('come from Gemini in batches of a hundred', async () => {
		const result = await run({ parameters: { provider: 'gemini', options: { dimensions: 16, textsPerRequest: 2048 } }, input: texts(130) });
		expect(result.error).toBeUndefined();
		expect(calls('POST /v1beta/models/:model:batchEmbedContents')).toBe(2);
		expect(answers(result)[0]).toMatchObject({ dimensions: 16, model: 'gemini-embedding-001', cached: false });
	});

	test.each([
		['Anthropic, which has none', { provider: 'anthropic' }, /Invalid Provider: expected one that offers embeddings, which Anthropic does not/],
		['an empty text', { text: ' ' }, /Invalid Text: expected a text that is not empty/],
		['an unknown model', { model: { __rl: true, mode: 'id', value: 'no-such' } }, /404/],
		['too many texts per request', { options: { textsPerRequest: 5000 } }, /Invalid Texts per Request/],
	])('fail clearly for %s', async (_what, parameters, message) => {
		const result = await run({ parameters, input: texts(2) });
		expect(result.error?.message).toMatch(message);
	});

	test('a stopped execution aborts the request', async () => {
		standIn.setBehaviour({ hang: true });
		const stop = new AbortController();
		const running = run({ input: texts(5), signal: stop.signal });
		while (calls() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
		stop.abort();
		await running;
		while (standIn.counters().aborted === 0) await new Promise((resolve) => setTimeout(resolve, 10));
		expect(standIn.counters().inFlight).toBe(0);
	});
});

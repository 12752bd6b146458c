import { describe, expect, test } from 'vitest';
import { startStandIn } from '../stand-in/ai-provider.mts';
import { answers, runAi, texts, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const PROMPT = '={{ $json.prompt }}';
const CHAT = 'POST /v1/chat/completions';

const run = async (options: Omit<AiRun, 'engine' | 'standIn'>) =>
	await runAi({ engine, standIn, workflowId: 'one-workflow', ...options });

const prompts = (...list: unknown[]) => list.map((prompt) => ({ prompt }));

const calls = (route = CHAT) => standIn.counters().calls[route] ?? 0;

describe('the cache', () => {
	test('asks once per distinct prompt when cold and not at all when warm', async () => {
		const input = prompts(...Array.from({ length: 60 }, (_, index) => `tag this package: number ${index % 17} of a list`));
		const cold = await run({ parameters: { prompt: PROMPT }, input });
		expect(cold.error).toBeUndefined();
		expect(answers(cold)).toHaveLength(60);
		expect(calls()).toBe(17);
		const warm = await run({ parameters: { prompt: PROMPT }, input });
		expect(calls()).toBe(17);
		expect(texts(warm)).toEqual(texts(cold));
		expect(answers(warm).every((answer) => answer.cached === true && answer.costUsd !== undefined)).toBe(true);
	});

	test('keeps the order of the items and pairs each with its own', async () => {
		standIn.setBehaviour({ delayMs: 1, jitterMs: 30 });
		const input = prompts(...Array.from({ length: 20 }, (_, index) => `tag this package: word${index}x`));
		const result = await run({ parameters: { prompt: PROMPT }, input });
		const items = result.items('AI');
		expect(items.map((item) => item.pairedItem)).toEqual(input.map((_, item) => ({ item })));
		items.forEach((item, index) => expect(String(item.json.text)).toContain(`word${index}x`));
	});

	test.each([
		['workflow', 'shares answers between nodes of one workflow', 1],
		['node', 'keeps answers of one node from the next', 2],
	])('scope %s %s', async (cacheScope, _what, expected) => {
		const parameters = { prompt: 'tag this package: scoped', cacheScope };
		await run({ parameters, node: { id: 'node-a' } });
		await run({ parameters, node: { id: 'node-b' } });
		expect(calls()).toBe(expected);
	});

	test('scope workflow keeps answers of one workflow from the next, scope instance does not', async () => {
		for (const cacheScope of ['workflow', 'instance']) {
			for (const workflowId of ['first', 'second']) {
				await run({ workflowId, parameters: { prompt: `tag this package: ${cacheScope}`, cacheScope } });
			}
		}
		expect(calls()).toBe(3);
	});

	test('a custom key partitions by what the expression gives', async () => {
		const parameters = { prompt: 'tag this package: tenants', cacheScope: 'custom', cacheScopeKey: '={{ $json.tenant }}' };
		const result = await run({ parameters, input: [{ tenant: 'a' }, { tenant: 'b' }, { tenant: 'a' }, { tenant: 7 }] });
		expect(result.error).toBeUndefined();
		expect(calls()).toBe(3);
	});

	test('never crosses credentials', async () => {
		const parameters = { prompt: 'tag this package: credentials', cacheScope: 'instance' };
		await run({ parameters, node: { credentialId: 'one' } });
		await run({ parameters, node: { credentialId: 'two' } });
		expect(calls()).toBe(2);
	});

	test('tells apart every parameter that reaches the model', async () => {
		const prompt = 'tag this package: parameters';
		const variants = [
			{ prompt },
			{ prompt, systemMessage: 'Be brief.' },
			{ prompt, outputFormat: 'json' },
			...[{ temperature: 0 }, { maxTokens: 50 }, { maxTokens: 51 }, { seed: 1 }, { stop: ['x'] }, { topP: 0.5 }].map((options) => ({
				prompt,
				options,
			})),
			{ prompt, options: { extraBody: '{"user":"u"}' } },
		];
		for (const parameters of [...variants, ...variants]) expect((await run({ parameters })).error).toBeUndefined();
		expect(calls()).toBe(variants.length);
	});

	test('modes: refresh asks and stores, read only stores nothing, off does neither', async () => {
		const of = (cacheMode: string) => ({ parameters: { prompt: 'tag this package: modes', cacheMode } });
		await run(of('readOnly'));
		await run(of('readOnly'));
		expect(calls()).toBe(2);
		await run(of('refresh'));
		await run(of('refresh'));
		expect(calls()).toBe(4);
		await run(of('readOnly'));
		await run(of('readWrite'));
		expect(calls()).toBe(4);
		await run(of('off'));
		expect(calls()).toBe(5);
	});

	test('a temperature above 0 bypasses the cache unless varied answers may be cached', async () => {
		const of = (options: Record<string, unknown>) => ({ parameters: { prompt: 'tag this package: warm', options } });
		await run(of({ temperature: 0.7 }));
		await run(of({ temperature: 0.7 }));
		expect(calls()).toBe(2);
		await run(of({ temperature: 0.7, cacheVaried: true }));
		await run(of({ temperature: 0.7, cacheVaried: true }));
		expect(calls()).toBe(3);
	});

	test('an answer that a later node changes stays as it was in the cache', async () => {
		const parameters = { prompt: 'tag this package: changed', outputFormat: 'json' };
		const first = await run({ parameters });
		const data = answers(first)[0]?.data as { tags: string[] };
		const original = structuredClone(data);
		data.tags.push('changed');
		const second = await run({ parameters });
		expect(answers(second)[0]?.data).toEqual(original);
		expect(calls()).toBe(1);
	});

	test.each([
		['cut off', { truncated: true }, undefined],
		['empty', { emptyAnswer: true }, /empty answer/],
		['malformed', { malformedJson: true }, /not with JSON/],
	])('an answer that is %s is not stored', async (_what, behaviour, message) => {
		standIn.setBehaviour({ ...behaviour, times: 1 });
		const parameters = { prompt: 'tag this package: incomplete, a text of several words', options: { maxRetries: 0 } };
		const first = await run({ parameters });
		if (message) expect(first.error?.message).toMatch(message);
		else expect(answers(first)[0]?.finishReason).toBe('length');
		const second = await run({ parameters });
		expect(answers(second)[0]?.finishReason).toBe('stop');
		expect(calls()).toBe(2);
	});
});

describe('single-flight', () => {
	test('items, nodes and executions with one prompt share one call', async () => {
		standIn.setBehaviour({ delayMs: 150 });
		const parameters = { prompt: 'tag this package: shared', options: { includeTrace: true } };
		const results = await Promise.all(
			Array.from({ length: 5 }, async () => await run({ parameters, input: [{}, {}, {}] })),
		);
		expect(calls()).toBe(1);
		const traces = results.flatMap((result) => answers(result).map((answer) => answer._fastpath as Record<string, unknown>));
		expect(traces.filter((trace) => trace.coalesced === false && trace.cache === 'miss')).toHaveLength(1);
		expect(traces.filter((trace) => trace.coalesced === true || trace.cache === 'hit')).toHaveLength(14);
	});

	test('a cancelled execution leaves the call to the others, and the last one to leave aborts it', async () => {
		standIn.setBehaviour({ delayMs: 400 });
		const parameters = { prompt: 'tag this package: cancelled' };
		const [first, second] = [new AbortController(), new AbortController()];
		const cancelled = run({ parameters, signal: first.signal });
		const other = run({ parameters, signal: second.signal });
		await until(() => calls() === 1);
		first.abort();
		await cancelled;
		const result = await other;
		expect(texts(result)).toHaveLength(1);
		expect(standIn.counters()).toMatchObject({ aborted: 0 });

		standIn.setBehaviour({ hang: true });
		const third = new AbortController();
		const alone = run({ parameters: { prompt: 'tag this package: alone' }, signal: third.signal });
		await until(() => calls() === 2);
		third.abort();
		await alone;
		await until(() => standIn.counters().aborted === 1);
	});
});

describe('providers', () => {
	test.each([
		['openAi', CHAT],
		['anthropic', 'POST /v1/messages'],
		['gemini', 'POST /v1beta/models/:model:generateContent'],
	])('%s answers with text, usage, finish reason, and JSON after a schema', async (provider, route) => {
		const prompt = 'tag this package: fast and small web server';
		const text = await run({ parameters: { provider, prompt, systemMessage: 'Be brief.' } });
		expect(text.error).toBeUndefined();
		expect(answers(text)[0]).toMatchObject({ finishReason: 'stop', cached: false, usage: { inputTokens: expect.any(Number) } });
		const json = await run({ parameters: { provider, prompt, outputFormat: 'schema' } });
		expect(json.error).toBeUndefined();
		expect(answers(json)[0]?.data).toMatchObject({ tags: expect.any(Array) });
		expect(calls(route)).toBe(2);
	});

	test('a server without key needs no credential, only its base URL', async () => {
		const keyless = await startStandIn({ apiKey: '' });
		const result = await run({
			parameters: { provider: 'openAiKeyless', baseUrl: `${keyless.url}/v1`, prompt: 'tag this package: local' },
		});
		await keyless.close();
		expect(result.error).toBeUndefined();
		expect(keyless.counters().calls[CHAT]).toBe(1);
	});

	test('a list of messages goes out as it is', async () => {
		const messages = JSON.stringify([
			{ role: 'user', content: 'Hello' },
			{ role: 'assistant', content: 'Hi' },
			{ role: 'user', content: 'tag this package: conversation' },
		]);
		const result = await run({ parameters: { promptType: 'messages', messages } });
		expect(result.error).toBeUndefined();
		expect(calls()).toBe(1);
	});
});

async function until(condition: () => boolean): Promise<void> {
	for (let turns = 0; !condition(); turns += 1) {
		if (turns > 500) throw new Error('The awaited condition did not come true');
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}

describe('a rate limit', () => {
	test('holds calls back, but not answers from the cache', async () => {
		const input = prompts(...Array.from({ length: 8 }, (_, index) => `tag this package: ${index % 4}`));
		const parameters = { prompt: PROMPT, options: { requestsPerSecond: 2, includeTrace: true } };
		const cold = await run({ parameters, input });
		expect(calls()).toBe(4);
		const waited = answers(cold).map((answer) => Number((answer._fastpath as { waitedMs: number }).waitedMs));
		expect(Math.max(...waited)).toBeGreaterThanOrEqual(950);
		const started = performance.now();
		await run({ parameters, input });
		expect(calls()).toBe(4);
		expect(performance.now() - started).toBeLessThan(900);
	});
});

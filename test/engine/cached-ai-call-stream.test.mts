import { describe, expect, test } from 'vitest';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const run = async (options: Omit<AiRun, 'engine' | 'standIn'>) =>
	await runAi({ engine, standIn, workflowId: 'one-workflow', ...options });

const PROMPT = 'tag this package: a small and fast web server with routes, plugins and hooks';
const total = () => standIn.counters().requests;

describe.each([
	['openAi', 'POST /v1/chat/completions'],
	['anthropic', 'POST /v1/messages'],
	['gemini', 'POST /v1beta/models/:model:streamGenerateContent'],
])('a stream from %s', (provider, route) => {
	test('gives the same answer, and shares its place in the cache', async () => {
		const plain = await run({ parameters: { provider, prompt: PROMPT, cacheMode: 'off' } });
		const streamed = await run({ parameters: { provider, prompt: PROMPT, options: { stream: true } } });
		expect(streamed.error).toBeUndefined();
		expect(answers(streamed)).toEqual(answers(plain));
		expect(standIn.counters().calls[route]).toBeGreaterThan(0);
		const cached = await run({ parameters: { provider, prompt: PROMPT } });
		expect(answers(cached)[0]).toMatchObject({ cached: true, text: answers(plain)[0]?.text });
		expect(total()).toBe(2);
	});

	test('outlives the timeout of an attempt while it keeps coming', async () => {
		standIn.setBehaviour({ chunkDelayMs: 90 });
		const options = { stream: true, timeoutSeconds: 0.2, maxRetries: 0, includeTrace: true };
		const result = await run({ parameters: { provider, prompt: PROMPT, options } });
		expect(result.error).toBeUndefined();
		expect((answers(result)[0]?._fastpath as { upstreamMs: number }).upstreamMs).toBeGreaterThan(250);
	});

	test.each([
		['is cut off', { resetAfterHeaders: true }],
		['ends before its last event', { malformedJson: true }],
	])('that %s is asked for again, and never stored', async (_what, behaviour) => {
		standIn.setBehaviour({ ...behaviour, times: 1 });
		const failed = await run({ parameters: { provider, prompt: PROMPT, options: { stream: true, maxRetries: 0 } } });
		expect(failed.status).toBe('error');
		standIn.setBehaviour({ ...behaviour, times: 1 });
		const result = await run({ parameters: { provider, prompt: PROMPT, options: { stream: true, includeTrace: true } } });
		expect(result.error).toBeUndefined();
		expect(answers(result)[0]).toMatchObject({ cached: false, _fastpath: { attempts: 2, cache: 'miss' } });
	});
});

test('what a stream wraps around the words does not count against the size of the answer', async () => {
	const options = { stream: true, maxRetries: 0, maxResponseMb: 0.001 };
	const result = await run({ parameters: { prompt: PROMPT, options } });
	expect(result.error).toBeUndefined();
	standIn.setBehaviour({ hugeBytes: 20_000 });
	const huge = await run({ parameters: { prompt: `${PROMPT}, again`, options } });
	expect(huge.error?.message).toMatch(/larger than the limit/);
});

test('a stream that falls silent fails', async () => {
	standIn.setBehaviour({ chunkDelayMs: 4000 });
	const result = await run({ parameters: { prompt: PROMPT, options: { stream: true, timeoutSeconds: 0.2, maxRetries: 0 } } });
	expect(result.error?.message).toMatch(/stalled within 200 ms/);
});

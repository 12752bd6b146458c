import { describe, expect, test } from 'vitest';
import { answers, runAi } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const run = async (count: number, parameters: Record<string, unknown>) =>
	await runAi({
		engine,
		standIn,
		workflowId: 'one-workflow',
		node: { onError: 'continueRegularOutput' },
		input: Array.from({ length: count }, (_, index) => ({ text: `tag this package: number ${index}` })),
		parameters: { prompt: '={{ $json.text }}', ...parameters },
	});

describe('limits that the provider reports with its answers', () => {
	test.each(['openAi', 'anthropic'])('of %s are kept without one rejection', async (provider) => {
		standIn.setBehaviour({ requestLimit: { count: 6, windowMs: 400 }, delayMs: 10 });
		const result = await run(20, { provider, options: { concurrency: 4, maxRetries: 0, includeTrace: true } });
		expect(answers(result).filter(({ error }) => error !== undefined)).toEqual([]);
		expect(standIn.counters().statuses).toEqual({ 200: 20 });
		const waited = answers(result).map(({ _fastpath }) => (_fastpath as { waitedMs: number }).waitedMs);
		expect(Math.max(...waited)).toBeGreaterThan(100);
	});

	test.each(['openAi', 'anthropic'])('of tokens, of %s, are kept without one rejection once the first answers are there', async (provider) => {
		await run(2, { provider, prompt: '={{ $json.text }} to begin with', options: { concurrency: 1 } });
		standIn.reset();
		standIn.setBehaviour({ tokenLimit: { count: 55, windowMs: 400 }, delayMs: 10 });
		const result = await run(20, { provider, options: { concurrency: 4, maxRetries: 0, includeTrace: true } });
		expect(answers(result).filter(({ error }) => error !== undefined)).toEqual([]);
		const { statuses, tokens } = standIn.counters();
		expect(statuses).toEqual({ 200: 20 });
		expect(tokens.input + tokens.output).toBeGreaterThan(3 * 55);
		const waited = answers(result).map(({ _fastpath }) => (_fastpath as { waitedMs: number }).waitedMs);
		expect(Math.max(...waited)).toBeGreaterThan(100);
	});

	test('are not waited for beyond the total timeout', async () => {
		standIn.setBehaviour({ requestLimit: { count: 2, windowMs: 60_000 } });
		const result = await run(5, { options: { concurrency: 1, maxRetries: 0, totalTimeoutSeconds: 5 } });
		expect(standIn.counters().requests).toBe(2);
		expect(answers(result)[3]?.error).toMatch(/rate limit is used up for another \d+ s, which is longer than this call may take/);
	});

	test('of one model leave another alone', async () => {
		standIn.setBehaviour({ requestLimit: { count: 1, windowMs: 60_000 }, times: 1 });
		const options = { maxRetries: 0, totalTimeoutSeconds: 5 };
		await run(1, { options });
		const other = await run(1, { options, model: { __rl: true, mode: 'id', value: 'gpt-4o' } });
		expect(answers(other)[0]?.error).toBeUndefined();
	});
});

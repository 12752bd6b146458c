import { describe, expect, test } from 'vitest';
import { answers, runAi } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const calls = () => Object.values(standIn.counters().calls).reduce((sum, count) => sum + count, 0);

const ask = async (prompt: string, options: Record<string, unknown>, parameters: Record<string, unknown> = {}) =>
	await runAi({ engine, standIn, workflowId: 'prompt', parameters: { prompt, ...parameters, options: { includeTrace: true, ...options } } });

describe('a shorter prompt', () => {
	const LONG = 'Please tag this package:   a fast server.\n\n\n\nSay "please   wait". Thank you very much!';

	test('is what is sent and what the cache looks for; the trace says what was saved', async () => {
		const shortenPrompt = ['courtesy', 'whitespace'];
		const first = await ask(LONG, { shortenPrompt });
		expect(first.error).toBeUndefined();
		expect(answers(first)[0]?._fastpath).toMatchObject({
			cache: 'miss',
			shortened: { tokensBefore: expect.any(Number), tokensAfter: expect.any(Number), saved: { courtesy: expect.any(Number), whitespace: expect.any(Number) } },
		});
		const second = await ask('tag this package: a fast server.\n\nSay "please   wait".', { shortenPrompt });
		expect(answers(second)[0]).toMatchObject({ cached: true });
		expect(calls()).toBe(1);
		await ask('tag this package: a fast server.\n\nSay "please wait".', { shortenPrompt });
		expect(calls()).toBe(2);
	});

	test('is not made unless a rule is chosen, and what is no rule or no message is named', async () => {
		const first = await ask(LONG, {});
		expect(answers(first)[0]?._fastpath).not.toHaveProperty('shortened');
		const messages = '[null, { "role": "user", "content": 7 }]';
		expect((await ask('', { shortenPrompt: ['courtesy'] }, { promptType: 'messages', messages })).error?.message).toContain('messages with a role');
		expect((await ask(LONG, { shortenPrompt: ['rhyme'] })).error?.message).toContain('Shorten Prompt');
	});
});

describe('the system message at the provider', () => {
	test('is marked for Anthropic, which is another request to the cache, and left to itself elsewhere', async () => {
		const parameters = { provider: 'anthropic', systemMessage: 'You tag packages.' };
		for (const cacheSystem of [false, true, true]) {
			const result = await ask('tag this package: x', { cacheSystem }, parameters);
			expect(result.error).toBeUndefined();
		}
		expect(calls()).toBe(2);
		for (const cacheSystem of [false, true]) await ask('tag this package: x', { cacheSystem }, { systemMessage: 'You tag packages.' });
		expect(calls()).toBe(3);
	});
});

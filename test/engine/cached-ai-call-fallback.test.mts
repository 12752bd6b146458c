import { describe, expect, test } from 'vitest';
import { startStandIn, type Behaviour } from '../stand-in/ai-provider.mts';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const PROMPT = 'tag this package: a small web server';
const requests = () => standIn.counters().requests;

async function run(models: Array<Record<string, unknown>>, options: Record<string, unknown> = {}, more: Partial<AiRun> = {}) {
	return await runAi({
		engine,
		standIn,
		workflowId: 'one-workflow',
		...more,
		parameters: {
			prompt: PROMPT,
			options: { maxRetries: 0, includeTrace: true, fallbackModels: { model: models }, ...options },
			model: { __rl: true, mode: 'id', value: 'gpt-4o-mini' },
			...more.parameters,
		},
	});
}

const fail = (status: number, body?: unknown): Behaviour => ({ times: 1, failNext: { count: 1, status, ...(body === undefined ? {} : { body }) } });
const error = (message: string, code?: string) => ({ error: { message, type: 'invalid_request_error', code: code ?? null } });

describe('the next model has a try', () => {
	test.each([
		['rateLimit', fail(429)],
		['outage', fail(503)],
		['contextLength', fail(400, error('too long', 'context_length_exceeded'))],
		['contentPolicy', fail(400, error('filtered', 'content_filter'))],
		['invalidAnswer', { emptyAnswer: true, times: 1 }],
		['outage', { resetBeforeHeaders: true, times: 1 }],
	])('after %s: %o', async (why, behaviour) => {
		standIn.setBehaviour(behaviour);
		const result = await run([{ provider: 'same', model: 'gpt-4o' }]);
		expect(result.error).toBeUndefined();
		expect(answers(result)[0]).toMatchObject({ model: 'gpt-4o', _fastpath: { tried: [{ model: 'gpt-4o-mini', why }] } });
		expect(requests()).toBe(2);
	});

	test('but not after what is not among the reasons', async () => {
		standIn.setBehaviour(fail(401), fail(503));
		const wrongKey = await run([{ provider: 'same', model: 'gpt-4o' }]);
		expect(wrongKey.error?.message).toMatch(/401/);
		standIn.setBehaviour(fail(503));
		const outage = await run([{ provider: 'same', model: 'gpt-4o' }], { fallbackOn: ['rateLimit'] });
		expect(outage.error?.message).toMatch(/503/);
		expect(requests()).toBe(2);
	});

	test('in the order of the list, and with the last one all are named', async () => {
		standIn.setBehaviour({ failRatio: { ratio: 1, status: 503 } });
		const models = ['gpt-4o', 'gpt-4.1-mini'].map((model) => ({ provider: 'same', model }));
		const result = await run(models);
		expect(result.error?.message).toMatch(/^None of 3 gave a good answer\. gpt-4o-mini: .*503.* · gpt-4o: .*503.* · gpt-4\.1-mini: .*503/);
		expect(requests()).toBe(3);
	});

	test('of another provider, with a credential of its own', async () => {
		standIn.setBehaviour({ ...fail(503), route: '/v1/chat' });
		const models = [{ provider: 'anthropic', model: 'claude-haiku-4-5' }];
		const parameters = { provider: 'anthropic+openAi', firstProvider: 'openAi' };
		const result = await run(models, { seed: 3, temperature: 1.5, cacheVaried: true, extraBody: '{"user":"u"}' }, { parameters });
		expect(result.error).toBeUndefined();
		expect(answers(result)[0]).toMatchObject({ model: 'claude-haiku-4-5', cached: false });
		expect(standIn.counters().calls).toMatchObject({ 'POST /v1/chat/completions': 1, 'POST /v1/messages': 1 });
	});

	test('on a server without key, at its own address', async () => {
		const other = await startStandIn({ apiKey: '' });
		standIn.setBehaviour(fail(503));
		const result = await run([{ provider: 'openAiKeyless', model: 'gpt-4o', baseUrl: `${other.url}/v1` }]);
		expect(answers(result)[0]).toMatchObject({ model: 'gpt-4o' });
		expect(other.counters().requests).toBe(1);
		await other.close();
	});

	test('of a provider whose credential is not at hand is refused before anything is sent', async () => {
		const result = await run([{ provider: 'gemini', model: 'gemini-2.5-pro' }]);
		expect(result.error?.message).toMatch(/Invalid Provider: expected a choice that includes Google Gemini/);
		expect(requests()).toBe(0);
	});
});

describe('a cascade from the cheap model to the better one', () => {
	test('moves on for what the answer says, adds up the costs, and answers both from the cache the next time', async () => {
		const models = [{ provider: 'same', model: 'gpt-4o' }];
		const options = { fallbackTexts: ['SERVER'], cacheVaried: true };
		const cold = await run(models, options);
		expect(answers(cold)[0]).toMatchObject({ model: 'gpt-4o', _fastpath: { attempts: 2, tried: [{ model: 'gpt-4o-mini', why: 'rejected' }] } });
		expect(requests()).toBe(2);
		const warm = await run(models, options);
		expect(answers(warm)[0]).toMatchObject({ model: 'gpt-4o', cached: true, _fastpath: { attempts: 0 } });
		expect(requests()).toBe(2);
	});

	test('stays with the cheap one where its answer is good', async () => {
		const result = await run([{ provider: 'same', model: 'gpt-4o' }], { fallbackTexts: ["I don't know"] });
		expect(answers(result)[0]).toMatchObject({ model: 'gpt-4o-mini' });
		expect(answers(result)[0]?._fastpath).not.toHaveProperty('tried');
	});

	test('moves on for an answer that breaks the schema, and fails where the last one does', async () => {
		const jsonSchema = JSON.stringify({ type: 'object', properties: { tags: { type: 'array', items: { type: 'string' }, minItems: 50 } } });
		const result = await run([{ provider: 'same', model: 'gpt-4o' }], {}, { parameters: { outputFormat: 'schema', jsonSchema } });
		expect(result.error?.message).toMatch(/None of 2 .*gpt-4o-mini: The answer does not keep to the schema: \$\.tags has the wrong number of entries/);
		expect(requests()).toBe(2);
	});

	test('moves on unless a field of the answer is true, and takes the last answer as it is', async () => {
		const jsonSchema = JSON.stringify({ type: 'object', properties: { confident: { enum: [false] } } });
		const parameters = { outputFormat: 'schema', jsonSchema };
		const result = await run([{ provider: 'same', model: 'gpt-4o' }], { fallbackField: 'confident' }, { parameters });
		expect(result.error).toBeUndefined();
		expect(answers(result)[0]).toMatchObject({ model: 'gpt-4o', data: { confident: false } });
	});
});

test('the total timeout covers all models', async () => {
	standIn.setBehaviour({ hang: true });
	const models = Array.from({ length: 5 }, () => ({ provider: 'same', model: 'gpt-4o' }));
	const startedAt = performance.now();
	const result = await run(models, { totalTimeoutSeconds: 0.5, timeoutSeconds: 0.3 });
	expect(result.error?.message).toMatch(/did not finish/);
	expect(performance.now() - startedAt).toBeLessThan(1500);
	expect(requests()).toBe(2);
});

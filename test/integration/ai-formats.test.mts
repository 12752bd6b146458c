/** The three wire formats over real HTTP, against servers that were built from the providers' references. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providers, readStream, requestUrl, type AiAnswer, type AiRequest, type ProviderName } from '../../lib/ai';
import type { HttpStatusError } from '../../lib/core/errors';
import { limitsSaid } from '../../lib/retry/retry-after';
import { startStandIn, type StandIn } from '../stand-in/ai-provider.mts';

const MODELS: Record<ProviderName, string> = { openAi: 'gpt-4o-mini', anthropic: 'claude-sonnet-4-5', gemini: 'gemini-2.5-flash' };
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const described = { name: 'look_up_weather', description: 'The weather in a city' };
/** As each provider wants a tool declared, and to be made to use it. */
const TOOLS: Record<ProviderName, Record<string, unknown>> = {
	openAi: { tools: [{ type: 'function', function: { ...described, parameters: schema } }], tool_choice: 'required' },
	anthropic: { tools: [{ ...described, input_schema: schema }], tool_choice: { type: 'any' } },
	gemini: { tools: [{ functionDeclarations: [{ ...described, parameters: schema }] }], toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
};

let standIn: StandIn;

beforeEach(async () => {
	standIn = await startStandIn();
});

afterEach(async () => await standIn.close());

describe.each(['openAi', 'anthropic', 'gemini'] as const)('%s', (name) => {
	const provider = providers[name];
	const request: AiRequest = { model: MODELS[name], messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'tag this package: a web server' }] };

	async function send(asked: AiRequest, { stream = false, key = standIn.apiKey } = {}) {
		const wire = provider.chat(asked, { baseUrl: standIn.url });
		const sent = stream ? provider.stream.request(wire) : wire;
		const response = await fetch(requestUrl(provider, standIn.url, sent.path), {
			method: sent.method,
			headers: { ...sent.headers, ...provider.authHeaders(key), connection: 'close' },
			body: JSON.stringify(sent.body),
		});
		const text = await response.text();
		return { status: response.status, headers: Object.fromEntries(response.headers), text };
	}

	async function ask(asked: AiRequest, stream = false): Promise<AiAnswer> {
		const { text } = await send(asked, { stream });
		return provider.parseChat(stream ? readStream(provider, text) : JSON.parse(text), asked);
	}

	async function failure(asked: AiRequest, key?: string): Promise<HttpStatusError> {
		const { status, headers, text } = await send(asked, key === undefined ? {} : { key });
		expect(status).toBeGreaterThanOrEqual(400);
		return provider.parseError({ status, headers, body: JSON.parse(text) });
	}

	test.each([false, true])('answers with a text whose tokens are counted as the provider counts them (stream: %s)', async (stream) => {
		const answer = await ask(request, stream);
		expect(answer).toMatchObject({ finishReason: 'stop', model: MODELS[name] });
		expect(answer.text).toMatch(/\w/);
		const { input, output } = standIn.counters().tokens;
		expect(answer.usage).toMatchObject({ inputTokens: input, outputTokens: output, totalTokens: input + output });
	});

	test.each([false, true])('says that a tool is called, and not that the answer is whole text (stream: %s)', async (stream) => {
		const answer = await ask({ ...request, extraBody: TOOLS[name] }, stream);
		expect(answer).toMatchObject({ text: '', finishReason: 'tool' });
		expect(answer.usage?.outputTokens).toBeGreaterThan(0);
	});

	test.each([false, true])('says that the token limit ended the answer (stream: %s)', async (stream) => {
		const answer = await ask({ ...request, messages: [{ role: 'user', content: 'Explain at length how a web server works' }], maxTokens: 2 }, stream);
		expect(answer.finishReason).toBe('length');
	});

	test('keeps to a schema', async () => {
		const answer = await ask({ ...request, json: { schema } });
		expect(answer.json).toMatchObject({ city: expect.any(String) });
	});

	test('shows images without losing the text', async () => {
		const images = [{ mediaType: 'image/png', data: Buffer.from('no real picture').toString('base64') }];
		const answer = await ask({ ...request, messages: [{ role: 'user', content: 'tag this package: a web server', images }] });
		expect(answer.text).toMatch(/\w/);
	});

	test.each([
		[429, true],
		[500, true],
		[503, true],
	])('fails with status %i as its own errors do, which another attempt may heal', async (status, retryable) => {
		standIn.setBehaviour({ failNext: { count: 1, status } });
		expect(await failure(request)).toMatchObject({ status, retryable, outage: status >= 500, message: expect.stringMatching(/^The AI provider answered with status \d+: .{5}/) });
	});

	test('fails for an unknown model, or a wrong key, and says so', async () => {
		expect(await failure({ ...request, model: 'no-such-model' })).toMatchObject({ status: 404, retryable: false, message: expect.stringContaining('no-such-model') });
		const refused = await failure(request, 'a-wrong-key');
		expect(refused).toMatchObject({ retryable: false, outage: false });
		expect([400, 401]).toContain(refused.status);
		expect(refused.message).not.toContain('a-wrong-key');
	});

	test('says what is left of its limits, and how long to wait when nothing is', async () => {
		standIn.setBehaviour({ requestLimit: { count: 1, windowMs: 20_000 } });
		const now = Date.now();
		const first = await send(request);
		const said = limitsSaid(first.status, first.headers, now);
		if (name === 'gemini') expect(said).toEqual([]);
		else expect(said).toContainEqual(expect.objectContaining({ remaining: 0 }));
		const second = await send(request);
		expect(second.status).toBe(429);
		const [limit] = limitsSaid(second.status, second.headers, now);
		expect(limit).toMatchObject({ remaining: 0 });
		expect(limit?.resetMs).toBeGreaterThan(1000);
		expect(limit?.resetMs).toBeLessThanOrEqual(21_000);
	});
});

import { describe, expect, test } from 'vitest';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

type Json = Record<string, unknown>;

const BODY = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'tag this package: a small and fast web server' }] };
const calls = (route = 'POST /v1/chat/completions') => standIn.counters().calls[route] ?? 0;

async function run(body: unknown, parameters: Json = {}, more: Partial<AiRun> = {}) {
	return await runAi({
		engine,
		standIn,
		workflowId: 'one-workflow',
		input: (Array.isArray(body) ? body : [body]).map((one: unknown) => ({ body: one as Json })),
		parameters: { operation: 'request', endpoint: 'chat', requestBody: '={{ $json.body }}', response: 'raw', ...parameters },
		...more,
	});
}

const http = async (body: unknown, parameters: Json = {}, more: Partial<AiRun> = {}) => await run(body, { response: 'http', ...parameters }, more);
const bodyOf = (item: Json | undefined) => JSON.parse(String(item?.body)) as Json;
const errorOf = (item: Json | undefined) => bodyOf(item).error as Json;

describe('a whole chat request', () => {
	test('is sent as it is, comes back as the provider answered, and is answered from the cache the second time', async () => {
		const first = await run(BODY);
		expect(first.error).toBeUndefined();
		expect(answers(first)[0]).toMatchObject({
			id: expect.stringMatching(/^chatcmpl-/) as string,
			object: 'chat.completion',
			choices: [{ index: 0, message: { role: 'assistant', content: expect.stringContaining('Tags:') as string }, finish_reason: 'stop' }],
			usage: { prompt_tokens: expect.any(Number) as number },
			system_fingerprint: 'fp_standin',
		});
		expect(answers(await run(BODY))).toEqual(answers(first));
		expect(calls()).toBe(1);
	});

	test.each<[string, Json]>([
		['another seed', { seed: 7 }],
		['a field that no node knows', { metadata: { customer: '1' } }],
		['tools', { tools: [{ type: 'function', function: { name: 'tag', parameters: { type: 'object', properties: {} } } }], tool_choice: 'none' }],
		['a developer message', { messages: [{ role: 'developer', content: 'Be brief.' }, ...BODY.messages] }],
	])('is another one with %s', async (_what, more) => {
		await run(BODY);
		const other = await run({ ...BODY, ...more });
		expect(other.error).toBeUndefined();
		expect(calls()).toBe(2);
	});

	test('shares no answer with a prompt that goes over the wire the same way', async () => {
		await runAi({ engine, standIn, workflowId: 'one-workflow', parameters: { prompt: BODY.messages[0]?.content } });
		expect(answers(await run(BODY))[0]).toHaveProperty('choices');
		expect(calls()).toBe(2);
	});

	test('calls tools, and a tool call is not replayed', async () => {
		const tools = [{ type: 'function', function: { name: 'tag', parameters: { type: 'object', properties: { tags: { type: 'array', items: { type: 'string' } } } } } }];
		const first = await run({ ...BODY, tools, tool_choice: 'required' });
		const [choice] = answers(first)[0]?.choices as Json[];
		expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null, tool_calls: [{ type: 'function', function: { name: 'tag' } }] } });
		const streamed = await run({ ...BODY, tools, tool_choice: 'required' }, { options: { stream: true } });
		const { id: _id, ...call } = ((choice?.message as Json).tool_calls as Json[])[0] ?? {};
		expect(((answers(streamed)[0]?.choices as Json[])[0]?.message as Json).tool_calls).toEqual([expect.objectContaining(call)]);
		expect(calls()).toBe(2);
	});

	test('that asks for variety reaches the model each time, unless varied answers are cached', async () => {
		await run([{ ...BODY, temperature: 0.7 }]);
		await run([{ ...BODY, temperature: 0.7 }]);
		expect(calls()).toBe(2);
		for (let times = 0; times < 2; times += 1) await run([{ ...BODY, temperature: 0.7 }], { options: { cacheVaried: true } });
		expect(calls()).toBe(3);
	});

	test('of many items is asked for once each, in the order of the items', async () => {
		const bodies = Array.from({ length: 12 }, (_, index) => ({ ...BODY, seed: index % 4 }));
		const result = await run(bodies);
		expect(answers(result)).toHaveLength(12);
		expect(answers(result)[5]?.id).toBe(answers(result)[1]?.id);
		expect(calls()).toBe(4);
	});

	test.each<[unknown, RegExp]>([
		['{"model":', /Invalid Request Body: expected valid JSON/],
		[{ messages: [] }, /Invalid model: expected a text that is not empty, got nothing/],
	])('that is %j fails with a word on what was expected', async (body, message) => {
		const result = await run(body, { requestBody: '={{ $json.body }}' }, { node: { onError: 'continueRegularOutput' } });
		expect(answers(result)[0]?.error).toMatch(message);
		expect(calls()).toBe(0);
	});

	test("goes to servers that speak OpenAI's API only", async () => {
		const result = await run(BODY, { provider: 'anthropic' }, { node: { onError: 'continueRegularOutput' } });
		expect(answers(result)[0]?.error).toMatch(/Invalid Provider: expected one that speaks OpenAI's API, got "Anthropic"/);
	});

	test('can be explained, with nothing sent', async () => {
		const tools = [{ type: 'function', function: { name: 'tag', parameters: { type: 'object', properties: {} } } }];
		const [before] = answers(await run({ ...BODY, max_tokens: 500 }, { options: { explain: true } }));
		const [longer] = answers(await run({ ...BODY, max_tokens: 500, tools }, { options: { explain: true } }));
		expect(before).toMatchObject({ model: 'gpt-4o-mini', cache: 'miss', wouldSend: true, maxOutputTokens: 500, heldUpBy: [] });
		expect(Number(longer?.estimatedInputTokens)).toBeGreaterThan(Number(before?.estimatedInputTokens));
		expect(calls()).toBe(0);
		await run({ ...BODY, max_tokens: 500 });
		const [after] = answers(await http({ ...BODY, max_tokens: 500, stream: true }, { options: { explain: true } }));
		expect(bodyOf(after)).toMatchObject({ cache: 'hit', wouldSend: false, key: before?.key });
		expect(calls()).toBe(1);
	});

	test('moves on to a fallback model', async () => {
		standIn.setBehaviour({ failNext: { count: 1, status: 503 } });
		const options = { maxRetries: 0, fallbackModels: { model: [{ provider: 'same', model: 'gpt-4o' }] } };
		expect(answers(await run(BODY, { options }))[0]).toMatchObject({ model: 'gpt-4o', object: 'chat.completion' });
	});
});

describe('as an HTTP response', () => {
	test('the answer is a text with a status and a type', async () => {
		const [item] = answers(await http(BODY, { options: { includeTrace: true } }));
		expect(item).toMatchObject({ statusCode: 200, contentType: 'application/json', cached: false, _fastpath: { cache: 'miss' } });
		expect(bodyOf(item)).toMatchObject({ object: 'chat.completion' });
	});

	test('a stream is a whole body of events, and shares its answer with what is not streamed', async () => {
		const plain = bodyOf(answers(await http(BODY))[0]);
		const [item] = answers(await http({ ...BODY, stream: true, stream_options: { include_usage: true } }));
		expect(item).toMatchObject({ statusCode: 200, contentType: 'text/event-stream', cached: true });
		const events = String(item?.body).split('\n\n').filter((event) => event !== '').map((event) => event.replace(/^data: /, ''));
		expect(events.at(-1)).toBe('[DONE]');
		const chunks = events.slice(0, -1).map((event) => JSON.parse(event) as Json);
		expect(chunks.every(({ object, id }) => object === 'chat.completion.chunk' && id === plain.id)).toBe(true);
		expect(chunks.at(-1)).toMatchObject({ choices: [], usage: plain.usage });
		expect(calls()).toBe(1);
	});

	test("what the provider refuses keeps its status and its words, and nothing is stored", async () => {
		for (let times = 0; times < 2; times += 1) {
			const [item] = answers(await http({ ...BODY, model: 'no-such-model' }));
			expect(item).toMatchObject({ statusCode: 404, contentType: 'application/json', cached: false });
			expect(errorOf(item)).toEqual({ type: 'invalid_request_error', code: 'model_not_found', param: null, message: expect.stringMatching(/`no-such-model` does not exist/) as string });
		}
		expect(calls()).toBe(2);
	});

	test.each<[string, unknown, Json, Json, number, Json]>([
		['a body that is no JSON', 'hello', {}, {}, 400, { type: 'invalid_request_error' }],
		['a budget that is spent', BODY, { budgets: { budget: [{ scope: 'workflow', tokens: 1 }] } }, {}, 429, { type: 'insufficient_quota', code: 'insufficient_quota' }],
		['an outage', BODY, { maxRetries: 0 }, { failRatio: { ratio: 1, status: 503 } }, 503, { type: 'server_error' }],
		['an answer that is none', BODY, { maxRetries: 0 }, { malformedJson: true }, 502, { type: 'server_error', code: 'bad_gateway' }],
		['a connection that breaks', BODY, { maxRetries: 0 }, { resetBeforeHeaders: true }, 502, { type: 'server_error', code: 'bad_gateway' }],
		['a time that runs out', BODY, { maxRetries: 0, timeoutSeconds: 0.1 }, { hang: true }, 504, { type: 'server_error', code: 'timeout' }],
	])('%s is an error in the shape of the API', async (_what, body, options, behaviour, status, error) => {
		standIn.setBehaviour(behaviour);
		const [item] = answers(await http(body, { options }));
		expect(item?.statusCode).toBe(status);
		expect(errorOf(item)).toMatchObject({ message: expect.any(String) as string, ...error });
	});

	test('a wrong key is told without the key', async () => {
		const [item] = answers(await http(BODY, {}, { credential: { apiKey: 'a-wrong-key' } }));
		expect(item?.statusCode).toBe(401);
		expect(errorOf(item)).toMatchObject({ code: 'invalid_api_key' });
		expect(JSON.stringify(item)).not.toContain('a-wrong-key');
	});
});

describe('embeddings', () => {
	const EMBED = 'POST /v1/embeddings';
	const request = { model: 'text-embedding-3-small', input: ['one text', 'another text', 'one text'], dimensions: 8 };

	test('of a list keep their order, and each text is asked for once', async () => {
		const [first] = answers(await run(request, { endpoint: 'embeddings' }));
		const data = first?.data as Array<{ index: number; embedding: number[] }>;
		expect(data.map(({ index }) => index)).toEqual([0, 1, 2]);
		expect(data[2]?.embedding).toEqual(data[0]?.embedding);
		expect(data[1]?.embedding).not.toEqual(data[0]?.embedding);
		expect(data[0]?.embedding).toHaveLength(8);
		expect(first).toMatchObject({ object: 'list', model: 'text-embedding-3-small' });
		expect(calls(EMBED)).toBe(1);
		standIn.reset();
		const [second] = answers(await http({ ...request, input: ['a third text', 'one text'] }, { endpoint: 'embeddings' }));
		expect(standIn.counters().tokens.input).toBe(3);
		expect(second).toMatchObject({ statusCode: 200, cached: false });
		const [third] = answers(await http({ ...request, input: 'one text' }, { endpoint: 'embeddings', options: { includeTrace: true } }));
		expect(third).toMatchObject({ cached: true, _fastpath: { cache: 'hit', attempts: 0 } });
	});

	test('are packed where base64 is asked for, as the provider would', async () => {
		const [plain] = answers(await run({ ...request, input: 'one text' }, { endpoint: 'embeddings' }));
		const [packed] = answers(await run({ ...request, input: 'one text', encoding_format: 'base64' }, { endpoint: 'embeddings' }));
		const [{ embedding } = { embedding: '' }] = packed?.data as Array<{ embedding: string }>;
		const bytes = Buffer.from(embedding, 'base64');
		const floats = Array.from({ length: 8 }, (_, index) => bytes.readFloatLE(index * 4));
		const [{ embedding: wanted } = { embedding: [] }] = plain?.data as Array<{ embedding: number[] }>;
		floats.forEach((value, index) => expect(value).toBeCloseTo(wanted[index] ?? NaN, 6));
		expect(calls(EMBED)).toBe(1);
	});

	test('with another field are other embeddings, and lists of tokens are refused', async () => {
		await run({ ...request, input: 'one text' }, { endpoint: 'embeddings' });
		await run({ ...request, input: 'one text', user: 'someone' }, { endpoint: 'embeddings' });
		expect(calls(EMBED)).toBe(2);
		const [item] = answers(await http({ ...request, input: [1, 2, 3] }, { endpoint: 'embeddings' }));
		expect(item?.statusCode).toBe(400);
		expect(errorOf(item).message).toMatch(/Invalid input: expected a text, or a list of 1 to 2048 texts/);
	});
});

test('the list of models is passed on and kept', async () => {
	for (let times = 0; times < 2; times += 1) {
		const [item] = answers(await run({}, { endpoint: 'models' }));
		expect((item?.data as Json[]).map(({ id }) => id)).toContain('gpt-4o-mini');
	}
	expect(calls('GET /v1/models')).toBe(1);
});

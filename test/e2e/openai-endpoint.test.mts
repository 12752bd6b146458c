/** workflows/openai-endpoint.json in a real n8n, asked by OpenAI's own client, the one that n8n brings. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import { n8nBin } from '../helpers/n8n-package.mts';

const KEY = 'key-of-the-endpoint';
const CHAT = 'POST /v1/chat/completions';
const MODEL = 'gpt-4o-mini';
const messages = [{ role: 'user', content: 'tag this package: a small and fast web server' }];

interface Completion {
	id: string;
	choices: Array<{ index: number; message: { content: string | null; tool_calls?: unknown[] }; finish_reason: string }>;
	usage: { prompt_tokens: number; total_tokens: number };
}
interface Chunk {
	id: string;
	choices: Array<{ delta: { content?: string | null }; finish_reason: string | null }>;
	usage?: { total_tokens: number } | null;
}
interface Client {
	chat: { completions: { create<B extends object>(body: B): Promise<B extends { stream: true } ? AsyncIterable<Chunk> : Completion> } };
	embeddings: { create(body: object): Promise<{ data: Array<{ index: number; embedding: number[] }>; usage: { prompt_tokens: number } }> };
	models: { list(): Promise<AsyncIterable<{ id: string }>> };
}
type ClientClass = new (options: { apiKey: string; baseURL: string }) => Client;

const OpenAI = (createRequire(await n8nBin())('openai') as { OpenAI: ClientClass }).OpenAI;

let installed: InstalledN8n;
let client: Client;
let baseURL: string;

beforeAll(async () => {
	installed = await startInstalledN8n();
	const { instance, standIn } = installed;
	const openAiApi = await instance.createCredential({
		name: 'OpenAI account',
		type: 'openAiApi',
		data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false },
	});
	const httpHeaderAuth = await instance.createCredential({
		name: 'Key of the endpoint',
		type: 'httpHeaderAuth',
		data: { name: 'Authorization', value: `Bearer ${KEY}` },
	});
	const file = path.resolve(import.meta.dirname, '../../workflows/openai-endpoint.json');
	const workflow = JSON.parse(readFileSync(file, 'utf8')) as { nodes: Array<{ credentials?: Record<string, unknown> }> };
	for (const { credentials } of workflow.nodes) {
		if (credentials?.openAiApi) credentials.openAiApi = openAiApi;
		if (credentials?.httpHeaderAuth) credentials.httpHeaderAuth = httpHeaderAuth;
	}
	await instance.activate(await instance.importWorkflow(workflow));
	baseURL = `${instance.url}/webhook/openai/v1`;
	client = new OpenAI({ apiKey: KEY, baseURL });
}, 240_000);

beforeEach(() => {
	installed.standIn.setBehaviour();
	installed.standIn.reset();
});

afterAll(async () => await installed?.close());

const calls = (route = CHAT) => installed.standIn.counters().calls[route] ?? 0;

/** What a rejected request was rejected with, and the name of its class. */
async function rejection(request: Promise<unknown>): Promise<Record<string, unknown>> {
	return await request.then(
		() => ({ kind: 'no error' }),
		(error: Error) => ({ ...error, message: error.message, kind: error.constructor.name }),
	);
}

describe("OpenAI's own client", () => {
	test('gets a completion, and the same one without a further call', async () => {
		const first = await client.chat.completions.create({ model: MODEL, messages });
		const second = await client.chat.completions.create({ model: MODEL, messages });
		expect(first.choices[0]).toMatchObject({ message: { content: expect.stringContaining('Tags:') as string }, finish_reason: 'stop' });
		expect(first.usage.total_tokens).toBeGreaterThan(first.usage.prompt_tokens);
		expect(second).toEqual(first);
		expect(calls()).toBe(1);
	});

	test('reads a stream to its end, with the tokens counted', async () => {
		const asked = { model: MODEL, messages: [{ role: 'user', content: 'tag this package: streamed' }] };
		const whole = await client.chat.completions.create(asked);
		const stream = await client.chat.completions.create({ ...asked, stream: true as const, stream_options: { include_usage: true } });
		const chunks: Chunk[] = [];
		for await (const chunk of stream) chunks.push(chunk);
		expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content);
		expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['stop']);
		expect(chunks.at(-1)?.usage).toEqual(whole.usage);
		expect(calls()).toBe(1);
	});

	test('calls tools', async () => {
		const tools = [{ type: 'function', function: { name: 'tag', parameters: { type: 'object', properties: { tags: { type: 'array', items: { type: 'string' } } } } } }];
		const { choices } = await client.chat.completions.create({ model: MODEL, messages, tools, tool_choice: 'required' });
		expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [{ type: 'function', function: { name: 'tag' } }] } });
	});

	test('gets embeddings, which it asks for packed, and pays once for each text', async () => {
		const asked = { model: 'text-embedding-3-small', input: ['one text', 'another one'] };
		const first = await client.embeddings.create(asked);
		const second = await client.embeddings.create(asked);
		expect(second).toEqual(first);
		expect(first.data.map(({ index }) => index)).toEqual([0, 1]);
		expect(Math.hypot(...(first.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
		expect(first.data[0]?.embedding).toHaveLength(1536);
		expect(calls('POST /v1/embeddings')).toBe(1);
	});

	test('lists the models', async () => {
		const ids: string[] = [];
		for await (const { id } of await client.models.list()) ids.push(id);
		expect(ids).toContain(MODEL);
	});

	test("sees the provider's errors as its own kinds of error, once", async () => {
		const missing = await rejection(client.chat.completions.create({ model: 'no-such-model', messages }));
		expect(missing).toMatchObject({ status: 404, code: 'model_not_found', type: 'invalid_request_error', kind: 'NotFoundError' });
		expect(calls()).toBe(1);
		const invalid = await rejection(client.chat.completions.create({ messages }));
		expect(invalid).toMatchObject({ status: 400, kind: 'BadRequestError' });
		expect(calls()).toBe(1);
	});

	test('is turned away with a wrong key, before anything runs', async () => {
		const stranger = new OpenAI({ apiKey: 'a wrong one', baseURL });
		expect(await rejection(stranger.chat.completions.create({ model: MODEL, messages }))).toMatchObject({ status: 403 });
		expect(calls()).toBe(0);
	});
});

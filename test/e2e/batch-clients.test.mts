/** The providers' own clients against the stand-ins for their batch APIs: what these accept and send is what the real ones do. */
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { n8nBin } from '../helpers/n8n-package.mts';
import { startStandIn, type StandIn } from '../stand-in/ai-provider.mts';

interface OpenAiBatch {
	id: string;
	status: string;
	output_file_id?: string;
	error_file_id?: string;
	request_counts?: Record<string, number>;
}

interface OpenAiClient {
	files: {
		create(body: unknown): Promise<{ id: string; bytes: number }>;
		content(id: string): Promise<{ text(): Promise<string> }>;
	};
	batches: { create(body: unknown): Promise<OpenAiBatch>; retrieve(id: string): Promise<OpenAiBatch>; cancel(id: string): Promise<OpenAiBatch> };
}

interface AnthropicBatch {
	id: string;
	processing_status: string;
	request_counts: Record<string, number>;
}

interface AnthropicClient {
	messages: {
		batches: {
			create(body: unknown): Promise<AnthropicBatch>;
			retrieve(id: string): Promise<AnthropicBatch>;
			results(id: string): Promise<AsyncIterable<{ custom_id: string; result: { type: string } }>>;
		};
	};
}

interface GeminiBatch {
	name: string;
	state: string;
	dest?: { inlinedResponses?: Array<{ response?: { candidates: unknown[] }; error?: { code: number } }> };
}

interface GeminiClient {
	batches: { create(body: unknown): Promise<GeminiBatch>; get(body: { name: string }): Promise<GeminiBatch>; cancel(body: { name: string }): Promise<void> };
}

type Client<T> = new (options: Record<string, unknown>) => T;

// n8n brings the clients along.
const require = createRequire(await n8nBin());
let standIn: StandIn;

beforeAll(async () => {
	standIn = await startStandIn();
});

afterAll(async () => await standIn?.close());

const prompts = { good: 'tag this package: good', bad: 'bad [fails]', late: 'late [expires]' };

test("OpenAI's client uploads requests, and reads answers and errors", async () => {
	const OpenAi = (require('openai') as { default: Client<OpenAiClient> }).default;
	const client = new OpenAi({ apiKey: standIn.apiKey, baseURL: `${standIn.url}/v1`, maxRetries: 0 });
	const lines = Object.entries(prompts).map(([id, content]) =>
		JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content }] } }),
	);
	const file = await client.files.create({ file: new File([`${lines.join('\n')}\n`], 'batch.jsonl'), purpose: 'batch' });
	const { id } = await client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
	expect((await client.batches.retrieve(id)).status).toBe('in_progress');
	const done = await client.batches.retrieve(id);
	expect(done).toMatchObject({ status: 'expired', request_counts: { total: 3, completed: 1, failed: 2 } });
	const read = async (name: string | undefined) => (await (await client.files.content(name ?? '')).text()).trim().split('\n').map((line) => JSON.parse(line) as { custom_id: string });
	expect((await read(done.output_file_id)).map(({ custom_id: key }) => key)).toEqual(['good']);
	expect((await read(done.error_file_id)).map(({ custom_id: key }) => key).sort()).toEqual(['bad', 'late']);
	await expect(client.batches.retrieve('batch_none')).rejects.toMatchObject({ status: 404 });
	await expect(new OpenAi({ apiKey: 'wrong', baseURL: `${standIn.url}/v1` }).batches.retrieve(id)).rejects.toMatchObject({ status: 401 });
});

test("Anthropic's client submits messages, and reads their results", async () => {
	const Anthropic = (require('@anthropic-ai/sdk') as { default: Client<AnthropicClient> }).default;
	const { batches } = new Anthropic({ apiKey: standIn.apiKey, baseURL: standIn.url, maxRetries: 0 }).messages;
	const requests = Object.entries(prompts).map(([id, content]) => ({
		custom_id: id,
		params: { model: 'claude-sonnet-4-5', max_tokens: 50, messages: [{ role: 'user', content }] },
	}));
	const { id } = await batches.create({ requests });
	await expect(batches.results(id)).rejects.toThrow(/results_url/);
	const done = await batches.retrieve(id);
	expect(done).toMatchObject({ processing_status: 'ended', request_counts: { processing: 0, succeeded: 1, errored: 1, expired: 1 } });
	const results: Record<string, string> = {};
	for await (const { custom_id: key, result } of await batches.results(id)) results[key] = result.type;
	expect(results).toEqual({ good: 'succeeded', bad: 'errored', late: 'expired' });
	await expect(batches.create({ requests: [{ ...requests[0], custom_id: 'no spaces' }] })).rejects.toMatchObject({ status: 400 });
});

test("Gemini's client submits inline requests, and reads inline responses", async () => {
	const { GoogleGenAI } = require('@google/genai') as { GoogleGenAI: Client<GeminiClient> };
	const { batches } = new GoogleGenAI({ apiKey: standIn.apiKey, httpOptions: { baseUrl: standIn.url } });
	const src = Object.entries(prompts)
		.filter(([key]) => key !== 'late')
		.map(([key, text]) => ({ contents: [{ role: 'user', parts: [{ text }] }], metadata: { key } }));
	const { name } = await batches.create({ model: 'gemini-2.5-flash', src, config: { displayName: 'a batch' } });
	expect(await batches.get({ name })).toMatchObject({ state: expect.stringMatching(/RUNNING$/) });
	const done = await batches.get({ name });
	expect(done.state).toMatch(/SUCCEEDED$/);
	const responses = done.dest?.inlinedResponses ?? [];
	expect(responses.flatMap(({ response }) => response?.candidates ?? [])).toHaveLength(1);
	expect(responses.flatMap(({ error }) => error ?? [])).toMatchObject([{ code: 3 }]);
	await expect(batches.get({ name: 'batches/none' })).rejects.toMatchObject({ status: 404 });
});

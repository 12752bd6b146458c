import { describe, expect, test } from 'vitest';
import { MalformedAnswerError } from '../../lib/core/errors';
import { providers } from '../../lib/ai';
import type { AiRequest } from '../../lib/ai';

const { openAi } = providers;
const messages = [
	{ role: 'system' as const, content: 'Be brief' },
	{ role: 'user' as const, content: 'Hello' },
];
const request: AiRequest = { model: 'gpt-4o-mini', messages };

const completion = {
	id: 'chatcmpl-1',
	object: 'chat.completion',
	created: 1,
	model: 'gpt-4o-mini-2024-07-18',
	choices: [{ index: 0, message: { role: 'assistant', content: 'Hi!', refusal: null }, logprobs: null, finish_reason: 'stop' }],
	usage: {
		prompt_tokens: 1200,
		completion_tokens: 30,
		total_tokens: 1230,
		prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
		completion_tokens_details: { reasoning_tokens: 10, audio_tokens: 0 },
	},
};

function withChoice(choice: Record<string, unknown>) {
	return { ...completion, choices: [{ ...completion.choices[0], ...choice }] };
}

describe('a request to OpenAI', () => {
	test('holds nothing that was not asked for', () => {
		expect(openAi.chat(request)).toEqual({
			method: 'POST',
			path: '/chat/completions',
			headers: { accept: 'application/json', 'content-type': 'application/json' },
			body: { model: 'gpt-4o-mini', messages },
		});
	});

	test('carries every option', () => {
		const schema = { type: 'object', properties: {}, additionalProperties: false };
		const full = { ...request, temperature: 0, topP: 0.5, maxTokens: 9, stop: ['END'], seed: 7, json: { schema, name: 'greeting' } };
		expect(openAi.chat(full).body).toEqual({
			model: 'gpt-4o-mini',
			messages,
			temperature: 0,
			top_p: 0.5,
			max_completion_tokens: 9,
			stop: ['END'],
			seed: 7,
			response_format: { type: 'json_schema', json_schema: { name: 'greeting', schema, strict: true } },
		});
	});

	test.each([
		['gpt-4o', undefined, 'max_completion_tokens'],
		['gpt-4o', 'https://eu.api.openai.com/v1', 'max_completion_tokens'],
		['my-deployment', 'https://x.openai.azure.com/openai/v1', 'max_completion_tokens'],
		['o3-mini', 'http://proxy:4000/v1', 'max_completion_tokens'],
		['gpt-5-mini', 'http://proxy:4000/v1', 'max_completion_tokens'],
		['gpt-6.1-sol', 'http://proxy:4000/v1', 'max_completion_tokens'],
		['gpt-4o', 'http://proxy:4000/v1', 'max_tokens'],
		['gpt-oss:20b', 'http://localhost:11434/v1', 'max_tokens'],
		['llama3.3', 'http://localhost:11434/v1', 'max_tokens'],
		['openai/gpt-5', 'https://openrouter.ai/api/v1', 'max_tokens'],
		['gpt-4o', 'https://notapi.openai.com.evil.example/v1', 'max_tokens'],
	])('for %s at %s bounds the answer with the field that is known there', (model, baseUrl, field) => {
		const body = openAi.chat({ ...request, model, maxTokens: 5 }, { baseUrl }).body;
		expect(body).toEqual({ model, messages, [field]: 5 });
	});

	test('in JSON mode speaks of JSON, as OpenAI demands, unless a message does already', () => {
		const body = openAi.chat({ ...request, json: {} }).body;
		expect(body?.response_format).toEqual({ type: 'json_object' });
		expect(body?.messages).toEqual([{ role: 'system', content: expect.stringContaining('JSON') as string }, ...messages]);
		const told = [{ role: 'user' as const, content: 'Answer in json' }];
		expect(openAi.chat({ ...request, messages: told, json: {} }).body?.messages).toEqual(told);
	});

	test('lays the extra body over everything else', () => {
		const extraBody = { reasoning_effort: 'low', model: 'other', response_format: { json_schema: { strict: false } } };
		const body = openAi.chat({ ...request, json: { schema: {} }, extraBody }).body;
		expect(body).toMatchObject({ reasoning_effort: 'low', model: 'other' });
		expect(body?.response_format).toEqual({ type: 'json_schema', json_schema: { name: 'answer', schema: {}, strict: false } });
	});

	test('is authenticated by a bearer token, or by nothing where there is no key', () => {
		expect(openAi.authHeaders('k')).toEqual({ authorization: 'Bearer k' });
		expect(openAi.authHeaders('')).toEqual({});
	});
});

describe('an answer of OpenAI', () => {
	test('is read with usage, model and id', () => {
		expect(openAi.parseChat(completion)).toEqual({
			text: 'Hi!',
			model: 'gpt-4o-mini-2024-07-18',
			id: 'chatcmpl-1',
			finishReason: 'stop',
			providerFinishReason: 'stop',
			usage: {
				inputTokens: 1200,
				outputTokens: 30,
				totalTokens: 1230,
				cachedInputTokens: 1024,
				cacheWriteTokens: 0,
				reasoningTokens: 10,
			},
		});
	});

	test.each([
		['length', 'length'],
		['tool_calls', 'tool'],
		['function_call', 'tool'],
		['content_filter', 'filtered'],
		['insufficient_system_resource', 'other'],
		[null, 'other'],
	])('that ended with %s ended by %s', (finish_reason, reason) => {
		const answer = openAi.parseChat(withChoice({ finish_reason }));
		expect(answer.finishReason).toBe(reason);
		expect(answer.providerFinishReason).toBe(finish_reason ?? '');
	});

	test('that calls a tool has no text', () => {
		const message = { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] };
		expect(openAi.parseChat(withChoice({ message, finish_reason: 'tool_calls' }))).toMatchObject({ text: '', finishReason: 'tool' });
	});

	test('that refuses is filtered, though it stopped by itself', () => {
		const message = { role: 'assistant', content: null, refusal: 'I cannot help with that' };
		const answer = openAi.parseChat(withChoice({ message }), { ...request, json: {} });
		expect(answer).toMatchObject({ text: 'I cannot help with that', finishReason: 'filtered' });
		expect(answer).not.toHaveProperty('json');
	});

	test('of a compatible server may lack usage, id and model, and have its text in parts', () => {
		const choices = [{ message: { content: [{ type: 'text', text: 'Hi' }, { type: 'text', text: '!' }] }, finish_reason: 'stop' }];
		expect(openAi.parseChat({ choices }, request)).toEqual({
			text: 'Hi!',
			model: 'gpt-4o-mini',
			usage: null,
			finishReason: 'stop',
			providerFinishReason: 'stop',
		});
	});

	test('counts 0 for what a compatible server does not say', () => {
		const usage = { prompt_tokens: 3, completion_tokens: 4, prompt_tokens_details: null };
		expect(openAi.parseChat({ ...completion, usage }).usage).toEqual({
			inputTokens: 3,
			outputTokens: 4,
			totalTokens: 7,
			cachedInputTokens: 0,
			cacheWriteTokens: 0,
			reasoningTokens: 0,
		});
	});

	test('is parsed where JSON was asked for', () => {
		const body = withChoice({ message: { content: '{"greeting":"Hi"}' } });
		expect(openAi.parseChat(body, { ...request, json: {} }).json).toEqual({ greeting: 'Hi' });
		expect(openAi.parseChat(body, request)).not.toHaveProperty('json');
	});

	test.each([undefined, null, '<html>', [], {}, { choices: [] }, { choices: [{}] }, { choices: 'x' }, { choices: [null] }])(
		'without a completion is malformed: %j',
		(body) => {
			expect(() => openAi.parseChat(body)).toThrow(MalformedAnswerError);
		},
	);

	test('that is an error with status 200 is malformed and says what went wrong', () => {
		const body = { error: { message: 'Provider returned error', code: 502 } };
		expect(() => openAi.parseChat(body)).toThrow('Provider returned error');
	});
});

describe("OpenAI's models", () => {
	test('are listed by id, without those that cannot chat', () => {
		const ids = ['o3', 'gpt-4o', 'text-embedding-3-small', 'whisper-1', 'tts-1', 'dall-e-3', 'gpt-4o-realtime-preview', 'gpt-image-1', 'gpt-4o-mini'];
		const body = { object: 'list', data: ids.map((id) => ({ id, object: 'model' })) };
		expect(openAi.parseModels(body)).toEqual(['gpt-4o', 'gpt-4o-mini', 'o3'].map((id) => ({ id, name: id })));
		expect(openAi.listModels()).toEqual({ method: 'GET', path: '/models', headers: { accept: 'application/json' } });
	});

	test('must be a list', () => {
		expect(() => openAi.parseModels({ models: [] })).toThrow(MalformedAnswerError);
	});
});

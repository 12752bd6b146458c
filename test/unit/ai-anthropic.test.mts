import { describe, expect, test } from 'vitest';
import { InvalidOptionError, MalformedAnswerError } from '../../lib/core/errors';
import { providers } from '../../lib/ai';
import type { AiRequest } from '../../lib/ai';

const { anthropic } = providers;
const user = { role: 'user' as const, content: 'Hello' };
const request: AiRequest = { model: 'claude-haiku-4-5', messages: [user] };
const schema = { type: 'object', properties: {}, additionalProperties: false };

const message = {
	id: 'msg_01',
	type: 'message',
	role: 'assistant',
	model: 'claude-haiku-4-5-20251001',
	content: [{ type: 'text', text: 'Hi!' }],
	stop_reason: 'end_turn',
	stop_sequence: null,
	usage: { input_tokens: 10, cache_creation_input_tokens: 200, cache_read_input_tokens: 3000, output_tokens: 5 },
};

describe('a request to Anthropic', () => {
	test('bounds the answer even where the user does not, because that is compulsory', () => {
		expect(anthropic.chat(request)).toEqual({
			method: 'POST',
			path: '/v1/messages',
			headers: { accept: 'application/json', 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
			body: { model: 'claude-haiku-4-5', max_tokens: 4096, messages: [user] },
		});
	});

	test('carries every option, and the system messages apart', () => {
		const full: AiRequest = {
			...request,
			messages: [{ role: 'system', content: 'Be brief' }, user, { role: 'assistant', content: 'Hi' }, { role: 'system', content: 'Be kind' }, user],
			temperature: 0.5,
			topP: 0.9,
			maxTokens: 10,
			stop: ['END'],
			json: { schema },
			extraBody: { output_config: { effort: 'low' } },
		};
		expect(anthropic.chat(full).body).toEqual({
			model: 'claude-haiku-4-5',
			max_tokens: 10,
			system: 'Be brief\n\nBe kind',
			messages: [user, { role: 'assistant', content: 'Hi' }, user],
			temperature: 0.5,
			top_p: 0.9,
			stop_sequences: ['END'],
			output_config: { format: { type: 'json_schema', schema }, effort: 'low' },
		});
	});

	test('marks the system message for the prompt cache where that is wanted and there is one', () => {
		const cached = { ...request, cacheSystem: true };
		expect(anthropic.chat(cached).body).not.toHaveProperty('system');
		expect(anthropic.chat({ ...cached, messages: [{ role: 'system', content: 'Be brief' }, user] }).body?.system).toEqual([
			{ type: 'text', text: 'Be brief', cache_control: { type: 'ephemeral' } },
		]);
	});

	test('for JSON without a schema says so in the system prompt', () => {
		const body = anthropic.chat({ ...request, json: {} }).body;
		expect(body?.system).toContain('one JSON value');
		expect(body).not.toHaveProperty('output_config');
	});

	test.each(['claude-opus-5-5', 'claude-sonnet-5', 'claude-opus-4-6', 'claude-sonnet-4-5-20250929', 'claude-haiku-4-5', 'claude-fable-5-1'])(
		'holds %s to the schema',
		(model) => {
			const body = anthropic.chat({ ...request, model, json: { schema } }).body;
			expect(body).toMatchObject({ output_config: { format: { type: 'json_schema', schema } } });
			expect(body).not.toHaveProperty('system');
		},
	);

	test.each(['claude-3-5-haiku-latest', 'claude-3-opus-20240229', 'claude-opus-4-20250514', 'claude-sonnet-4-0', 'claude-opus-4-1', 'claude-opus-4-1-20250805', 'claude-sonnet-4'])(
		'tells %s the schema in words',
		(model) => {
			const body = anthropic.chat({ ...request, model, json: { schema } }).body;
			expect(body?.system).toContain(JSON.stringify(schema));
			expect(body).not.toHaveProperty('output_config');
		},
	);

	test('refuses what Anthropic does not have, instead of dropping it', () => {
		expect(() => anthropic.chat({ ...request, seed: 1 })).toThrow(InvalidOptionError);
		expect(() => anthropic.chat({ ...request, seed: 1 })).toThrow('Invalid Seed: expected none');
		expect(() => anthropic.chat({ ...request, temperature: 1.1 })).toThrow('Invalid Temperature: expected a number from 0 to 1');
	});

	test('is authenticated by x-api-key', () => {
		expect(anthropic.authHeaders('k')).toEqual({ 'x-api-key': 'k' });
		expect(anthropic.authHeaders('')).toEqual({});
	});
});

describe('an answer of Anthropic', () => {
	test('is read with all input counted, cached and written parts included', () => {
		expect(anthropic.parseChat(message)).toEqual({
			text: 'Hi!',
			model: 'claude-haiku-4-5-20251001',
			id: 'msg_01',
			finishReason: 'stop',
			providerFinishReason: 'end_turn',
			usage: {
				inputTokens: 3210,
				outputTokens: 5,
				totalTokens: 3215,
				cachedInputTokens: 3000,
				cacheWriteTokens: 200,
				reasoningTokens: 0,
			},
		});
	});

	test.each([
		['stop_sequence', 'stop'],
		['max_tokens', 'length'],
		['model_context_window_exceeded', 'length'],
		['tool_use', 'tool'],
		['refusal', 'filtered'],
		['pause_turn', 'other'],
		[null, 'other'],
	])('that ended with %s ended by %s', (stop_reason, reason) => {
		expect(anthropic.parseChat({ ...message, stop_reason }).finishReason).toBe(reason);
	});

	test('is the text of its text blocks: thinking and tool calls are left out', () => {
		const content = [
			{ type: 'thinking', thinking: 'Hm', signature: 's' },
			{ type: 'text', text: 'One ' },
			{ type: 'tool_use', id: 't', name: 'f', input: {} },
			{ type: 'text', text: 'two' },
		];
		expect(anthropic.parseChat({ ...message, content }).text).toBe('One two');
	});

	test('may be empty', () => {
		expect(anthropic.parseChat({ ...message, content: [] })).toMatchObject({ text: '', finishReason: 'stop' });
	});

	test('is parsed where JSON was asked for, fences included', () => {
		const content = [{ type: 'text', text: '```json\n{"a":1}\n```' }];
		expect(anthropic.parseChat({ ...message, content }, { ...request, json: {} }).json).toEqual({ a: 1 });
	});

	test('of a server without usage has none', () => {
		expect(anthropic.parseChat({ ...message, usage: undefined }).usage).toBeNull();
	});

	test.each([undefined, null, 'text', [], {}, { content: 'Hi' }, { completion: 'Hi' }])('without content is malformed: %j', (body) => {
		expect(() => anthropic.parseChat(body)).toThrow(MalformedAnswerError);
	});
});

describe("Anthropic's models", () => {
	test('are listed with their names', () => {
		const data = [
			{ type: 'model', id: 'claude-opus-4-6', display_name: 'Claude Opus 4.6' },
			{ type: 'model', id: 'claude-haiku-4-5' },
		];
		expect(anthropic.parseModels({ data, has_more: false })).toEqual([
			{ id: 'claude-haiku-4-5', name: 'claude-haiku-4-5' },
			{ id: 'claude-opus-4-6', name: 'Claude Opus 4.6' },
		]);
		expect(() => anthropic.parseModels([])).toThrow(MalformedAnswerError);
		expect(anthropic.listModels().path).toBe('/v1/models?limit=1000');
		expect(anthropic.listModels().headers['anthropic-version']).toBe('2023-06-01');
	});
});

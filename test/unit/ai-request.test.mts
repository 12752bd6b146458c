import { describe, expect, test } from 'vitest';
import { InvalidOptionError, MalformedAnswerError } from '../../lib/core/errors';
import { isComplete, providers, requestUrl, validateRequest } from '../../lib/ai';
import type { AiAnswer, AiRequest, FinishReason } from '../../lib/ai';
import { withJson } from '../../lib/ai/answer';
import { deepMerge } from '../../lib/ai/wire';

const good: AiRequest = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };

function answer(text: string, finishReason: FinishReason = 'stop'): AiAnswer {
	return { text, finishReason, model: 'm', usage: null, providerFinishReason: finishReason };
}

describe('a request', () => {
	test('is valid at the bounds of every option', () => {
		for (const temperature of [0, 2]) validateRequest({ ...good, temperature });
		for (const topP of [0, 1]) validateRequest({ ...good, topP });
		for (const seed of [-5, 0, 7]) validateRequest({ ...good, seed });
		validateRequest({ ...good, maxTokens: 1, stop: [], json: {}, extraBody: { stream: false } });
		expect(() => validateRequest(good)).not.toThrow();
	});

	const user = good.messages;
	const wrong: Array<[name: string, change: Record<string, unknown>]> = [
		['Model', { model: '' }],
		['Model', { model: '  ' }],
		['Model', { model: undefined }],
		['Prompt', { messages: [] }],
		['Prompt', { messages: 'Hello' }],
		['Prompt', { messages: ['Hello'] }],
		['Prompt', { messages: [{ role: 'user', content: ' \n' }] }],
		['Prompt', { messages: [{ role: 'user', content: 4 }] }],
		['Prompt', { messages: [{ role: 'robot', content: 'Hello' }] }],
		['Prompt', { messages: [{ role: 'system', content: 'Be kind' }] }],
		['Prompt', { messages: [{ role: 'assistant', content: 'Hello' }] }],
		['System Message', { messages: [{ role: 'system', content: '' }, ...user] }],
		['Temperature', { temperature: -0.1 }],
		['Temperature', { temperature: 2.1 }],
		['Temperature', { temperature: '1' }],
		['Temperature', { temperature: NaN }],
		['Top P', { topP: 1.5 }],
		['Max Tokens', { maxTokens: 0 }],
		['Max Tokens', { maxTokens: 10.5 }],
		['Stop Sequences', { stop: 'END' }],
		['Stop Sequences', { stop: [''] }],
		['Seed', { seed: 0.5 }],
		['JSON Schema', { json: { schema: [] } }],
		['JSON Schema Name', { json: { name: 'my schema' } }],
		['Extra Body', { extraBody: [] }],
		['Extra Body', { extraBody: { stream: true } }],
	];
	test.each(wrong)('with a wrong %s is refused by that name: %o', (name, change) => {
		const request = { ...good, ...change } as AiRequest;
		for (const check of [validateRequest, ...Object.values(providers).map(({ chat }) => chat)]) {
			expect(() => check(request)).toThrow(InvalidOptionError);
			expect(() => check(request)).toThrow(`Invalid ${name}: expected`);
		}
	});
});

describe('an answer', () => {
	test('is complete only when it stopped by itself or calls a tool, and has text', () => {
		expect(isComplete(answer('Hi'))).toBe(true);
		expect(isComplete(answer('Hi', 'tool'))).toBe(true);
		for (const reason of ['length', 'filtered', 'other'] as const) {
			expect(isComplete(answer('Hi', reason))).toBe(false);
		}
		expect(isComplete(answer(''))).toBe(false);
		expect(isComplete(answer(' \n'))).toBe(false);
		expect(isComplete(answer('', 'tool'))).toBe(false);
	});

	test.each([
		['{"a":1}', { a: 1 }],
		['  [1,2]\n', [1, 2]],
		['null', null],
		['```json\n{"a":1}\n```', { a: 1 }],
		['```\n{"a":1}\n```\n', { a: 1 }],
		['Here you are:\n```json\n{"a":"```"}\n```\nAnything else?', { a: '```' }],
	])('gives its JSON, fenced or not: %j', (text, json) => {
		expect(withJson(answer(text), { json: {} })).toEqual({ ...answer(text), json });
	});

	test('is not read as JSON unless that was asked for', () => {
		expect(withJson(answer('{"a":1}'), {})).not.toHaveProperty('json');
		expect(withJson(answer('{"a":1}'))).not.toHaveProperty('json');
	});

	test('that is not the JSON asked for is malformed, and the error quotes its first 80 characters', () => {
		const text = 'I would rather not. '.repeat(10);
		const read = () => withJson(answer(text), { json: {} });
		expect(read).toThrow(MalformedAnswerError);
		expect(read).toThrow(new RegExp(`begins with: ${text.slice(0, 80)}$`));
		expect(() => withJson(answer(''), { json: {} })).toThrow('The answer is not valid JSON: it is empty');
	});

	test('that was cut off within its JSON says so', () => {
		expect(() => withJson(answer('{"a":', 'length'), { json: {} })).toThrow('cut off by the token limit');
	});

	test('that was refused or calls a tool is no malformed JSON', () => {
		for (const reason of ['filtered', 'tool'] as const) {
			expect(withJson(answer('I cannot', reason), { json: {} })).not.toHaveProperty('json');
		}
	});
});

describe('the address of a request', () => {
	const { openAi, anthropic, gemini } = providers;
	test.each([
		[openAi, 'https://api.openai.com/v1', '/models', 'https://api.openai.com/v1/models'],
		[openAi, 'https://api.openai.com/v1//', '/chat/completions', 'https://api.openai.com/v1/chat/completions'],
		[openAi, 'https://api.openai.com', '/models', 'https://api.openai.com/v1/models'],
		[openAi, 'http://localhost:11434/', '/chat/completions', 'http://localhost:11434/v1/chat/completions'],
		[openAi, 'https://openrouter.ai/api/v1', '/models', 'https://openrouter.ai/api/v1/models'],
		[openAi, 'https://a.b/chat', '/chat/completions', 'https://a.b/chat/chat/completions'],
		[openAi, 'https://a.b/v1?api-version=2', '/models', 'https://a.b/v1/models?api-version=2'],
		[anthropic, 'https://api.anthropic.com', '/v1/messages', 'https://api.anthropic.com/v1/messages'],
		[anthropic, 'https://api.anthropic.com/v1/', '/v1/messages', 'https://api.anthropic.com/v1/messages'],
		[anthropic, 'https://a.b/proxy', '/v1/models?limit=1000', 'https://a.b/proxy/v1/models?limit=1000'],
		[gemini, 'https://g.com/v1beta', '/v1beta/models/m:generateContent', 'https://g.com/v1beta/models/m:generateContent'],
	])('of %o at %s with %s is %s', (provider, baseUrl, path, url) => {
		expect(requestUrl(provider, baseUrl, path)).toBe(url);
	});

	test('must be an http address', () => {
		expect(() => requestUrl(openAi, 'api.openai.com/v1', '/models')).toThrow('Invalid Base URL');
	});
});

describe('extra body', () => {
	test('merges objects, replaces lists and values, and changes neither side', () => {
		const base = { a: { b: 1, c: [1, 2] }, d: 1 };
		const extra = { a: { c: [3], e: { f: 1 } }, d: null, g: undefined };
		expect(deepMerge(base, extra)).toEqual({ a: { b: 1, c: [3], e: { f: 1 } }, d: null });
		expect(base).toEqual({ a: { b: 1, c: [1, 2] }, d: 1 });
	});

	test('cannot reach the prototype', () => {
		const extra = JSON.parse('{"__proto__":{"bad":1},"a":{"__proto__":{"bad":1}}}') as Record<string, unknown>;
		const merged = deepMerge({ a: {} }, extra) as { bad?: unknown; a: { bad?: unknown } };
		expect([merged.bad, merged.a.bad, ({} as { bad?: unknown }).bad]).toEqual([undefined, undefined, undefined]);
	});
});

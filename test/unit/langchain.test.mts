import { describe, expect, test } from 'vitest';
import { canonical } from '../../lib/cache/canonical.ts';
import { HttpStatusError, NetworkError } from '../../lib/core/errors.ts';
import { Comebacks } from '../../lib/flight/comeback.ts';
import { isDeterministic, mustBypass } from '../../lib/langchain/bypass.ts';
import { Channel } from '../../lib/langchain/channel.ts';
import { failureOf, original } from '../../lib/langchain/failure.ts';
import { conversationIdentity, originOf } from '../../lib/langchain/identity.ts';
import { plainOf } from '../../lib/langchain/plain.ts';
import { isWhole, type Reply } from '../../lib/langchain/reply.ts';
import type { Message } from '../../lib/langchain/shapes.ts';

const written = (value: unknown) => canonical(plainOf(value));

describe('the plain form of a value', () => {
	class Socket {
		port = 1;
	}

	test('has data as it is, and of anything else what it stands for', () => {
		expect(plainOf({ a: [1, 'x', null, undefined], f: () => 1, s: new Socket(), r: /a/i, m: new Map([['k', 1]]) })).toEqual({
			a: [1, 'x', null, undefined],
			f: undefined,
			s: '[Socket]',
			r: '/a/i',
			m: [['k', 1]],
		});
	});

	test('tells schemas apart by what they demand, whichever way their shape is kept', () => {
		const schema = (shape: unknown) => ({ parse: () => 1, _def: { typeName: 'ZodObject', shape } });
		const text = { parse: () => 1, _def: { typeName: 'ZodString' } };
		const number = { parse: () => 1, _def: { typeName: 'ZodNumber' } };
		expect(written(schema(() => ({ a: text })))).not.toBe(written(schema(() => ({ a: number }))));
		expect(written(schema(() => ({ a: text })))).toBe(written(schema({ a: text })));
	});

	test('tells tools apart by what a model is told of them', () => {
		const tool = (description: string, func = () => 1) => ({ name: 'search', description, schema: { type: 'object' }, invoke: func, cache: new Socket() });
		expect(written(tool('a'))).toBe(written(tool('a', () => 2)));
		expect(written(tool('a'))).not.toBe(written(tool('b')));
	});

	test('ends where a value contains itself', () => {
		const loop: Record<string, unknown> = {};
		loop.self = loop;
		expect(plainOf(loop)).toEqual({ self: '[…]' });
	});
});

describe('the identity of a conversation', () => {
	const said = (type: string, fields: Partial<Message>): Message => ({ content: '', getType: () => type, ...fields });
	const round = (id: string, result = 'sunny') => [
		said('human', { content: 'weather?' }),
		said('ai', { tool_calls: [{ id, name: 'weather', args: { city: 'Bern' } }], content: [{ type: 'tool_use', id, input: {} }] }),
		said('tool', { tool_call_id: id, content: result }),
	];
	const identity = (messages: Message[]) => canonical(conversationIdentity(messages));

	test('counts tool calls by their order, in whatever place their id stands', () => {
		expect(identity(round('call_1'))).toBe(identity(round('toolu_2')));
		expect(identity(round('call_1'))).not.toBe(identity(round('call_1', 'rain')));
	});

	test('has two images apart, and one text from two', () => {
		const image = (data: string) => [said('human', { content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } }] })];
		expect(identity(image('AAAA'))).not.toBe(identity(image('BBBB')));
		expect(identity([said('human', { content: 'hello\nAI: ok' })])).not.toBe(identity([said('human', { content: 'hello' }), said('ai', { content: 'ok' })]));
	});

	test('leaves out what only describes an earlier answer', () => {
		const answered = (id: string, tokens: number) => [said('ai', { content: 'ok', id, usage_metadata: { total_tokens: tokens }, response_metadata: { model: id } })];
		expect(identity(answered('a', 1))).toBe(identity(answered('b', 2)));
	});
});

describe('a question that no cache may answer', () => {
	const FUNCTION = { type: 'function', function: { name: 'f' } };

	test.each([
		['OpenAI web search', { tools: [FUNCTION, { type: 'web_search_preview' }] }],
		['OpenAI code interpreter', { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] }],
		['Anthropic web search', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
		['Gemini search', { tools: [{ googleSearch: {} }] }],
	])('has a tool that the provider runs: %s', (_name, request) => {
		expect(mustBypass(request)).toBe('provider tools');
	});

	test.each([
		['OpenAI', FUNCTION],
		['OpenAI, Responses API', { type: 'function', name: 'f', parameters: {} }],
		['Anthropic', { name: 'f', input_schema: {} }],
		['Gemini', { functionDeclarations: [{ name: 'f' }] }],
		['Bedrock', { toolSpec: { name: 'f' } }],
	])('is none because of a tool that the caller runs: %s', (_name, tool) => {
		expect(mustBypass({ tools: [tool] })).toBeUndefined();
	});

	test('goes on from what the provider remembers', () => {
		expect(mustBypass({}, { previous_response_id: 'resp_1' })).toBe('stateful conversation');
		expect(mustBypass({ background: true })).toBe('stateful conversation');
		expect(mustBypass({ previous_response_id: undefined, background: false, conversation: null })).toBeUndefined();
	});

	test('is one without a temperature of 0 or a seed only where the user says so', () => {
		expect(isDeterministic({ temperature: 0 })).toBe(true);
		expect(isDeterministic({}, { seed: 7 })).toBe(true);
		expect(isDeterministic({ temperature: 0.1 }, {})).toBe(false);
	});
});

describe('an answer to be kept', () => {
	const reply = (facts: Partial<Reply['message']> & { text?: string; generationInfo?: Record<string, unknown> }): Reply => {
		const { text = 'yes', generationInfo, ...message } = facts;
		return {
			text,
			tookMs: 1,
			generationInfo,
			message: { content: text, tool_calls: [], invalid_tool_calls: [], additional_kwargs: {}, response_metadata: {}, ...message },
		};
	};

	test.each([
		[{ response_metadata: { finish_reason: 'stop' } }],
		[{ response_metadata: { stop_reason: 'end_turn' } }],
		[{ generationInfo: { finishReason: 'STOP' } }],
		[{ text: '', content: '', tool_calls: [{ name: 'f', args: {} }], response_metadata: { finish_reason: 'tool_calls' } }],
		[{}],
	])('is whole: %j', (facts) => {
		expect(isWhole(reply(facts))).toBe(true);
	});

	test.each([
		[{ response_metadata: { finish_reason: 'length' } }],
		[{ response_metadata: { stop_reason: 'max_tokens' } }],
		[{ generationInfo: { finish_reason: 'content_filter' } }],
		[{ generationInfo: { finishReason: 'SAFETY' } }],
		[{ response_metadata: { status: 'incomplete' } }],
		[{ text: ' ', content: '' }],
		[{ invalid_tool_calls: [{ name: 'f' }] }],
	])('is not: %j', (facts) => {
		expect(isWhole(reply(facts))).toBe(false);
	});
});

describe("a model's failure", () => {
	const never = new AbortController().signal;

	test('is read as what it says of the provider, and given back as it was', () => {
		const limited = Object.assign(new Error('429 slow down'), { status: 429, headers: new Headers({ 'retry-after': '2' }) });
		const read = failureOf(limited, never);
		expect(read).toBeInstanceOf(HttpStatusError);
		expect(read).toMatchObject({ status: 429, retryable: true, headers: { 'retry-after': '2' } });
		expect(original(read)).toBe(limited);
		expect(failureOf(Object.assign(new Error('x'), { cause: { code: 'ECONNREFUSED' } }), never)).toBeInstanceOf(NetworkError);
	});

	test('that says nothing of the provider stays as it is', () => {
		const bug = new TypeError('x is not a function');
		expect(failureOf(bug, never)).toBe(bug);
	});
});

test('a model is known by where it calls, and else by its kind', () => {
	expect(originOf({ clientConfig: { baseURL: 'https://a.example:8443/v1?key=1' } })).toBe('https://a.example:8443');
	expect(originOf({ _llmType: () => 'ollama' })).toBe('ollama');
});

test('a question is a comeback for another attempt of the same run, once, and is forgotten in time', () => {
	const book = new Comebacks(2);
	const [first, second] = [Symbol('1'), Symbol('2')];
	expect(book.isComeback('run', 'q', first)).toBe(false);
	expect(book.isComeback('run', 'q', first)).toBe(false);
	expect(book.isComeback('run', 'q', second)).toBe(true);
	expect(book.isComeback('run', 'q', second)).toBe(false);
	expect(book.isComeback('other run', 'q', first)).toBe(false);
	expect(book.isComeback('run', 'another', first)).toBe(false);
	expect(book.isComeback('run', 'q', first)).toBe(false);
});

test('a channel gives what was pushed, in order, and ends after it', async () => {
	const channel = new Channel<number>();
	channel.push(1);
	const taken: number[] = [];
	const done = (async () => {
		for await (const value of channel.values()) taken.push(value);
	})();
	await Promise.resolve();
	channel.push(2);
	channel.push(3);
	channel.close();
	channel.push(4);
	await done;
	expect(taken).toEqual([1, 2, 3]);
});

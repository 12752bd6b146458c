import { describe, expect, test } from 'vitest';
import { providers, readStream } from '../../lib/ai';
import { HttpStatusError, NetworkError } from '../../lib/core/errors';
import { parseEventStream } from '../../lib/ai/sse';

const sse = (...events: Array<[event: string, data: unknown]>) =>
	events
		.map(([event, data]) => `${event && `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
		.join('');

describe('an event stream', () => {
	test('is read with every kind of line end, comments, several data lines and a byte order mark', () => {
		expect(parseEventStream('\uFEFF: hi\r\ndata: one\r\ndata: two\r\n\r\nevent: x\rdata:three\r\rid: 1\n\ndata\n\n')).toEqual([
			{ event: '', data: 'one\ntwo' },
			{ event: 'x', data: 'three' },
			{ event: '', data: '' },
		]);
	});

	test('leaves out the event that its end cuts off', () => {
		expect(parseEventStream('data: one\n\ndata: two\n')).toEqual([{ event: '', data: 'one' }]);
		expect(parseEventStream('data: one\n\ndata: two')).toEqual([{ event: '', data: 'one' }]);
	});
});

const chunk = (delta: unknown, finish: string | null = null) => ({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] });

const STREAMS = {
	openAi: sse(
		['', chunk({ role: 'assistant', content: '' })],
		['', chunk({ content: 'Hel' })],
		['', chunk({ content: 'lo' })],
		['', chunk({}, 'stop')],
		['', { id: 'c', model: 'm', choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } }],
		['', '[DONE]'],
	),
	anthropic: sse(
		['message_start', { type: 'message_start', message: { id: 'c', model: 'm', content: [], usage: { input_tokens: 5, output_tokens: 1 } } }],
		['ping', { type: 'ping' }],
		['content_block_start', { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } }],
		['content_block_start', { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }],
		['content_block_delta', { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hel' } }],
		['content_block_delta', { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'lo' } }],
		['message_delta', { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }],
		['message_stop', { type: 'message_stop' }],
	),
	gemini: sse(
		['', { modelVersion: 'm', responseId: 'c', candidates: [{ content: { parts: [{ text: 'Hel' }] } }], usageMetadata: { promptTokenCount: 5 } }],
		[
			'',
			{
				modelVersion: 'm',
				responseId: 'c',
				candidates: [{ content: { parts: [{ text: 'lo' }] }, finishReason: 'STOP' }],
				usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
			},
		],
	),
} as const;

const ERRORS = {
	openAi: [{ error: { message: 'upstream is gone', code: 502 } }, 502],
	anthropic: [{ type: 'error', error: { type: 'overloaded_error', message: 'upstream is gone' } }, 529],
	gemini: [{ error: { code: 503, message: 'upstream is gone', status: 'UNAVAILABLE' } }, 503],
} as const;

describe.each(['openAi', 'anthropic', 'gemini'] as const)('the stream of %s', (name) => {
	const provider = providers[name];

	test('makes the answer that one piece would have made, with its final usage', () => {
		expect(provider.parseChat(readStream(provider, STREAMS[name]))).toMatchObject({
			text: 'Hello',
			model: 'm',
			id: 'c',
			finishReason: 'stop',
			usage: { inputTokens: 5, outputTokens: 2, totalTokens: 7 },
		});
	});

	test('is no answer while its end is missing', () => {
		const events = STREAMS[name].split(/(?<=\n\n)/);
		const last = name === 'openAi' ? 3 : events.length - 1;
		for (let count = 0; count <= last; count += 1) {
			const cut = events.slice(0, count).join('');
			expect(() => readStream(provider, cut)).toThrow(NetworkError);
			expect(() => readStream(provider, `${cut}data: {"broken`)).toThrow(NetworkError);
		}
	});

	test('reports an error within it as the error that it is', () => {
		const [body, status] = ERRORS[name];
		const text = STREAMS[name].split(/(?<=\n\n)/)[0] + sse(['error', body]);
		expect(() => readStream(provider, text)).toThrow(expect.objectContaining({ status, retryable: true }));
		expect(() => readStream(provider, text)).toThrow(HttpStatusError);
		expect(() => readStream(provider, text)).toThrow(/upstream is gone/);
	});
});

test('a blocked prompt of Gemini ends its stream without a candidate', () => {
	const text = sse(['', { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 5 } }]);
	expect(providers.gemini.parseChat(readStream(providers.gemini, text))).toMatchObject({ finishReason: 'filtered' });
});

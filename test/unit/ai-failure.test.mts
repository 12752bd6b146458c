import { describe, expect, test } from 'vitest';
import { BlockedAnswerError, providers } from '../../lib/ai';
import { failureKind } from '../../lib/ai/failure';
import { CircuitOpenError, InvalidOptionError, MalformedAnswerError, NetworkError, TimeoutError } from '../../lib/core/errors';

const openAi = (status: number, message: string, code: string | null = null) =>
	providers.openAi.parseError({ status, headers: {}, body: { error: { message, type: 'invalid_request_error', code } } });
const anthropic = (status: number, message: string, type = 'invalid_request_error') =>
	providers.anthropic.parseError({ status, headers: {}, body: { type: 'error', error: { type, message } } });
const gemini = (code: number, message: string, status = 'INVALID_ARGUMENT') =>
	providers.gemini.parseError({ status: code, headers: {}, body: { error: { code, message, status } } });

const TOO_LONG = [
	openAi(400, "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens.", 'context_length_exceeded'),
	openAi(400, 'Your input exceeds the context window of this model.'),
	anthropic(400, 'prompt is too long: 203000 tokens > 200000 maximum'),
	anthropic(400, 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length: context window'),
	anthropic(413, 'Request exceeds the maximum size', 'request_too_large'),
	gemini(400, 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).'),
];

describe('a failure is of the kind', () => {
	test.each(TOO_LONG)('prompt too long, and says what to do: %#', (error) => {
		expect(failureKind(error)).toBe('contextLength');
		expect(error.message).toMatch(/does not fit into the model's context window: shorten it/);
		expect(error.retryable).toBe(false);
	});

	test.each([
		openAi(400, 'max_tokens is too large: 100000. This model supports at most 16384 completion tokens.'),
		anthropic(400, 'max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5'),
	])('output limit, which no context window heals: %#', (error) => {
		expect(failureKind(error)).toBe('other');
		expect(error.message).toMatch(/lower Max Tokens/);
		expect(error.message).not.toMatch(/context window/);
	});

	test.each([
		['rateLimit', openAi(429, 'Rate limit reached')],
		['rateLimit', openAi(429, 'You exceeded your current quota', 'insufficient_quota')],
		['outage', anthropic(529, 'Overloaded', 'overloaded_error')],
		['outage', gemini(503, 'The model is overloaded', 'UNAVAILABLE')],
		['outage', new NetworkError('gone', { unprocessed: false })],
		['outage', new TimeoutError('attempt', 1)],
		['outage', new CircuitOpenError('http://x', 1)],
		['contentPolicy', openAi(400, 'The response was filtered', 'content_filter')],
		['contentPolicy', anthropic(400, 'Output blocked by content filtering policy')],
		['contentPolicy', new BlockedAnswerError('blocked')],
		['invalidAnswer', new MalformedAnswerError('no JSON')],
		['other', openAi(401, 'Incorrect API key', 'invalid_api_key')],
		['other', openAi(404, 'The model does not exist', 'model_not_found')],
		['other', new InvalidOptionError('Seed', 'none', 1)],
		['other', new Error('x')],
	])('%s: %s', (kind, error) => {
		expect(failureKind(error)).toBe(kind);
	});
});

import { describe, expect, test } from 'vitest';
import { providers } from '../../lib/ai';
import type { ProviderName } from '../../lib/ai';

function parse(provider: ProviderName, status: number, body: unknown, headers: Record<string, string> = {}) {
	return providers[provider].parseError({ status, headers, body });
}

const openAiError = (message: string, type: string, code: string | null) => ({ error: { message, type, param: null, code } });
const anthropicError = (type: string, message: string) => ({ type: 'error', error: { type, message }, request_id: 'req_1' });
const geminiError = (code: number, status: string, message: string, details: unknown[] = []) => ({ error: { code, message, status, details } });
const violation = (quotaId: string) => ({ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaMetric: 'm', quotaId }] });

describe('an error of a provider', () => {
	const cases: Array<[ProviderName, number, unknown, string, boolean]> = [
		['openAi', 401, openAiError('Incorrect API key provided', 'invalid_request_error', 'invalid_api_key'), 'Incorrect API key provided (invalid_api_key)', false],
		['openAi', 429, openAiError('Rate limit reached for gpt-4o', 'requests', 'rate_limit_exceeded'), 'Rate limit reached for gpt-4o (rate_limit_exceeded)', true],
		['openAi', 429, openAiError('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'), 'You exceeded your current quota (insufficient_quota)', false],
		['openAi', 429, openAiError('You exceeded your current quota', 'insufficient_quota', null), '(insufficient_quota)', false],
		['openAi', 400, openAiError("This model's maximum context length is 8192 tokens", 'invalid_request_error', 'context_length_exceeded'), '(context_length_exceeded)', false],
		['openAi', 500, openAiError('context too long', 'x', 'context_length_exceeded'), 'context too long', false],
		['openAi', 404, openAiError('The model `x` does not exist', 'invalid_request_error', 'model_not_found'), 'does not exist (model_not_found)', false],
		['openAi', 500, openAiError('The server had an error', 'server_error', null), 'The server had an error (server_error)', true],
		['openAi', 502, '<html><body>Bad Gateway</body></html>', 'answered with status 502', true],
		['openAi', 503, undefined, 'answered with status 503', true],
		['openAi', 404, { error: 'model "x" not found' }, 'model "x" not found', false],
		['openAi', 400, { object: 'error', message: 'bad', type: 'BadRequestError', code: 400 }, 'bad (BadRequestError)', false],
		['openAi', 422, { detail: 'Field required' }, 'Field required', false],
		['openAi', 429, '{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}', 'Slow down (rate_limit_exceeded)', true],
		['openAi', 504, 'upstream timeout', 'upstream timeout', true],
		['anthropic', 401, anthropicError('authentication_error', 'invalid x-api-key'), 'invalid x-api-key (authentication_error)', false],
		['anthropic', 403, anthropicError('permission_error', 'No access'), 'No access (permission_error)', false],
		['anthropic', 400, anthropicError('invalid_request_error', '`temperature` is deprecated for this model.'), 'deprecated', false],
		['anthropic', 413, anthropicError('request_too_large', 'Too large'), 'Too large', false],
		['anthropic', 429, anthropicError('rate_limit_error', 'Too many'), 'Too many (rate_limit_error)', true],
		['anthropic', 500, anthropicError('api_error', 'Internal server error'), 'Internal server error', true],
		['anthropic', 529, anthropicError('overloaded_error', 'Overloaded'), 'Overloaded (overloaded_error)', true],
		['gemini', 400, geminiError(400, 'INVALID_ARGUMENT', 'API key not valid.', [{ reason: 'API_KEY_INVALID', domain: 'googleapis.com' }]), 'API key not valid. (API_KEY_INVALID)', false],
		['gemini', 404, geminiError(404, 'NOT_FOUND', 'models/x is not found'), 'models/x is not found (NOT_FOUND)', false],
		['gemini', 429, geminiError(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded', [violation('GenerateRequestsPerMinutePerProjectPerModel')]), 'Quota exceeded (RESOURCE_EXHAUSTED)', true],
		['gemini', 429, geminiError(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded', [violation('GenerateRequestsPerDayPerProjectPerModel-FreeTier')]), 'Quota exceeded', false],
		['gemini', 429, [geminiError(429, 'RESOURCE_EXHAUSTED', 'In a list')], 'In a list (RESOURCE_EXHAUSTED)', true],
		['gemini', 503, geminiError(503, 'UNAVAILABLE', 'The model is overloaded.'), 'The model is overloaded. (UNAVAILABLE)', true],
		['gemini', 500, null, 'answered with status 500', true],
	];
	test.each(cases)('of %s with status %i and body %j says so', (provider, status, body, message, retryable) => {
		const error = parse(provider, status, body);
		expect(error.message).toContain(message);
		expect(error.message).toContain(`status ${status}`);
		expect(error).toMatchObject({ code: 'ERR_HTTP_STATUS', status, retryable, outage: status >= 500 });
	});

	test('shows no HTML', () => {
		expect(parse('openAi', 502, ' <!DOCTYPE html><p>Oops</p>').message).toBe('The AI provider answered with status 502');
	});

	test.each(['sk-proj-abc123DEF456', 'sk-abc***************wxyz', 'AIzaSyA-1234567890abcdef', 'gsk_1234567890abcdef', 'Bearer abcdef123456'])(
		'never shows a key that the provider quotes: %s',
		(secret) => {
			for (const name of ['openAi', 'anthropic', 'gemini'] as const) {
				const error = parse(name, 401, { error: { message: `Bad key ${secret}.`, notes: [{ key: secret }] } });
				expect(error.message).toContain('Bad key ***');
				expect(JSON.stringify(error.body)).not.toContain(secret);
			}
		},
	);

	test('keeps its message short', () => {
		expect(parse('openAi', 400, { error: { message: 'x'.repeat(5000) } }).message.length).toBeLessThan(600);
	});

	test('is retryable as x-should-retry says, unless its code is final', () => {
		expect(parse('anthropic', 500, {}, { 'x-should-retry': 'false' }).retryable).toBe(false);
		expect(parse('anthropic', 400, {}, { 'x-should-retry': 'true' }).retryable).toBe(true);
		expect(parse('openAi', 429, { error: { code: 'insufficient_quota' } }, { 'x-should-retry': 'true' }).retryable).toBe(false);
	});

	test('of Gemini carries the wait from the body as Retry-After, in whole seconds', () => {
		const body = geminiError(429, 'RESOURCE_EXHAUSTED', 'Quota', [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '36.2s' }]);
		expect(parse('gemini', 429, body).headers['retry-after']).toBe('37');
		expect(parse('gemini', 429, body, { 'retry-after': '5' }).headers['retry-after']).toBe('5');
		expect(parse('gemini', 429, {}).headers).toEqual({});
	});
});

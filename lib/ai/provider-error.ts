import { HttpStatusError } from '../core/errors';
import type { HeaderMap } from '../core/errors';
import { adviceOn } from './advice';
import { isRecord } from './wire';

export interface ErrorFacts {
	status: number;
	headers: HeaderMap;
	body: unknown;
}

/** What the provider's body says of a failure. */
export interface ErrorDetails {
	message: string;
	/** The most exact code that there is; empty where there is none. */
	code: string;
	retryable?: boolean | undefined;
	/** Seconds; for providers that say it in the body instead of the Retry-After header. */
	retryAfterSeconds?: number | undefined;
}

/** Codes that no further attempt with the same request and key can heal, whatever the status. */
const FINAL_CODES = new Set([
	'insufficient_quota',
	'billing_hard_limit_reached',
	'billing_not_active',
	'billing_error',
	'account_deactivated',
	'invalid_api_key',
	'authentication_error',
	'permission_error',
	'context_length_exceeded',
	'model_not_found',
	'not_found_error',
	'request_too_large',
]);

/** Longest part of a provider's message that is shown, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/** Keys as providers write them, whole or half masked: some quote the rejected key in their message. */
const SECRETS = /(?:\b(?:sk-|gsk_|xai-|AIza)|\bBearer\s+)[\w*.~+/=-]{6,}/g;

/**
 * The error for a failed request. Whether it is retryable: what the code says, else the `x-should-retry` header, which
 * OpenAI and Anthropic send, else the status.
 */
export function providerError(facts: ErrorFacts, details: ErrorDetails): HttpStatusError {
	const { message, code, retryAfterSeconds } = details;
	const said = redact(message.trim()).slice(0, MAX_MESSAGE_LENGTH);
	const advice = adviceOn(facts.status, said, code);
	const text = [`The AI provider answered with status ${facts.status}`, said && `: ${said}`, code && ` (${code})`, advice && `. ${advice}`];
	const retryable = FINAL_CODES.has(code) ? false : (details.retryable ?? shouldRetry(facts.headers));
	const retryAfter =
		retryAfterSeconds !== undefined && facts.headers['retry-after'] === undefined
			? { 'retry-after': String(retryAfterSeconds) }
			: {};
	return new HttpStatusError({
		status: facts.status,
		headers: { ...facts.headers, ...retryAfter },
		body: redactDeep(decoded(facts.body)),
		message: text.join(''),
		...(retryable === undefined ? {} : { retryable }),
	});
}

function shouldRetry(headers: HeaderMap): boolean | undefined {
	const value = headers['x-should-retry'];
	return value === 'true' ? true : value === 'false' ? false : undefined;
}

/** The body as JSON, where it came as the text of some. */
export function decoded(body: unknown): unknown {
	if (typeof body !== 'string') return body;
	try {
		return JSON.parse(body) as unknown;
	} catch {
		return body;
	}
}

/**
 * The message and code of the shapes that are in use: `{ error: { message, type, code } }`, `{ error: "…" }`,
 * `{ message }`, `{ detail }`, plain text. HTML pages of gateways say nothing worth showing.
 */
export function commonDetails(body: unknown): ErrorDetails {
	const value = decoded(body);
	if (typeof value === 'string') return { message: value.trimStart().startsWith('<') ? '' : value, code: '' };
	const outer = isRecord(value) ? value : {};
	const inner = isRecord(outer.error) ? outer.error : outer;
	const message = [inner.message, outer.error, outer.message, outer.detail].find(isText) ?? '';
	return { message, code: [inner.code, inner.type].find(isText) ?? '' };
}

function isText(value: unknown): value is string {
	return typeof value === 'string' && value !== '';
}

function redact(text: string): string {
	return text.replace(SECRETS, '***');
}

function redactDeep(value: unknown): unknown {
	if (typeof value === 'string') return redact(value);
	if (Array.isArray(value)) return value.map(redactDeep);
	if (!isRecord(value)) return value;
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactDeep(inner)]));
}

import { hasCode, isFastpathError, type ErrorCode } from '../core/errors';
import { commonDetails } from './provider-error';
import { isRecord, listAt, recordAt, type JsonObject } from './wire';

/** What goes back to a client that speaks OpenAI's API. */
export interface OpenAiReply {
	readonly statusCode: number;
	readonly contentType: string;
	readonly body: string;
}

export interface StreamWish {
	/** Whether the last chunk is to count the tokens. */
	readonly includeUsage: boolean;
}

export function jsonReply(body: unknown, statusCode = 200): OpenAiReply {
	return { statusCode, contentType: 'application/json', body: JSON.stringify(body) };
}

/**
 * A whole chat completion as the events that a stream of it has: per choice a chunk with all of the message and one with the
 * reason why it ended. Reference: https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function streamReply(completion: unknown, { includeUsage }: StreamWish): OpenAiReply {
	const { choices, usage, ...rest } = isRecord(completion) ? completion : {};
	const shared = { ...rest, object: 'chat.completion.chunk' };
	const uncounted = includeUsage ? { usage: null } : {};
	const chunks = (listAt({ choices }, 'choices') ?? []).filter(isRecord).flatMap(({ index = 0, message, logprobs = null, finish_reason = null }) => [
		{ ...shared, choices: [{ index, delta: deltaOf(message), logprobs, finish_reason: null }], ...uncounted },
		{ ...shared, choices: [{ index, delta: {}, logprobs: null, finish_reason }], ...uncounted },
	]);
	const counted = includeUsage ? [{ ...shared, choices: [], usage: usage ?? null }] : [];
	const events = [...[...chunks, ...counted].map((chunk) => JSON.stringify(chunk)), '[DONE]'];
	return { statusCode: 200, contentType: 'text/event-stream', body: events.map((data) => `data: ${data}\n\n`).join('') };
}

/** In a stream, calls of tools are numbered. */
function deltaOf(message: unknown): JsonObject {
	const calls = listAt(message, 'tool_calls')?.filter(isRecord);
	return { ...(isRecord(message) ? message : {}), ...(calls ? { tool_calls: calls.map((call, index) => ({ index, ...call })) } : {}) };
}

/** Vectors as OpenAI packs them where base64 is asked for: 32-bit floats, little-endian. */
export function packVector(vector: readonly number[]): string {
	const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
	vector.forEach((value, index) => bytes.writeFloatLE(value, index * Float32Array.BYTES_PER_ELEMENT));
	return bytes.toString('base64');
}

/** [status, type, code], as OpenAI's own errors have them where there is a like. */
const KINDS: Partial<Record<ErrorCode, readonly [number, string, string | null]>> = {
	ERR_INVALID_OPTION: [400, 'invalid_request_error', 'invalid_value'],
	ERR_AUTHENTICATION: [401, 'authentication_error', null],
	ERR_BUDGET_EXCEEDED: [429, 'insufficient_quota', 'insufficient_quota'],
	ERR_LIMIT_EXCEEDED: [429, 'requests', 'rate_limit_exceeded'],
	ERR_CIRCUIT_OPEN: [503, 'server_error', 'circuit_open'],
	ERR_TIMEOUT: [504, 'server_error', 'timeout'],
	ERR_NETWORK: [502, 'server_error', 'bad_gateway'],
	ERR_MALFORMED_ANSWER: [502, 'server_error', 'bad_gateway'],
	ERR_ALL_FAILED: [502, 'server_error', 'bad_gateway'],
};

/**
 * A failure in the shape of OpenAI's errors: what the provider itself said, with its status, and otherwise what went wrong here.
 * Reference: https://platform.openai.com/docs/guides/error-codes
 */
export function errorReply(error: unknown): OpenAiReply {
	const message = error instanceof Error ? error.message : String(error);
	if (hasCode(error, 'ERR_HTTP_STATUS')) {
		const { message: said, code } = commonDetails(error.body);
		const own = recordAt(error.body, 'error');
		return jsonReply({ error: { message: said || message, type: 'api_error', param: null, code: code || null, ...own } }, error.status);
	}
	if (hasCode(error, 'ERR_ALL_FAILED') && hasCode(error.cause, 'ERR_HTTP_STATUS')) {
		return jsonReply({ error: { message, type: 'api_error', param: null, code: null } }, error.cause.status);
	}
	const [status, type, code] = (isFastpathError(error) ? KINDS[error.code] : undefined) ?? [500, 'server_error', null];
	return jsonReply({ error: { message, type, param: null, code } }, status);
}

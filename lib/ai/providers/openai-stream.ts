import type { StreamedEvent, StreamFormat } from '../stream';
import { isRecord, listAt, recordAt, textAt, type JsonObject } from '../wire';

/**
 * Chunks of a chat completion, ended by `[DONE]`; with `include_usage` one before it counts the tokens.
 * Reference: https://platform.openai.com/docs/api-reference/chat-streaming
 */
export const stream: StreamFormat = {
	request: (wire) => ({
		...wire,
		headers: { ...wire.headers, accept: 'text/event-stream' },
		body: { stream_options: { include_usage: true }, ...wire.body, stream: true },
	}),
	assemble,
	errorStatus,
};

/** Servers differ in whether `[DONE]` or only the finish reason ends the stream. */
function assemble(events: readonly StreamedEvent[]): JsonObject | undefined {
	const chunks = events.flatMap(({ json }) => (json ? [json] : []));
	const choices = chunks.map((chunk) => listAt(chunk, 'choices')?.find((choice) => isRecord(choice) && !choice.index));
	const deltas = choices.map((choice) => recordAt(choice, 'delta'));
	const reason = choices.map((choice) => textAt(choice, 'finish_reason')).findLast((text) => text !== '');
	const ended = events.some(({ data }) => data.trim() === '[DONE]');
	if (reason === undefined && !(ended && chunks.length > 0)) return undefined;
	const joined = (field: string) => deltas.map((delta) => textAt(delta, field)).join('');
	const calls = deltas.flatMap((delta) => listAt(delta, 'tool_calls') ?? []);
	const message: JsonObject = { role: 'assistant', content: joined('content'), refusal: joined('refusal') || null };
	if (calls.length > 0) message.tool_calls = calls;
	return {
		...chunks[0],
		object: 'chat.completion',
		choices: [{ index: 0, message, finish_reason: reason ?? null }],
		usage: chunks.findLast((chunk) => isRecord(chunk.usage))?.usage ?? null,
	};
}

/** `{ error: { message, code } }` in place of a chunk; gateways give the status as the code. */
function errorStatus(data: JsonObject): number | undefined {
	if (!data.error) return undefined;
	const { code } = recordAt(data, 'error');
	const status = Number(code);
	if (status >= 400 && status < 600) return status;
	return code === 'rate_limit_exceeded' ? 429 : 500;
}

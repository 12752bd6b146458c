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

/** Servers differ in whether `[DONE]` or only the finish reason of each choice ends the stream. */
function assemble(events: readonly StreamedEvent[]): JsonObject | undefined {
	const chunks = events.flatMap(({ json }) => (json ? [json] : []));
	const parts = chunks.flatMap((chunk) => listAt(chunk, 'choices') ?? []).filter(isRecord);
	const indexes = [...new Set([...parts.map(indexOf), ...(parts.length === 0 ? [0] : [])])].sort((a, b) => a - b);
	const choices = indexes.map((index) => choiceOf(index, parts.filter((part) => indexOf(part) === index)));
	const ended = events.some(({ data }) => data.trim() === '[DONE]');
	const finished = choices.every(({ finish_reason: reason }) => reason !== null);
	if (!finished && !(ended && chunks.length > 0)) return undefined;
	return {
		...chunks[0],
		object: 'chat.completion',
		choices,
		usage: chunks.findLast((chunk) => isRecord(chunk.usage))?.usage ?? null,
	};
}

function indexOf({ index }: JsonObject): number {
	return typeof index === 'number' ? index : 0;
}

function choiceOf(index: number, parts: readonly JsonObject[]): JsonObject {
	const deltas = parts.map((part) => recordAt(part, 'delta'));
	const reason = parts.map((part) => textAt(part, 'finish_reason')).findLast((text) => text !== '');
	const logged = parts.flatMap((part) => listAt(recordAt(part, 'logprobs'), 'content') ?? []);
	const logprobs = logged.length > 0 ? { logprobs: { content: logged, refusal: null } } : {};
	return { index, message: messageOf(deltas), ...logprobs, finish_reason: reason ?? null };
}

/** Texts come in pieces, calls of tools too; what else there is comes once. */
function messageOf(deltas: readonly JsonObject[]): JsonObject {
	const message: JsonObject = { role: 'assistant', content: '', refusal: '' };
	for (const [field, value] of deltas.flatMap((delta) => Object.entries(delta))) {
		if (field === 'role' || field === 'tool_calls' || value === null) continue;
		message[field] = typeof value === 'string' ? textAt(message, field) + value : value;
	}
	const calls = toolCallsOf(deltas.flatMap((delta) => listAt(delta, 'tool_calls') ?? []).filter(isRecord));
	if (calls.length > 0) Object.assign(message, { tool_calls: calls, content: message.content || null });
	return { ...message, refusal: message.refusal || null };
}

/** The first piece of a call names it; those that follow continue its arguments. */
function toolCallsOf(pieces: readonly JsonObject[]): JsonObject[] {
	const calls = new Map<number, JsonObject>();
	for (const { index: _index, ...piece } of pieces) {
		const index = indexOf({ index: _index });
		const { function: before, ...known } = calls.get(index) ?? {};
		const added = recordAt(piece, 'function');
		const text = (field: string) => textAt(before, field) + textAt(added, field);
		calls.set(index, { ...piece, ...known, function: { ...added, name: text('name'), arguments: text('arguments') } });
	}
	return [...calls].sort(([a], [b]) => a - b).map(([, call]) => call);
}

/** `{ error: { message, code } }` in place of a chunk; gateways give the status as the code. */
function errorStatus(data: JsonObject): number | undefined {
	if (!data.error) return undefined;
	const { code } = recordAt(data, 'error');
	const status = Number(code);
	if (status >= 400 && status < 600) return status;
	return code === 'rate_limit_exceeded' ? 429 : 500;
}

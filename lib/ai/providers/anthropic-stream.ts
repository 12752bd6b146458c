import type { StreamedEvent, StreamFormat } from '../stream';
import { isRecord, recordAt, textAt, type JsonObject } from '../wire';

/**
 * Events from `message_start` to `message_stop`; a `message_delta` brings the stop reason and the final usage, whose counts
 * are cumulative. Reference: https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export const stream: StreamFormat = {
	request: (wire) => ({
		...wire,
		headers: { ...wire.headers, accept: 'text/event-stream' },
		body: { ...wire.body, stream: true },
	}),
	assemble,
	errorStatus,
};

function assemble(events: readonly StreamedEvent[]): JsonObject | undefined {
	let message: JsonObject | undefined;
	let ended = false;
	const blocks = new Map<unknown, JsonObject>();
	for (const { json } of events) {
		switch (textAt(json, 'type')) {
			case 'message_start':
				message = { ...recordAt(json, 'message') };
				break;
			case 'content_block_start':
				blocks.set(json?.index, { ...recordAt(json, 'content_block') });
				break;
			case 'content_block_delta':
				extend(blocks.get(json?.index), recordAt(json, 'delta'));
				break;
			case 'message_delta':
				if (message) addUp(message, json);
				break;
			case 'message_stop':
				ended = true;
		}
	}
	return message && ended ? { ...message, content: [...blocks.values()] } : undefined;
}

function extend(block: JsonObject | undefined, delta: JsonObject): void {
	if (block && typeof delta.text === 'string') block.text = textAt(block, 'text') + delta.text;
}

function addUp(message: JsonObject, event: unknown): void {
	Object.assign(message, recordAt(event, 'delta'));
	const counted = Object.entries(recordAt(event, 'usage')).filter(([, value]) => value !== null);
	message.usage = { ...recordAt(message, 'usage'), ...Object.fromEntries(counted) };
}

/** Reference: https://platform.claude.com/docs/en/api/errors */
const STATUS: Readonly<Record<string, number>> = {
	invalid_request_error: 400,
	authentication_error: 401,
	billing_error: 402,
	permission_error: 403,
	not_found_error: 404,
	request_too_large: 413,
	rate_limit_error: 429,
	timeout_error: 504,
	overloaded_error: 529,
};

function errorStatus(data: JsonObject): number | undefined {
	if (data.type !== 'error' || !isRecord(data.error)) return undefined;
	return STATUS[textAt(data.error, 'type')] ?? 500;
}

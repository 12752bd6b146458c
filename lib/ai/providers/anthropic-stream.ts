import type { StreamedEvent, StreamFormat } from '../stream';
import { isRecord, recordAt, textAt, type JsonObject } from '../wire';
import { statusOf } from './anthropic-errors';

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

function errorStatus(data: JsonObject): number | undefined {
	if (data.type !== 'error' || !isRecord(data.error)) return undefined;
	return statusOf(textAt(data.error, 'type'));
}

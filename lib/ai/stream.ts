import { NetworkError } from '../core/errors';
import { decoded } from './provider-error';
import type { Provider, WireRequest } from './provider';
import { parseEventStream, type SseEvent } from './sse';
import { isRecord, type JsonObject } from './wire';

/**
 * How a provider streams. The events are put together to the very body that it would have sent in one piece, so that one
 * parser reads both, and both share their place in the cache.
 */
export interface StreamFormat {
	/** The same request, asking for a stream. */
	request(wire: WireRequest): WireRequest;
	/** The body that the events make up; undefined where the last one is missing. */
	assemble(events: readonly StreamedEvent[]): JsonObject | undefined;
	/** The status that stands for an error which came within the stream. */
	errorStatus(data: JsonObject): number | undefined;
}

export interface StreamedEvent {
	readonly event: string;
	/** Undefined for what is no JSON object, such as `[DONE]`. */
	readonly json: JsonObject | undefined;
	readonly data: string;
}

/**
 * The body behind a stream that has been read to its end.
 * @throws {HttpStatusError} as the provider's errors are, for one that came within the stream
 * @throws {NetworkError} if the stream broke off: what has come so far is no answer
 */
export function readStream(provider: Provider, text: string): JsonObject {
	const events = parseEventStream(text).map(streamed);
	for (const { json } of events) {
		const status = json && provider.stream.errorStatus(json);
		if (status !== undefined) throw provider.parseError({ status, headers: {}, body: json });
	}
	const body = provider.stream.assemble(events);
	if (body) return body;
	throw new NetworkError('The stream of the answer broke off before its end', { unprocessed: false });
}

function streamed({ event, data }: SseEvent): StreamedEvent {
	const json = decoded(data);
	return { event, data, json: isRecord(json) ? json : undefined };
}

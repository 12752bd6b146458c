import type { StreamedEvent, StreamFormat } from '../stream';
import { listAt, recordAt, textAt, type JsonObject } from '../wire';

/**
 * Each event is a response of its own that holds the next part; the last one has the finish reason, and the usage of the
 * whole. Reference: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 */
export const stream: StreamFormat = {
	request: (wire) => ({
		...wire,
		path: wire.path.replace(/:generateContent$/, ':streamGenerateContent?alt=sse'),
		headers: { ...wire.headers, accept: 'text/event-stream' },
	}),
	assemble,
	errorStatus,
};

function assemble(events: readonly StreamedEvent[]): JsonObject | undefined {
	const bodies = events.flatMap(({ json }) => (json ? [json] : []));
	const candidates = bodies.map((body) => listAt(body, 'candidates')?.[0]);
	const parts = candidates.flatMap((candidate) => listAt(recordAt(candidate, 'content'), 'parts') ?? []);
	const finishReason = candidates.map((candidate) => textAt(candidate, 'finishReason')).findLast((text) => text !== '');
	const whole: JsonObject = Object.assign({}, ...bodies) as JsonObject;
	if (finishReason === undefined) {
		// A prompt that is blocked has no candidates at all.
		return textAt(recordAt(whole, 'promptFeedback'), 'blockReason') === '' ? undefined : whole;
	}
	return { ...whole, candidates: [{ content: { role: 'model', parts }, finishReason, index: 0 }] };
}

function errorStatus(data: JsonObject): number | undefined {
	if (!data.error) return undefined;
	const status = Number(recordAt(data, 'error').code);
	return status >= 400 && status < 600 ? status : 500;
}

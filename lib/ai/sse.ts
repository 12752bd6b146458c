/** One event of a stream. `event` is empty where the server names none. */
export interface SseEvent {
	event: string;
	data: string;
}

/**
 * The events of a whole stream, in order; an event that the end of the stream cuts off is left out.
 * Reference: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function parseEventStream(text: string): SseEvent[] {
	const events: SseEvent[] = [];
	let event = '';
	let data: string[] = [];
	for (const line of wholeLines(text)) {
		if (line === '') {
			if (data.length > 0) events.push({ event, data: data.join('\n') });
			event = '';
			data = [];
			continue;
		}
		const colon = line.indexOf(':');
		const field = colon === -1 ? line : line.slice(0, colon);
		const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
		if (field === 'data') data.push(value);
		else if (field === 'event') event = value;
	}
	return events;
}

/** Without what follows the last end of line. */
function wholeLines(text: string): string[] {
	return text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/).slice(0, -1);
}

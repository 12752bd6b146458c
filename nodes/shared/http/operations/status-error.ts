import { HttpStatusError } from '../../../../lib/core/errors';
import type { HttpResponse } from '../../../../lib/http';
import type { ResponseFormat } from '../choices';

const MAX_SAID = 300;

/** A response with another status than 2xx; it travels with the error, for those who want it all the same. */
export class ResponseError extends HttpStatusError {
	constructor(
		readonly response: HttpResponse,
		/** What the body was to be read as. */
		readonly format: ResponseFormat,
	) {
		const { status, statusMessage, headers } = response;
		const body = shownBody(response.body);
		const reason = saidIn(body) ?? statusMessage;
		super({ status, headers, body, message: `The server answered with status ${status}${reason === '' ? '' : `: ${reason}`}` });
	}
}

/** JSON as it means, text as it is; a body that is neither is not for reading. */
function shownBody(body: Buffer): unknown {
	const text = body.toString('utf8');
	if (text.includes('\uFFFD') || text.includes('\0')) return undefined;
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}

/** The words in which APIs say what is wrong (among them RFC 9457), where the body holds some. */
export function saidIn(body: unknown, depth = 0): string | undefined {
	if (typeof body === 'string' && depth > 0) return bounded(body);
	if (typeof body !== 'object' || body === null || depth > 3) return undefined;
	if (Array.isArray(body)) return saidIn(body[0], depth + 1);
	const values = body as Readonly<Record<string, unknown>>;
	for (const name of ['message', 'error_description', 'detail', 'error', 'errors', 'title', 'reason']) {
		const said = saidIn(values[name], depth + 1);
		if (said !== undefined) return said;
	}
	return undefined;
}

function bounded(text: string): string | undefined {
	const said = text.trim();
	if (said === '') return undefined;
	return said.length > MAX_SAID ? `${said.slice(0, MAX_SAID)}…` : said;
}

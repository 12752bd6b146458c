import type { HttpRequest, HttpResponse } from '../../../lib/http';
import type { Authenticator, SignableBody, SignableRequest, SignedRequest } from '../../../lib/n8n/signing';
import { appendQuery } from './encode';
import { formEncoded, pairsOf } from './form';
import type { ReadyRequest } from './request';

/** Has the credential sign a request, and sends what comes of it; each call signs anew. */
export async function sendSigned(
	authenticator: Authenticator,
	request: HttpRequest,
	parameters: ReadyRequest,
	send: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<HttpResponse> {
	return await authenticator.send(toSignable(request, parameters), async (signed) => await send(toSend(request, signed, parameters)));
}

/** Query and form with the names that they are sent with, so that a signature covers what the server sees. */
function toSignable(request: HttpRequest, { url, query, body, settings }: ReadyRequest): SignableRequest {
	const { connection, timeouts, redirect } = request;
	return {
		method: request.method,
		url,
		headers: request.headers,
		query: gather(pairsOf(query, settings.arrayFormat)),
		body: signableBody(body, request),
		client: {
			timeoutMs: timeouts.headersMs,
			rejectUnauthorized: connection.rejectUnauthorized,
			followRedirects: redirect.follow,
			tls: connection.tls,
			proxied: connection.proxy !== undefined,
		},
	};
}

function signableBody(body: ReadyRequest['body'], { headers, body: encoded }: HttpRequest): SignableBody {
	if (encoded === undefined) return { kind: 'none' };
	// Fields that a content type of the user's turned into a form are signed as they are sent.
	const announced = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
	if (body.kind === 'json' && /\bform\b|form-/.test(String(announced))) return { kind: 'encoded', data: encoded };
	switch (body.kind) {
		case 'json':
			return { kind: 'json', value: body.value };
		case 'form':
			return { kind: 'form', fields: gather([...new URLSearchParams(String(encoded))]) };
		default:
			return { kind: 'encoded', data: encoded };
	}
}

function toSend(request: HttpRequest, signed: SignedRequest, { url, query, settings }: ReadyRequest): HttpRequest {
	const { headers, secretHeaders } = signed;
	const changed = signed.query !== undefined || signed.url !== url;
	const pairs = signed.query === undefined ? pairsOf(query, settings.arrayFormat) : pairsOf(signed.query, 'repeat');
	return {
		...request,
		url: changed ? appendQuery(signed.url, pairs) : request.url,
		...(signed.body === undefined ? { headers } : encoded(signed.body, headers)),
		credentialHeaders: [...(request.credentialHeaders ?? []), ...secretHeaders],
	};
}

function encoded(body: SignableBody, headers: HttpRequest['headers']): Pick<HttpRequest, 'headers' | 'body'> {
	switch (body.kind) {
		case 'none':
			return { headers, body: undefined };
		case 'json':
			return { headers: withType(headers, 'application/json'), body: JSON.stringify(body.value) };
		case 'form': {
			const text = formEncoded(pairsOf(body.fields, 'repeat'));
			return { headers: withType(headers, 'application/x-www-form-urlencoded'), body: text };
		}
		case 'encoded':
			return { headers, body: body.data };
	}
}

function withType(headers: HttpRequest['headers'], type: string): HttpRequest['headers'] {
	return Object.keys(headers).some((name) => name.toLowerCase() === 'content-type') ? headers : { ...headers, 'content-type': type };
}

/** A name that comes again holds a list. */
function gather(pairs: ReadonlyArray<readonly [string, string]>): Record<string, string | string[]> {
	const gathered: Record<string, string | string[]> = {};
	for (const [name, value] of pairs) {
		const present = Object.hasOwn(gathered, name) ? gathered[name] : undefined;
		const values = present === undefined ? value : [...(Array.isArray(present) ? present : [present]), value];
		Object.defineProperty(gathered, name, { value: values, enumerable: true, configurable: true, writable: true });
	}
	return gathered;
}

import { MalformedAnswerError } from '../core/errors';
import { parseTarget } from './target';

import type { HttpRequest } from './transport';

/** What a redirect may change about a request. */
export type Hop = Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];
/** They describe a body that a GET does not have. */
const OF_THE_BODY = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location'];

/**
 * The request that a response asks for in its place (RFC 9110 section 15.4, and for 301 and 302 what
 * all clients do), or nothing where it is no redirect. Another origin, and so the way from https to
 * http, gets neither the usual credentials nor the headers that `credentialHeaders` names; without a
 * list it gets all of them.
 */
export function nextHop(
	hop: Hop,
	response: { status: number; headers: Record<string, string | string[]> },
	credentialHeaders: readonly string[] | undefined,
): Hop | undefined {
	if (!REDIRECTS.has(response.status)) return undefined;
	const { location } = response.headers;
	const reference = Array.isArray(location) ? location[0] : location;
	if (reference === undefined) return undefined;

	const from = parseTarget(hop.url).url;
	const to = resolve(reference, from);
	const dropped = new Set<string>();
	if (to.origin !== from.origin) {
		dropped.add('host');
		if (credentialHeaders) {
			for (const name of [...CREDENTIALS, ...credentialHeaders]) dropped.add(name.toLowerCase());
		}
	}
	const method = nextMethod(hop.method, response.status);
	const bodiless = method !== hop.method;
	if (bodiless) for (const name of OF_THE_BODY) dropped.add(name);
	return {
		method,
		url: to.href,
		headers: without(hop.headers, dropped),
		body: bodiless ? undefined : hop.body,
	};
}

function nextMethod(method: string, status: number): string {
	if (status === 303) return method === 'HEAD' ? method : 'GET';
	return (status === 301 || status === 302) && method === 'POST' ? 'GET' : method;
}

function resolve(reference: string, from: URL): URL {
	const to = URL.canParse(reference, from.href) ? new URL(reference, from) : undefined;
	if (to?.protocol !== 'http:' && to?.protocol !== 'https:') {
		throw new MalformedAnswerError('The server redirected to something that is no http address');
	}
	// RFC 9110 section 10.2.2: the fragment is inherited, unless the new address has its own.
	if (to.hash === '') to.hash = from.hash;
	// A user name and password in the old address belong to its origin.
	if (to.origin === from.origin && to.username === '' && to.password === '') {
		to.username = from.username;
		to.password = from.password;
	}
	return to;
}

function without(headers: HttpRequest['headers'], dropped: ReadonlySet<string>): HttpRequest['headers'] {
	if (dropped.size === 0) return headers;
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name.toLowerCase())));
}

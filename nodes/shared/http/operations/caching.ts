import type { HttpCacheOptions, HttpMessage } from '../../../../lib/cache/http-policy';
import { marksOf, shownUrl } from '../../../../lib/cache/marks';
import { cacheKey, type KeyScope } from '../../../../lib/cache/key';
import type { HttpRequest, HttpResponse } from '../../../../lib/http';
import type { LaneCall, LaneOptions, SharedStore } from '../../../../lib/runtime';
import { partitionOf } from '../../cache';
import { secretQueryOf, type Access } from '../access';
import type { ResponseFormat } from '../choices';
import type { Settings } from '../parameters';
import { ResponseError } from './status-error';

/** The node that asks. */
export interface Place {
	readonly workflowId: string;
	readonly nodeId: string;
	readonly nodeName?: string | undefined;
	/** What the run shares with other processes; without it, nothing. */
	readonly shared?: SharedStore | undefined;
}

/**
 * Headers that negotiate or describe a request without saying who makes it. Any other one (a key, a
 * tenant) keeps its answers apart from those to requests that lack it or differ in it.
 */
const NOT_OF_THE_CALLER = new Set([
	'accept', 'accept-charset', 'accept-encoding', 'accept-language', 'cache-control', 'content-length', 'content-type',
	'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'pragma', 'range', 'referer',
	'traceparent', 'tracestate', 'user-agent', 'x-correlation-id', 'x-request-id',
]);

/** What all requests of a lane have in common. */
type Common = Pick<HttpRequest, 'connection' | 'redirect' | 'maxResponseBytes'>;

/** How answers are kept and shared for one lane; nothing where the user wants neither. */
export function cachingOf(
	access: Access,
	common: Common,
	settings: Settings,
	origin: string,
	place: Place,
): Pick<LaneOptions, 'httpCache' | 'share'> {
	const { cache, shareInFlight } = settings.caching;
	if (!shareInFlight) return {};
	const httpCache: HttpCacheOptions | undefined = cache && {
		scope: keyScope(access, common, settings, origin, place),
		ttlMs: cache.ttlMs,
		maxTtlMs: cache.maxTtlMs,
		marksOf: ({ url }) => marksOf(place, cache.tags, shownUrl(url, secretQueryOf(access))),
		refreshTimeoutMs: settings.totalTimeoutMs,
		toMessage,
		fromMessage: (message) => fromMessage(message, settings.response.format),
	};
	return { httpCache, share: true };
}

/** What the stages must know of one call to cache and to share it. Throws where the address is not allowed: a hit asks nobody else. */
export async function cacheableCall(
	access: Access,
	request: HttpRequest,
	settings: Settings,
	place: Place,
): Promise<Pick<LaneCall, 'key' | 'request'>> {
	const { method, url, headers, body } = request;
	const safe = method === 'GET' || method === 'HEAD';
	await access.egress.validateUrl(url);
	const scope = keyScope(access, request, settings, new URL(url).origin, place);
	const cacheable = settings.caching.cache && !(safe && body !== undefined);
	return {
		key: safe ? cacheKey(scope, [method, url, headers, body]) : undefined,
		request: cacheable ? { method, url, headers, identity: callerOf(request) } : undefined,
	};
}

/** Answers never cross a credential, nor what decides whom a connection trusts and who it says it is. */
function keyScope(access: Access, common: Common, settings: Settings, origin: string, place: Place): KeyScope {
	const { connection, redirect, maxResponseBytes } = common;
	const { cache } = settings.caching;
	const origins = settings.steadiness.balance?.origins;
	const partition = cache ? partitionOf(cache, place) : 'flight';
	const { rejectUnauthorized, proxy, tls } = connection;
	const scope = { credential: access.credentialId, origin, partition };
	// They may hold secrets, of which only the hash is used.
	return { ...scope, partition: cacheKey(scope, { held: access.held(), origins, rejectUnauthorized, proxy, tls, maxResponseBytes, redirect }) };
}

function callerOf({ headers }: HttpRequest): Array<[string, string | string[]]> {
	return Object.entries(headers)
		.map(([name, value]): [string, string | string[]] => [name.toLowerCase(), value])
		.filter(([name]) => !NOT_OF_THE_CALLER.has(name))
		.sort(([one], [other]) => (one < other ? -1 : 1));
}

function toMessage(outcome: unknown): HttpMessage | undefined {
	const response = outcome instanceof ResponseError ? outcome.response : outcome instanceof Error ? undefined : (outcome as HttpResponse);
	if (!response) return undefined;
	const { status, statusMessage, headers, body, url, redirects } = response;
	return { status, statusMessage, headers, body, url, redirects };
}

function fromMessage(message: HttpMessage, format: ResponseFormat): HttpResponse {
	const response: HttpResponse = {
		...message,
		headers: { ...message.headers },
		connectionReused: null,
		timings: { waitedMs: 0, connectMs: 0, firstByteMs: 0, totalMs: 0 },
	};
	if (message.status < 200 || message.status >= 300) throw new ResponseError(response, format);
	return response;
}

import type { HttpCacheOptions, HttpMessage } from '../../../lib/cache/http-policy';
import { cacheKey, type KeyScope } from '../../../lib/cache/key';
import { openEgress, type HttpRequest, type HttpResponse } from '../../../lib/http';
import type { LaneCall, LaneOptions } from '../../../lib/runtime';
import { partitionOf } from '../../shared/cache';
import type { Access } from '../access';
import type { Settings } from '../parameters';
import { ResponseError } from './status-error';

/** The node that asks. */
export interface Place {
	readonly workflowId: string;
	readonly nodeId: string;
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

/** How answers are kept and shared for one lane; nothing where the user wants neither. */
export function cachingOf(
	access: Access,
	settings: Settings,
	origin: string,
	place: Place,
): Pick<LaneOptions, 'httpCache' | 'share'> {
	const { cache, shareInFlight } = settings.caching;
	if (!shareInFlight) return {};
	const httpCache: HttpCacheOptions | undefined = cache && {
		scope: keyScope(access, settings, origin, place),
		ttlMs: cache.ttlMs,
		refreshTimeoutMs: settings.totalTimeoutMs,
		toMessage,
		fromMessage,
	};
	return { httpCache, share: true };
}

/** What the stages must know of one call to cache and to share it. Refused where the address is not allowed: a hit asks nobody else. */
export async function cacheableCall(
	access: Access,
	settings: Settings,
	request: HttpRequest,
	place: Place,
): Promise<Pick<LaneCall, 'key' | 'request'>> {
	const { cache, shareInFlight } = settings.caching;
	if (!shareInFlight) return {};
	const { method, url, headers, body } = request;
	const safe = method === 'GET' || method === 'HEAD';
	if (access.egress !== openEgress) await access.egress.validateUrl(url);
	const scope = keyScope(access, settings, new URL(url).origin, place);
	return {
		key: safe ? cacheKey(scope, [method, url, headers, body]) : undefined,
		request: cache && !(safe && body !== undefined) ? { method, url, headers, identity: callerOf(request) } : undefined,
	};
}

/** Answers never cross a credential, nor what decides whom a connection trusts. */
function keyScope(access: Access, settings: Settings, origin: string, place: Place): KeyScope {
	const { connection, redirect, caching } = settings;
	const partition = caching.cache ? partitionOf(caching.cache, place) : 'flight';
	const terms = [partition, connection.rejectUnauthorized, connection.proxy ?? null, connection.maxResponseBytes, redirect];
	return { credential: access.credentialId, origin, partition: JSON.stringify(terms) };
}

/** The credential's own headers are left out: its id stands for them, and outlives a renewed token. */
function callerOf({ headers, credentialHeaders = [] }: HttpRequest): Array<[string, string | string[]]> {
	return Object.entries(headers)
		.map(([name, value]): [string, string | string[]] => [name.toLowerCase(), value])
		.filter(([name]) => !NOT_OF_THE_CALLER.has(name) && !credentialHeaders.includes(name))
		.sort(([one], [other]) => (one < other ? -1 : 1));
}

function toMessage(outcome: unknown): HttpMessage | undefined {
	const response = outcome instanceof ResponseError ? outcome.response : outcome instanceof Error ? undefined : (outcome as HttpResponse);
	if (!response) return undefined;
	const { status, statusMessage, headers, body, url, redirects } = response;
	return { status, statusMessage, headers, body, url, redirects };
}

function fromMessage(message: HttpMessage): HttpResponse {
	const response: HttpResponse = {
		...message,
		headers: { ...message.headers },
		connectionReused: null,
		timings: { waitedMs: 0, connectMs: 0, firstByteMs: 0, totalMs: 0 },
	};
	if (message.status < 200 || message.status >= 300) throw new ResponseError(response);
	return response;
}

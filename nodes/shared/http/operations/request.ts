import type { CallContext } from '../../../../lib/core/policy';
import type { HttpRequest, HttpResponse } from '../../../../lib/http';
import { limitsSaid } from '../../../../lib/retry/retry-after';
import type { Lane, Outcome, Runtime } from '../../../../lib/runtime';
import type { Access } from '../access';
import type { LoadedBody } from '../load-body';
import { ofLast } from '../of-last';
import type { RequestParameters, Settings } from '../parameters';
import { cacheableCall, cachingOf, type Place } from './caching';
import { encodeBody, encodeHeaders, isIdempotent, isSafe, withQuery } from './encode';
import { balanceOver, movedTo, sentTo } from './origins';
import { sendSigned } from './signed';
import { ResponseError } from './status-error';

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 50;
const MAX_IDLE_CONNECTIONS = 10;
/** What an origin says of its limits holds for all requests to it with a credential. */
const LEARNT = 'http';

/** Parameters of which nothing is left to be read. */
export type ReadyRequest = Omit<RequestParameters, 'body'> & {
	readonly body: LoadedBody;
	/** What it counts under a limit of tokens; without it, its body says. */
	readonly tokens?: number | undefined;
	/** The server knows a request that it has had before, so that any method may be repeated. */
	readonly repeatable?: boolean;
};

export type Requester = (access: Access, parameters: ReadyRequest, signal: AbortSignal) => Promise<Outcome<HttpResponse>>;

/**
 * Makes the requests of one execution; `source` names the node in the metrics. What requests have in common (lane, body, headers) is made once
 * for as long as the parts of the parameters that it comes from stay the same objects. What it returns
 * never rejects for what the request itself runs into; with a cache it does where the address is not allowed.
 */
export function createRequester(runtime: Runtime, place: Place, source: string): Requester {
	const laneOf = laneOpener(runtime, place, source);
	const bodyOf = ofLast(encodeBody);
	const headersOf = ofLast(encodeHeaders);
	const common = ofLast(commonOf);
	return async (access, parameters, signal) => {
		const { method, settings } = parameters;
		const body = bodyOf(parameters.body, method, parameters.headers, access.auth, runtime.random);
		const headers = headersOf(parameters.headers, body, access.auth, settings, runtime.userAgent);
		const request: HttpRequest = {
			...common(runtime, access, settings),
			method,
			url: withQuery(parameters.url, parameters.query, access.auth, settings.arrayFormat),
			headers,
			body: body.content,
		};
		const caching = settings.caching.shareInFlight ? await cacheableCall(access, request, settings, place) : undefined;
		const outcome = await laneOf(access, settings, new URL(request.url).origin).run(
			async (context) => {
				const asked = sentTo(inward(request, context), context.origin);
				return await attempt(runtime, access, asked, signedAt(parameters, context.origin), context);
			},
			{ signal, idempotent: parameters.repeatable === true || isIdempotent(method, headers), safe: isSafe(method), tokens: tokensOf(parameters, body.content), ...caching },
		);
		if (outcome.ok || !settings.response.neverError) return outcome;
		const response = responseOf(outcome.error);
		return response ? { ok: true, value: response, trace: outcome.trace } : outcome;
	};
}

const BYTES_PER_TOKEN = 4;

function tokensOf({ settings, tokens }: ReadyRequest, content: string | Uint8Array | undefined): number | undefined {
	if (tokens !== undefined || settings.resilience.tokensPerMinute === undefined) return tokens;
	return Math.max(1, Math.ceil(Buffer.byteLength(content ?? '') / BYTES_PER_TOKEN));
}

/** The cache adds its conditions on the way. */
function inward(request: HttpRequest, { request: asked }: CallContext): HttpRequest {
	return asked ? { ...request, headers: { ...asked.headers } } : request;
}

/** A status other than 2xx is thrown here, so that the retry and the circuit see it even where it is no error to the user. */
async function attempt(
	runtime: Runtime,
	access: Access,
	request: HttpRequest,
	parameters: ReadyRequest,
	context: CallContext,
): Promise<HttpResponse> {
	const { compression } = parameters.settings.caching;
	const send: Send = async (authorized) =>
		compression
			? await runtime.compressor.send(authorized, compression, async (compressed) => await runtime.transport.send(compressed, context))
			: await runtime.transport.send(authorized, context);
	const response = access.authenticator
		? await sendSigned(access.authenticator, request, parameters, send)
		: await sendAuthorized(access, request, send);
	if (parameters.settings.resilience.followsLimits) {
		const scope = { credential: access.credentialId, origin: new URL(request.url).origin };
		runtime.learntLimit(scope, LEARNT).observe(limitsSaid(response.status, response.headers, runtime.clock.wallNow()));
	}
	if (response.status < 200 || response.status >= 300) throw new ResponseError(response, parameters.settings.response.format);
	return response;
}

/** Sends a request that is complete; compressed last, so that what speaks of its body has been written. */
type Send = (request: HttpRequest) => Promise<HttpResponse>;

/** Answers a Digest challenge once; not that of a server that we were redirected to. */
async function sendAuthorized({ digest }: Access, request: HttpRequest, transmit: Send): Promise<HttpResponse> {
	const send = async () => {
		const authorization = digest?.authorize(request.method, request.url);
		const headers = authorization === undefined ? request.headers : { ...request.headers, authorization };
		return await transmit({ ...request, headers });
	};
	const response = await send();
	if (digest === undefined || response.status !== 401 || response.redirects > 0) return response;
	return digest.challenge(request.url, response.headers['www-authenticate']) ? await send() : response;
}

/** What a credential signs is the address that the request goes to, not the one it was written with. */
function signedAt(parameters: ReadyRequest, origin: string | undefined): ReadyRequest {
	return origin === undefined ? parameters : { ...parameters, url: movedTo(parameters.url, origin) };
}

function responseOf(error: unknown): HttpResponse | undefined {
	return error instanceof ResponseError ? error.response : undefined;
}

function commonOf(runtime: Runtime, access: Access, settings: Settings): Omit<HttpRequest, 'method' | 'url' | 'headers' | 'body'> {
	const { connection, attemptTimeoutMs, redirect, resilience, steadiness } = settings;
	return {
		scope: access.credentialId,
		connection: {
			rejectUnauthorized: connection.rejectUnauthorized && !access.ignoreSslIssues,
			http2: connection.http2,
			proxy: connection.proxy,
			dnsCache: settings.caching.dnsCache,
			tls: access.tls,
			// Else who wants more at once would only wait for a connection in place of a slot.
			maxConnections: Math.max(MAX_CONNECTIONS, resilience.concurrency),
			maxIdleConnections: MAX_IDLE_CONNECTIONS,
		},
		timeouts: {
			connectMs: Math.min(steadiness.connectMs ?? CONNECT_TIMEOUT_MS, attemptTimeoutMs),
			headersMs: Math.min(steadiness.headersMs ?? Infinity, attemptTimeoutMs),
			bodyIdleMs: Math.min(steadiness.bodyIdleMs ?? Infinity, attemptTimeoutMs),
		},
		maxResponseBytes: connection.maxResponseBytes,
		redirect,
		egress: access.egress,
		credentialHeaders: Object.keys(access.auth?.headers ?? {}),
		proxyFor: runtime.proxyFor,
	};
}

/** One lane per origin, for as long as credential and settings stay the same. */
function laneOpener(runtime: Runtime, place: Place, source: string): (access: Access, settings: Settings, origin: string) => Lane {
	const opener = ofLast((access: Access, settings: Settings) => {
		const lanes = new Map<string, Lane>();
		return (origin: string) => {
			const lane = lanes.get(origin) ?? openLane(runtime, access, settings, { origin, place, source });
			lanes.set(origin, lane);
			return lane;
		};
	});
	return (access, settings, origin) => opener(access, settings)(origin);
}

function openLane(
	runtime: Runtime,
	access: Access,
	settings: Settings,
	{ origin, place, source }: { readonly origin: string; readonly place: Place; readonly source: string },
): Lane {
	const { resilience, steadiness } = settings;
	return runtime.lane({
		source,
		place,
		scope: { credential: access.credentialId, origin },
		shared: place.shared,
		retry: resilience.retry,
		retryBudget: resilience.retryBudget,
		rate: resilience.rate,
		tokensPerMinute: resilience.tokensPerMinute,
		learntLimitOf: resilience.followsLimits ? LEARNT : undefined,
		balance: steadiness.balance && balanceOver(runtime, steadiness.balance, origin, commonOf(runtime, access, settings)),
		hedge: steadiness.hedge,
		breaker: resilience.breaker,
		maxConcurrent: resilience.concurrency,
		adaptive: resilience.adaptive,
		attemptTimeoutMs: settings.attemptTimeoutMs,
		totalTimeoutMs: settings.totalTimeoutMs,
		...cachingOf(access, commonOf(runtime, access, settings), settings, origin, place),
	});
}

import type { CallContext } from '../../../lib/core/policy';
import type { HttpRequest, HttpResponse } from '../../../lib/http';
import type { Lane, Outcome, Runtime } from '../../../lib/runtime';
import type { Access } from '../access';
import type { RequestParameters, Settings } from '../parameters';
import { encodeBody, encodeHeaders, isIdempotent, isSafe, withQuery } from './encode';
import { balanceOver, movedTo, sentTo } from './origins';
import { sendSigned } from './signed';
import { ResponseError } from './status-error';

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 50;
const MAX_IDLE_CONNECTIONS = 10;

export type Requester = (access: Access, parameters: RequestParameters, signal: AbortSignal) => Promise<Outcome<HttpResponse>>;

/**
 * Makes the requests of one execution. What requests have in common (lane, body, headers) is made once
 * for as long as the parts of the parameters that it comes from stay the same objects. What it returns
 * never rejects for what the request itself runs into.
 */
export function createRequester(runtime: Runtime): Requester {
	const laneOf = laneOpener(runtime);
	const bodyOf = ofLast(encodeBody);
	const headersOf = ofLast(encodeHeaders);
	const common = ofLast(commonOf);
	return async (access, parameters, signal) => {
		const { method, settings } = parameters;
		const body = bodyOf(parameters.body, access.auth);
		const headers = headersOf(parameters.headers, body, parameters.body.kind === 'raw', access.auth, settings);
		const request: HttpRequest = {
			...common(runtime, access, settings),
			method,
			url: withQuery(parameters.url, parameters.query, access.auth, settings.arrayFormat),
			headers,
			body: body.text,
		};
		const outcome = await laneOf(access, settings, new URL(request.url).origin).run(
			async (context) => await attempt(runtime, access, sentTo(request, context.origin), signedAt(parameters, context.origin), context),
			{ signal, idempotent: isIdempotent(method, headers), safe: isSafe(method) },
		);
		if (outcome.ok || !settings.response.neverError) return outcome;
		const response = responseOf(outcome.error);
		return response ? { ok: true, value: response, trace: outcome.trace } : outcome;
	};
}

/** A status other than 2xx is thrown here, so that the retry and the circuit see it even where it is no error to the user. */
async function attempt(
	runtime: Runtime,
	access: Access,
	request: HttpRequest,
	parameters: RequestParameters,
	context: CallContext,
): Promise<HttpResponse> {
	const response = access.authenticator
		? await sendSigned(access.authenticator, request, parameters, async (signed) => await runtime.transport.send(signed, context))
		: await sendAuthorized(runtime, access, request, context);
	if (response.status < 200 || response.status >= 300) throw new ResponseError(response);
	return response;
}

/** Answers a Digest challenge once; not that of a server that we were redirected to. */
async function sendAuthorized(
	runtime: Runtime,
	{ digest }: Access,
	request: HttpRequest,
	context: CallContext,
): Promise<HttpResponse> {
	const send = async () => {
		const authorization = digest?.authorize(request.method, request.url);
		const headers = authorization === undefined ? request.headers : { ...request.headers, authorization };
		return await runtime.transport.send({ ...request, headers }, context);
	};
	const response = await send();
	if (digest === undefined || response.status !== 401 || response.redirects > 0) return response;
	return digest.challenge(request.url, response.headers['www-authenticate']) ? await send() : response;
}

/** What a credential signs is the address that the request goes to, not the one it was written with. */
function signedAt(parameters: RequestParameters, origin: string | undefined): RequestParameters {
	return origin === undefined ? parameters : { ...parameters, url: movedTo(parameters.url, origin) };
}

function responseOf(error: unknown): HttpResponse | undefined {
	return error instanceof ResponseError ? error.response : undefined;
}

function commonOf(runtime: Runtime, access: Access, settings: Settings): Omit<HttpRequest, 'method' | 'url' | 'headers' | 'body'> {
	const { connection, attemptTimeoutMs, redirect, steadiness } = settings;
	return {
		scope: access.credentialId,
		connection: {
			rejectUnauthorized: connection.rejectUnauthorized && !access.ignoreSslIssues,
			http2: connection.http2,
			proxy: connection.proxy,
			tls: access.tls,
			maxConnections: MAX_CONNECTIONS,
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
function laneOpener(runtime: Runtime): (access: Access, settings: Settings, origin: string) => Lane {
	const opener = ofLast((access: Access, settings: Settings) => {
		const lanes = new Map<string, Lane>();
		return (origin: string) => {
			const lane = lanes.get(origin) ?? openLane(runtime, access, settings, origin);
			lanes.set(origin, lane);
			return lane;
		};
	});
	return (access, settings, origin) => opener(access, settings)(origin);
}

function openLane(runtime: Runtime, access: Access, settings: Settings, origin: string): Lane {
	const { resilience, steadiness } = settings;
	return runtime.lane({
		source: 'pooledHttp',
		scope: { credential: access.credentialId, origin },
		retry: resilience.retry,
		retryBudget: resilience.retryBudget,
		rate: resilience.rate,
		balance: steadiness.balance && balanceOver(runtime, steadiness.balance, origin, commonOf(runtime, access, settings)),
		hedge: steadiness.hedge,
		breaker: resilience.breaker,
		maxConcurrent: resilience.concurrency,
		attemptTimeoutMs: settings.attemptTimeoutMs,
		totalTimeoutMs: settings.totalTimeoutMs,
	});
}

/** Remembers the last result, which holds while the arguments are the same objects. */
function ofLast<A extends readonly unknown[], R>(make: (...args: A) => R): (...args: A) => R {
	let last: { readonly args: A; readonly result: R } | undefined;
	return (...args) => {
		if (last === undefined || args.some((arg, index) => arg !== last?.args[index])) last = { args, result: make(...args) };
		return last.result;
	};
}

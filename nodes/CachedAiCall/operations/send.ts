import { readStream, requestUrl, type WireRequest } from '../../../lib/ai';
import { MalformedAnswerError } from '../../../lib/core/errors';
import type { CallContext } from '../../../lib/core/policy';
import type { HttpRequest, HttpResponse } from '../../../lib/http';
import type { LearntLimit } from '../../../lib/limit/learnt';
import { limitsSaid } from '../../../lib/retry/retry-after';
import type { Runtime } from '../../../lib/runtime';
import type { ConnectionSettings } from '../../shared/connection';
import type { ProviderAccess } from '../access';

export interface SendSettings {
	readonly connection: ConnectionSettings;
	/** Bound of the wait for the first byte, and between two pieces of the answer. */
	readonly attemptTimeoutMs: number;
	/** Ask for a stream and read it to its end; what comes back is the same. */
	readonly stream?: boolean | undefined;
	/** Is told what the answer's headers say of rate limits. */
	readonly limit?: LearntLimit | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A stream wraps each word into an event of some hundred bytes, so the same answer takes many times its size. */
const STREAM_OVERHEAD = 8;

/**
 * Sends one request to a provider and reads its JSON. Throws what the transport throws, the provider's
 * own error for a status of 400 and above, and MalformedAnswerError for what is not JSON.
 */
export async function sendToProvider(
	runtime: Runtime,
	access: ProviderAccess,
	wire: WireRequest,
	settings: SendSettings,
	context: CallContext,
): Promise<unknown> {
	const provider = access.choice.wire;
	const asked = settings.stream ? provider.stream.request(wire) : wire;
	const { status, headers, body } = await exchange(runtime, access, asked, settings, context);
	const text = body.toString('utf8');
	if (settings.stream && /^text\/event-stream\b/i.test(String(headers['content-type'] ?? ''))) return readStream(provider, text);
	const parsed = parseOr(text, undefined);
	if (parsed === undefined) {
		throw new MalformedAnswerError(
			`The provider answered with status ${status}, but not with JSON; it begins with: ${text.trim().slice(0, 80)}`,
		);
	}
	return parsed;
}

/** As `sendToProvider`, for what is not JSON: the bytes as they came. */
export async function readFromProvider(
	runtime: Runtime,
	access: ProviderAccess,
	wire: WireRequest,
	settings: SendSettings,
	context: CallContext,
): Promise<Buffer> {
	return (await exchange(runtime, access, wire, settings, context)).body;
}

async function exchange(
	runtime: Runtime,
	access: ProviderAccess,
	wire: WireRequest,
	settings: SendSettings,
	context: CallContext,
): Promise<HttpResponse> {
	const response = await runtime.transport.send(toHttp(runtime, access, wire, settings), context);
	const { status, headers, body } = response;
	settings.limit?.observe(limitsSaid(status, headers, runtime.clock.wallNow()));
	if (status < 400) return response;
	const text = body.toString('utf8');
	throw access.choice.wire.parseError({ status, headers, body: parseOr(text, text) });
}

function toHttp(runtime: Runtime, access: ProviderAccess, wire: WireRequest, settings: SendSettings): HttpRequest {
	const { connection, attemptTimeoutMs } = settings;
	return {
		method: wire.method,
		url: requestUrl(access.choice.wire, access.baseUrl, wire.path),
		headers: { ...wire.headers, ...access.authHeaders },
		body: wire.raw ?? (wire.body === undefined ? undefined : JSON.stringify(wire.body)),
		scope: access.credentialId,
		connection: {
			rejectUnauthorized: connection.rejectUnauthorized,
			http2: connection.http2,
			proxy: connection.proxy,
			maxConnections: 50,
			maxIdleConnections: 10,
		},
		timeouts: { connectMs: CONNECT_TIMEOUT_MS, headersMs: attemptTimeoutMs, bodyIdleMs: attemptTimeoutMs },
		maxResponseBytes: connection.maxResponseBytes * (settings.stream ? STREAM_OVERHEAD : 1),
		// A provider's API does not redirect; following one with a key in hand only helps a thief.
		redirect: { follow: false, max: 0, keepCredentials: false },
		egress: access.egress,
		credentialHeaders: Object.keys(access.authHeaders),
		proxyFor: runtime.proxyFor,
	};
}

function parseOr<T>(text: string, otherwise: T): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return otherwise;
	}
}

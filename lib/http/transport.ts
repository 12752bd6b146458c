import type { CallContext } from '../core/policy';
import type { Egress } from './egress';

export interface TlsOptions {
	/** PEM. Trusted instead of the well-known authorities. */
	ca?: string | undefined;
	/** PEM. The client's certificate and key. */
	cert?: string | undefined;
	key?: string | undefined;
	passphrase?: string | undefined;
}

/**
 * How to connect. Requests that differ in any of these (`maxIdleConnections` apart) never share a
 * connection. Treat `tls` as immutable: its fingerprint is computed once per object.
 */
export interface ConnectionOptions {
	/** False accepts any certificate, and servers without secure renegotiation. */
	rejectUnauthorized: boolean;
	/** Offer HTTP/2; up to 100 requests then share one connection, if the server agrees. */
	http2: boolean;
	/** `http://` or `https://` address of a proxy; may hold credentials, is never shown. */
	proxy?: string | undefined;
	tls?: TlsOptions | undefined;
	/** Remember for a short while which addresses names have. Default: true. */
	dnsCache?: boolean | undefined;
	/** Open connections per pool, busy ones included. Default elsewhere: 50. */
	maxConnections: number;
	/** Idle connections per pool that survive a sweep. Default elsewhere: 10. */
	maxIdleConnections: number;
}

/** Milliseconds; 0 means no bound. */
export interface HttpTimeouts {
	/** Name resolution, TCP, proxy tunnel and TLS together. */
	connectMs: number;
	/** From the request written to the response's headers. */
	headersMs: number;
	/** Between two pieces of the body. */
	bodyIdleMs: number;
	/** The whole of one `send`: waiting for a connection and all redirects included. */
	totalMs?: number | undefined;
}

export interface RedirectOptions {
	follow: boolean;
	max: number;
	/** Send credentials on to another origin. */
	keepCredentials: boolean;
}

export interface HttpRequest {
	method: string;
	/** Absolute. A user name and password in it become Basic authentication. */
	url: string;
	headers: Record<string, string | string[]>;
	body?: string | Uint8Array | undefined;
	/** Identity of the credential; connections are never shared across it. */
	scope: string;
	connection: ConnectionOptions;
	timeouts: HttpTimeouts;
	/** Bounds the body as received, and again as decoded. */
	maxResponseBytes: number;
	redirect: RedirectOptions;
	egress: Egress;
	/** Default: true. */
	decompress?: boolean | undefined;
	/** Lower-case names of further headers that hold secrets: dropped like `authorization` on the way to another origin. */
	credentialHeaders?: readonly string[] | undefined;
	/** Asked for each hop, unless `connection.proxy` is set: `NO_PROXY` may differ between hops. */
	proxyFor?: ((url: string) => string | undefined) | undefined;
}

/** Milliseconds. */
export interface HttpTimings {
	/** For a free connection. */
	waitedMs: number;
	/** Opening a connection for this request; 0 where it found one open. */
	connectMs: number;
	/** Of `connectMs`: resolving the name, and the TLS handshake. Absent where they are not known. */
	dnsMs?: number;
	tlsMs?: number;
	/** From `send` to the headers of the final response. */
	firstByteMs: number;
	totalMs: number;
}

export interface HttpResponse {
	status: number;
	statusMessage: string;
	/** Lower-case names; a list where the server repeated the header. */
	headers: Record<string, string | string[]>;
	body: Buffer;
	/** Of the final response, without credentials. */
	url: string;
	/** How many were followed. */
	redirects: number;
	connectionReused: boolean | null;
	timings: HttpTimings;
}

/**
 * Sends requests. A status of 400 and above is a response like any other here. Throws only errors
 * of `lib/core/errors`: NetworkError, TimeoutError, ResponseTooLargeError, MalformedAnswerError,
 * EgressBlockedError, TooManyRedirectsError, InvalidOptionError, and the reason of the context's signal.
 * Writes `connectionReused`, `waitedMs` and `upstreamMs` of the trace, also when it throws.
 */
export interface Transport {
	send(request: HttpRequest, context: CallContext): Promise<HttpResponse>;
}

/** What must be known of a request to open a connection for it. */
export type ConnectionTarget = Pick<HttpRequest, 'url' | 'scope' | 'connection' | 'egress' | 'proxyFor'> & {
	timeouts: Pick<HttpTimeouts, 'connectMs'>;
};

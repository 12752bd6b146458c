import {
	FastpathError,
	InvalidOptionError,
	MalformedAnswerError,
	NetworkError,
	TimeoutError,
} from '../core/errors';

import type { HttpTimeouts } from './transport';

/** A request reached a connection that had closed before a byte of it was written. */
export class ConnectionGoneError extends Error {
	readonly code = 'ERR_CONNECTION_GONE';
}

export function systemCodeOf(error: unknown): string | undefined {
	if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
	return typeof error.code === 'string' ? error.code : undefined;
}

const CERTIFICATE = /^(CERT_|UNABLE_TO_|ERR_TLS_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|HOSTNAME_MISMATCH|INVALID_CA)/;
const HANDSHAKE = /^(ERR_SSL_|EPROTO)/;

/** Why no connection was made. `where` is `host:port`. */
export function connectFailure(error: unknown, where: string): FastpathError {
	if (error instanceof FastpathError) return error;
	const systemCode = systemCodeOf(error);
	const { reason, retryable } = connectReason(systemCode);
	return new NetworkError(`No connection to ${where}: ${reason}`, {
		systemCode,
		retryable,
		unprocessed: true,
		cause: error,
	});
}

function connectReason(code = ''): { reason: string; retryable: boolean } {
	if (code === 'ENOTFOUND') return { reason: 'the host name is not known', retryable: false };
	if (code === 'EAI_AGAIN') return { reason: 'the host name could not be resolved for now', retryable: true };
	if (code === 'ECONNREFUSED') return { reason: 'it was refused', retryable: true };
	if (code === 'ECONNRESET') return { reason: 'it was reset while being made', retryable: true };
	if (CERTIFICATE.test(code)) {
		return { reason: `the server's certificate is not trusted (${code})`, retryable: false };
	}
	if (HANDSHAKE.test(code)) return { reason: `the TLS handshake failed (${code})`, retryable: false };
	return { reason: code === '' ? 'it failed' : `it failed (${code})`, retryable: true };
}

export interface ExchangeFacts {
	/** `host:port` */
	where: string;
	/** Writing the request began. */
	sent: boolean;
	/** A byte of the response came. */
	answered: boolean;
	timeouts: Pick<HttpTimeouts, 'headersMs' | 'bodyIdleMs'>;
}

/** Why a request on an open connection got no complete response. */
export function exchangeFailure(error: unknown, facts: ExchangeFacts): FastpathError {
	if (error instanceof FastpathError) return error;
	const code = systemCodeOf(error) ?? '';
	const options = { cause: error };
	if (code === 'UND_ERR_HEADERS_TIMEOUT') return new TimeoutError('headers', facts.timeouts.headersMs, options);
	if (code === 'UND_ERR_BODY_TIMEOUT') return new TimeoutError('body', facts.timeouts.bodyIdleMs, options);
	if (code === 'UND_ERR_HEADERS_OVERFLOW') {
		return new MalformedAnswerError(`The response headers of ${facts.where} are too large`, options);
	}
	if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
		const said = error instanceof Error ? error.message : code;
		return new InvalidOptionError('request', 'a method, path and headers that HTTP allows', said);
	}
	// The parser's codes are not set reliably. That the data ends early is its complaint about a cut connection.
	if (error instanceof Error && error.name === 'HTTPParserError' && !error.message.includes('EOF')) {
		return new MalformedAnswerError(`What ${facts.where} answered is not HTTP`, options);
	}
	return new NetworkError(cutMessage(facts), {
		systemCode: code === '' ? undefined : code,
		unprocessed: !facts.sent,
		cause: error,
	});
}

function cutMessage({ where, sent, answered }: ExchangeFacts): string {
	if (answered) return `The connection to ${where} was cut in the middle of the response`;
	return sent
		? `The connection to ${where} was closed before a response began`
		: `The connection to ${where} was closed before the request was sent`;
}

const CUT = new Set([
	'ERR_CONNECTION_GONE',
	'UND_ERR_SOCKET',
	'UND_ERR_INFO',
	'UND_ERR_DESTROYED',
	'UND_ERR_CLOSED',
	'ECONNRESET',
	'ECONNABORTED',
	'EPIPE',
	'ENOTCONN',
	'ETIMEDOUT',
]);

/** The socket died under the request, as a kept-alive one may at any time. */
export function isCut(error: unknown): boolean {
	const code = systemCodeOf(error);
	return code !== undefined && (CUT.has(code) || code.startsWith('ERR_HTTP2_'));
}

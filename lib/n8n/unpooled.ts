import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { AuthenticationError } from '../core/errors';
import type { HttpResponse } from '../http';
import { toSignOptions } from './sign-options';
import type { Authenticator, SignableRequest } from './signing';

/** The way over n8n's own client, which opens a connection per request: for an n8n whose inside is not as we know it. */
export class UnpooledAuthenticator implements Authenticator {
	readonly secretQuery: ReadonlySet<string> = new Set();

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly type: string,
	) {}

	async send(request: SignableRequest): Promise<HttpResponse> {
		const { context, type } = this;
		const answer: unknown = await context.helpers.httpRequestWithAuthentication
			.call(context, type, optionsFor(request))
			.catch((error: unknown) => (isUnauthorized(error) ? UNAUTHORIZED : Promise.reject(new AuthenticationError(error))));
		return toResponse(request, answer);
	}
}

const UNAUTHORIZED = { statusCode: 401, statusMessage: 'Unauthorized' };

function isUnauthorized(error: unknown): boolean {
	return typeof error === 'object' && error !== null && 'httpCode' in error && error.httpCode === '401';
}

function optionsFor(request: SignableRequest): IHttpRequestOptions {
	const { client } = request;
	if (client.proxied) throw new Error('A proxy of its own cannot be combined with this credential in this version of n8n');
	const { method, url, headers, qs, form, body } = toSignOptions(request);
	return {
		method,
		url,
		headers,
		qs,
		body: form === undefined ? body : new URLSearchParams(form as Record<string, string>),
		returnFullResponse: true,
		encoding: 'arraybuffer',
		// n8n renews an expired credential only where it sees an error.
		ignoreHttpStatusErrors: { ignore: true, except: [401] },
		disableFollowRedirect: !client.followRedirects,
		skipSslCertificateValidation: !client.rejectUnauthorized,
		timeout: client.timeoutMs,
		...(client.tls ? { agentOptions: { ...client.tls } } : {}),
	} as IHttpRequestOptions;
}

/** What n8n's client answers with, as our transport puts it. */
export function toResponse(request: SignableRequest, answer: unknown): HttpResponse {
	const { statusCode = 200, statusMessage = '', headers = {}, body } = (answer ?? {}) as {
		statusCode?: number;
		statusMessage?: string;
		headers?: HttpResponse['headers'];
		body?: unknown;
	};
	return {
		status: statusCode,
		statusMessage,
		headers: { ...headers },
		body: toBuffer(body),
		url: request.url,
		redirects: 0,
		connectionReused: null,
		timings: { waitedMs: 0, connectMs: 0, firstByteMs: 0, totalMs: 0 },
	};
}

function toBuffer(body: unknown): Buffer {
	if (body instanceof ArrayBuffer) return Buffer.from(body);
	if (body instanceof Uint8Array) return Buffer.from(body);
	if (body === undefined || body === null) return Buffer.alloc(0);
	return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

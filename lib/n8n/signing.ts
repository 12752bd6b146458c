import type { HttpResponse, TlsOptions } from '../http';

type HeaderValues = Readonly<Record<string, string | string[]>>;

/** A body as the functions of n8n's credentials know it. */
export type SignableBody =
	| { readonly kind: 'none' }
	| { readonly kind: 'json'; readonly value: unknown }
	/** Names as they are sent; a list where one comes again. */
	| { readonly kind: 'form'; readonly fields: Readonly<Record<string, unknown>> }
	| { readonly kind: 'encoded'; readonly data: string | Uint8Array };

/** A request before its credential is applied. */
export interface SignableRequest {
	readonly method: string;
	/** Without what is in `query`. */
	readonly url: string;
	readonly headers: HeaderValues;
	/** Names as they are sent; a list where one comes again. */
	readonly query: Readonly<Record<string, string | string[]>>;
	readonly body: SignableBody;
	/** For the way over n8n's own client alone. */
	readonly client: {
		readonly timeoutMs: number;
		readonly rejectUnauthorized: boolean;
		readonly followRedirects: boolean;
		readonly tls: TlsOptions | undefined;
		readonly proxied: boolean;
	};
}

/** What a credential made of a request. */
export interface SignedRequest {
	readonly url: string;
	readonly headers: Record<string, string | string[]>;
	/** Undefined where it is as it was. */
	readonly query: Readonly<Record<string, unknown>> | undefined;
	/** Undefined where it is as it was. */
	readonly body: SignableBody | undefined;
	/** Names, in lower case, of the headers that the credential brought. */
	readonly secretHeaders: readonly string[];
}

export type SendSigned = (signed: SignedRequest) => Promise<HttpResponse>;

/** Applies one credential to requests, each time anew, and renews it where the server no longer takes it. */
export interface Authenticator {
	/** Names of the query parameters that the credential brought so far. */
	readonly secretQuery: ReadonlySet<string>;
	/**
	 * Calls `send` with the signed request; again, at most once, where a renewed credential may do better.
	 * Throws what `send` throws, and AuthenticationError where the credential cannot be used.
	 */
	send(request: SignableRequest, send: SendSigned): Promise<HttpResponse>;
}

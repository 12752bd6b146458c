/** Requests and contexts as lib/http and lib/core want them, with nothing special about them. */
import type { CallContext } from '../../lib/core/policy.ts';
import type { HttpRequest } from '../../lib/http/index.ts';
import type { Bench } from '../harness/bench.mts';

const OPEN = { active: false, validateUrl: async () => {} };

export interface RequestOptions {
	readonly scope?: string;
	readonly maxConnections?: number;
	readonly http2?: boolean;
	/** What lib/http exports as `openEgress`, which it knows by its identity. */
	readonly egress?: HttpRequest['egress'];
}

/** A GET of a server whose certificate nobody has signed. */
export function requestTo(url: string, { scope = '', maxConnections = 50, http2 = false, egress = OPEN }: RequestOptions = {}): HttpRequest {
	return {
		method: 'GET',
		url,
		headers: { accept: 'application/json' },
		scope,
		connection: { rejectUnauthorized: false, http2, maxConnections, maxIdleConnections: maxConnections },
		timeouts: { connectMs: 10_000, headersMs: 30_000, bodyIdleMs: 30_000 },
		maxResponseBytes: 2 ** 24,
		redirect: { follow: true, max: 21, keepCredentials: false },
		egress,
	};
}

/** Makes contexts that share a signal which never aborts. */
export function callContext(bench: Bench): () => CallContext {
	const { newTrace } = bench.lib('core/trace') as typeof import('../../lib/core/trace.ts');
	const { signal } = new AbortController();
	return () => ({ signal, trace: newTrace(), idempotent: true });
}

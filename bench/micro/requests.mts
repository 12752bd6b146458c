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

/** The policies by themselves, as they stand around every call, and what they take. */
export function policyParts(bench: Bench) {
	const { systemClock: clock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const { systemRandom } = bench.lib('core/random') as typeof import('../../lib/core/random.ts');
	const { pipeline } = bench.lib('core/policy') as typeof import('../../lib/core/policy.ts');
	const { BreakerPolicy } = bench.lib('breaker/policy') as typeof import('../../lib/breaker/policy.ts');
	const { RetryPolicy } = bench.lib('retry/policy') as typeof import('../../lib/retry/policy.ts');
	const { ConcurrencyLimiter } = bench.lib('limit/concurrency') as typeof import('../../lib/limit/concurrency.ts');
	const { TimeoutPolicy } = bench.lib('limit/deadline') as typeof import('../../lib/limit/deadline.ts');
	const circuit = { failureThreshold: 5, failureWindowMs: 60_000, openMs: 60_000 };
	const backoff = { maxRetries: 3, baseMs: 100, maxMs: 1000 };
	return {
		clock,
		pipeline,
		circuit,
		backoff,
		retry: new RetryPolicy(backoff, clock, systemRandom),
		breaker: new BreakerPolicy('https://api.test', circuit, clock),
		limiter: new ConcurrencyLimiter({ maxConcurrent: 50 }, clock),
		timeout: new TimeoutPolicy('attempt', 30_000, clock),
	};
}

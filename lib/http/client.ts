import { within } from '../core/bounded';
import { NetworkError, TooManyRedirectsError } from '../core/errors';
import { abortable, throwIfAborted } from '../core/signal';
import { requireInteger } from '../core/validate';
import { decoded } from './decompress';
import { openEgress } from './egress';
import { Exchange } from './exchange';
import { exchangeFailure, isCut } from './failure';
import { requestHeaders } from './headers';
import { Pools } from './pools';
import { nextHop } from './redirect';
import { hostAndPort, parseTarget, shownUrl } from './target';

import type { Clock } from '../core/clock';
import type { CallContext } from '../core/policy';
import type { RawResponse } from './exchange';
import type { Pool } from './pool';
import type { PoolStats } from './pools';
import type { Hop } from './redirect';
import type { Target } from './target';
import type { ConnectionTarget, HttpRequest, HttpResponse, HttpTimings, Transport } from './transport';

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

export interface TransportOptions {
	clock: Clock;
	/** Pools kept at once. Default: 200. */
	maxPools?: number;
	/** From this many requests on, an origin's pool keeps one idle connection open. Default: 3. */
	warmAfterUses?: number;
}

export interface PooledTransport extends Transport {
	/** To be called once a minute: closes what is surplus or old, forgets unused pools, keeps frequent ones warm. */
	sweep(): void;
	/**
	 * Opens connections, without a request, until `count` are idle. Returns how many it opened: fewer
	 * than asked where some were idle already or the cap was reached. Throws as `send` does if none could be opened.
	 */
	prewarm(target: ConnectionTarget, count: number): Promise<number>;
	/**
	 * As `prewarm`, in every pool to the target's origin, whatever its credential and options; in the target's own where there is none yet.
	 * Throws if none could be opened anywhere.
	 */
	prewarmOrigin(target: ConnectionTarget, count: number): Promise<PrewarmedOrigin>;
	stats(): PoolStats[];
	/** The `n` pools with the most requests, the first one leading. */
	ranking(n: number): PoolStats[];
	/** Closes idle connections now, and busy ones when they are done. Later requests are served, but keep nothing open. */
	dispose(): Promise<void>;
}

export interface PrewarmedOrigin {
	readonly pools: number;
	readonly opened: number;
	/** Pools in which no connection could be opened. */
	readonly failed: number;
}

export function createTransport({ clock, maxPools = 200, warmAfterUses = 3 }: TransportOptions): PooledTransport {
	const pools = new Pools(
		clock,
		requireInteger('maxPools', maxPools, { min: 1 }),
		requireInteger('warmAfterUses', warmAfterUses, { min: 1 }),
	);
	return {
		send: async (request, context) => await send(clock, pools, request, context),
		sweep: () => pools.sweep(),
		prewarm: async (target, count) => {
			await target.egress.validateUrl(target.url);
			return await pools.for(parseTarget(target.url), target).prewarm(count, target.timeouts.connectMs);
		},
		prewarmOrigin: async (target, count) => {
			await target.egress.validateUrl(target.url);
			const parsed = parseTarget(target.url);
			const known = pools.to(parsed.origin);
			return await prewarmAll(known.length > 0 ? known : [pools.for(parsed, target)], count, target.timeouts.connectMs);
		},
		stats: () => pools.stats(),
		ranking: (n) => pools.stats().sort((one, other) => other.requests - one.requests).slice(0, n),
		dispose: async () => pools.retire(),
	};
}

async function prewarmAll(pools: readonly Pool[], count: number, connectMs: number): Promise<PrewarmedOrigin> {
	const results = await Promise.allSettled(pools.map(async (pool) => await pool.prewarm(count, connectMs)));
	const failed = results.filter((result) => result.status === 'rejected');
	if (failed[0] && failed.length === pools.length) throw failed[0].reason;
	const opened = results.reduce((sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0), 0);
	return { pools: pools.length, opened, failed: failed.length };
}

async function send(clock: Clock, pools: Pools, request: HttpRequest, context: CallContext): Promise<HttpResponse> {
	const { totalMs = 0 } = request.timeouts;
	if (totalMs <= 0) return await new Sending(clock, pools, request, context, context.signal).run();
	const bound = { clock, phase: 'attempt', ms: totalMs, parent: context.signal } as const;
	return await within(bound, async (signal) => await new Sending(clock, pools, request, context, signal).run());
}

/** One call of `send`: its hops, and for each hop its exchange. */
class Sending {
	readonly #startedAt: number;
	readonly #timings: HttpTimings = { waitedMs: 0, connectMs: 0, firstByteMs: 0, totalMs: 0 };
	#reused: boolean | null = null;

	constructor(
		private readonly clock: Clock,
		private readonly pools: Pools,
		private readonly request: HttpRequest,
		private readonly context: CallContext,
		private readonly signal: AbortSignal,
	) {
		this.#startedAt = clock.now();
	}

	async run(): Promise<HttpResponse> {
		try {
			return await this.#followHops();
		} finally {
			const { trace } = this.context;
			const totalMs = this.clock.now() - this.#startedAt;
			trace.waitedMs += this.#timings.waitedMs;
			trace.upstreamMs += totalMs - this.#timings.waitedMs;
			trace.connectionReused = this.#reused;
			const { connectMs, dnsMs, tlsMs, firstByteMs } = this.#timings;
			trace.connectMs = connectMs;
			trace.firstByteMs = firstByteMs;
			if (dnsMs !== undefined) trace.dnsMs = dnsMs;
			if (tlsMs !== undefined) trace.tlsMs = tlsMs;
			this.#timings.totalMs = totalMs;
		}
	}

	async #followHops(): Promise<HttpResponse> {
		const { redirect } = this.request;
		let hop: Hop = this.request;
		for (let redirects = 0; ; redirects += 1) {
			const target = parseTarget(hop.url);
			const response = await this.#exchange(hop, target);
			const next = redirect.follow
				? nextHop(hop, response, redirect.keepCredentials ? undefined : (this.request.credentialHeaders ?? []))
				: undefined;
			if (!next) return await this.#finish(response, target, redirects);
			if (redirects >= redirect.max) throw new TooManyRedirectsError(redirect.max);
			hop = next;
		}
	}

	async #finish(response: RawResponse, target: Target, redirects: number): Promise<HttpResponse> {
		const { maxResponseBytes, decompress = true } = this.request;
		this.#timings.firstByteMs = response.firstByteAt - this.#startedAt;
		const encoded = decompress && response.headers['content-encoding'] !== undefined;
		const { status, statusMessage, headers, body } = encoded
			? await abortable(decoded(response, maxResponseBytes, hostAndPort(target)), this.signal)
			: response;
		return {
			status,
			statusMessage,
			headers,
			body,
			url: shownUrl(target),
			redirects,
			connectionReused: this.#reused,
			timings: this.#timings,
		};
	}

	async #exchange(hop: Hop, target: Target): Promise<RawResponse> {
		const { egress } = this.request;
		if (egress !== openEgress) await abortable(egress.validateUrl(hop.url), this.signal);
		throwIfAborted(this.signal);
		const pool = this.pools.for(target, this.request);
		pool.begin(this.clock.now());
		const repeatable = this.context.idempotent || IDEMPOTENT.has(hop.method);
		try {
			const first = await this.#attempt(pool, hop, target, repeatable, false);
			return first ?? (await this.#attempt(pool, hop, target, repeatable, true)) ?? lost(target);
		} catch (error) {
			if (!this.signal.aborted) pool.errors += 1;
			throw error;
		}
	}

	/**
	 * One request on one connection. Nothing comes back where a kept-alive connection turned out to be
	 * dead before a byte of the response, and the request may be repeated: because it is idempotent, or
	 * because none of it was written. With `fresh` the connection is a new one, so that cannot be.
	 */
	async #attempt(
		pool: Pool,
		hop: Hop,
		target: Target,
		repeatable: boolean,
		fresh: boolean,
	): Promise<RawResponse | undefined> {
		const { timeouts, maxResponseBytes } = this.request;
		const startedAt = this.clock.now();
		const free = fresh ? undefined : pool.take(repeatable, startedAt);
		const connection = free ?? (await this.#waitFor(pool, fresh, startedAt));
		const reused = free !== undefined || connection.served > 0;
		this.#reused = reused;
		if (reused && !fresh) pool.reused += 1;
		const exchange = new Exchange(connection, maxResponseBytes, this.signal, this.clock);
		try {
			return await exchange.run({
				origin: target.origin,
				path: pool.connector.forwards ? target.origin + target.path : target.path,
				method: hop.method,
				headers: requestHeaders(hop.headers, target, pool.connector.forwardAuthorization),
				body: hop.body ?? null,
				headersTimeout: timeouts.headersMs,
				bodyTimeout: timeouts.bodyIdleMs,
				...{ servername: target.hostname },
			});
		} catch (error) {
			if (reused && !exchange.answered && (repeatable || !exchange.sent) && isCut(error)) return undefined;
			throw exchangeFailure(error, { where: hostAndPort(target), sent: exchange.sent, answered: exchange.answered, timeouts });
		} finally {
			pool.release(connection);
		}
	}

	async #waitFor(pool: Pool, fresh: boolean, startedAt: number) {
		let openedInMs = 0;
		try {
			const connection = await pool.wait(fresh, this.request.timeouts.connectMs, this.signal);
			if (connection.served === 0) {
				openedInMs = connection.openedInMs;
				Object.assign(this.#timings, connection.opening);
			}
			return connection;
		} finally {
			const passedMs = this.clock.now() - startedAt;
			const connectMs = Math.min(openedInMs, passedMs);
			this.#timings.connectMs += connectMs;
			this.#timings.waitedMs += passedMs - connectMs;
		}
	}
}

function lost(target: Target): never {
	throw new NetworkError(`The connection to ${hostAndPort(target)} was closed before a response began`, { unprocessed: false });
}

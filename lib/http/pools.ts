import { hash } from 'node:crypto';

import { Connector } from './connect';
import { DnsCache } from './dns';
import { Pool } from './pool';
import { parseTarget } from './target';

import type { Clock } from '../core/clock';
import type { Target } from './target';
import type { ConnectionTarget, TlsOptions } from './transport';

const REMOVED_AFTER_MS = 600_000;

/** Plain data, without secrets. Counters run from the pool's creation. */
export interface PoolStats {
	/** Tells pools of one origin apart; a hash. */
	id: string;
	origin: string;
	proxied: boolean;
	http2: boolean;
	requests: number;
	/** Requests that found their connection open. */
	reused: number;
	connectionsOpened: number;
	/** Connections that were opened before anybody asked for them. */
	prewarmed: number;
	/** TLS handshakes with the origin. */
	handshakes: number;
	/** Connections that could not be opened, and requests without a complete response. */
	errors: number;
	open: number;
	idle: number;
	inFlight: number;
	waiting: number;
	/** Milliseconds since the epoch. */
	lastUsedAt: number;
}

/** All pools. A hard bound on their number: the least recently used one goes, but never one in use. */
export class Pools {
	/** Keys hold secrets and are never shown. */
	readonly #pools = new Map<string, Pool>();
	readonly #facts = new WeakMap<Pool, Pick<PoolStats, 'id' | 'proxied' | 'http2'>>();
	readonly #fingerprints = new WeakMap<TlsOptions, string>();
	readonly #dns: DnsCache;
	#retired = false;

	constructor(
		private readonly clock: Clock,
		private readonly maxPools: number,
		private readonly warmAfterUses: number,
	) {
		this.#dns = new DnsCache(clock);
	}

	/** The pool for a request; one outside the book, which keeps nothing, where the bound is reached and all are in use. */
	for(target: Target, request: ConnectionTarget): Pool {
		const { connection, egress } = request;
		const proxy = connection.proxy ?? request.proxyFor?.(target.url.href);
		const flags = (connection.rejectUnauthorized ? 1 : 0) + (connection.http2 ? 2 : 0) + (egress.active ? 4 : 0) + (connection.dnsCache === false ? 8 : 0);
		const tls = connection.tls ? this.#fingerprint(connection.tls) : '';
		// No part but the last two can hold a space, and the length says where the proxy ends.
		const key = `${target.origin} ${flags} ${connection.maxConnections} ${tls} ${proxy?.length ?? -1} ${proxy ?? ''}${request.scope}`;
		const pool = this.#pools.get(key) ?? this.#create(key, target, request, proxy);
		pool.maxIdleConnections = connection.maxIdleConnections;
		pool.connectMs = request.timeouts.connectMs;
		return pool;
	}

	/** Those to an origin, whatever their credentials and options. */
	to(origin: string): Pool[] {
		return [...this.#pools.values()].filter((pool) => pool.target.origin === origin);
	}

	sweep(): void {
		const now = this.clock.now();
		for (const [key, pool] of this.#pools) {
			pool.sweep(now);
			if (pool.empty && !pool.expected && now - pool.lastUsedAt >= REMOVED_AFTER_MS) this.#pools.delete(key);
		}
	}

	stats(): PoolStats[] {
		const sinceEpoch = this.clock.wallNow() - this.clock.now();
		return Array.from(this.#pools.values(), (pool) => this.#statsOf(pool, sinceEpoch));
	}

	/** From now on nothing is kept: idle connections close, busy ones when they are done, later ones after use. */
	retire(): void {
		this.#retired = true;
		for (const pool of this.#pools.values()) pool.retire();
		this.#pools.clear();
	}

	#create(key: string, target: Target, request: ConnectionTarget, proxy: string | undefined): Pool {
		const { connection, egress } = request;
		const retain = !this.#retired && (this.#pools.size < this.maxPools || this.#evict());
		// The path and credentials of the first request are no business of the pool's.
		const home = parseTarget(target.origin);
		const pool = new Pool(
			home,
			new Connector(home, connection, proxy, egress, this.clock, this.#dns),
			{
				maxConnections: connection.maxConnections,
				warmAfterUses: this.warmAfterUses,
				http2: connection.http2,
				retain,
			},
			this.clock,
		);
		if (!retain) return pool;
		this.#facts.set(pool, {
			id: hash('sha256', key).slice(0, 16),
			proxied: proxy !== undefined,
			http2: connection.http2,
		});
		this.#pools.set(key, pool);
		return pool;
	}

	#evict(): boolean {
		let oldest: [string, Pool] | undefined;
		for (const entry of this.#pools) {
			if (entry[1].unused && (!oldest || entry[1].lastUsedAt < oldest[1].lastUsedAt)) oldest = entry;
		}
		if (!oldest) return false;
		this.#pools.delete(oldest[0]);
		oldest[1].retire();
		return true;
	}

	#fingerprint(tls: TlsOptions): string {
		let fingerprint = this.#fingerprints.get(tls);
		if (fingerprint === undefined) {
			fingerprint = hash('sha256', JSON.stringify([tls.ca, tls.cert, tls.key, tls.passphrase]));
			this.#fingerprints.set(tls, fingerprint);
		}
		return fingerprint;
	}

	#statsOf(pool: Pool, sinceEpoch: number): PoolStats {
		const { id, proxied, http2 } = this.#facts.get(pool) ?? { id: '', proxied: false, http2: false };
		return {
			id,
			origin: pool.target.origin,
			proxied,
			http2,
			requests: pool.requests,
			reused: pool.reused,
			connectionsOpened: pool.opened,
			prewarmed: pool.prewarmed,
			handshakes: pool.handshakes,
			errors: pool.errors,
			open: pool.open,
			idle: pool.idle,
			inFlight: pool.inFlight,
			waiting: pool.waiting,
			lastUsedAt: Math.round(pool.lastUsedAt + sinceEpoch),
		};
	}
}

import { isFastpathError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import type { CacheStatus } from '../core/trace';
import { requireInteger, requireOneOf } from '../core/validate';
import { refreshBehind, type RefreshParts } from './refresh';
import type { Marks, Store, StoredAnswer, Tier } from './store';

/**
 * readWrite: answer from the cache, store what is new. readOnly: answer from the cache, store nothing.
 * refresh: always ask, store the answer. off: neither look nor store.
 */
export const CACHE_MODES = ['readWrite', 'readOnly', 'refresh', 'off'] as const;

export type CacheMode = (typeof CACHE_MODES)[number];

export interface CacheOptions {
	readonly mode: CacheMode;
	readonly ttlMs: number;
	/** How long past its TTL an answer is served at once while a new one is fetched behind it. */
	readonly staleWhileRevalidateMs: number;
	/** How long past its TTL an answer stands in when the origin is out. */
	readonly staleIfErrorMs: number;
	/** Only what this admits is stored: complete, successful answers. */
	readonly isCacheable: (value: unknown) => boolean;
	/** What the answers are known by where they are to be cleared. */
	readonly marks?: Marks | undefined;
	/** Bound of a background refresh, which no caller's deadline covers. */
	readonly refreshTimeoutMs: number;
}

/** What stands in the cache for a call. */
export interface CacheLook {
	readonly status: CacheStatus;
	/** Of the stored answer, where there is one. */
	readonly ageMs?: number;
	/** Whether the origin would be asked: instead of the stored answer, or behind a stale one. */
	readonly asks: boolean;
	/** Where that answer is; only where there is a choice. */
	readonly tier?: Tier | undefined;
}

export interface CacheParts extends RefreshParts {
	readonly store: Store;
}

/** RFC 5861 in front of anything: answers from the store, asks inwards on a miss, keeps what is complete. */
export class CachePolicy implements Policy {
	readonly name = 'cache';
	readonly #options: CacheOptions;
	readonly #keepMs: number;

	constructor(
		options: CacheOptions,
		private readonly parts: CacheParts,
	) {
		requireOneOf('cache mode', options.mode, CACHE_MODES);
		requireInteger('ttlMs', options.ttlMs, { min: 1 });
		requireInteger('staleWhileRevalidateMs', options.staleWhileRevalidateMs);
		requireInteger('staleIfErrorMs', options.staleIfErrorMs);
		this.#options = options;
		this.#keepMs = options.ttlMs + Math.max(options.staleWhileRevalidateMs, options.staleIfErrorMs);
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const { mode } = this.#options;
		const { key, trace } = context;
		if (mode === 'off' || key === undefined) {
			trace.cache = 'bypass';
			return await call(context);
		}
		trace.key = key;
		const stored = mode === 'refresh' ? undefined : await this.parts.store.get(key, this.#options.marks);
		const staleMs = stored ? this.#staleMs(stored) : Infinity;
		if (stored && staleMs <= 0) return serve<T>(stored, 'hit', context);
		if (stored && staleMs <= this.#options.staleWhileRevalidateMs) {
			// What may not be stored is not worth asking for.
			if (mode !== 'readOnly') {
				refreshBehind(this.parts, key, context, this.#options.refreshTimeoutMs, async (inward) => await this.#ask(call, inward, key, undefined));
			}
			return serve<T>(stored, 'stale', context);
		}
		trace.cache = 'miss';
		return await this.#ask(call, context, key, staleMs <= this.#options.staleIfErrorMs ? stored : undefined);
	}

	/** What a call with that key would find. Nothing is asked, refreshed or stored for it. */
	async look(key: string): Promise<CacheLook> {
		const { mode } = this.#options;
		if (mode === 'off') return { status: 'bypass', asks: true };
		const stored = mode === 'refresh' ? undefined : await this.parts.store.get(key, this.#options.marks);
		if (!stored) return { status: 'miss', asks: true };
		const staleMs = this.#staleMs(stored);
		const { ageMs, tier } = stored;
		if (staleMs <= 0) return { status: 'hit', ageMs, tier, asks: false };
		if (staleMs <= this.#options.staleWhileRevalidateMs) return { status: 'stale', ageMs, tier, asks: mode !== 'readOnly' };
		return { status: staleMs <= this.#options.staleIfErrorMs ? 'stale' : 'miss', ageMs, asks: true };
	}

	/** How long ago the answer stopped being fresh, by the shorter of the writer's and the reader's TTL. */
	#staleMs(stored: StoredAnswer): number {
		return stored.ageMs - Math.min(stored.ttlMs, this.#options.ttlMs);
	}

	async #ask<T>(call: Call<T>, context: CallContext, key: string, standIn: StoredAnswer | undefined): Promise<T> {
		const asOf = this.parts.store.generation;
		let value: T;
		try {
			value = await call(context);
		} catch (error) {
			if (standIn && isFastpathError(error) && error.outage) return serve<T>(standIn, 'stale', context);
			throw error;
		}
		await this.#keep(key, value, asOf);
		return value;
	}

	async #keep(key: string, value: unknown, asOf: number | undefined): Promise<void> {
		if (this.#options.mode === 'readOnly' || !this.#options.isCacheable(value)) return;
		await this.parts.store.set(key, value, { ttlMs: this.#options.ttlMs, keepMs: this.#keepMs, marks: this.#options.marks, asOf });
	}
}

function serve<T>(stored: StoredAnswer, status: 'hit' | 'stale', context: CallContext): T {
	context.trace.cache = status;
	context.trace.ageMs = Math.round(stored.ageMs);
	if (stored.tier) context.trace.cachedIn ??= stored.tier;
	// A key names one request of one kind, whose answers are all of the caller's type.
	return stored.value as T;
}

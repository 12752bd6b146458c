import { isFastpathError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import type { CacheStatus, CallTrace } from '../core/trace';
import { requireInteger, requireOneOf } from '../core/validate';
import { countConfirmed, grownTtlMs, tellAdaptive, type Lifetime } from './adaptive';
import { refreshBehind, type RefreshParts } from './refresh';
import type { Marks, Store, StoredAnswer, Tier } from './store';

/**
 * readWrite: answer from the cache, store what is new. readOnly: answer from the cache, store nothing.
 * refresh: always ask, store the answer. off: neither look nor store.
 */
export const CACHE_MODES = ['readWrite', 'readOnly', 'refresh', 'off'] as const;

export type CacheMode = (typeof CACHE_MODES)[number];

export interface CacheOptions extends Lifetime {
	readonly mode: CacheMode;
	/** How long past its TTL an answer is served at once while a new one is fetched behind it. */
	readonly staleWhileRevalidateMs: number;
	/** How long past its TTL an answer stands in when the origin is out. */
	readonly staleIfErrorMs: number;
	/** Only what this admits is stored: complete, successful answers. */
	readonly isCacheable: (value: unknown) => boolean;
	/** Whether two answers say the same, for a time to live that adapts. */
	readonly isSame?: ((value: unknown, other: unknown) => boolean) | undefined;
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

	constructor(
		options: CacheOptions,
		private readonly parts: CacheParts,
	) {
		requireOneOf('cache mode', options.mode, CACHE_MODES);
		requireInteger('ttlMs', options.ttlMs, { min: 1 });
		requireInteger('staleWhileRevalidateMs', options.staleWhileRevalidateMs);
		requireInteger('staleIfErrorMs', options.staleIfErrorMs);
		if (options.maxTtlMs !== undefined) requireInteger('maxTtlMs', options.maxTtlMs, { min: 1 });
		this.#options = options;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const { mode } = this.#options;
		const { key, trace } = context;
		if (mode === 'off' || key === undefined) {
			trace.cache = 'bypass';
			return await call(context);
		}
		trace.key = key;
		const isCompared = this.#options.maxTtlMs !== undefined;
		const stored = mode === 'refresh' && !isCompared ? undefined : await this.parts.store.get(key, this.#options.marks);
		const staleMs = stored && mode !== 'refresh' ? this.#staleMs(stored) : Infinity;
		if (stored && staleMs <= 0) return this.#serve<T>(stored, 'hit', context);
		if (stored && staleMs <= this.#options.staleWhileRevalidateMs) {
			// What may not be stored is not worth asking for.
			if (mode !== 'readOnly') {
				const ask = async (inward: CallContext) => await this.#ask(call, inward, key, { previous: stored, standsIn: false });
				refreshBehind(this.parts, key, context, this.#options.refreshTimeoutMs, ask);
			}
			return this.#serve<T>(stored, 'stale', context);
		}
		trace.cache = 'miss';
		return await this.#ask(call, context, key, { previous: stored, standsIn: staleMs <= this.#options.staleIfErrorMs });
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
		return stored.ageMs - Math.min(stored.ttlMs, grownTtlMs(this.#options, stored.confirmed));
	}

	async #ask<T>(
		call: Call<T>,
		context: CallContext,
		key: string,
		{ previous, standsIn }: { readonly previous: StoredAnswer | undefined; readonly standsIn: boolean },
	): Promise<T> {
		const asOf = this.parts.store.generation;
		let value: T;
		try {
			value = await call(context);
		} catch (error) {
			if (previous && standsIn && isFastpathError(error) && error.outage) return this.#serve<T>(previous, 'stale', context);
			throw error;
		}
		await this.#keep(key, value, { asOf, previous, trace: context.trace });
		return value;
	}

	async #keep(
		key: string,
		value: unknown,
		{ asOf, previous, trace }: { readonly asOf: number | undefined; readonly previous: StoredAnswer | undefined; readonly trace: CallTrace },
	): Promise<void> {
		const { mode, isCacheable, isSame, marks, maxTtlMs, staleIfErrorMs, staleWhileRevalidateMs } = this.#options;
		if (mode === 'readOnly' || !isCacheable(value)) return;
		const confirmed = previous && isSame?.(previous.value, value) ? countConfirmed(previous) : 0;
		const ttlMs = grownTtlMs(this.#options, confirmed);
		// What a refresh is to be compared with must still be there.
		const keepMs = ttlMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs, maxTtlMs === undefined ? 0 : ttlMs);
		tellAdaptive(trace, this.#options, confirmed);
		await this.parts.store.set(key, value, { ttlMs, keepMs, marks, asOf, ...(confirmed > 0 && { confirmed }) });
	}

	#serve<T>(stored: StoredAnswer, status: 'hit' | 'stale', { trace }: CallContext): T {
		trace.cache = status;
		trace.ageMs = Math.round(stored.ageMs);
		if (stored.tier) trace.cachedIn ??= stored.tier;
		tellAdaptive(trace, this.#options, stored.confirmed);
		// A key names one request of one kind, whose answers are all of the caller's type.
		return stored.value as T;
	}
}

import { ByteBound } from '../core/byte-bound';
import { DEFAULT_CACHE_LIMITS } from '../core/cache-limits';
import type { Clock } from '../core/clock';
import { requireInteger } from '../core/validate';
import { LRUCache } from '../vendor';
import { isolate, sizeOf } from './isolate';
import type { Marks, MovedAnswer, Origin, StoredAnswer, StoreOptions, StoreStats, WalkableStore } from './store';

const MEGABYTE = 1_048_576;

/** Of one entry, where nothing else is said. */
export const MAX_ENTRY_BYTES = MEGABYTE;

export interface MemoryStoreOptions {
	readonly clock: Clock;
	/** Default 1000. */
	readonly maxEntries?: number;
	/** Of all entries together; default 64 MB. */
	readonly maxBytes?: number;
	/** Of one entry; default 1 MB. */
	readonly maxEntryBytes?: number;
}

interface Entry extends Origin {
	readonly value: unknown;
	readonly storedAt: number;
	readonly ttlMs: number;
	readonly keepMs: number;
}

/** Added to each entry's size for the key, the entry and the bookkeeping around it. */
const ENTRY_OVERHEAD_BYTES = 400;

/** The tier in front: least recently used leaves first, bounded in bytes and in count. */
export class MemoryStore implements WalkableStore {
	readonly name = 'memory';
	readonly #clock: Clock;
	readonly #maxEntryBytes: number;
	#entries: LRUCache<string, Entry>;
	readonly bound: ByteBound;
	#evictions = 0;
	#expired = 0;

	constructor(options: MemoryStoreOptions) {
		this.#clock = options.clock;
		this.#maxEntryBytes = requireInteger('maxEntryBytes', options.maxEntryBytes ?? MAX_ENTRY_BYTES, { min: 1 });
		const maxBytes = requireInteger('maxBytes', options.maxBytes ?? DEFAULT_CACHE_LIMITS.cacheMegabytes * MEGABYTE, { min: 1 });
		this.#entries = this.#open(options.maxEntries ?? DEFAULT_CACHE_LIMITS.cacheEntries, maxBytes);
		this.bound = new ByteBound(maxBytes, () => this.#entries.calculatedSize, (bytes) => this.#fit(bytes));
	}

	/** Other bounds from now on; of what is too much for them, the least recently used leaves. */
	resize({ maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number }): void {
		if (maxEntries === this.#entries.max && maxBytes === this.#entries.maxSize) return;
		const before = this.#entries;
		this.#entries = this.#open(maxEntries, maxBytes);
		this.#entries.load(before.dump());
		this.bound.resize(maxBytes);
	}

	#open(maxEntries: number, maxBytes: number): LRUCache<string, Entry> {
		return new LRUCache<string, Entry>({
			max: requireInteger('maxEntries', maxEntries, { min: 1 }),
			maxSize: maxBytes,
			// To the library, a start of 0 means that an entry never expires; a clock may begin at 0.
			perf: { now: () => this.#clock.now() + 1 },
			ttlResolution: 0,
			dispose: (_entry, _key, reason) => {
				if (reason === 'evict') this.#evictions += 1;
				if (reason === 'expire') this.#expired += 1;
			},
		});
	}

	async get(key: string): Promise<StoredAnswer | undefined> {
		const entry = this.#entries.get(key);
		if (!entry) return undefined;
		const { value, storedAt, ttlMs, keepMs, marks, asOf, confirmed } = entry;
		return { value: isolate(value), ageMs: this.#clock.now() - storedAt, ttlMs, keepMs, marks, asOf, confirmed };
	}

	async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		const { ttlMs, keepMs, ageMs = 0, marks, asOf, confirmed } = options;
		const copy = keepMs > ageMs && this.bound.writes ? this.#copyOf(value, marks) : undefined;
		if (!copy) {
			// What was stored before is older than what could not be stored now.
			this.#entries.delete(key);
			return false;
		}
		const entry = { value: copy.value, storedAt: this.#clock.now() - ageMs, ttlMs, keepMs, marks, asOf, confirmed };
		this.#entries.set(key, entry, { size: copy.bytes, ttl: keepMs - ageMs });
		this.#fit(this.bound.bytes);
		return this.#entries.has(key);
	}

	/** Nothing where the value is too large or no plain data: the call that brought it has succeeded all the same. */
	#copyOf(value: unknown, marks: Marks | undefined): { value: unknown; bytes: number } | undefined {
		try {
			const bytes = sizeOf(value) + sizeOf(marks) + ENTRY_OVERHEAD_BYTES;
			return bytes > this.#maxEntryBytes ? undefined : { value: isolate(value), bytes };
		} catch {
			return undefined;
		}
	}

	async delete(key: string): Promise<boolean> {
		return this.#entries.delete(key);
	}

	async clear(): Promise<void> {
		this.#entries.clear();
	}

	keysWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): string[] {
		return [...this.#entries.entries()].filter(([key, { marks }]) => isChosen(key, marks)).map(([key]) => key);
	}

	deleteWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): number {
		const chosen = this.keysWhere(isChosen);
		for (const key of chosen) this.#entries.delete(key);
		return chosen.length;
	}

	/** All of it, the most recently used first; the values are the store's own, for a store that takes this one's place. */
	contents(): MovedAnswer[] {
		const now = this.#clock.now();
		return [...this.#entries.entries()].map(([key, { storedAt, ...entry }]) => ({ key, ageMs: now - storedAt, ...entry }));
	}

	stats(): StoreStats {
		return { entries: this.#entries.size, bytes: this.#entries.calculatedSize, evictions: this.#evictions, expired: this.#expired, maxBytes: this.bound.bytes, writes: this.bound.writes };
	}

	#fit(maxBytes: number): void {
		while (this.#entries.calculatedSize > maxBytes) this.#entries.pop();
	}

	sweep(): void {
		this.#entries.purgeStale();
	}

	async dispose(): Promise<void> {
		this.#entries.clear();
	}
}

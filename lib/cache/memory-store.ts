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

/** Stands where an answer was deleted or has expired. */
class Vacancy {
	isOpen = true;

	constructor(readonly key: string) {}
}

/**
 * So many places are kept for keys that come back. Deleted from a large Map of V8's and set again, a key is found behind all of its former
 * selves, until the Map is rebuilt: up to tens of microseconds later, where a place that was kept is written over in a tenth of one.
 */
const MAX_VACANCIES = 64;

/** Added to each entry's size for the key, the entry and the bookkeeping around it. */
const ENTRY_OVERHEAD_BYTES = 400;

/** The tier in front: least recently used leaves first, bounded in bytes and in count. */
export class MemoryStore implements WalkableStore {
	readonly name = 'memory';
	readonly #clock: Clock;
	readonly #maxEntryBytes: number;
	#entries: LRUCache<string, Entry | Vacancy>;
	/** A ring of those that were made last, some of which are taken again. */
	readonly #vacancies: Array<Vacancy | undefined> = [];
	#vacated = 0;
	/** Vacancies that are open. */
	#vacant = 0;
	readonly bound: ByteBound;
	#evictions = 0;
	#expired = 0;

	constructor(options: MemoryStoreOptions) {
		this.#clock = options.clock;
		this.#maxEntryBytes = requireInteger('maxEntryBytes', options.maxEntryBytes ?? MAX_ENTRY_BYTES, { min: 1 });
		const maxBytes = requireInteger('maxBytes', options.maxBytes ?? DEFAULT_CACHE_LIMITS.cacheMegabytes * MEGABYTE, { min: 1 });
		this.#entries = this.#open(options.maxEntries ?? DEFAULT_CACHE_LIMITS.cacheEntries, maxBytes);
		this.bound = new ByteBound(maxBytes, () => this.#bytes, (bytes) => this.#fit(bytes));
	}

	/** Other bounds from now on; of what is too much for them, the least recently used leaves. */
	resize({ maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number }): void {
		if (maxEntries === this.#entries.max && maxBytes === this.#entries.maxSize) return;
		for (const vacancy of this.#vacancies) this.#giveUp(vacancy);
		const before = this.#entries;
		this.#entries = this.#open(maxEntries, maxBytes);
		this.#entries.load(before.dump());
		this.bound.resize(maxBytes);
	}

	/** Without the library's time to live, for which it would read the clock at every turn. */
	#open(maxEntries: number, maxBytes: number): LRUCache<string, Entry | Vacancy> {
		return new LRUCache<string, Entry | Vacancy>({
			max: requireInteger('maxEntries', maxEntries, { min: 1 }),
			maxSize: maxBytes,
			dispose: (entry, _key, reason) => {
				if (!(entry instanceof Vacancy)) {
					if (reason === 'evict') this.#evictions += 1;
					return;
				}
				entry.isOpen = false;
				this.#vacant -= 1;
			},
		});
	}

	async get(key: string): Promise<StoredAnswer | undefined> {
		const entry = this.#entries.get(key);
		if (!entry || entry instanceof Vacancy) return undefined;
		const { value, storedAt, ttlMs, keepMs, marks, asOf, confirmed } = entry;
		const ageMs = this.#clock.now() - storedAt;
		if (ageMs <= keepMs) return { value: isolate(value), ageMs, ttlMs, keepMs, marks, asOf, confirmed };
		this.#expired += 1;
		this.#vacate(key);
		return undefined;
	}

	async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		const { ttlMs, keepMs, ageMs = 0, marks, asOf, confirmed } = options;
		const copy = keepMs > ageMs && this.bound.writes ? this.#copyOf(value, marks) : undefined;
		if (!copy) {
			// What was stored before is older than what could not be stored now.
			await this.delete(key);
			return false;
		}
		const entry = { value: copy.value, storedAt: this.#clock.now() - ageMs, ttlMs, keepMs, marks, asOf, confirmed };
		// No answer leaves for the sake of a vacancy.
		if (this.#vacant > 0 && this.#entries.size === this.#entries.max && !this.#entries.has(key)) this.#giveUp(this.#oldestVacancy());
		this.#entries.set(key, entry, { size: copy.bytes });
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
		const entry = this.#entries.peek(key);
		if (!entry || entry instanceof Vacancy) return false;
		this.#vacate(key);
		return true;
	}

	#vacate(key: string): void {
		this.#vacated += 1;
		const place = this.#vacated % MAX_VACANCIES;
		this.#giveUp(this.#vacancies[place]);
		const vacancy = new Vacancy(key);
		this.#vacancies[place] = vacancy;
		this.#vacant += 1;
		// The library knows no size of 0.
		this.#entries.set(key, vacancy, { size: 1 });
	}

	#giveUp(vacancy: Vacancy | undefined): void {
		if (vacancy?.isOpen) this.#entries.delete(vacancy.key);
	}

	#oldestVacancy(): Vacancy | undefined {
		const inOrder = Array.from({ length: MAX_VACANCIES }, (_place, step) => this.#vacancies[(this.#vacated + 1 + step) % MAX_VACANCIES]);
		return inOrder.find((vacancy) => vacancy?.isOpen);
	}

	async clear(): Promise<void> {
		this.#entries.clear();
	}

	/** The most recently used first. */
	*#answers(): Generator<[key: string, entry: Entry]> {
		for (const [key, entry] of this.#entries.entries()) if (!(entry instanceof Vacancy)) yield [key, entry];
	}

	keysWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): string[] {
		const now = this.#clock.now();
		const keys: string[] = [];
		for (const [key, { marks, storedAt, keepMs }] of this.#answers()) if (now - storedAt <= keepMs && isChosen(key, marks)) keys.push(key);
		return keys;
	}

	deleteWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): number {
		const chosen = this.keysWhere(isChosen);
		for (const key of chosen) this.#entries.delete(key);
		return chosen.length;
	}

	/** All of it, the most recently used first; the values are the store's own, for a store that takes this one's place. */
	contents(): MovedAnswer[] {
		const now = this.#clock.now();
		return [...this.#answers()].map(([key, { storedAt, ...entry }]) => ({ key, ageMs: now - storedAt, ...entry })).filter(({ ageMs, keepMs }) => ageMs <= keepMs);
	}

	stats(): StoreStats {
		const entries = this.#entries.size - this.#vacant;
		return { entries, bytes: this.#bytes, evictions: this.#evictions, expired: this.#expired, maxBytes: this.bound.bytes, writes: this.bound.writes };
	}

	get #bytes(): number {
		return this.#entries.calculatedSize - this.#vacant;
	}

	#fit(maxBytes: number): void {
		while (this.#bytes > maxBytes) this.#entries.pop();
	}

	sweep(): void {
		const now = this.#clock.now();
		const expired: string[] = [];
		for (const [key, { storedAt, keepMs }] of this.#answers()) if (now - storedAt > keepMs) expired.push(key);
		for (const key of expired) this.#entries.delete(key);
		this.#expired += expired.length;
	}

	async dispose(): Promise<void> {
		this.#entries.clear();
	}
}

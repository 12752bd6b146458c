import type { Clock } from '../core/clock';
import { requireInteger } from '../core/validate';
import { isolate, sizeOf } from './isolate';
import type { Store, StoredAnswer, StoreOptions } from './store';
import { StoreOver } from './store-over';

export interface WriteBehindOptions {
	readonly clock: Clock;
	/** What waits to be written at most; default 2000 answers. */
	readonly maxEntries?: number;
	/** Default 16 MB. */
	readonly maxBytes?: number;
	/** Of one answer; default 2 MB. */
	readonly maxEntryBytes?: number;
	/** So many are written at once, as soon as they are there; default 100. */
	readonly batch?: number;
	/** The longest that an answer waits for others; default 50 ms. */
	readonly intervalMs?: number;
}

interface Waiting {
	readonly value: unknown;
	readonly options: StoreOptions;
	readonly since: number;
	readonly bytes: number;
}

/**
 * Writes come back at once and reach the store in batches. What waits is found here; what there is no room for is not kept, which
 * costs a miss later. Disposing writes what waits.
 */
export class WriteBehindStore extends StoreOver {
	readonly #clock: Clock;
	readonly #maxEntries: number;
	readonly #maxBytes: number;
	readonly #maxEntryBytes: number;
	readonly #batch: number;
	readonly #intervalMs: number;
	#waiting = new Map<string, Waiting>();
	/** On its way to the store. */
	#leaving = new Map<string, Waiting>();
	#bytes = 0;
	#flushing: Promise<void> | undefined;
	#cancelTimer: (() => void) | undefined;
	#dropped = 0;
	/** Who waits for what waits now. */
	#settling: Array<() => void> = [];

	constructor(inner: Store, { clock, maxEntries, maxBytes, maxEntryBytes, batch, intervalMs }: WriteBehindOptions) {
		super(inner);
		this.#clock = clock;
		this.#maxEntries = requireInteger('maxEntries', maxEntries ?? 2000, { min: 1 });
		this.#maxBytes = requireInteger('maxBytes', maxBytes ?? 16 * 1_048_576, { min: 1 });
		this.#maxEntryBytes = requireInteger('maxEntryBytes', maxEntryBytes ?? 2 * 1_048_576, { min: 1 });
		this.#batch = requireInteger('batch', batch ?? 100, { min: 1 });
		this.#intervalMs = requireInteger('intervalMs', intervalMs ?? 50, { min: 1 });
	}

	/** Answers that there was no room for. */
	get dropped(): number {
		return this.#dropped;
	}

	/** Answers that wait or are on their way. */
	get pending(): number {
		return this.#waiting.size + this.#leaving.size;
	}

	override async get(key: string): Promise<StoredAnswer | undefined> {
		const found = this.#waiting.get(key) ?? this.#leaving.get(key);
		if (!found) return await super.get(key);
		const { ageMs = 0, ...options } = found.options;
		const age = ageMs + this.#clock.now() - found.since;
		return age > options.keepMs ? undefined : { ...options, value: isolate(found.value), ageMs: age };
	}

	/** What there is no room for, or cannot be kept, takes the old answer with it. */
	override async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		this.#forget(key);
		const waiting = options.keepMs > (options.ageMs ?? 0) ? this.#toWaiting(value, options) : undefined;
		if (!waiting) {
			await super.delete(key);
			return false;
		}
		this.#waiting.set(key, waiting);
		this.#bytes += waiting.bytes;
		if (this.#waiting.size >= this.#batch) void this.flush();
		else this.#cancelTimer ??= this.#clock.after(this.#intervalMs, () => void this.flush());
		return true;
	}

	override async delete(key: string): Promise<boolean> {
		const waited = this.#forget(key);
		await this.#flushing;
		return (await super.delete(key)) || waited;
	}

	override async clear(): Promise<void> {
		this.#waiting.clear();
		this.#bytes = 0;
		await this.#flushing;
		await super.clear();
	}

	/** Resolves when what waits now has been written; undefined where nothing does. */
	settled(): Promise<void> | undefined {
		if (this.#waiting.size === 0) return this.#flushing;
		return new Promise((resolve) => this.#settling.push(resolve));
	}

	/** Writes all that waits. */
	async flush(): Promise<void> {
		this.#flushing ??= this.#writeAll().finally(() => (this.#flushing = undefined));
		await this.#flushing;
	}

	override async dispose(): Promise<void> {
		await this.flush();
		await super.dispose();
	}

	async #writeAll(): Promise<void> {
		this.#cancelTimer?.();
		this.#cancelTimer = undefined;
		while (this.#waiting.size > 0) {
			const settling = this.#settling.splice(0);
			this.#leaving = this.#waiting;
			this.#waiting = new Map();
			this.#bytes = 0;
			const entries = [...this.#leaving];
			for (let start = 0; start < entries.length; start += this.#batch) {
				await Promise.all(entries.slice(start, start + this.#batch).map(async (entry) => await this.#write(...entry)));
			}
			this.#leaving = new Map();
			for (const resolve of settling) resolve();
		}
	}

	async #write(key: string, { value, options, since }: Waiting): Promise<void> {
		const ageMs = (options.ageMs ?? 0) + this.#clock.now() - since;
		await this.inner.set(key, value, { ...options, ageMs });
	}

	#toWaiting(value: unknown, options: StoreOptions): Waiting | undefined {
		try {
			const bytes = sizeOf(value);
			if (bytes > this.#maxEntryBytes) return undefined;
			if (this.#waiting.size >= this.#maxEntries || this.#bytes + bytes > this.#maxBytes) {
				this.#dropped += 1;
				return undefined;
			}
			return { value: isolate(value), options, since: this.#clock.now(), bytes };
		} catch {
			return undefined;
		}
	}

	#forget(key: string): boolean {
		const waiting = this.#waiting.get(key);
		if (!waiting) return false;
		this.#bytes -= waiting.bytes;
		return this.#waiting.delete(key);
	}
}

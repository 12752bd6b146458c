import type { Clock } from '../core/clock';
import type { SharedBackend, SharedSize, WindowGrant } from '../core/shared';
import { requireInteger } from '../core/validate';
import { LRUCache } from '../vendor';
import { Topics } from './topics';

type Kind = 'value' | 'lease' | 'counter' | 'window' | 'list';

type Held = Buffer | string | number | number[] | Buffer[];

/** A value or a list as plain data, to be moved to the memory of another build. */
export interface MovedEntry {
	readonly kind: 'value' | 'list';
	readonly name: string;
	/** One for a value. */
	readonly parts: readonly Uint8Array[];
	readonly leftMs: number;
}

interface Entry {
	readonly of: Held;
	readonly bytes: number;
}

/** Added to the size of what is held, for its name and the bookkeeping around it. */
const OVERHEAD_BYTES = 250;

/** A shared store for the one process there is: what stands in while the real one is out, and the reference for its contract. */
export class MemoryBackend implements SharedBackend {
	readonly name = 'memory';
	readonly #clock: Clock;
	readonly #held: LRUCache<string, Entry>;
	readonly #topics = new Topics();

	/**
	 * @param maxEntries the least recently used leaves first
	 * @param maxBytes of all entries together; without it, they are not weighed
	 */
	constructor(clock: Clock, maxEntries = 10_000, maxBytes?: number) {
		this.#clock = clock;
		this.#held = new LRUCache({
			max: requireInteger('maxEntries', maxEntries, { min: 1 }),
			...(maxBytes === undefined ? {} : { maxSize: maxBytes, sizeCalculation: ({ bytes }: Entry) => Math.max(1, bytes) }),
			// To the library, a start of 0 means that an entry never expires; a clock may begin at 0.
			perf: { now: () => clock.now() + 1 },
			ttlResolution: 0,
		});
	}

	async connect(): Promise<void> {}

	async probe(): Promise<void> {}

	isRefusal(): boolean {
		return false;
	}

	reconnect(): void {}

	async get(key: string): Promise<Buffer | undefined> {
		const value = this.#read<Buffer>('value', key);
		return value && Buffer.from(value);
	}

	async getMany(keys: readonly string[]): Promise<Array<Buffer | undefined>> {
		return await Promise.all(keys.map(async (key) => await this.get(key)));
	}

	async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
		this.#write('value', key, Buffer.from(value), ttlMs);
	}

	async delete(keys: readonly string[]): Promise<number> {
		return keys.filter((key) => this.#read('value', key) !== undefined && this.#held.delete(place('value', key))).length;
	}

	async deleteByPrefix(prefix: string): Promise<number> {
		return await this.delete(this.#keys(prefix));
	}

	async scan(prefix: string, limit: number): Promise<string[]> {
		return this.#keys(prefix).slice(0, limit);
	}

	async size(): Promise<SharedSize> {
		return { entries: this.#keys('').length, bytes: null };
	}

	async acquire(name: string, token: string, ttlMs: number): Promise<boolean> {
		if (this.#read('lease', name) !== undefined) return false;
		this.#write('lease', name, token, ttlMs);
		return true;
	}

	async renew(name: string, token: string, ttlMs: number): Promise<boolean> {
		if (this.#read('lease', name) !== token) return false;
		this.#write('lease', name, token, ttlMs);
		return true;
	}

	async release(name: string, token: string): Promise<boolean> {
		return this.#read('lease', name) === token && this.#held.delete(place('lease', name));
	}

	async add(name: string, amount: number, ttlMs: number): Promise<number> {
		const present = this.#read<number>('counter', name);
		const sum = (present ?? 0) + amount;
		const left = present === undefined ? ttlMs : this.#held.getRemainingTTL(place('counter', name));
		this.#write('counter', name, sum, left);
		return sum;
	}

	async take(name: string, limit: number, windowMs: number): Promise<WindowGrant> {
		const now = this.#clock.now();
		const taken = (this.#read<number[]>('window', name) ?? []).filter((at) => at > now - windowMs);
		const oldest = taken[taken.length - limit];
		if (oldest !== undefined) return { granted: false, waitMs: Math.ceil(oldest + windowMs - now) };
		taken.push(now);
		this.#write('window', name, taken, windowMs);
		return { granted: true, waitMs: 0 };
	}

	async append(name: string, value: Buffer, bounds: { readonly ttlMs: number; readonly max: number }): Promise<void> {
		// In place: the copy of a list of thousands would cost more with each addition.
		const list = this.#read<Buffer[]>('list', name) ?? [];
		list.push(Buffer.from(value));
		if (list.length > bounds.max) list.splice(0, list.length - bounds.max);
		this.#write('list', name, list, bounds.ttlMs, list.length * (value.length + OVERHEAD_BYTES));
	}

	async list(name: string): Promise<Buffer[]> {
		return (this.#read<Buffer[]>('list', name) ?? []).map((value) => Buffer.from(value));
	}

	async publish(channel: string, message: string): Promise<void> {
		this.#topics.emit(channel, message);
	}

	async subscribe(channel: string, listener: (message: string) => void): Promise<() => void> {
		return this.#topics.add(channel, listener).remove;
	}

	/** Values and lists, the most recently used first. What they hold is not copied: this memory is used no longer. */
	contents(): MovedEntry[] {
		this.#held.purgeStale();
		return [...this.#held.entries()].flatMap(([at, { of }]) => {
			const parts = Buffer.isBuffer(of) ? [of] : isList(of) ? of : undefined;
			if (!parts) return [];
			const [kind, name] = [Buffer.isBuffer(of) ? ('value' as const) : ('list' as const), at.slice(at.indexOf(' ') + 1)];
			return [{ kind, name, parts, leftMs: this.#held.getRemainingTTL(at) }];
		});
	}

	/** Goes on with what `contents` of another build gave, within the bounds of this memory. */
	adopt(moved: readonly MovedEntry[]): void {
		for (const { kind, name, parts, leftMs } of [...moved].reverse()) {
			const buffers = parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
			const bytes = buffers.reduce((sum, { length }) => sum + length + OVERHEAD_BYTES, 0);
			const [first] = buffers;
			if (kind === 'list') this.#write(kind, name, buffers, leftMs, bytes);
			else if (first) this.#write(kind, name, first, leftMs);
		}
	}

	/** Lets go of what has expired. */
	sweep(): void {
		this.#held.purgeStale();
	}

	async dispose(): Promise<void> {
		this.#held.clear();
		this.#topics.clear();
	}

	/** A place is only ever written with what belongs to its kind. */
	#read<T extends Held>(kind: Kind, name: string): T | undefined {
		return this.#held.get(place(kind, name))?.of as T | undefined;
	}

	/** @param bytes of what is no single value */
	#write(kind: Kind, name: string, of: Held, ttlMs: number, bytes = Buffer.isBuffer(of) ? of.length : 0): void {
		this.#held.set(place(kind, name), { of, bytes: bytes + OVERHEAD_BYTES }, { ttl: Math.max(1, ttlMs) });
	}

	#keys(prefix: string): string[] {
		this.#held.purgeStale();
		const start = place('value', prefix);
		return [...this.#held.keys()].filter((key) => key.startsWith(start)).map((key) => key.slice('value '.length));
	}
}

function isList(of: Held): of is Buffer[] {
	return Array.isArray(of) && of.every((part) => Buffer.isBuffer(part));
}

function place(kind: Kind, name: string): string {
	return `${kind} ${name}`;
}

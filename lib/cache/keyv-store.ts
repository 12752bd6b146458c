import { bounded } from '../core/bounded';
import type { Clock } from '../core/clock';
import { requireInteger } from '../core/validate';
import { Keyv } from '../vendor';
import { fromJson, toJson } from './json';
import type { ManyStore, Origin, StoredAnswer, StoreOptions, StoreStats } from './store';

export interface KeyvStoreOptions {
	readonly clock: Clock;
	/** A Map, or any storage adapter of Keyv: Redis, Valkey, SQLite. */
	readonly adapter: unknown;
	/** Keeps our entries apart from others in the same place; default `fastpath`. */
	readonly namespace?: string;
	/** Of one entry's text; default 1 MB. */
	readonly maxEntryBytes?: number;
	/** A slow store is worse than a dead one: what takes longer counts as a miss; default 250 ms, and 0 where the adapter has a bound of its own. */
	readonly timeoutMs?: number;
	/** Told of every failure that the caller is spared. */
	readonly onFailure?: (error: unknown) => void;
}

/** Raised with every incompatible change: what another version wrote is dropped. */
const VERSION = 1;

/** As it lies in an adapter: the text that Keyv gave it, or what an adapter of objects made of that. */
type Row = string | { readonly value?: unknown } | null | undefined;

interface Envelope extends Origin {
	readonly v: typeof VERSION;
	readonly value: unknown;
	/** Milliseconds since the epoch: other processes read it, whose monotonic clocks are not this one's. */
	readonly storedAt: number;
	readonly ttlMs: number;
	/** Adapters expire by their own clock, some not at all. */
	readonly keepMs: number;
}

/**
 * A store behind Keyv. It fails open: whatever the adapter does, a read that fails is a miss, a write
 * that fails is not kept, nothing throws and nothing takes longer than `timeoutMs`. Reads go past Keyv to its adapter: its hooks and its
 * telemetry, to which nobody listens here, would be a tenth of what reading an answer takes.
 */
export class KeyvStore implements ManyStore {
	readonly name = 'keyv';
	readonly #clock: Clock;
	readonly #keyv: Keyv;
	readonly #maxEntryBytes: number;
	readonly #timeoutMs: number;
	readonly #onFailure: (error: unknown) => void;
	#failures = 0;
	#corrupt = 0;

	constructor(options: KeyvStoreOptions) {
		this.#clock = options.clock;
		this.#onFailure = options.onFailure ?? (() => {});
		this.#maxEntryBytes = requireInteger('maxEntryBytes', options.maxEntryBytes ?? 1_048_576, { min: 1 });
		this.#timeoutMs = requireInteger('timeoutMs', options.timeoutMs ?? 250, { min: 0 });
		this.#keyv = new Keyv({
			store: options.adapter,
			namespace: options.namespace ?? 'fastpath',
			serialization: { stringify, parse },
		});
		// Without a listener an error of the adapter would end the process.
		this.#keyv.on('error', (error: unknown) => this.#fail(error));
	}

	/** Commands that failed or took too long. */
	get failures(): number {
		return this.#failures;
	}

	/** Entries that could not be read and were dropped. */
	get corrupt(): number {
		return this.#corrupt;
	}

	async get(key: string): Promise<StoredAnswer | undefined> {
		const row = await this.#bounded(async () => await this.#keyv.store.get(key), undefined);
		const [answer] = await this.#answersOf([key], [row]);
		return answer;
	}

	async getMany(keys: readonly string[]): Promise<Array<StoredAnswer | undefined>> {
		return await this.#answersOf(keys, await this.#bounded(async () => await this.#rowsOf(keys), []));
	}

	async #rowsOf(keys: readonly string[]): Promise<readonly Row[]> {
		const store: Partial<Keyv['store']> = this.#keyv.store;
		return (await store.getMany?.([...keys])) ?? (await Promise.all(keys.map(async (key) => await store.get?.(key))));
	}

	/** What was found and is no answer, or none any more, is deleted. */
	async #answersOf(keys: readonly string[], rows: readonly Row[]): Promise<Array<StoredAnswer | undefined>> {
		const answers = keys.map((_key, index) => this.#answerOf(rows[index]));
		const useless = keys.filter((_key, index) => isThere(rows[index]) && !answers[index]);
		if (useless.length > 0) await Promise.all(useless.map(async (key) => await this.delete(key)));
		return answers;
	}

	#answerOf(row: Row): StoredAnswer | undefined {
		if (!isThere(row)) return undefined;
		const { value: found } = typeof row === 'string' ? parse(row) : row;
		if (!isEnvelope(found)) {
			this.#corrupt += 1;
			return undefined;
		}
		const { value, storedAt, ttlMs, keepMs, marks, asOf, confirmed } = found;
		// The clocks of two machines differ: an answer from the future is new.
		const ageMs = Math.max(0, this.#clock.wallNow() - storedAt);
		return ageMs > keepMs ? undefined : { value, ageMs, ttlMs, keepMs, marks, asOf, confirmed };
	}

	async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		const text = options.keepMs > 0 && value !== undefined ? this.#textOf(value, options) : undefined;
		if (text === undefined) {
			// What was stored before is older than what could not be stored now.
			await this.delete(key);
			return false;
		}
		return await this.#bounded(() => this.#keyv.set(key, text, options.keepMs), false);
	}

	async delete(key: string): Promise<boolean> {
		return await this.#bounded(() => this.#keyv.delete(key), false);
	}

	async clear(): Promise<void> {
		await this.#bounded(() => this.#keyv.clear(), undefined);
	}

	stats(): StoreStats {
		return { entries: null, bytes: null, evictions: 0, expired: 0, maxBytes: null };
	}

	sweep(): void {
		// The adapter drops what has expired.
	}

	async dispose(): Promise<void> {
		await this.#bounded(() => this.#keyv.disconnect(), undefined);
	}

	/** Nothing where the value is too large or no plain data. */
	#textOf(value: unknown, { ageMs = 0, ttlMs, keepMs, marks, asOf, confirmed }: StoreOptions): string | undefined {
		const origin: Origin = { ...(marks && { marks }), ...(asOf !== undefined && { asOf }), ...(confirmed !== undefined && { confirmed }) };
		const envelope: Envelope = { v: VERSION, value, storedAt: this.#clock.wallNow() - ageMs, ttlMs, keepMs, ...origin };
		try {
			const text = toJson(envelope);
			return Buffer.byteLength(text) > this.#maxEntryBytes ? undefined : text;
		} catch {
			return undefined;
		}
	}

	async #bounded<T>(command: () => Promise<T>, otherwise: T): Promise<T> {
		try {
			return await (this.#timeoutMs === 0 ? command() : bounded(command(), this.#timeoutMs, this.#clock));
		} catch (error) {
			this.#fail(error);
			return otherwise;
		}
	}

	#fail(error: unknown): void {
		this.#failures += 1;
		this.#onFailure(error);
	}
}

/** Our values come as text already; Keyv's own serializer would take four to six times as long. */
function stringify({ value, expires }: { value: string; expires?: number }): string {
	return `{"value":${value},"expires":${expires ?? 'null'}}`;
}

function isThere(row: Row): row is NonNullable<Row> {
	return row !== undefined && row !== null;
}

/** Never throws: what cannot be read is no envelope, and is dropped as such. */
function parse(text: string): { value: unknown; expires?: number } {
	try {
		const { value = text, expires } = fromJson(text) as { value?: unknown; expires?: unknown };
		return typeof expires === 'number' ? { value, expires } : { value };
	} catch {
		return { value: text };
	}
}

function isEnvelope(found: unknown): found is Envelope {
	if (typeof found !== 'object' || found === null) return false;
	const { v, storedAt, ttlMs, keepMs, asOf = 0, confirmed = 0 } = found as Partial<Record<keyof Envelope, unknown>>;
	return v === VERSION && 'value' in found && [storedAt, ttlMs, keepMs, asOf, confirmed].every((number) => Number.isFinite(number));
}

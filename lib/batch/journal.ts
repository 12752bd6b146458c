import type { Clock } from '../core/clock';
import type { SharedLists, SharedValues } from '../core/shared';
import { Together } from './together';

/** The parts of a shared store that a journal is kept in. */
export type JournalStore = Pick<SharedValues, 'getMany' | 'set' | 'delete'> & SharedLists;

export interface JournalOptions {
	/** Which journal; a text without secrets. */
	readonly name: string;
	/** How long an entry counts, from when it was written. */
	readonly ttlMs: number;
	/** Bound of one answer; what is larger is remembered as done, without its answer. Default 1 MB. */
	readonly maxAnswerBytes?: number;
}

/** What became of an answer: kept with its entry, or too large for that. */
export type Kept = 'kept' | 'tooLarge';

const KEY_BYTES = 16;
const RECORD_BYTES = KEY_BYTES + 6;
const MAX_GROUP = 500;
/** Of the newest groups, each with one entry or more. */
const MAX_GROUPS = 500_000;
/** An answer outlives its entry, so that what counts as done is there. */
const MARGIN_MS = 60_000;

/**
 * Which items of a batch are done, and what was answered. The entries stand in one list that is read once, when the journal is
 * opened; answers stand apart and are read when their item comes, many in one command. A key is 32 hexadecimal digits.
 */
export class Journal {
	readonly #done = new Set<string>();
	readonly #reads: Together<string, Buffer | undefined>;
	readonly #writes: Together<{ readonly key: string; readonly answer: Buffer | undefined }, undefined>;

	private constructor(
		private readonly store: JournalStore,
		private readonly clock: Clock,
		private readonly options: JournalOptions,
	) {
		this.#reads = new Together(async (keys) => await store.getMany(keys.map((key) => this.#place(key))), MAX_GROUP);
		this.#writes = new Together(async (entries) => await this.#commit(entries), MAX_GROUP);
	}

	static async open(store: JournalStore, clock: Clock, options: JournalOptions): Promise<Journal> {
		const journal = new Journal(store, clock, options);
		for (const { key, until } of records(await store.list(options.name))) {
			if (until > clock.wallNow()) journal.#done.add(key);
		}
		return journal;
	}

	/** Items that were done before this journal was opened. */
	get size(): number {
		return this.#done.size;
	}

	/** Whether the item was done before this journal was opened. */
	has(key: string): boolean {
		return this.#done.has(key);
	}

	/** The answer of an item that is done; undefined where it was too large to be kept, or the store has lost it. */
	async read(key: string): Promise<Buffer | undefined> {
		return await this.#reads.add(key);
	}

	/** Resolves once the entry is in the store: what is written in part does not count. */
	async write(key: string, answer: Buffer): Promise<Kept> {
		const tooLarge = answer.length > (this.options.maxAnswerBytes ?? 1_048_576);
		await this.#writes.add({ key, answer: tooLarge ? undefined : answer });
		return tooLarge ? 'tooLarge' : 'kept';
	}

	/** Makes room; the journal must not be used afterwards. */
	async clear(): Promise<void> {
		const keys = records(await this.store.list(this.options.name)).map(({ key }) => this.#place(key));
		for (let from = 0; from < keys.length; from += MAX_GROUP) await this.store.delete(keys.slice(from, from + MAX_GROUP));
	}

	/** The answers before the entries: after a crash in between, an item is sent again, and never answered with nothing. */
	async #commit(entries: ReadonlyArray<{ readonly key: string; readonly answer: Buffer | undefined }>): Promise<undefined[]> {
		const { name, ttlMs } = this.options;
		const keepMs = ttlMs + MARGIN_MS;
		await Promise.all(entries.map(async ({ key, answer }) => answer && (await this.store.set(this.#place(key), answer, keepMs))));
		const group = Buffer.alloc(entries.length * RECORD_BYTES);
		entries.forEach(({ key }, index) => {
			const at = index * RECORD_BYTES;
			group.write(key, at, KEY_BYTES, 'hex');
			group.writeUIntBE(Math.floor(this.clock.wallNow() + ttlMs), at + KEY_BYTES, RECORD_BYTES - KEY_BYTES);
		});
		await this.store.append(name, group, { ttlMs: keepMs, max: MAX_GROUPS });
		return entries.map(() => undefined);
	}

	#place(key: string): string {
		return `${this.options.name}/${key}`;
	}
}

/** What is no list of records (of another version, or cut short) is none of ours. */
function records(groups: readonly Buffer[]): Array<{ readonly key: string; readonly until: number }> {
	return groups.flatMap((group) =>
		group.length % RECORD_BYTES !== 0
			? []
			: Array.from({ length: group.length / RECORD_BYTES }, (_record, index) => {
					const at = index * RECORD_BYTES;
					return {
						key: group.toString('hex', at, at + KEY_BYTES),
						until: group.readUIntBE(at + KEY_BYTES, RECORD_BYTES - KEY_BYTES),
					};
				}),
	);
}

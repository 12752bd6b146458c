/** What an answer is known by where it is to be cleared. Bounded, and no secrets (see marks.ts). */
export interface Marks {
	readonly workflow?: string | undefined;
	/** Id of the node, which outlives its name. */
	readonly node?: string | undefined;
	readonly nodeName?: string | undefined;
	readonly tags?: readonly string[] | undefined;
	readonly url?: string | undefined;
	/** The address goes on. */
	readonly urlIsCut?: boolean | undefined;
}

/** Where an answer comes from. */
export interface Origin {
	readonly marks?: Marks | undefined;
	/** Number of the last clearing that was known when the call began (see rules.ts); default 0. */
	readonly asOf?: number | undefined;
	/** How often in a row its origin gave it again, unchanged; default 0. */
	readonly confirmed?: number | undefined;
}

/** What is kept under a key. `value` is plain data. */
export interface StoredAnswer extends Origin {
	readonly value: unknown;
	/** How old the answer is at the moment of reading. */
	readonly ageMs: number;
	/** For how long its writer called it fresh. */
	readonly ttlMs: number;
	/** For how long its writer wanted it kept. */
	readonly keepMs: number;
	/** Where it was found, if there is more than one place. */
	readonly tier?: Tier;
}

/** The memory of this process, or the store that processes share. */
export type Tier = 'memory' | 'shared';

export interface StoreOptions extends Origin {
	/** The answer is fresh for this long. */
	readonly ttlMs: number;
	/** And is kept for this long in all, to be served stale. At least `ttlMs`. */
	readonly keepMs: number;
	/** How old the answer is already, where it comes from another store; default 0. */
	readonly ageMs?: number;
}

/** An answer that moves, with what it is kept by. */
export interface MovedAnswer extends StoreOptions {
	readonly key: string;
	readonly value: unknown;
}

export interface StoreStats {
	/** Null where the store cannot tell. */
	readonly entries: number | null;
	/** Null where the store cannot tell. */
	readonly bytes: number | null;
	/** Entries that left to make room, and those that left as their time was over. */
	readonly evictions: number;
	readonly expired: number;
	/** Null where the store sets none. */
	readonly maxBytes: number | null;
	/** False while memory is so scarce that nothing new is taken. */
	readonly writes?: boolean;
}

/**
 * Where answers live. What goes in and what comes out is isolated: nobody can change a stored answer
 * through a reference. A store that cannot be reached behaves as if it were empty; it never throws for it.
 */
export interface Store {
	readonly name: string;
	/** Number of the last clearing that is known. Absent where nothing is cleared by rules. */
	readonly generation?: number;
	/** `asker`: by what the answer would be known, were it the reader's own. */
	get(key: string, asker?: Marks): Promise<StoredAnswer | undefined>;
	/** Whether the answer was kept: one that is too large, or no plain data, is not, and takes the old one with it. */
	set(key: string, value: unknown, options: StoreOptions): Promise<boolean>;
	delete(key: string): Promise<boolean>;
	clear(): Promise<void>;
	stats(): StoreStats;
	/** Drops what has expired; called now and then. */
	sweep(): void;
	dispose(): Promise<void>;
}

/** A store that gives many answers in one round trip, in the order of the keys. */
export interface ManyStore extends Store {
	getMany(keys: readonly string[]): Promise<Array<StoredAnswer | undefined>>;
}

/** A store that can be walked through. */
export interface WalkableStore extends Store {
	/** Keys of all that is chosen. */
	keysWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): string[];
	/** Deletes all that is chosen, and says how many they were. */
	deleteWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): number;
}

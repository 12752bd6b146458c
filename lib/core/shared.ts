/**
 * What processes share through a store that all of them reach. Features ask for the part that they need.
 * Times are whole milliseconds, names are texts without secrets. An implementation may throw whatever its
 * driver throws; the guard in front of it (lib/shared/guard.ts) does not.
 */
export interface SharedBackend extends SharedValues, SharedLeases, SharedCounters, SharedLists, SharedSignals {
	readonly name: string;
	/** Resolves once commands can be sent; rejects when that took longer than the connect timeout. */
	connect(): Promise<void>;
	/** A cheap command that shows whether the store answers; with `write`, whether it takes anything new. */
	probe(write: boolean): Promise<void>;
	/** Whether an error is the answer of a store that is well but takes nothing new: full, or there to be read only. */
	isRefusal(error: unknown): boolean;
	/** Drops a connection on which nothing comes back any more, and makes a new one. */
	reconnect(): void;
	dispose(): Promise<void>;
}

/** What is to live for so long is kept, not cached: a store that is full lets go of other values for it, and never of it. */
export const KEPT_MS = 10 * 365 * 86_400_000;

export interface SharedValues {
	get(key: string): Promise<Buffer | undefined>;
	/** In one round trip where the store can; results stand in the order of the keys. */
	getMany(keys: readonly string[]): Promise<Array<Buffer | undefined>>;
	set(key: string, value: Buffer, ttlMs: number): Promise<void>;
	/** How many of them were there. */
	delete(keys: readonly string[]): Promise<number>;
	/** How many there were. */
	deleteByPrefix(prefix: string): Promise<number>;
	/** Keys that begin with it, at most `limit`, in no order. */
	scan(prefix: string, limit: number): Promise<string[]>;
	/** What the store can tell without counting. */
	size(): Promise<SharedSize>;
}

export interface SharedSize {
	/** Values that are held; null where the store cannot tell at once. */
	readonly entries: number | null;
	readonly bytes: number | null;
}

/** A right that one holder has until it lets go or its time is over. The token says whose it is. */
export interface SharedLeases {
	/** Whether the lease is now held with that token; for ten minutes at most. */
	acquire(name: string, token: string, ttlMs: number): Promise<boolean>;
	/** Whether it was still held with that token, and now is for `ttlMs` more. */
	renew(name: string, token: string, ttlMs: number): Promise<boolean>;
	/** Whether it was still held with that token. */
	release(name: string, token: string): Promise<boolean>;
}

export interface WindowGrant {
	readonly granted: boolean;
	/** Until there is room, where there is none; 0 where granted. */
	readonly waitMs: number;
}

export interface SharedCounters {
	/** Adds and returns the sum; the counter ends `ttlMs` after its first addition. */
	add(name: string, amount: number, ttlMs: number): Promise<number>;
	/**
	 * Takes one of `limit` places within any window of `windowMs`, by the store's own clock: a sliding log, so
	 * no window of that length ever holds more, wherever it begins.
	 */
	take(name: string, limit: number, windowMs: number): Promise<WindowGrant>;
}

export interface SharedLists {
	/** Adds to the end; of more than `max` entries the oldest leave. The list ends `ttlMs` after its last addition. */
	append(name: string, value: Buffer, bounds: { readonly ttlMs: number; readonly max: number }): Promise<void>;
	/** All of it, oldest first. */
	list(name: string): Promise<Buffer[]>;
}

/** News between processes. Delivery is not promised: who must know looks now and then. */
export interface SharedSignals {
	publish(channel: string, message: string): Promise<void>;
	/** Returns what ends it. */
	subscribe(channel: string, listener: (message: string) => void): Promise<() => void>;
}

/** For who must know whether the store itself did it, and not what stands in for it. */
export interface SureShared extends SharedSignals {
	/** What the command gave; undefined where the store is out, or the command failed or took too long. Never rejects. */
	sure<T>(command: (store: SharedBackend) => Promise<T>): Promise<{ readonly value: T } | undefined>;
}

import { randomInt } from 'node:crypto';
import type { SharedSize } from '../core/shared';
import { isForeign, type RedisClient } from './redis-client';

/** How many keys are looked at to find out whether the book is right. */
const SAMPLE = 16;
const ENDED_AT_ONCE = 500;
/** One process counts at a time, and none again before this has passed. */
const COUNT_AGAIN_MS = 60_000;
const COUNTING = '1';
const COUNTED = '0';
/** Of keys that end that soon it may be gone already, as its entry comes after it. */
const SOON_MS = 1000;
const UNKNOWN: SharedSize = { entries: null, bytes: null };

/**
 * Common to the scripts that follow. KEYS: when each key ends (sorted set), how large it is (hash). Both begin with a mark, which nothing
 * but a count makes, so that one that the server has dropped and that began anew is known by its absence; the hash has all sizes together under it.
 */
const HEAD = `local mark = '\\0'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function drop(key)
	local size = redis.call('HGET', KEYS[2], key)
	redis.call('ZREM', KEYS[1], key)
	if size then
		redis.call('HDEL', KEYS[2], key)
		redis.call('HINCRBY', KEYS[2], mark, -size)
	end
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ${ENDED_AT_ONCE})) do drop(key) end
`;

const BEGIN = `redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZADD', KEYS[1], 'inf', '\\0')
redis.call('HSET', KEYS[2], '\\0', 0)`;

/** ARGV: key, bytes, ttlMs, and again. */
const ENTER = `${HEAD}for place = 1, #ARGV, 3 do
	drop(ARGV[place])
	redis.call('ZADD', KEYS[1], now + ARGV[place + 2], ARGV[place])
	redis.call('HSET', KEYS[2], ARGV[place], ARGV[place + 1])
	redis.call('HINCRBY', KEYS[2], mark, ARGV[place + 1])
end`;

/** ARGV: keys. */
const STRIKE = `${HEAD}for _, key in ipairs(ARGV) do drop(key) end`;

/** Returns whether it is whole, how many it holds and their bytes; then some keys from a place on that ARGV names by a share of 1000. */
const READ = `${HEAD}local entries = redis.call('ZCARD', KEYS[1])
local bytes = tonumber(redis.call('HGET', KEYS[2], mark) or -1)
local isWhole = redis.call('ZSCORE', KEYS[1], mark) and bytes >= 0 and redis.call('HLEN', KEYS[2]) == entries
local from = math.max(0, math.min(math.floor(entries * ARGV[1] / 1000), entries - 1 - ${SAMPLE}))
local sample = {}
local found = redis.call('ZRANGE', KEYS[1], from, from + ${SAMPLE - 1}, 'WITHSCORES')
for place = 1, #found, 2 do
	if found[place] ~= mark and tonumber(found[place + 1]) > now + ${SOON_MS} then table.insert(sample, found[place]) end
end
return {isWhole and 1 or 0, entries - 1, bytes, sample}`;

export interface BookEntry {
	readonly key: string;
	readonly bytes: number;
	readonly ttlMs: number;
}

/** What a book needs of the store whose values it tells of. */
export interface Booked {
	/** How many of the keys are there. */
	count(keys: readonly string[]): Promise<number>;
	/** All that is there, in pieces. */
	walk(): AsyncIterable<readonly BookEntry[]>;
}

/**
 * How many values there are and how large, beside them in Redis itself, since it counts a whole database and not what begins with a prefix. Each change
 * enters itself; what has ended is struck out on the way. A server that makes room by itself, or is cut off between a value and its entry, makes the book wrong:
 * who asks looks at some keys, and where one is missing, all is counted anew.
 */
export class RedisBook {
	readonly #keys: [string, string];
	readonly #lock: string;

	constructor(
		private readonly client: RedisClient,
		prefix: string,
		private readonly values: Booked,
	) {
		// The braces keep both on one node of a cluster.
		const book = `{${prefix}:book}`;
		this.#keys = [`${book}:ends`, `${book}:sizes`];
		this.#lock = `${book}:counting`;
	}

	async enter(entries: readonly BookEntry[]): Promise<void> {
		if (entries.length > 0) await this.#eval(ENTER, entries.flatMap(({ key, bytes, ttlMs }) => [key, bytes, ttlMs]));
	}

	async strike(keys: readonly string[]): Promise<void> {
		if (keys.length > 0) await this.#eval(STRIKE, keys);
	}

	/** Unknown while it is counted anew, and where it was found wrong again soon after. */
	async read(): Promise<SharedSize> {
		// What is wrong at one moment only is on its way: a value that was just deleted, before its entry.
		const size = (await this.#look()) ?? (await this.#look());
		if (size && (await this.client.get(this.#lock)) !== COUNTING) return size;
		if (!size) void this.#count();
		return UNKNOWN;
	}

	/** Undefined where it is wrong. */
	async #look(): Promise<SharedSize | undefined> {
		const [isWhole, entries, bytes, sample] = (await this.#eval(READ, [randomInt(1000)])) as [number, number, number, string[]];
		return isWhole === 1 && (await this.values.count(sample)) === sample.length ? { entries, bytes } : undefined;
	}

	/** What is written in the meantime enters itself, and once. */
	async #count(): Promise<void> {
		try {
			if ((await this.client.set(this.#lock, COUNTING, 'PX', COUNT_AGAIN_MS, 'NX')) !== 'OK') return;
			await this.#eval(BEGIN, []);
			for await (const entries of this.values.walk()) await this.enter(entries);
			await this.client.set(this.#lock, COUNTED, 'PX', COUNT_AGAIN_MS);
		} catch {
			// The store is out; who asks after that finds the book wrong again.
		}
	}

	async #eval(script: string, parameters: ReadonlyArray<string | number>): Promise<unknown> {
		const evaluate = async () => await this.client.eval(script, this.#keys.length, ...this.#keys, ...parameters);
		try {
			return await evaluate();
		} catch (error) {
			if (!isForeign(error)) throw error;
			// Without its marks it is known to be wrong.
			await this.client.unlink(...this.#keys);
			return await evaluate();
		}
	}
}

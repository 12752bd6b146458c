import { requireInteger } from './validate';

/** What the memory cache of a process may hold, and how long what it was asked to keep stays fresh at most. */
export interface CacheLimits {
	readonly cacheMegabytes: number;
	readonly cacheEntries: number;
	/** Whatever nodes ask for; 0 for as long as they ask. What HTTP servers say of their own responses is left alone. */
	readonly longestTtlSeconds: number;
}

export const DEFAULT_CACHE_LIMITS: CacheLimits = { cacheMegabytes: 64, cacheEntries: 1000, longestTtlSeconds: 0 };

const YEAR_SECONDS = 31_536_000;

/** One check for each limit; they throw InvalidOptionError. */
export const CACHE_LIMIT_CHECKS: { readonly [name in keyof CacheLimits]: (name: string, value: unknown) => number } = {
	cacheMegabytes: (name, value) => requireInteger(name, value, { min: 1, max: 65_536 }),
	cacheEntries: (name, value) => requireInteger(name, value, { min: 1, max: 1_000_000 }),
	longestTtlSeconds: (name, value) => requireInteger(name, value, { min: 0, max: YEAR_SECONDS }),
};

import type { Random } from '../core/random';

export interface BackoffOptions {
	/** Upper end of the first wait. */
	readonly baseMs: number;
	/** Upper end of every wait. */
	readonly maxMs: number;
}

/**
 * Full jitter: evenly spread between 0 and min(max, base · 2^retry).
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param retry 0 before the first retry
 * @returns milliseconds
 */
export function fullJitter(retry: number, options: BackoffOptions, random: Random): number {
	// 2^30 already exceeds every sensible ceiling; beyond 2^1023 it would be Infinity.
	const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(retry, 30));
	return random.next() * ceiling;
}

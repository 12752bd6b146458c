import type { Random } from '../../lib/core/random.ts';

export interface Seeded extends Random {
	/** A whole number in [0, end). */
	int(end: number): number;
	pick<T>(list: readonly T[]): T;
}

/** mulberry32 (T. Ettinger, public domain): the same numbers for the same seed, on every machine. */
export function seeded(seed: number): Seeded {
	let state = seed >>> 0;
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
	const int = (end: number) => Math.floor(next() * end);
	return { next, int, pick: (list) => list[int(list.length)]! };
}

import type { Quantiles } from '../core/snapshot';

export type Interval = readonly [low: number, high: number];

/** Of the normal distribution, on both sides: 95 %. */
const Z_95 = 1.96;
/** What stands at a rank is partly a guess: wider ranks make up for it. */
const Z_RANKS = 3;
/** Below, the normal distribution says nothing of so few. */
const LEAST_OF_EACH = 5;

/**
 * Whether two shares differ by more than chance explains (pooled z test of two proportions, 95 %); undefined where there are too few to tell.
 */
export function sharesDiffer(before: Share, after: Share): boolean | undefined {
	const all = before.of + after.of;
	const pooled = all > 0 ? (before.count + after.count) / all : 0;
	// A share of 0 or 1 on both sides is the same share.
	if (before.of > 0 && after.of > 0 && (pooled === 0 || pooled === 1)) return false;
	if ([before.of, after.of].some((of) => of * Math.min(pooled, 1 - pooled) < LEAST_OF_EACH)) return undefined;
	const error = Math.sqrt(pooled * (1 - pooled) * (1 / before.of + 1 / after.of));
	return Math.abs(before.count / before.of - after.count / after.of) > Z_95 * error;
}

export interface Share {
	readonly count: number;
	readonly of: number;
}

/**
 * Between which values a percentile lies, with about 95 % confidence or more, by the ranks that it may have (binomial, approximated). What stands
 * at those ranks is read off lines between the percentiles that are known. Even distributions are straight over the rank, tails over the logarithm
 * of what is left above it: the wider of both holds. Undefined where the sample is too small for the percentile.
 */
export function quantileInterval({ count, p50, p95, p99, max }: Quantiles, share: number): Interval | undefined {
	if (count * Math.min(share, 1 - share) < LEAST_OF_EACH) return undefined;
	const reach = Z_RANKS * Math.sqrt((share * (1 - share)) / count);
	// Of the largest it is known only that it lies about here.
	const last = 1 - 0.5 / count;
	const known = [[0, 0], [0.5, p50], [0.95, p95], [0.99, p99], [last, max]] as const;
	const at = (rank: number, scale: (rank: number) => number) => {
		const bounded = Math.min(last, Math.max(0, rank));
		const right = Math.max(1, known.findIndex(([of]) => of >= bounded));
		const [[fromRank, from], [toRank, to]] = [known[right - 1] ?? known[0], known[right] ?? known[4]];
		return from + ((scale(bounded) - scale(fromRank)) / (scale(toRank) - scale(fromRank))) * (to - from);
	};
	const both = (rank: number) => [at(rank, (of) => of), at(rank, (of) => -Math.log(1 - of))];
	return [Math.min(...both(share - reach)), Math.max(...both(share + reach))];
}

/** Undefined where one of them is. Intervals that do not meet differ; those that do may differ as well: it errs on the side of no. */
export function apart(one: Interval | undefined, other: Interval | undefined): boolean | undefined {
	return one && other && (one[1] < other[0] || other[1] < one[0]);
}

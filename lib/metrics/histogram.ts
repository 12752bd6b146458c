/**
 * Counts of values in logarithmic buckets: four to each doubling, so a quantile is off by at most
 * 10 % of its value. Fixed size, no allocation on record, mergeable.
 */
const BUCKETS_PER_DOUBLING = 4;
/** From a microsecond to nineteen hours; what is longer counts as the longest of all. */
const DOUBLINGS = 36;
const BUCKETS = BUCKETS_PER_DOUBLING * DOUBLINGS;
/** The smallest value told apart, in milliseconds. */
const FLOOR = 0.001;

export class Histogram {
	readonly #buckets = new Uint32Array(BUCKETS);
	#count = 0;
	#sum = 0;
	#max = 0;

	/** @param value milliseconds; what is negative or not a number counts as 0 */
	record(value: number): void {
		const safe = value > 0 ? value : 0;
		const bucket = safe <= FLOOR ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(safe / FLOOR) * BUCKETS_PER_DOUBLING));
		this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
		this.#count += 1;
		this.#sum += safe;
		if (safe > this.#max) this.#max = safe;
	}

	get count(): number {
		return this.#count;
	}

	get sum(): number {
		return this.#sum;
	}

	get max(): number {
		return this.#max;
	}

	/** The value below which the given share (0 to 1) of all values lies; 0 where there are none. */
	quantile(share: number): number {
		const rank = Math.ceil(share * this.#count);
		let seen = 0;
		for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
			seen += this.#buckets[bucket] ?? 0;
			if (seen >= rank && seen > 0) return Math.min(middle(bucket), this.#max);
		}
		return 0;
	}
}

/** Geometric middle of a bucket. */
function middle(bucket: number): number {
	return FLOOR * 2 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING);
}

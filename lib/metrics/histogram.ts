import type { Quantiles } from '../core/snapshot';
import type { ByteReader, ByteWriter } from './bytes';

/**
 * Logarithmic buckets, each 2 % wider than the one before, and what is in one counts as 2γ/(1+γ) of its lower bound: a quantile is
 * within 1 % of the value that has that rank (DDSketch: Masson, Rim and Lee, 2019). Sums of histograms are exact, so they may be
 * merged in any order.
 */
const GAMMA = 1.02;
/** The smallest value told apart, in milliseconds; what is below counts as 0. */
const FLOOR = 0.001;
/** What is longer counts as this: 31 days. */
const CEILING = 31 * 86_400_000;
const PER_LOG = 1 / Math.log(GAMMA);
const BUCKETS = 2 + Math.ceil(Math.log(CEILING / FLOOR) * PER_LOG);
const MIDDLE = (2 * GAMMA) / (1 + GAMMA);
/** Memory grows by so many buckets at a time. */
const PAGE = 64;

/** Counts of values in milliseconds. Holds the stretch of buckets that values fell into: 12 KB at most, 2 KB where the slowest call took fifty times as long as the fastest. */
export class Histogram {
	#counts = new Float64Array(0);
	/** The bucket of the first count. */
	#from = 0;
	#count = 0;
	#sum = 0;
	#max = 0;

	/** @param value what is negative or not a number counts as 0 */
	record(value: number, times = 1): void {
		const safe = value > FLOOR ? Math.min(value, CEILING) : 0;
		const bucket = safe === 0 ? 0 : 1 + Math.floor(Math.log(safe / FLOOR) * PER_LOG);
		this.#add(bucket, times);
		this.#count += times;
		this.#sum += safe * times;
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
		const rank = Math.max(1, Math.ceil(share * this.#count));
		let seen = 0;
		for (let index = 0; index < this.#counts.length; index += 1) {
			seen += this.#counts[index] ?? 0;
			if (seen >= rank) return Math.min(valueOf(this.#from + index), this.#max);
		}
		return this.#max;
	}

	facts(): Quantiles {
		const { count, sum, max } = this;
		return { count, sum, p50: this.quantile(0.5), p95: this.quantile(0.95), p99: this.quantile(0.99), max };
	}

	/** How many values are at most each of the bounds, which ascend; those within 1 % of a bound may be on either side of it. */
	upTo(bounds: readonly number[]): number[] {
		let seen = 0;
		let index = 0;
		return bounds.map((bound) => {
			for (; index < this.#counts.length && valueOf(this.#from + index) <= bound; index += 1) seen += this.#counts[index] ?? 0;
			return seen;
		});
	}

	clear(): void {
		this.#counts.fill(0);
		this.#count = 0;
		this.#sum = 0;
		this.#max = 0;
	}

	/** Only what was counted: a byte or two for each bucket that is not empty. */
	write(writer: ByteWriter): void {
		writer.amount(this.#sum);
		writer.amount(this.#max);
		let filled = 0;
		for (const count of this.#counts) if (count > 0) filled += 1;
		writer.count(filled);
		let before = 0;
		this.#counts.forEach((count, index) => {
			if (count === 0) return;
			writer.count(this.#from + index - before);
			writer.count(count);
			before = this.#from + index;
		});
	}

	/** Adds what another one wrote. Throws a RangeError where that is no histogram. */
	read(reader: ByteReader): void {
		this.#sum += reader.amount();
		this.#max = Math.max(this.#max, reader.amount());
		let bucket = 0;
		for (let left = reader.count(); left > 0; left -= 1) {
			bucket += reader.count();
			const times = reader.count();
			if (bucket >= BUCKETS) throw new RangeError(`There is no bucket ${bucket}`);
			this.#add(bucket, times);
			this.#count += times;
		}
	}

	#add(bucket: number, times: number): void {
		const index = bucket - this.#from;
		const count = index < 0 ? undefined : this.#counts[index];
		if (count !== undefined) this.#counts[index] = count + times;
		else this.#widen(bucket, times);
	}

	#widen(bucket: number, times: number): void {
		const empty = this.#counts.length === 0;
		const page = Math.floor(bucket / PAGE) * PAGE;
		const from = empty ? page : Math.min(this.#from, page);
		const to = Math.max(empty ? 0 : this.#from + this.#counts.length, page + PAGE);
		const counts = new Float64Array(to - from);
		if (!empty) counts.set(this.#counts, this.#from - from);
		counts[bucket - from] = times;
		this.#counts = counts;
		this.#from = from;
	}
}

/** What a value in that bucket counts as. */
function valueOf(bucket: number): number {
	return bucket === 0 ? 0 : FLOOR * GAMMA ** (bucket - 1) * MIDDLE;
}

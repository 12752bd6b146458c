import type { Clock } from '../core/clock';

/** Requests that follow each other more closely are of one burst: one execution. */
const BURST_GAP_MS = 2_000;
/** Shorter rhythms find their connection open anyway; of longer ones too little is known. */
const SHORTEST_MS = 5_000;
const LONGEST_MS = 3_600_000;
const INTERVALS = 3;
/** Standard deviation by mean, up to which intervals count as regular. */
const REGULAR = 0.1;
/** How long before the expected burst the connection is opened: short, for a server may close what is idle for seconds. */
const LEAD_MS = 1_000;
const MAX_LEAD_MS = 3_000;
const MAX_MISSES = 2;

/**
 * Learns when a pool is used, and has a connection opened shortly before the next use where that comes
 * in a rhythm, such as a schedule's. It gives up when the use it expected stays away twice, and starts
 * anew with the next regular ones. At most one timer.
 */
export class Rhythm {
	#lastRequestAt = -Infinity;
	/** Of the latest bursts, the oldest first. */
	#bursts: number[] = [];
	#misses = 0;
	#cancel: (() => void) | undefined;
	#stopped = false;

	constructor(
		private readonly clock: Clock,
		private readonly open: () => void,
	) {}

	/** Whether a use is expected. */
	get armed(): boolean {
		return this.#cancel !== undefined;
	}

	/** To be called for each request. */
	request(now: number): void {
		const pause = now - this.#lastRequestAt;
		this.#lastRequestAt = now;
		if (pause >= BURST_GAP_MS) this.#burst(now);
	}

	stop(): void {
		this.#stopped = true;
		this.#disarm();
	}

	#burst(now: number): void {
		this.#misses = 0;
		this.#bursts = [...this.#bursts, now].slice(-INTERVALS - 1);
		this.#disarm();
		const beat = beatOf(this.#bursts);
		if (beat && !this.#stopped) this.#expect(now + beat.intervalMs, beat);
	}

	#expect(at: number, beat: Beat): void {
		const leadMs = Math.min(LEAD_MS + 2 * beat.deviationMs, MAX_LEAD_MS);
		this.#cancel = this.clock.after(at - leadMs - this.clock.now(), () => {
			this.open();
			// As late as it was early: a burst until then comes through `request` and cancels this.
			this.#cancel = this.clock.after(2 * leadMs, () => this.#missed(at, beat));
		});
	}

	#missed(at: number, beat: Beat): void {
		this.#cancel = undefined;
		this.#misses += 1;
		if (this.#misses < MAX_MISSES) this.#expect(at + beat.intervalMs, beat);
		else this.#bursts = [];
	}

	#disarm(): void {
		this.#cancel?.();
		this.#cancel = undefined;
	}
}

interface Beat {
	readonly intervalMs: number;
	readonly deviationMs: number;
}

/** Undefined where the uses are too few, too close, too far apart or irregular. */
function beatOf(bursts: readonly number[]): Beat | undefined {
	if (bursts.length <= INTERVALS) return undefined;
	const intervals = bursts.slice(1).map((at, index) => at - (bursts[index] ?? at));
	const mean = intervals.reduce((sum, interval) => sum + interval, 0) / intervals.length;
	if (mean < SHORTEST_MS || mean > LONGEST_MS) return undefined;
	const variance = intervals.reduce((sum, interval) => sum + (interval - mean) ** 2, 0) / intervals.length;
	const deviationMs = Math.sqrt(variance);
	return deviationMs <= REGULAR * mean ? { intervalMs: mean, deviationMs } : undefined;
}

import type { Clock } from '../core/clock';
import type { Random } from '../core/random';
import type { SharedCounters } from '../core/shared';
import type { RateWindow } from './windows';

/** Where the calls of all processes are counted. */
export interface SharedRateParts {
	readonly counters: Pick<SharedCounters, 'take'>;
	/** Whether it counts now; while it does not, each process keeps to the limit by itself. */
	readonly isUp: () => boolean;
	/** The same in all processes for the same scope and limits; no secrets. */
	readonly name: string;
	readonly random: Random;
}

/** A place counts from the moment that the store gave it; the call leaves this much later at most. */
const LONGEST_LAG_MS = 250;
const LAG_SHARE = 1 / 20;
/** Places that came too late, one after the other, before the next is taken as it is: a slow store holds nobody up. */
const MAX_LATE = 3;
const MAX_JITTER_MS = 5;

/** The windows with room for the time between a place's being given and the call's leaving, which differs from call to call. */
export function widened(windows: readonly RateWindow[]): RateWindow[] {
	return windows.map(({ limit, windowMs }) => ({ limit, windowMs: windowMs + lagMs(windowMs) }));
}

function lagMs(windowMs: number): number {
	return Math.min(LONGEST_LAG_MS, windowMs * LAG_SHARE);
}

/** Asks the store for places, one call at a time. */
export class SharedRate {
	readonly #windows: ReadonlyArray<RateWindow & { readonly name: string }>;
	readonly #maxLagMs: number;
	#late = 0;

	/** @param windows the shortest first: of a place that is not used, the shortest memory is best */
	constructor(
		private readonly parts: SharedRateParts,
		windows: readonly RateWindow[],
		private readonly clock: Clock,
	) {
		this.#windows = widened(windows).map((window, index) => ({ ...window, name: `${parts.name}:${index}` }));
		this.#maxLagMs = lagMs(windows[0]?.windowMs ?? 0);
	}

	get isUp(): boolean {
		return this.parts.isUp();
	}

	/** Takes a place in each window: 0 where there is one, else the milliseconds after which to ask again. */
	async take(): Promise<number> {
		const askedAt = this.clock.now();
		for (const { name, limit, windowMs } of this.#windows) {
			const { granted, waitMs } = await this.parts.counters.take(name, limit, windowMs);
			// Not longer than the window, should the store's clock be set back. All who wait come at slightly different times.
			if (!granted) return Math.min(waitMs, windowMs) + this.parts.random.next() * MAX_JITTER_MS;
		}
		const late = this.clock.now() - askedAt > this.#maxLagMs;
		this.#late = late && this.#late < MAX_LATE ? this.#late + 1 : 0;
		return this.#late > 0 ? 1 : 0;
	}
}

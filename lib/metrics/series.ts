import { WINDOW_NAMES, type SeriesLabels, type WindowName } from '../core/snapshot';
import type { Ring } from './ring';
import { Tally } from './tally';
import { forEachWindow, ringsOf, SLOT_MS } from './windows';

/** What counts as one in the metrics: bounded texts, and never a secret. */
export type WrittenSeries = SeriesLabels & {
	/** Milliseconds since the epoch. */
	readonly lastAt: number;
	readonly tally: Uint8Array;
};

const NOTHING = new Uint8Array(0);

/**
 * The calls of one label set. Those of the present slot are counted as they come; when the slot is over, they are written
 * down in a few hundred bytes and added to each window, and to all there ever was.
 */
export class Series {
	lastAt = -Infinity;
	readonly #live = new Tally();
	readonly #windows: Readonly<Record<WindowName, Ring<Uint8Array>>> = ringsOf((before, more) => Tally.of(before, more).write());
	#ever = NOTHING;
	#slotEndsAt = -Infinity;

	constructor(
		readonly labels: SeriesLabels,
		private readonly onSlot: (at: number, written: Uint8Array) => void,
	) {}

	/** Where to count a call of now. */
	at(now: number): Tally {
		if (now >= this.#slotEndsAt) {
			this.settle(now);
			this.#slotEndsAt = (Math.floor(now / SLOT_MS) + 1) * SLOT_MS;
		}
		this.lastAt = now;
		return this.#live;
	}

	/** Writes down what was counted in a slot that is over. */
	settle(now: number): void {
		if (now < this.#slotEndsAt || this.#live.isEmpty) return;
		const at = this.#slotEndsAt - SLOT_MS;
		const written = this.#live.write();
		this.#live.clear();
		for (const name of WINDOW_NAMES) this.#windows[name].add(at, written);
		this.#ever = this.#ever.length === 0 ? written : Tally.of(this.#ever, written).write();
		this.onSlot(at, written);
	}

	/** What was counted in each window, and ever; undefined where that is nothing. */
	written(now: number): Record<WindowName | 'ever', Uint8Array | undefined> {
		const live = this.#live.isEmpty ? [] : [this.#live.write()];
		const ever = this.#ever.length === 0 ? [] : [this.#ever];
		const windows = forEachWindow((name) => together([...this.#windows[name].until(now).map(({ value }) => value), ...live]));
		return { ...windows, ever: together([...ever, ...live]) };
	}
}

function together(written: readonly Uint8Array[]): Uint8Array | undefined {
	return written.length > 1 ? Tally.of(...written).write() : written[0];
}

interface Slot<T> {
	/** How many slots of that length have passed since the beginning of the scale. */
	readonly number: number;
	value: T;
}

/** The last `count` slots of time, each `slotMs` long; only those in which something was. */
export class Ring<T> {
	/** Ascending. */
	#slots: Array<Slot<T>> = [];

	constructor(
		private readonly slotMs: number,
		private readonly count: number,
		private readonly merge: (before: T, more: T) => T,
	) {}

	/** Adds to the slot of that time, which may be a past one. */
	add(at: number, value: T): void {
		const number = Math.floor(at / this.slotMs);
		let index = this.#slots.length;
		while (index > 0 && (this.#slots[index - 1]?.number ?? 0) > number) index -= 1;
		const before = this.#slots[index - 1];
		if (before?.number === number) before.value = this.merge(before.value, value);
		else this.#slots.splice(index, 0, { number, value });
		while ((this.#slots[0]?.number ?? number) <= number - this.count) this.#slots.shift();
	}

	/** What is in the window that ends now, oldest first; what is older is forgotten, and what is yet to come, after a clock was set back. */
	until(now: number): Array<{ readonly at: number; readonly value: T }> {
		const current = Math.floor(now / this.slotMs);
		const isIn = ({ number }: Slot<T>) => number > current - this.count && number <= current;
		if (!this.#slots.every(isIn)) this.#slots = this.#slots.filter(isIn);
		return this.#slots.map(({ number, value }) => ({ at: number * this.slotMs, value }));
	}

	/** How far the window reaches back: the present slot has only begun. */
	spanMs(now: number): number {
		return (now % this.slotMs) + (this.count - 1) * this.slotMs;
	}
}

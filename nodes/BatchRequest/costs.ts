import { SkippedError } from '../../lib/batch/run';

/** Ten times 0.1 must fit into 1. */
const ROUNDING = 1e-9;

/** What a batch spends, in whatever unit the user counts in. */
export class Costs {
	#spent = 0;
	#exceeded = false;

	/** @param limit undefined for none */
	constructor(
		private readonly costOf: (itemIndex: number) => number,
		private readonly limit: number | undefined,
	) {}

	get spent(): number {
		return this.#spent;
	}

	/** Whether an item has been left out because of its cost. Nothing more is to begin then. */
	get exceeded(): boolean {
		return this.#exceeded;
	}

	/** Just before an item is sent; it counts whatever becomes of it. Throws SkippedError where that would exceed the limit. */
	charge(itemIndex: number): void {
		const cost = this.costOf(itemIndex);
		if (this.#exceeded || (this.limit !== undefined && this.#spent + cost > this.limit * (1 + ROUNDING))) {
			this.#exceeded = true;
			throw new SkippedError();
		}
		this.#spent += cost;
	}
}

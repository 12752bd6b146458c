import type { Clock } from '../core/clock';
import { requireInteger, requireNumber } from '../core/validate';

export interface BudgetOptions {
	/** Retries per hundred calls of the window. */
	readonly percent: number;
	/** Retries that every window allows, so that a handful of calls can be repeated too; default 10. */
	readonly floor?: number;
	/** Default 60 s. */
	readonly windowMs?: number;
}

const SLOTS = 10;

interface Slot {
	/** Which slice of time this is, counted from zero. */
	slice: number;
	calls: number;
	retries: number;
}

/**
 * Keeps retries to a share of recent calls, so that an origin in trouble is not sent several times its
 * usual load. A sliding window of ten slices. Models: Finagle's RetryBudget and Envoy's
 * retry_budget.
 */
export class RetryBudget {
	readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ slice: -1, calls: 0, retries: 0 }));
	readonly #share: number;
	readonly #floor: number;
	readonly #sliceMs: number;

	constructor(
		options: BudgetOptions,
		private readonly clock: Clock,
	) {
		this.#share = requireNumber('Retry Budget', options.percent, { max: 1000 }) / 100;
		this.#floor = requireInteger('floor', options.floor ?? 10);
		this.#sliceMs = requireInteger('windowMs', options.windowMs ?? 60_000, { min: SLOTS }) / SLOTS;
	}

	/** A call begins; its first attempt is no retry. */
	deposit(): void {
		this.#current().calls += 1;
	}

	/** Takes one retry from the budget, if there is one left. */
	withdraw(): boolean {
		const current = this.#current();
		let calls = 0;
		let retries = 0;
		for (const slot of this.#slots) {
			if (current.slice - slot.slice >= SLOTS) continue;
			calls += slot.calls;
			retries += slot.retries;
		}
		if (retries >= Math.max(this.#floor, Math.floor(calls * this.#share))) return false;
		current.retries += 1;
		return true;
	}

	#current(): Slot {
		const slice = Math.floor(this.clock.now() / this.#sliceMs);
		const slot = this.#slots[slice % SLOTS] as Slot;
		if (slot.slice !== slice) {
			slot.slice = slice;
			slot.calls = 0;
			slot.retries = 0;
		}
		return slot;
	}
}

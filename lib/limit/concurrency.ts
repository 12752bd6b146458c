import type { Clock } from '../core/clock';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger } from '../core/validate';
import { SlotLine } from './line';

export interface ConcurrencyOptions {
	/** Calls at the same time. */
	readonly maxConcurrent: number;
	/** Calls that may wait for a slot; one more is rejected. Default 10,000. */
	readonly maxQueued?: number;
}

/** A bulkhead: at most so many calls at once; the others wait in line, retries behind fresh ones. */
export class ConcurrencyLimiter implements Policy {
	readonly name = 'limiter';
	readonly #maxConcurrent: number;
	readonly #line: SlotLine;
	#active = 0;

	constructor(options: ConcurrencyOptions, clock: Clock) {
		this.#maxConcurrent = requireInteger('maxConcurrent', options.maxConcurrent, { min: 1 });
		this.#line = new SlotLine(options.maxQueued, clock);
	}

	get active(): number {
		return this.#active;
	}

	get queued(): number {
		return this.#line.size;
	}

	get limit(): number {
		return this.#maxConcurrent;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		if (this.#active < this.#maxConcurrent) this.#active += 1;
		else await this.#line.wait(context);
		try {
			return await call(context);
		} finally {
			// The slot goes straight to the next in line, so nobody who comes later can take it from under them.
			if (!this.#line.next()) this.#active -= 1;
		}
	}
}

import { LimitExceededError } from '../core/errors';
import type { Clock } from '../core/clock';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger } from '../core/validate';
import { left } from './left';

export interface ConcurrencyOptions {
	/** Calls at the same time. */
	readonly maxConcurrent: number;
	/** Calls that may wait for a slot; one more is rejected. Default 10,000. */
	readonly maxQueued?: number;
}

interface Waiter {
	start(): void;
}

/** A bulkhead: at most so many calls at once, the others wait in the order in which they came. */
export class ConcurrencyLimiter implements Policy {
	readonly name = 'limiter';
	readonly #maxConcurrent: number;
	readonly #maxQueued: number;
	/** A Set keeps insertion order and lets a cancelled waiter leave from the middle in O(1). */
	readonly #queue = new Set<Waiter>();
	#active = 0;

	constructor(
		options: ConcurrencyOptions,
		private readonly clock: Clock,
	) {
		this.#maxConcurrent = requireInteger('maxConcurrent', options.maxConcurrent, { min: 1 });
		this.#maxQueued = requireInteger('maxQueued', options.maxQueued ?? 10_000);
	}

	get active(): number {
		return this.#active;
	}

	get queued(): number {
		return this.#queue.size;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		if (this.#active < this.#maxConcurrent) this.#active += 1;
		else await this.#wait(context);
		try {
			return await call(context);
		} finally {
			this.#release();
		}
	}

	async #wait(context: CallContext): Promise<void> {
		if (this.#queue.size >= this.#maxQueued) {
			throw new LimitExceededError(`More than ${this.#maxQueued} calls are waiting for a slot`);
		}
		const since = this.clock.now();
		const slot = new Promise<void>((resolve, reject) => {
			if (context.signal.aborted) return reject(left(context.signal));
			const leave = () => {
				this.#queue.delete(waiter);
				reject(left(context.signal));
			};
			const waiter: Waiter = {
				start: () => {
					context.signal.removeEventListener('abort', leave);
					resolve();
				},
			};
			context.signal.addEventListener('abort', leave, { once: true });
			this.#queue.add(waiter);
		});
		try {
			await slot;
		} finally {
			context.trace.waitedMs += this.clock.now() - since;
		}
	}

	/** The slot goes straight to the next waiter, so nobody who comes later can take it from under them. */
	#release(): void {
		const [next] = this.#queue;
		if (next === undefined) {
			this.#active -= 1;
			return;
		}
		this.#queue.delete(next);
		next.start();
	}
}

import type { Clock } from '../core/clock';
import { LimitExceededError } from '../core/errors';
import type { CallContext } from '../core/policy';
import { requireInteger } from '../core/validate';
import { left } from './left';

/** After so many fresh calls in a row a retry has its turn, so that none waits for ever. */
const FRESH_IN_A_ROW = 9;

/**
 * Calls that wait for a slot, each kind in the order in which it came; fresh ones before retries, so that what fails
 * again and again does not keep the rest from being done.
 */
export class SlotLine {
	/** A Set keeps insertion order and lets a cancelled waiter leave from the middle in O(1). */
	readonly #fresh = new Set<() => void>();
	readonly #retries = new Set<() => void>();
	readonly #maxQueued: number;
	#freshInARow = 0;

	constructor(
		maxQueued: number | undefined,
		private readonly clock: Clock,
	) {
		this.#maxQueued = requireInteger('maxQueued', maxQueued ?? 10_000);
	}

	get size(): number {
		return this.#fresh.size + this.#retries.size;
	}

	/** Resolves when `next()` has given the call a slot; rejects when it leaves before, or where too many wait. */
	async wait({ signal, trace }: CallContext): Promise<void> {
		if (this.size >= this.#maxQueued) throw new LimitExceededError(`More than ${this.#maxQueued} calls are waiting for a slot`);
		const since = this.clock.now();
		const line = trace.attempts > 0 ? this.#retries : this.#fresh;
		try {
			await new Promise<void>((resolve, reject) => {
				if (signal.aborted) return reject(left(signal));
				const leave = () => {
					line.delete(start);
					reject(left(signal));
				};
				const start = () => {
					signal.removeEventListener('abort', leave);
					resolve();
				};
				signal.addEventListener('abort', leave, { once: true });
				line.add(start);
			});
		} finally {
			trace.waitedMs += this.clock.now() - since;
		}
	}

	/** Gives a slot to whose turn it is; false where nobody waits. */
	next(): boolean {
		const retry = this.#retries.size > 0 && (this.#fresh.size === 0 || this.#freshInARow >= FRESH_IN_A_ROW);
		const line = retry ? this.#retries : this.#fresh;
		const [start] = line;
		if (start === undefined) return false;
		this.#freshInARow = retry || this.#retries.size === 0 ? 0 : this.#freshInARow + 1;
		line.delete(start);
		start();
		return true;
	}
}

import type { Clock } from '../core/clock';
import { hasCode, LimitExceededError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger } from '../core/validate';
import { left } from './left';

export interface AimdOptions {
	/** The limit never leaves these bounds. */
	readonly min?: number;
	readonly max: number;
	/** Where it begins. Default 4, or `max` if that is less. */
	readonly initial?: number;
	/** What is left of the limit after a sign of overload; default 0.9. */
	readonly backoff?: number;
	/** Milliseconds after a decrease in which further signs, of calls that left before it, count for nothing; default 20. */
	readonly coolDownMs?: number;
	/** Calls that may wait; one more is rejected. Default 10,000. */
	readonly maxQueued?: number;
}

/**
 * A bulkhead that looks for the bound itself: additive increase, multiplicative decrease (Chiu and Jain,
 * 1989). One more call at a time after as many successes as the limit, while it is in full use; less
 * after a 429, a 503 or a timeout. Other errors say nothing of load.
 */
export class AimdLimiter implements Policy {
	readonly name = 'limiter';
	readonly #min: number;
	readonly #max: number;
	readonly #backoff: number;
	readonly #coolDownMs: number;
	readonly #maxQueued: number;
	readonly #queue = new Set<() => void>();
	#limit: number;
	#active = 0;
	#successes = 0;
	#decreasedAt = -Infinity;

	constructor(
		options: AimdOptions,
		private readonly clock: Clock,
	) {
		this.#max = requireInteger('max', options.max, { min: 1 });
		this.#min = requireInteger('min', options.min ?? 1, { min: 1, max: this.#max });
		this.#limit = requireInteger('initial', options.initial ?? Math.max(this.#min, Math.min(4, this.#max)), { min: this.#min, max: this.#max });
		this.#backoff = options.backoff ?? 0.9;
		this.#coolDownMs = options.coolDownMs ?? 20;
		this.#maxQueued = requireInteger('maxQueued', options.maxQueued ?? 10_000);
	}

	/** Calls that may be under way now. */
	get limit(): number {
		return this.#limit;
	}

	get active(): number {
		return this.#active;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		if (this.#active >= this.#limit || this.#queue.size > 0) await this.#wait(context);
		else this.#active += 1;
		const startedAt = this.clock.now();
		const full = this.#active >= this.#limit;
		try {
			const value = await call(context);
			this.#succeeded(full);
			return value;
		} catch (error) {
			if (speaksOfLoad(error)) this.#overloaded(startedAt);
			throw error;
		} finally {
			this.#active -= 1;
			this.#admit();
		}
	}

	#succeeded(full: boolean): void {
		if (!full) return;
		this.#successes += 1;
		if (this.#successes < this.#limit) return;
		this.#successes = 0;
		this.#limit = Math.min(this.#max, this.#limit + 1);
	}

	/** Signs of calls that left before the last decrease speak of the limit before it. */
	#overloaded(startedAt: number): void {
		const now = this.clock.now();
		this.#successes = 0;
		if (startedAt < this.#decreasedAt || now - this.#decreasedAt < this.#coolDownMs) return;
		this.#decreasedAt = now;
		this.#limit = Math.max(this.#min, Math.floor(this.#limit * this.#backoff));
	}

	#admit(): void {
		for (const start of this.#queue) {
			if (this.#active >= this.#limit) return;
			this.#queue.delete(start);
			this.#active += 1;
			start();
		}
	}

	async #wait(context: CallContext): Promise<void> {
		if (context.signal.aborted) throw left(context.signal);
		if (this.#queue.size >= this.#maxQueued) throw new LimitExceededError(`More than ${this.#maxQueued} calls are waiting for a slot`);
		const since = this.clock.now();
		try {
			await new Promise<void>((resolve, reject) => {
				const leave = () => {
					this.#queue.delete(start);
					reject(left(context.signal));
				};
				const start = () => {
					context.signal.removeEventListener('abort', leave);
					resolve();
				};
				context.signal.addEventListener('abort', leave, { once: true });
				this.#queue.add(start);
			});
		} finally {
			context.trace.waitedMs += this.clock.now() - since;
		}
	}
}

function speaksOfLoad(error: unknown): boolean {
	if (hasCode(error, 'ERR_HTTP_STATUS')) return error.status === 429 || error.status === 503;
	return hasCode(error, 'ERR_TIMEOUT');
}

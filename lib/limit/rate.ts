import type { Clock } from '../core/clock';
import { LimitExceededError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger } from '../core/validate';
import { left } from './left';

export interface RateOptions {
	readonly perSecond?: number | undefined;
	readonly perMinute?: number | undefined;
	/** Calls that may go out in one go before the pace is held; default: the whole limit. */
	readonly burst?: number | undefined;
	/** Calls that may wait for a token; one more is rejected. Default 10,000. */
	readonly maxQueued?: number;
}

/** Whether there is anything to limit. */
export function limitsRate(options: RateOptions | undefined): options is RateOptions {
	return options?.perSecond !== undefined || options?.perMinute !== undefined;
}

/**
 * Tokens that each come back `returnMs` after they were spent. That bounds every sliding window of this
 * length, where a bucket that refills evenly lets up to twice its size through.
 */
class Bucket {
	/** When each token was spent; a ring, the next one to be spent at `#next`. Grows only as far as it is used. */
	readonly #spent: number[] = [];
	#next = 0;

	constructor(
		private readonly tokens: number,
		private readonly returnMs: number,
	) {}

	/** When at the earliest the call may go that has `ahead` others before it. */
	readyAt(ahead: number, now: number): number {
		const spentAt = this.#spent[(this.#next + ahead) % this.tokens] ?? -Infinity;
		return Math.max(now, spentAt + this.returnMs) + Math.floor(ahead / this.tokens) * this.returnMs;
	}

	spend(now: number): void {
		this.#spent[this.#next] = now;
		this.#next = (this.#next + 1) % this.tokens;
	}

	isFull(now: number): boolean {
		const last = this.#spent[(this.#next + this.tokens - 1) % this.tokens];
		return last === undefined || last + this.returnMs <= now;
	}
}

/**
 * At most so many calls per second and per minute, in any window; the others wait in the order in which
 * they came. One that cannot have its turn before its deadline is rejected at once instead.
 */
export class RateLimiter implements Policy {
	readonly name = 'rate';
	readonly #buckets: readonly Bucket[];
	readonly #maxQueued: number;
	readonly #queue = new Set<() => void>();
	#cancelTimer: (() => void) | undefined;

	constructor(
		options: RateOptions,
		private readonly clock: Clock,
	) {
		this.#buckets = [
			...bucketsOf('Requests per Second', options.perSecond, 1000, options.burst),
			...bucketsOf('Requests per Minute', options.perMinute, 60_000, options.burst),
		];
		this.#maxQueued = requireInteger('maxQueued', options.maxQueued ?? 10_000);
	}

	get queued(): number {
		return this.#queue.size;
	}

	/** Nobody waits and every token is back, so that nothing is lost with it. */
	get idle(): boolean {
		const now = this.clock.now();
		return this.#queue.size === 0 && this.#buckets.every((bucket) => bucket.isFull(now));
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		if (this.#queue.size > 0 || this.#readyAt(0) > this.clock.now()) await this.#wait(context);
		else this.#spend();
		return await call(context);
	}

	async #wait(context: CallContext): Promise<void> {
		const since = this.clock.now();
		const waitMs = this.#readyAt(this.#queue.size) - since;
		if (this.#queue.size >= this.#maxQueued) {
			throw new LimitExceededError(`More than ${this.#maxQueued} calls are waiting for their turn under the rate limit`);
		}
		if (context.deadlineAt !== undefined && since + waitMs >= context.deadlineAt) {
			throw new LimitExceededError(
				`The rate limit lets this call go in ${Math.ceil(waitMs / 1000)} s, which is after its deadline`,
			);
		}
		const turn = new Promise<void>((resolve, reject) => {
			if (context.signal.aborted) return reject(left(context.signal));
			const leave = () => {
				this.#queue.delete(start);
				this.#pump();
				reject(left(context.signal));
			};
			const start = () => {
				context.signal.removeEventListener('abort', leave);
				resolve();
			};
			context.signal.addEventListener('abort', leave, { once: true });
			this.#queue.add(start);
		});
		this.#pump();
		try {
			await turn;
		} finally {
			context.trace.waitedMs += this.clock.now() - since;
		}
	}

	/** Lets go who may, and sets the one timer for the next. A timer that fires early is set again. */
	#pump(): void {
		this.#cancelTimer?.();
		this.#cancelTimer = undefined;
		for (const start of this.#queue) {
			const waitMs = this.#readyAt(0) - this.clock.now();
			if (waitMs > 0) {
				this.#cancelTimer = this.clock.after(Math.ceil(waitMs), () => this.#pump());
				return;
			}
			this.#queue.delete(start);
			this.#spend();
			start();
		}
	}

	#readyAt(ahead: number): number {
		const now = this.clock.now();
		return this.#buckets.reduce((latest, bucket) => Math.max(latest, bucket.readyAt(ahead, now)), now);
	}

	#spend(): void {
		const now = this.clock.now();
		for (const bucket of this.#buckets) bucket.spend(now);
	}
}

/** A burst is a bucket of its own: so many tokens, each back when the pace has earned them all again. */
function bucketsOf(name: string, limit: number | undefined, windowMs: number, burst: number | undefined): Bucket[] {
	if (limit === undefined) return [];
	requireInteger(name, limit, { min: 1, max: 100_000 });
	const whole = new Bucket(limit, windowMs);
	if (burst === undefined || requireInteger('Burst', burst, { min: 1, max: 100_000 }) >= limit) return [whole];
	return [whole, new Bucket(burst, (burst * windowMs) / limit)];
}

import type { Clock } from '../core/clock';
import { LimitExceededError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger } from '../core/validate';
import { Bucket } from './bucket';
import { left } from './left';
import { SharedRate, widened, type SharedRateParts } from './shared-rate';
import { windowsOf, type RateOptions } from './windows';

export { limitsRate, type RateOptions } from './windows';

interface Waiter {
	readonly deadlineAt: number;
	start(): void;
	reject(error: Error): void;
}

/** Places that this process asks for at the same time, as long as it gets what it asks for. */
const MAX_ASKS = 16;

/**
 * At most so many calls per second and per minute, in any window; the others wait in the order in which
 * they came. One that cannot have its turn before its deadline is rejected at once instead.
 *
 * With a shared store the calls of all processes count. What this process has sent itself is known without asking; beyond
 * that, it asks for whoever stands first in its queue, and a refusal says when to ask again. While the store is out, the process keeps
 * to the limit by itself.
 */
export class RateLimiter implements Policy {
	readonly name = 'rate';
	readonly #buckets: readonly Bucket[];
	/** Calls in the shortest of its windows. */
	readonly limit: number | null;
	readonly #maxQueued: number;
	readonly #shared: SharedRate | undefined;
	readonly #queue = new Set<Waiter>();
	#cancelTimer: (() => void) | undefined;
	/** Places that the store is being asked for, and how many that may be; grows with every place that it gives. */
	#asking = 0;
	#maxAsks = 1;
	#askAt = -Infinity;

	constructor(
		options: RateOptions,
		private readonly clock: Clock,
		shared?: SharedRateParts,
	) {
		const windows = windowsOf(options);
		this.limit = windows[0]?.limit ?? null;
		this.#shared = shared && new SharedRate(shared, windows, clock);
		this.#buckets = (shared ? widened(windows) : windows).map(({ limit, windowMs }) => new Bucket(limit, windowMs));
		this.#maxQueued = requireInteger('maxQueued', options.maxQueued ?? 10_000);
	}

	get queued(): number {
		return this.#queue.size;
	}

	/** Nobody waits and every token is back, so that nothing is lost with it. */
	get idle(): boolean {
		const now = this.clock.now();
		return this.#queue.size === 0 && this.#asking === 0 && this.#buckets.every((bucket) => bucket.isFull(now));
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const free = this.#queue.size === 0 && this.#readyAt(0) <= this.clock.now();
		if (free && !this.#shared?.isUp) this.#spend();
		else await this.#wait(context);
		if (this.#shared) context.trace.rate = this.#shared.isUp ? 'shared' : 'process';
		return await call(context);
	}

	async #wait(context: CallContext): Promise<void> {
		const since = this.clock.now();
		const { signal, deadlineAt = Infinity } = context;
		if (this.#queue.size >= this.#maxQueued) {
			throw new LimitExceededError(`More than ${this.#maxQueued} calls are waiting for their turn under the rate limit`);
		}
		const readyAt = Math.max(this.#readyAt(this.#queue.size), this.#shared?.isUp ? this.#askAt : -Infinity);
		if (readyAt >= deadlineAt) throw tooLate(readyAt - since);
		const turn = new Promise<void>((resolve, reject) => {
			if (signal.aborted) return reject(left(signal));
			const leave = () => {
				this.#queue.delete(waiter);
				this.#pump();
				reject(left(signal));
			};
			const waiter: Waiter = {
				deadlineAt,
				start: () => {
					signal.removeEventListener('abort', leave);
					resolve();
				},
				reject: (error) => {
					signal.removeEventListener('abort', leave);
					reject(error);
				},
			};
			signal.addEventListener('abort', leave, { once: true });
			this.#queue.add(waiter);
		});
		this.#pump();
		try {
			await turn;
		} finally {
			context.trace.waitedMs += this.clock.now() - since;
		}
	}

	/** Lets go who may, or asks for them, and sets the one timer for the next. A timer that fires early is set again. */
	#pump(): void {
		this.#cancelTimer?.();
		this.#cancelTimer = undefined;
		const shared = this.#shared?.isUp ? this.#shared : undefined;
		while (this.#queue.size > this.#asking && (!shared || this.#asking < this.#maxAsks)) {
			const readyAt = Math.max(this.#readyAt(this.#asking), shared ? this.#askAt : -Infinity);
			const waitMs = readyAt - this.clock.now();
			if (waitMs > 0) {
				this.#cancelTimer = this.clock.after(Math.ceil(waitMs), () => this.#pump());
				return;
			}
			if (shared) void this.#ask(shared);
			else this.#letGo();
		}
	}

	async #ask(shared: SharedRate): Promise<void> {
		this.#asking += 1;
		const waitMs = await shared.take();
		this.#asking -= 1;
		if (waitMs === 0) {
			this.#maxAsks = Math.min(this.#maxAsks * 2, MAX_ASKS);
			// Whoever it was asked for may have left; a place that nobody needs any more stays counted.
			this.#letGo();
		} else {
			this.#maxAsks = 1;
			this.#askAt = this.clock.now() + waitMs;
			this.#rejectLate(waitMs);
		}
		this.#pump();
	}

	#letGo(): void {
		const [first] = this.#queue;
		if (!first) return;
		this.#queue.delete(first);
		this.#spend();
		first.start();
	}

	#rejectLate(waitMs: number): void {
		for (const waiter of this.#queue) {
			if (waiter.deadlineAt > this.#askAt) continue;
			this.#queue.delete(waiter);
			waiter.reject(tooLate(waitMs));
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

function tooLate(waitMs: number): LimitExceededError {
	return new LimitExceededError(`The rate limit lets this call go in ${Math.ceil(waitMs / 1000)} s, which is after its deadline`);
}

import type { Clock } from '../core/clock';
import { LimitExceededError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { onAbort, throwIfAborted } from '../core/signal';

/** One of the limits that an origin reports with its answers. */
export interface ReportedLimit {
	/** What is left of it. */
	readonly remaining: number;
	/** Until it is whole again, in milliseconds. */
	readonly resetMs: number;
	/** Whether it counts requests; others, such as tokens, only matter once nothing is left. */
	readonly countsRequests: boolean;
}

const PROBE_EVERY_MS = 60_000;

/**
 * Keeps within limits that nobody configured: what the origin last said is left is handed out, and then calls wait for the reset,
 * instead of running into rejections. A wait beyond a call's deadline is not begun; but one call a minute sees whether the limit
 * still holds, because origins have been known to err about themselves. What the origin says of answers to
 * earlier requests may not know of those still under way, so these are taken off.
 */
export class LearntLimit implements Policy {
	readonly name = 'learnt limit';
	readonly #waiters = new Set<() => void>();
	#left = Infinity;
	/** On the scale of `Clock.now()`; until then `#left` holds. */
	#resetAt = 0;
	#active = 0;
	/** When the next call may go against what is known. */
	#probeAt = 0;

	constructor(private readonly clock: Clock) {}

	get idle(): boolean {
		return this.#active === 0 && this.#waiters.size === 0 && this.#resetAt <= this.clock.now();
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		if (!this.#take()) await this.#wait(context);
		try {
			return await call(context);
		} finally {
			this.#active -= 1;
		}
	}

	/** What the headers of an answer say; to be called while the call that got them is still under way. */
	observe(limits: readonly ReportedLimit[]): void {
		const others = Math.max(0, this.#active - 1);
		let next: { left: number; resetMs: number } | undefined;
		for (const { remaining, resetMs, countsRequests } of limits) {
			if (remaining > 0 && !countsRequests) continue;
			const left = Math.max(0, remaining - others);
			const tighter = !next || left < next.left || (left === next.left && resetMs > next.resetMs);
			if (tighter) next = { left, resetMs };
		}
		if (!next) return;
		this.#left = next.left;
		this.#probeAt = this.clock.now() + PROBE_EVERY_MS;
		this.#resetAt = this.clock.now() + next.resetMs;
		this.#wake();
	}

	/** Looks and takes in one: two who wake together must not take the same. */
	#take(): boolean {
		if (this.#resetAt <= this.clock.now()) this.#left = Infinity;
		if (this.#left <= 0) return false;
		this.#left -= 1;
		this.#active += 1;
		return true;
	}

	async #wait(context: CallContext): Promise<void> {
		const since = this.clock.now();
		try {
			do {
				throwIfAborted(context.signal);
				const waitMs = this.#resetAt - this.clock.now();
				if (context.deadlineAt !== undefined && this.#resetAt >= context.deadlineAt) {
					if (this.#probe()) return;
					throw new LimitExceededError(
						`The server's rate limit is used up for another ${Math.ceil(waitMs / 1000)} s, which is longer than this call may take`,
					);
				}
				await this.#pause(waitMs, context.signal);
				throwIfAborted(context.signal);
			} while (!this.#take());
		} finally {
			context.trace.waitedMs += this.clock.now() - since;
		}
	}

	#probe(): boolean {
		if (this.clock.now() < this.#probeAt) return false;
		this.#probeAt = this.clock.now() + PROBE_EVERY_MS;
		this.#active += 1;
		return true;
	}

	/** Until the time is over, something new is learnt, or the call is aborted. */
	async #pause(ms: number, signal: AbortSignal): Promise<void> {
		await new Promise<void>((resolve) => {
			const end = () => {
				cancel();
				removeListener();
				this.#waiters.delete(end);
				resolve();
			};
			this.#waiters.add(end);
			const cancel = this.clock.after(ms, end);
			let removeListener = () => {};
			removeListener = onAbort(signal, end);
		});
	}

	/** In the order in which they came; each looks for itself whether there is something left for it. */
	#wake(): void {
		if (this.#left <= 0) return;
		for (const wake of [...this.#waiters]) wake();
	}
}

import type { Clock } from '../core/clock';
import { hasCode } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger, requireNumber } from '../core/validate';
import { SlotLine } from './line';

export interface AimdOptions {
	/** The limit never leaves these bounds. */
	readonly min?: number;
	readonly max: number;
	/** Where it begins. Without it, at 4 (or `max` if that is less), growing by half per round until the first sign of overload. */
	readonly initial?: number;
	/** What is left of the limit after a sign of overload; default 0.9. */
	readonly backoff?: number;
	/** Milliseconds; a round in which most calls take longer is a sign of overload too. Without it, latency says nothing. */
	readonly latencyTargetMs?: number | undefined;
	/** Calls that may wait; one more is rejected. Default 10,000. */
	readonly maxQueued?: number;
}

const INITIAL = 4;
/** The start grows by half; what is left after it is the last limit that was borne. */
const START_BACKOFF = 2 / 3;

/**
 * A bulkhead that looks for the bound itself: additive increase, multiplicative decrease (Chiu and Jain,
 * 1989). One more call at a time after a round, which is as many successes as the limit, while it is in full use; less
 * after a 429, a 503 or a timeout. Other errors say nothing of load. A decrease is followed by the next only on
 * the word of a call that left after it: that is the pause that it takes to have an effect, however slow the origin is.
 */
export class AimdLimiter implements Policy {
	readonly name = 'limiter';
	readonly #min: number;
	readonly #max: number;
	readonly #backoff: number;
	readonly #latencyTargetMs: number;
	readonly #line: SlotLine;
	#limit: number;
	#active = 0;
	/** Of the present round. */
	#successes = 0;
	#slow = 0;
	#starting: boolean;
	/** Calls so far, and at the last decrease. */
	#calls = 0;
	#decreasedAt = 0;

	constructor(
		options: AimdOptions,
		private readonly clock: Clock,
	) {
		this.#max = requireInteger('max', options.max, { min: 1 });
		this.#min = requireInteger('min', options.min ?? 1, { min: 1, max: this.#max });
		this.#starting = options.initial === undefined;
		this.#limit = requireInteger('initial', options.initial ?? Math.max(this.#min, Math.min(INITIAL, this.#max)), { min: this.#min, max: this.#max });
		this.#backoff = options.backoff ?? 0.9;
		this.#latencyTargetMs = options.latencyTargetMs === undefined ? Infinity : requireNumber('Latency Target', options.latencyTargetMs, { min: 1 });
		this.#line = new SlotLine(options.maxQueued, clock);
	}

	/** Calls that may be under way now. */
	get limit(): number {
		return this.#limit;
	}

	get active(): number {
		return this.#active;
	}

	get queued(): number {
		return this.#line.size;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		if (this.#active < this.#limit && this.#line.size === 0) this.#active += 1;
		else await this.#line.wait(context);
		const number = (this.#calls += 1);
		const full = this.#active >= this.#limit;
		// What it waits for on our side, as under a rate limit, is no latency of the origin's.
		const startedAt = this.clock.now() - context.trace.waitedMs;
		try {
			const value = await call(context);
			if (full && number > this.#decreasedAt) this.#succeeded(this.clock.now() - context.trace.waitedMs - startedAt);
			return value;
		} catch (error) {
			if (speaksOfLoad(error) && number > this.#decreasedAt) this.#decrease();
			throw error;
		} finally {
			this.#active -= 1;
			while (this.#active < this.#limit && this.#line.next()) this.#active += 1;
		}
	}

	#succeeded(tookMs: number): void {
		this.#successes += 1;
		if (tookMs > this.#latencyTargetMs) this.#slow += 1;
		if (this.#starting && this.#slow === 0 && this.#successes % 2 === 0) this.#raise();
		if (this.#successes < this.#limit) return;
		if (this.#slow * 2 > this.#successes) this.#decrease();
		else if (!this.#starting) this.#raise();
		this.#successes = 0;
		this.#slow = 0;
	}

	#raise(): void {
		this.#limit = Math.min(this.#max, this.#limit + 1);
	}

	#decrease(): void {
		this.#limit = Math.max(this.#min, Math.floor(this.#limit * (this.#starting ? START_BACKOFF : this.#backoff)));
		this.#starting = false;
		this.#successes = 0;
		this.#slow = 0;
		this.#decreasedAt = this.#calls;
	}
}

function speaksOfLoad(error: unknown): boolean {
	if (hasCode(error, 'ERR_HTTP_STATUS')) return error.status === 429 || error.status === 503;
	return hasCode(error, 'ERR_TIMEOUT');
}

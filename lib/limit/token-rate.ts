import type { Clock } from '../core/clock';
import { LimitExceededError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger } from '../core/validate';
import { left } from './left';

const WINDOW_MS = 60_000;

interface Spent {
	readonly at: number;
	readonly tokens: number;
}

/**
 * At most so many tokens in any minute; a call says under `context.tokens` how many it takes, without which it passes by. Calls have
 * their turns in the order in which they came, and know them when they come: one that would be later than its deadline is
 * rejected at once. A call that leaves before its turn has its tokens counted all the same.
 */
export class TokenRate implements Policy {
	readonly name = 'tokens';
	/** Tokens in any minute. */
	readonly limit: number;
	/** Of the last minute, and of calls that have yet to go; in the order of their times. */
	readonly #spent: Spent[] = [];
	#sum = 0;
	#lastAt = -Infinity;
	#queued = 0;

	constructor(
		perMinute: number,
		private readonly clock: Clock,
	) {
		this.limit = requireInteger('Tokens per Minute', perMinute, { min: 1 });
	}

	/** Nothing of what was spent counts any more. */
	get idle(): boolean {
		return this.#lastAt + WINDOW_MS <= this.clock.now();
	}

	/** Calls that wait for their turn. */
	get queued(): number {
		return this.#queued;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const tokens = context.tokens ?? 0;
		const waitMs = tokens > 0 ? this.#reserve(tokens, context.deadlineAt ?? Infinity) - this.clock.now() : 0;
		if (waitMs > 0) await this.#wait(waitMs, context);
		return await call(context);
	}

	/** When the call may go. What has left the window by then makes room. */
	#reserve(tokens: number, deadlineAt: number): number {
		if (tokens > this.limit) {
			throw new LimitExceededError(`This call takes ${tokens} tokens, which is more than the ${this.limit} that a minute has`);
		}
		const now = this.clock.now();
		let at = Math.max(now, this.#lastAt);
		let gone = 0;
		let sum = this.#sum;
		for (const spent of this.#spent) {
			if (spent.at + WINDOW_MS > at && sum + tokens <= this.limit) break;
			at = Math.max(at, spent.at + WINDOW_MS);
			sum -= spent.tokens;
			gone += 1;
		}
		if (at > now && at >= deadlineAt) {
			throw new LimitExceededError(`The tokens per minute let this call go in ${Math.ceil((at - now) / 1000)} s, which is after its deadline`);
		}
		this.#spent.splice(0, gone);
		this.#spent.push({ at, tokens });
		this.#sum = sum + tokens;
		this.#lastAt = at;
		return at;
	}

	async #wait(ms: number, { signal, trace }: CallContext): Promise<void> {
		const since = this.clock.now();
		this.#queued += 1;
		try {
			await this.clock.sleep(Math.ceil(ms), signal);
		} catch {
			throw left(signal);
		} finally {
			this.#queued -= 1;
			trace.waitedMs += this.clock.now() - since;
		}
	}
}

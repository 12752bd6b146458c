import type { Clock } from '../core/clock';
import { hasCode, isFastpathError, type FastpathError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import type { Random } from '../core/random';
import { throwIfAborted } from '../core/signal';
import { requireInteger } from '../core/validate';
import { fullJitter, type BackoffOptions } from './backoff';
import type { RetryBudget } from './budget';
import { retryAfterMs } from './retry-after';

export interface RetryOptions extends BackoffOptions {
	/** Further attempts after the first; 0 turns retrying off. */
	readonly maxRetries: number;
}

/**
 * Repeats what may succeed the next time. The wait is what the origin asks for, otherwise full jitter.
 * An origin that asks for more than the deadline leaves is not waited for: the error comes back at once
 * and unshortened, because a clamped wait only earns the next rejection. The same holds where the budget
 * of its scope, if it has one, is used up.
 */
export class RetryPolicy implements Policy {
	readonly name = 'retry';

	constructor(
		private readonly options: RetryOptions,
		private readonly clock: Clock,
		private readonly random: Random,
		private readonly budget?: RetryBudget,
	) {
		requireInteger('maxRetries', options.maxRetries, { max: 100 });
		requireInteger('baseMs', options.baseMs);
		requireInteger('maxMs', options.maxMs);
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		this.budget?.deposit();
		for (let retry = 0; ; retry += 1) {
			throwIfAborted(context.signal);
			try {
				return await call(context);
			} catch (error) {
				const waitMs = this.#waitBefore(retry, error, context);
				if (waitMs === undefined) throw error;
				await this.#wait(waitMs, context);
			}
		}
	}

	async #wait(waitMs: number, context: CallContext): Promise<void> {
		const since = this.clock.now();
		try {
			await this.clock.sleep(waitMs, context.signal);
		} finally {
			context.trace.waitedMs += this.clock.now() - since;
		}
	}

	/** Milliseconds until the next attempt, or undefined where there is to be none. */
	#waitBefore(retry: number, error: unknown, context: CallContext): number | undefined {
		if (retry >= this.options.maxRetries || context.signal.aborted) return undefined;
		if (!isFastpathError(error) || !error.retryable) return undefined;
		const asked = hasCode(error, 'ERR_HTTP_STATUS') ? retryAfterMs(error.headers, this.clock.wallNow()) : undefined;
		if (!context.idempotent && !error.unprocessed && !turnedAway(error, asked)) return undefined;
		const waitMs = asked ?? fullJitter(retry, this.options, this.random);
		const endsAt = this.clock.now() + waitMs;
		if (context.deadlineAt !== undefined && endsAt >= context.deadlineAt) return undefined;
		// A retry at a time that the origin gave is no burden to it; "at once" is no time.
		const invited = asked !== undefined && asked > 0;
		return !invited && this.budget?.withdraw() === false ? undefined : waitMs;
	}
}

/** The origin said come back later, so it cannot have processed the request. */
function turnedAway(error: FastpathError, asked: number | undefined): boolean {
	return hasCode(error, 'ERR_HTTP_STATUS') && asked !== undefined && (error.status === 429 || error.status === 503);
}

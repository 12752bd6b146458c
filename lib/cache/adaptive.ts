import type { CallTrace } from '../core/trace';

/** How long an answer is fresh that its origin keeps giving again. */
export interface Lifetime {
	readonly ttlMs: number;
	/** Doubles up to this with each confirmation; without it, the time to live stays as it is. */
	readonly maxTtlMs?: number | undefined;
}

/** Far beyond what any bound lets grow. */
const MAX_CONFIRMED = 40;

export function grownTtlMs({ ttlMs, maxTtlMs }: Lifetime, confirmed = 0): number {
	return maxTtlMs === undefined ? ttlMs : Math.max(ttlMs, Math.min(maxTtlMs, ttlMs * 2 ** Math.min(confirmed, MAX_CONFIRMED)));
}

/** Confirmations in a row, after the answer came once more. It counts only where the old one had had its time. */
export function countConfirmed(previous: { readonly confirmed?: number | undefined; readonly ageMs: number; readonly ttlMs: number }): number {
	const { confirmed = 0, ageMs, ttlMs } = previous;
	return ageMs < ttlMs ? confirmed : Math.min(confirmed + 1, MAX_CONFIRMED);
}

/** Enters how often the answer was confirmed and how long it is fresh for that reason. */
export function tellAdaptive(trace: CallTrace, lifetime: Lifetime, confirmed = 0): void {
	if (lifetime.maxTtlMs !== undefined) trace.adaptive = { confirmed, ttlMs: grownTtlMs(lifetime, confirmed) };
}

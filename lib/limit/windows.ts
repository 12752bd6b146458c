import { requireInteger } from '../core/validate';

export interface RateOptions {
	readonly perSecond?: number | undefined;
	readonly perMinute?: number | undefined;
	/** Calls that may go out in one go before the pace is held; default: the whole limit. */
	readonly burst?: number | undefined;
	/** Calls that may wait for a token; one more is rejected. Default 10,000. */
	readonly maxQueued?: number;
}

/** At most `limit` calls in any `windowMs`. */
export interface RateWindow {
	readonly limit: number;
	readonly windowMs: number;
}

/** Whether there is anything to limit. */
export function limitsRate(options: RateOptions | undefined): options is RateOptions {
	return options?.perSecond !== undefined || options?.perMinute !== undefined;
}

/** The windows that keep what the options promise, the shortest first. */
export function windowsOf({ perSecond, perMinute, burst }: RateOptions): RateWindow[] {
	return [
		...windowsOfOne('Requests per Second', perSecond, 1000, burst),
		...windowsOfOne('Requests per Minute', perMinute, 60_000, burst),
	].sort((one, other) => one.windowMs - other.windowMs);
}

/** A burst is a window of its own: so many calls, in the time in which the pace earns them. */
function windowsOfOne(name: string, limit: number | undefined, windowMs: number, burst: number | undefined): RateWindow[] {
	if (limit === undefined) return [];
	requireInteger(name, limit, { min: 1, max: 100_000 });
	const whole = { limit, windowMs };
	if (burst === undefined || requireInteger('Burst', burst, { min: 1, max: 100_000 }) >= limit) return [whole];
	return [whole, { limit: burst, windowMs: (burst * windowMs) / limit }];
}

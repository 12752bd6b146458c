import { requireInteger } from '../core/validate';

export interface EjectionOptions {
	/** Failures in a row after which an origin is left out; default 5. */
	readonly failureThreshold?: number;
	/** How long the first time; each further time as much longer. Default 30 s. */
	readonly baseMs?: number;
	/** The longest time, and how long an origin must stay in for its past to be forgotten. Default 5 min. */
	readonly maxMs?: number;
	/** Share of the origins that may be left out at once, though always one of several; default 50. */
	readonly maxPercent?: number;
}

export type Ejection = Required<EjectionOptions>;

export function ejectionOf(options: EjectionOptions = {}): Ejection {
	return {
		failureThreshold: requireInteger('failureThreshold', options.failureThreshold ?? 5, { min: 1 }),
		baseMs: requireInteger('baseMs', options.baseMs ?? 30_000, { min: 1 }),
		maxMs: requireInteger('maxMs', options.maxMs ?? 300_000, { min: 1 }),
		maxPercent: requireInteger('maxPercent', options.maxPercent ?? 50, { max: 100 }),
	};
}

/**
 * What is known of one origin's health. Passively, from its answers: failures in a row put it out for a
 * growing time. Actively: a failed probe puts it out until a probe succeeds. An origin of which nothing
 * is known is healthy. Times are on the scale of `Clock.now()`.
 */
export class Health {
	#failures = 0;
	#ejections = 0;
	#ejectedUntil = -Infinity;
	#probeFailed = false;

	constructor(private readonly options: Ejection) {}

	isEjected(now: number): boolean {
		return now < this.#ejectedUntil;
	}

	isHealthy(now: number): boolean {
		return !this.#probeFailed && !this.isEjected(now);
	}

	succeeded(): void {
		this.#failures = 0;
	}

	/** @param mayEject asked only where the threshold is reached: whether another origin may be left out now */
	failed(now: number, mayEject: () => boolean): void {
		if (this.isEjected(now)) return;
		this.#failures += 1;
		if (this.#failures < this.options.failureThreshold || !mayEject()) return;
		if (now - this.#ejectedUntil >= this.options.maxMs) this.#ejections = 0;
		this.#ejections += 1;
		this.#ejectedUntil = now + Math.min(this.options.maxMs, this.options.baseMs * this.#ejections);
		this.#failures = 0;
	}

	probed(ok: boolean): void {
		this.#probeFailed = !ok;
	}
}

/** How many of `origins` may be left out at once. A lone origin never is. */
export function mostEjected(origins: number, maxPercent: number): number {
	if (origins < 2 || maxPercent === 0) return 0;
	return Math.max(1, Math.floor((origins * maxPercent) / 100));
}

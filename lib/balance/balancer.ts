import type { Clock } from '../core/clock';
import { hasCode, InvalidOptionError, isFastpathError } from '../core/errors';
import type { Random } from '../core/random';
import { requireInteger, requireNumber, requireOneOf } from '../core/validate';
import { ejectionOf, Health, mostEjected, type Ejection, type EjectionOptions } from './health';
import { createChoice, PeakEwma, STRATEGIES, type Candidate, type Choice, type Strategy } from './strategies';

export interface BalanceOptions {
	/** The first is the one that the request names. */
	readonly origins: ReadonlyArray<{ readonly origin: string; readonly weight?: number | undefined }>;
	readonly strategy: Strategy;
	readonly ejection?: EjectionOptions | undefined;
	/** Without it, origins are judged by their answers alone. */
	readonly probe?: ProbeOptions | undefined;
}

export interface ProbeOptions {
	readonly path: string;
	readonly intervalMs: number;
}

/** Resolves where the origin is well, rejects where it is not. */
export type Probe = (url: string, signal: AbortSignal) => Promise<unknown>;

/** What a failed request counts as: one that is refused in a millisecond must not look fast. */
const FAILED_LATENCY_MS = 5_000;
const MAX_ORIGINS = 100;
/** Probes end after so many intervals without a request, at the latest. */
const PROBED_INTERVALS = 3;

class Member implements Candidate {
	active = 0;
	readonly health: Health;
	readonly #latency = new PeakEwma();

	constructor(
		readonly origin: string,
		readonly weight: number,
		ejection: Ejection,
		private readonly clock: Clock,
	) {
		this.health = new Health(ejection);
	}

	latencyMs(): number {
		return this.#latency.value(this.clock.now());
	}

	observe(latencyMs: number): void {
		this.#latency.observe(latencyMs, this.clock.now());
	}
}

/** Several origins that answer the same requests: knows how they are, and says which one is next. */
export class Balancer {
	readonly #members: readonly Member[];
	readonly #choose: Choice;
	readonly #ejection: Ejection;
	readonly #probe: ProbeOptions | undefined;
	#usedAt = -Infinity;
	#cancelProbe: (() => void) | undefined;
	#probing: AbortController | undefined;
	/** How to probe; the latest caller's, as it holds where requests may go now. */
	probeWith: Probe | undefined;

	constructor(
		options: BalanceOptions,
		private readonly clock: Clock,
		random: Random,
	) {
		const count = options.origins.length;
		if (count === 0 || count > MAX_ORIGINS) {
			throw new InvalidOptionError('Alternative Origins', `between 1 and ${MAX_ORIGINS} origins`, options.origins);
		}
		this.#ejection = ejectionOf(options.ejection);
		this.#members = options.origins.map(
			({ origin, weight = 1 }) =>
				new Member(origin, requireNumber('Weight', weight, { min: 0.001, max: 1_000_000 }), this.#ejection, clock),
		);
		this.#choose = createChoice(requireOneOf('Load Balancing', options.strategy, STRATEGIES), random);
		if (options.probe) requireInteger('Health Check Interval', options.probe.intervalMs, { min: 1 });
		this.#probe = options.probe;
	}

	get idle(): boolean {
		return this.#members.every(({ active }) => active === 0) && this.#cancelProbe === undefined;
	}

	/** Origins with what is known of them, for whoever looks. */
	states(): Array<{ origin: string; healthy: boolean; active: number; latencyMs: number }> {
		const now = this.clock.now();
		return this.#members.map((member) => ({
			origin: member.origin,
			healthy: member.health.isHealthy(now),
			active: member.active,
			latencyMs: member.latencyMs(),
		}));
	}

	/**
	 * Runs one attempt at an origin, preferably a healthy one that is not among `tried`. Never one of
	 * `excluded`; undefined where no other is left.
	 */
	begin(tried: readonly string[], excluded: ReadonlySet<string>): Attempt | undefined {
		const now = this.clock.now();
		this.#keepProbing(now);
		const left = this.#members.filter(({ origin }) => !excluded.has(origin));
		const healthy = left.filter(({ health }) => health.isHealthy(now));
		const untried = healthy.filter(({ origin }) => !tried.includes(origin));
		const candidates = [untried, healthy, left].find((group) => group.length > 0);
		return candidates && this.#attempt(this.#choose(candidates), now);
	}

	/** Ends the probes. */
	dispose(): void {
		this.#cancelProbe?.();
		this.#cancelProbe = undefined;
		this.#probing?.abort();
	}

	#attempt(member: Member, startedAt: number): Attempt {
		member.active += 1;
		return {
			origin: member.origin,
			end: (error) => {
				member.active -= 1;
				const tookMs = this.clock.now() - startedAt;
				if (error === undefined) {
					member.health.succeeded();
					member.observe(tookMs);
				} else if (isFastpathError(error) && error.outage && error.code !== 'ERR_CIRCUIT_OPEN') {
					member.health.failed(this.clock.now(), () => this.#mayEject());
					member.observe(Math.max(tookMs, FAILED_LATENCY_MS));
				} else if (isFastpathError(error) && error.code === 'ERR_HTTP_STATUS') {
					member.health.succeeded();
				} else if (hasCode(error, 'ERR_CANCELLED') && tookMs > member.latencyMs()) {
					// The loser of a hedged race: it would have taken at least this long.
					member.observe(tookMs);
				}
			},
		};
	}

	#mayEject(): boolean {
		const now = this.clock.now();
		const ejected = this.#members.filter(({ health }) => health.isEjected(now)).length;
		return ejected < mostEjected(this.#members.length, this.#ejection.maxPercent);
	}

	/** Probes run only while requests do; the first request does not wait for them. */
	#keepProbing(now: number): void {
		this.#usedAt = now;
		if (this.#probe && this.probeWith && this.#cancelProbe === undefined) this.#scheduleProbe(this.#probe, 0);
	}

	#scheduleProbe(options: ProbeOptions, inMs: number): void {
		this.#cancelProbe = this.clock.after(inMs, () => {
			if (this.clock.now() - this.#usedAt > PROBED_INTERVALS * options.intervalMs) {
				this.#cancelProbe = undefined;
				this.probeWith = undefined;
				return;
			}
			void this.#probeAll(options);
			this.#scheduleProbe(options, options.intervalMs);
		});
	}

	/** A probe that is not back when the next one is due has failed. */
	async #probeAll(options: ProbeOptions): Promise<void> {
		this.#probing?.abort();
		const round = new AbortController();
		this.#probing = round;
		const { probeWith } = this;
		await Promise.all(
			this.#members.map(async ({ origin, health }) => {
				try {
					await probeWith?.(origin + options.path, round.signal);
					if (this.#probing === round) health.probed(true);
				} catch {
					health.probed(false);
				}
			}),
		);
	}
}

export interface Attempt {
	readonly origin: string;
	/** To be called once, with the error where there was one. */
	end(error?: unknown): void;
}

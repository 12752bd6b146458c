/** A day of traffic in seconds: calls are noted one by one, and snapshots are made of them as they would be of real ones. */
import type { LoadFacts, Quantiles, SeriesFacts, Snapshot } from '../../lib/core/snapshot.ts';
import type { FakeClock } from './fake-clock.mts';
import { aLoad, aProcess, aSeries, aSnapshot, SPANS } from './snapshots.mts';

interface Noted {
	readonly at: number;
	readonly origin: string;
	readonly ms: number;
	readonly error: string | undefined;
}

export class Traffic {
	readonly #noted: Noted[] = [];
	load: LoadFacts = aLoad();

	readonly #clock: FakeClock;

	constructor(clock: FakeClock) {
		this.#clock = clock;
	}

	call(origin: string, ms: number, error?: string): void {
		this.#noted.push({ at: this.#clock.wallNow(), origin, ms, error });
	}

	snapshot(): Snapshot {
		const at = this.#clock.wallNow();
		const series = (spanMs: number) => {
			const recent = this.#noted.filter((one) => one.at > at - spanMs);
			const origins = [...new Set(recent.map(({ origin }) => origin))];
			return origins.map((origin) => seriesOf(origin, recent.filter((one) => one.origin === origin)));
		};
		const windows = { '1m': series(SPANS['1m']), '5m': series(SPANS['5m']), '1h': series(SPANS['1h']), '24h': series(SPANS['24h']) };
		return aSnapshot({ at, in: windows, load: this.load, processes: [aProcess({ at, now: this.load })] });
	}
}

function seriesOf(origin: string, noted: readonly Noted[]): SeriesFacts {
	const errors: Record<string, number> = {};
	for (const { error } of noted) if (error) errors[error] = (errors[error] ?? 0) + 1;
	const times = quantilesOf(noted.map(({ ms }) => ms));
	return aSeries({ origin, calls: noted.length, errors, durationMs: times, upstreamMs: times });
}

function quantilesOf(values: readonly number[]): Quantiles {
	const sorted = [...values].sort((a, b) => a - b);
	const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
	return { count: sorted.length, sum: sorted.reduce((sum, value) => sum + value, 0), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}

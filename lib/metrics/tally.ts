import type { ErrorCode } from '../core/errors';
import type { SeriesFacts, SeriesLabels } from '../core/snapshot';
import type { CallTrace } from '../core/trace';
import { ByteReader, ByteWriter } from './bytes';
import { Histogram } from './histogram';

export interface CallRecord {
	readonly trace: CallTrace;
	/** From the caller's point of view, with all waiting. */
	readonly durationMs: number;
	/** Absent where the call succeeded. */
	readonly errorCode?: ErrorCode | 'ERR_UNKNOWN' | undefined;
	readonly inputTokens?: number | undefined;
	readonly outputTokens?: number | undefined;
}

function noSums() {
	return {
		calls: 0, hits: 0, similar: 0, stale: 0, revalidated: 0, misses: 0, bypassed: 0, coalesced: 0,
		attempts: 0, retries: 0, reusedConnections: 0, waitedMs: 0, connectMs: 0,
		inputTokens: 0, outputTokens: 0, costUsd: 0, savedUsd: 0, savedMs: 0, savedTokens: 0,
		refreshes: 0, refreshesFailed: 0, refreshesCostUsd: 0,
	};
}

type Sums = ReturnType<typeof noSums>;

const SUM_NAMES = Object.keys(noSums()) as ReadonlyArray<keyof Sums>;
/** Codes are ours, so they are few; what another process tells may be anything. */
const MAX_CODES = 50;

const COUNTED_AS = { hit: 'hits', similar: 'similar', stale: 'stale', revalidated: 'revalidated', miss: 'misses', bypass: 'bypassed' } as const;

/** What calls came to, counted together. Sums of tallies are exact. */
export class Tally {
	readonly #sums = noSums();
	readonly #errors = new Map<string, number>();
	readonly #duration = new Histogram();
	readonly #upstream = new Histogram();

	/** Of what tallies have written, all together. Throws a RangeError where one of them is no tally. */
	static of(...written: readonly Uint8Array[]): Tally {
		const tally = new Tally();
		for (const bytes of written) tally.read(bytes);
		return tally;
	}

	get calls(): number {
		return this.#sums.calls;
	}

	/** Nothing at all was counted. */
	get isEmpty(): boolean {
		return this.#sums.calls === 0 && this.#sums.refreshes === 0;
	}

	record({ trace, durationMs, errorCode, inputTokens, outputTokens }: CallRecord): void {
		const sums = this.#sums;
		sums.calls += 1;
		sums[COUNTED_AS[trace.cache]] += 1;
		sums.waitedMs += trace.waitedMs;
		sums.savedUsd += trace.savedUsd ?? 0;
		sums.savedMs += trace.savedMs ?? 0;
		sums.savedTokens += trace.savedTokens ?? 0;
		this.#duration.record(durationMs);
		if (errorCode !== undefined) this.#fail(errorCode, 1);
		if (trace.coalesced) {
			// What the shared request cost and took is counted once, with its leader.
			sums.coalesced += 1;
			return;
		}
		sums.costUsd += trace.costUsd ?? 0;
		if (trace.attempts === 0) return;
		sums.attempts += trace.attempts;
		sums.retries += trace.attempts - 1;
		sums.connectMs += trace.connectMs ?? 0;
		if (trace.connectionReused) sums.reusedConnections += 1;
		this.#upstream.record(trace.upstreamMs);
		sums.inputTokens += inputTokens ?? 0;
		sums.outputTokens += outputTokens ?? 0;
	}

	/** Of a call that nobody waited for. */
	refreshed({ trace, errorCode }: CallRecord): void {
		this.#sums.refreshes += 1;
		if (errorCode !== undefined) this.#sums.refreshesFailed += 1;
		this.#sums.refreshesCostUsd += trace.costUsd ?? 0;
	}

	clear(): void {
		Object.assign(this.#sums, noSums());
		this.#errors.clear();
		this.#duration.clear();
		this.#upstream.clear();
	}

	write(): Uint8Array {
		const writer = new ByteWriter();
		for (const name of SUM_NAMES) writer.amount(this.#sums[name]);
		writer.count(this.#errors.size);
		for (const [code, count] of this.#errors) {
			writer.text(code);
			writer.count(count);
		}
		this.#duration.write(writer);
		this.#upstream.write(writer);
		return writer.finish();
	}

	read(bytes: Uint8Array): void {
		const reader = new ByteReader(bytes);
		for (const name of SUM_NAMES) this.#sums[name] += reader.amount();
		for (let left = reader.count(); left > 0; left -= 1) this.#fail(reader.text(), reader.count());
		this.#duration.read(reader);
		this.#upstream.read(reader);
	}

	/** @param bounds where given, the histograms are told at them, too */
	facts(labels: SeriesLabels, lastAt: number | null, bounds?: readonly number[]): SeriesFacts {
		const { refreshes, refreshesFailed, refreshesCostUsd, ...sums } = this.#sums;
		const quantiles = (histogram: Histogram) => ({ ...histogram.facts(), ...(bounds && { upTo: histogram.upTo(bounds) }) });
		return {
			...labels,
			...sums,
			errors: Object.fromEntries(this.#errors),
			refreshes: { calls: refreshes, failed: refreshesFailed, costUsd: refreshesCostUsd },
			durationMs: quantiles(this.#duration),
			upstreamMs: quantiles(this.#upstream),
			lastAt,
		};
	}

	#fail(code: string, times: number): void {
		const known = this.#errors.has(code) || this.#errors.size < MAX_CODES ? code : 'other';
		this.#errors.set(known, (this.#errors.get(known) ?? 0) + times);
	}
}

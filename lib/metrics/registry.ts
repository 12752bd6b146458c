import type { ErrorCode } from '../core/errors';
import type { CallTrace } from '../core/trace';
import { Histogram } from './histogram';

/** What a call is counted under. Bounded in number, and never a secret. */
export interface CallLabels {
	/** What made the call, such as `cachedAiCall`. */
	readonly source: string;
	readonly origin: string;
}

export interface CallRecord {
	readonly trace: CallTrace;
	/** From the caller's point of view, with all waiting. */
	readonly durationMs: number;
	/** Absent where the call succeeded. */
	readonly errorCode?: ErrorCode | 'ERR_UNKNOWN' | undefined;
	readonly inputTokens?: number;
	readonly outputTokens?: number;
}

export interface SeriesSnapshot extends CallLabels {
	readonly calls: number;
	readonly hits: number;
	readonly stale: number;
	readonly revalidated: number;
	readonly misses: number;
	readonly bypassed: number;
	readonly coalesced: number;
	readonly attempts: number;
	readonly reusedConnections: number;
	readonly waitedMs: number;
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly costUsd: number;
	readonly savedUsd: number;
	/** What was not asked for again, by the reason. */
	readonly saved: Readonly<Record<SavedBy, Savings>>;
	readonly errors: Readonly<Partial<Record<string, number>>>;
	/** What was asked behind stale answers, for which no caller waited; in none of the other numbers. */
	readonly refreshes: Readonly<Refreshes>;
	/** Of calls that went upstream; answers from the cache stay out of it. */
	readonly upstreamMs: QuantileSnapshot;
	readonly durationMs: QuantileSnapshot;
}

/** `exact`: the same request was answered before · `similar`: one like it was · `coalesced`: it was under way. */
export type SavedBy = 'exact' | 'similar' | 'coalesced';

export interface Savings {
	calls: number;
	tokens: number;
	usd: number;
	ms: number;
}

export interface Refreshes {
	calls: number;
	failed: number;
	attempts: number;
	inputTokens: number;
	outputTokens: number;
	costUsd: number;
	upstreamMs: number;
}

const SAVED_BY = ['exact', 'similar', 'coalesced'] as const;

/** Undefined where a call was not saved. */
export function savedBy({ cache, coalesced }: Pick<CallTrace, 'cache' | 'coalesced'>): SavedBy | undefined {
	if (coalesced) return 'coalesced';
	if (cache === 'similar') return 'similar';
	return cache === 'hit' || cache === 'stale' ? 'exact' : undefined;
}

/** Of nothing yet. */
export function noSavings(): Record<SavedBy, Savings> {
	const entries = SAVED_BY.map((by) => [by, { calls: 0, tokens: 0, usd: 0, ms: 0 }] as const);
	return Object.fromEntries(entries) as Record<SavedBy, Savings>;
}

export function addSavings(savings: Record<SavedBy, Savings>, trace: CallTrace): void {
	const by = savedBy(trace);
	if (!by) return;
	savings[by].calls += 1;
	savings[by].tokens += trace.savedTokens ?? 0;
	savings[by].usd += trace.savedUsd ?? 0;
	savings[by].ms += trace.savedMs ?? 0;
}

export interface QuantileSnapshot {
	readonly count: number;
	readonly sum: number;
	readonly p50: number;
	readonly p95: number;
	readonly p99: number;
	readonly max: number;
}

/** Calls beyond this many label sets are counted together under `other`. */
const MAX_SERIES = 200;
const OTHER: CallLabels = { source: 'other', origin: 'other' };

class Series {
	calls = 0;
	hits = 0;
	stale = 0;
	revalidated = 0;
	misses = 0;
	bypassed = 0;
	coalesced = 0;
	attempts = 0;
	reusedConnections = 0;
	waitedMs = 0;
	inputTokens = 0;
	outputTokens = 0;
	costUsd = 0;
	savedUsd = 0;
	readonly saved = noSavings();
	readonly errors: Partial<Record<string, number>> = {};
	readonly refreshes: Refreshes = { calls: 0, failed: 0, attempts: 0, inputTokens: 0, outputTokens: 0, costUsd: 0, upstreamMs: 0 };
	readonly upstream = new Histogram();
	readonly duration = new Histogram();

	constructor(readonly labels: CallLabels) {}

	record({ trace, durationMs, errorCode, inputTokens, outputTokens }: CallRecord): void {
		this.calls += 1;
		if (trace.cache === 'hit' || trace.cache === 'similar') this.hits += 1;
		else if (trace.cache === 'stale') this.stale += 1;
		else if (trace.cache === 'revalidated') this.revalidated += 1;
		else if (trace.cache === 'miss') this.misses += 1;
		else this.bypassed += 1;
		this.waitedMs += trace.waitedMs;
		this.savedUsd += trace.savedUsd ?? 0;
		addSavings(this.saved, trace);
		this.duration.record(durationMs);
		if (errorCode) this.errors[errorCode] = (this.errors[errorCode] ?? 0) + 1;
		if (trace.coalesced) {
			// What the shared request cost and took is counted once, with its leader.
			this.coalesced += 1;
			return;
		}
		this.attempts += trace.attempts;
		this.costUsd += trace.costUsd ?? 0;
		if (trace.connectionReused) this.reusedConnections += 1;
		if (trace.attempts > 0) {
			this.upstream.record(trace.upstreamMs);
			this.inputTokens += inputTokens ?? 0;
			this.outputTokens += outputTokens ?? 0;
		}
	}

	refreshed({ trace, errorCode, inputTokens = 0, outputTokens = 0 }: CallRecord): void {
		const { refreshes } = this;
		refreshes.calls += 1;
		if (errorCode) refreshes.failed += 1;
		refreshes.attempts += trace.attempts;
		refreshes.inputTokens += inputTokens;
		refreshes.outputTokens += outputTokens;
		refreshes.costUsd += trace.costUsd ?? 0;
		refreshes.upstreamMs += trace.upstreamMs;
	}

	snapshot(): SeriesSnapshot {
		const { labels, upstream, duration, errors, refreshes, ...counts } = this;
		return { ...labels, ...counts, refreshes: { ...refreshes }, saved: structuredClone(this.saved), errors: { ...errors }, upstreamMs: quantiles(upstream), durationMs: quantiles(duration) };
	}
}

/** Counts and times every call of the process. */
export class MetricsRegistry {
	readonly #series = new Map<string, Series>();

	record(labels: CallLabels, call: CallRecord): void {
		this.#find(labels).record(call);
	}

	/** Of a call that nobody waited for. */
	refreshed(labels: CallLabels, call: CallRecord): void {
		this.#find(labels).refreshed(call);
	}

	snapshot(): SeriesSnapshot[] {
		return [...this.#series.values()].map((series) => series.snapshot());
	}

	reset(): void {
		this.#series.clear();
	}

	#find(labels: CallLabels): Series {
		const name = `${labels.source} ${labels.origin}`;
		const found = this.#series.get(name);
		if (found) return found;
		if (this.#series.size >= MAX_SERIES && labels !== OTHER) return this.#find(OTHER);
		const series = new Series(labels);
		this.#series.set(name, series);
		return series;
	}
}

function quantiles(histogram: Histogram): QuantileSnapshot {
	return {
		count: histogram.count,
		sum: histogram.sum,
		p50: histogram.quantile(0.5),
		p95: histogram.quantile(0.95),
		p99: histogram.quantile(0.99),
		max: histogram.max,
	};
}

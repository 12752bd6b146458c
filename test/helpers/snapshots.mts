/** Snapshots for what judges them: all is well and quiet, but for what a test says. */
import type { HistoryPoint, LoadFacts, ProcessFacts, Quantiles, ResourceFacts, SeriesFacts, Snapshot, WindowFacts, WindowName } from '../../lib/core/snapshot.ts';

export const NOW = Date.UTC(2026, 2, 2, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const GB = 2 ** 30;

export const SPANS: Record<WindowName, number> = { '1m': MINUTE, '5m': 5 * MINUTE, '1h': HOUR, '24h': DAY };

/** `count` times about the same: the sum is that of the median. */
export function times(count: number, p50 = 0, { p95 = p50 * 2, p99 = p50 * 3, max = p50 * 4, sum = count * p50 }: Partial<Quantiles> = {}): Quantiles {
	return count === 0 ? { count: 0, sum: 0, p50: 0, p95: 0, p99: 0, max: 0 } : { count, sum, p50, p95, p99, max };
}

export function aSeries(given: Partial<SeriesFacts> = {}): SeriesFacts {
	const calls = given.calls ?? 0;
	return {
		source: 'pooledHttp', workflowId: 'w1', node: 'Call', origin: 'https://api.test', model: '',
		calls, hits: 0, similar: 0, stale: 0, revalidated: 0, misses: 0, bypassed: calls, coalesced: 0, attempts: calls, retries: 0, reusedConnections: calls,
		waitedMs: 0, connectMs: 0, inputTokens: 0, outputTokens: 0, costUsd: 0, savedUsd: 0, savedMs: 0, savedTokens: 0, errors: {},
		refreshes: { calls: 0, failed: 0, costUsd: 0 }, durationMs: times(calls, 100), upstreamMs: times(calls, 100), lastAt: calls ? NOW : null,
		...given,
	};
}

/** All series as one, with the worst of the percentiles: only for tests, which do not look at them where there are several. */
export function totalOf(series: readonly SeriesFacts[]): SeriesFacts {
	const add = (of: (one: SeriesFacts) => number) => series.reduce((sum, one) => sum + of(one), 0);
	const most = (of: (one: SeriesFacts) => number) => Math.max(0, ...series.map(of));
	const quantiles = (of: 'durationMs' | 'upstreamMs'): Quantiles => ({
		count: add((one) => one[of].count), sum: add((one) => one[of].sum),
		p50: most((one) => one[of].p50), p95: most((one) => one[of].p95), p99: most((one) => one[of].p99), max: most((one) => one[of].max),
	});
	const errors: Record<string, number> = {};
	for (const one of series) for (const [code, count] of Object.entries(one.errors)) errors[code] = (errors[code] ?? 0) + count;
	const numbers = Object.fromEntries(Object.entries(aSeries()).flatMap(([name, value]) => (typeof value === 'number' ? [[name, add((one) => one[name as 'calls'])]] : [])));
	return {
		...aSeries(), source: '', workflowId: '', node: '', origin: '', model: '', ...numbers, errors, durationMs: quantiles('durationMs'), upstreamMs: quantiles('upstreamMs'),
		refreshes: { calls: add((one) => one.refreshes.calls), failed: add((one) => one.refreshes.failed), costUsd: add((one) => one.refreshes.costUsd) },
	};
}

export function aLoad(given: Partial<LoadFacts> = {}): LoadFacts {
	return {
		heapUsedBytes: 0.4 * GB, heapLimitBytes: 2 * GB, rssBytes: 0.6 * GB, externalBytes: 1e7, cpu: 0.2, loopDelayP99Ms: 12, loopUtilization: 0.15, gcMs: 40,
		fileDescriptors: 40, ...given,
	};
}

export function aProcess(given: Partial<ProcessFacts> = {}): ProcessFacts {
	return { id: 'p1', pid: 7, host: 'n8n-0', kind: 'main', startedAt: NOW - DAY, at: NOW, now: aLoad(), ...given };
}

export function aPoint(given: Partial<HistoryPoint> = {}): HistoryPoint {
	return { at: NOW, calls: 0, errors: 0, hits: 0, coalesced: 0, attempts: 0, reusedConnections: 0, costUsd: 0, savedUsd: 0, p50: 0, p95: 0, p99: 0, errorsBy: {}, load: aLoad(), ...given };
}

export interface Given {
	readonly at?: number;
	readonly load?: Partial<LoadFacts>;
	readonly processes?: readonly ProcessFacts[];
	/** In all windows; those of `in` in place of them. */
	readonly series?: readonly SeriesFacts[];
	readonly in?: Partial<Record<WindowName, readonly SeriesFacts[]>>;
	readonly spans?: Partial<Record<WindowName, number>>;
	readonly history?: readonly HistoryPoint[];
	readonly resources?: Partial<ResourceFacts>;
}

export function aSnapshot(given: Given = {}): Snapshot {
	const { at = NOW, series = [], history = [] } = given;
	const load = aLoad(given.load);
	const windowOf = (name: WindowName): WindowFacts => {
		const own = given.in?.[name] ?? series;
		return { spanMs: given.spans?.[name] ?? SPANS[name], series: own, total: totalOf(own), load };
	};
	return {
		at,
		processes: given.processes ?? [aProcess({ at, now: load })],
		windows: { '1m': windowOf('1m'), '5m': windowOf('5m'), '1h': windowOf('1h'), '24h': windowOf('24h') },
		history,
		resources: { caches: [], pools: [], circuits: [], limiters: [], batches: [], ...given.resources },
	};
}

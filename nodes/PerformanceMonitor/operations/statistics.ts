import type { CacheFacts, PoolFacts, ResourceFacts, SeriesFacts, Snapshot, WindowName } from '../../../lib/core/snapshot';

const COUNTED = ['calls', 'hits', 'similar', 'stale', 'revalidated', 'misses', 'bypassed', 'coalesced', 'savedUsd', 'savedMs', 'savedTokens'] as const;

type Counted = Readonly<Record<(typeof COUNTED)[number], number>>;

/** What caches did within a window, and what they hold. */
export interface CacheStatistics extends Counted {
	readonly at: number;
	readonly period: WindowName;
	/** Answered from a cache, of those calls that looked into one; null where none did. */
	readonly hitRatio: number | null;
	/** The busiest first. */
	readonly nodes: ReadonlyArray<Counted & Pick<SeriesFacts, 'source' | 'workflowId' | 'node' | 'origin' | 'model'> & { readonly hitRatio: number | null }>;
	readonly caches: readonly CacheFacts[];
}

const MOST = 50;

export function cacheStatistics({ at, windows, resources }: Snapshot, period: WindowName): CacheStatistics {
	const { total, series } = windows[period];
	const nodes = series
		.filter((one) => one.calls > one.bypassed)
		.sort((a, b) => b.calls - a.calls)
		.slice(0, MOST)
		.map(({ source, workflowId, node, origin, model, ...counts }) => ({ source, workflowId, node, origin, model, ...countsOf(counts) }));
	return { at, period, ...countsOf(total), nodes, caches: resources.caches };
}

function countsOf(facts: Counted): Counted & { readonly hitRatio: number | null } {
	const counts = Object.fromEntries(COUNTED.map((name) => [name, facts[name]])) as Counted;
	const served = counts.hits + counts.stale + counts.similar;
	return { ...counts, hitRatio: ratio(served, served + counts.revalidated + counts.misses) };
}

/** What connections, circuits and limits do now. Counters run from the start of each pool. */
export interface PoolStatistics extends Pick<ResourceFacts, 'circuits' | 'limiters'> {
	readonly at: number;
	readonly total: Pools;
	readonly pools: ReadonlyArray<PoolFacts & Pick<Pools, 'reuseRatio'>>;
}

type Summed = Readonly<Record<(typeof SUMMED)[number], number>>;

type Pools = Summed & {
	/** Of the requests, those that found their connection open; null where there was none. */
	readonly reuseRatio: number | null;
};

const SUMMED = ['open', 'inUse', 'queued', 'requests', 'connects', 'handshakes', 'prewarmed'] as const;

export function poolStatistics({ at, resources: { pools, circuits, limiters } }: Snapshot): PoolStatistics {
	const total = Object.fromEntries(SUMMED.map((name) => [name, pools.reduce((sum, pool) => sum + pool[name], 0)])) as Summed;
	return { at, total: { ...total, reuseRatio: reuseOf(total) }, pools: pools.map((pool) => ({ ...pool, reuseRatio: reuseOf(pool) })), circuits, limiters };
}

/** A connection that was opened ahead is opened for no request. */
function reuseOf({ requests, connects, prewarmed }: Pick<PoolFacts, 'requests' | 'connects' | 'prewarmed'>): number | null {
	return ratio(Math.max(0, requests - Math.max(0, connects - prewarmed)), requests);
}

function ratio(part: number, whole: number): number | null {
	return whole > 0 ? Math.round((part / whole) * 10_000) / 10_000 : null;
}

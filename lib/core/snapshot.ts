/**
 * What was measured, as plain data: `lib/metrics` makes it, of one process or of several together, and `lib/insight` judges it.
 * Times are milliseconds unless a name says otherwise, instants are milliseconds since the epoch, shares go from 0 to 1.
 */
export interface Snapshot {
	readonly at: number;
	/** Whose measurements these are; more than one where they were merged. */
	readonly processes: readonly ProcessFacts[];
	readonly windows: Readonly<Record<WindowName, WindowFacts>>;
	/** A point per minute, oldest first, at most those of a day; minutes in which nothing was seen are absent. */
	readonly history: readonly HistoryPoint[];
	/** Pools, circuits and the like, of all processes; each names its own. */
	readonly resources: ResourceFacts;
	/** Per process, what was counted since it started: numbers that only grow, for who takes differences of them. */
	readonly totals?: readonly TotalFacts[];
}

export interface TotalFacts {
	/** The id of the process. */
	readonly process: string;
	/** As in the windows, with `upTo` in their times. */
	readonly series: readonly SeriesFacts[];
}

export const WINDOW_NAMES = ['1m', '5m', '1h', '24h'] as const;

/** The last minute, five minutes, hour, day. */
export type WindowName = (typeof WINDOW_NAMES)[number];

export interface WindowFacts {
	/** How long it has been measured: less than its name says after a start. */
	readonly spanMs: number;
	/** One per node, workflow, origin and model; bounded in number, the rest under `other`. */
	readonly series: readonly SeriesFacts[];
	/** All series together; its labels are empty. */
	readonly total: SeriesFacts;
	/** Of the process, over the window; of merged ones the worst of each. */
	readonly load: LoadFacts;
}

/** What a call is counted under. Never a secret; empty where it does not apply. */
export interface SeriesLabels {
	/** The kind of node that made the call, such as `cachedAiCall`. */
	readonly source: string;
	readonly workflowId: string;
	/** The node's name in the editor. */
	readonly node: string;
	/** Scheme, host and port. */
	readonly origin: string;
	readonly model: string;
}

export interface SeriesFacts extends SeriesLabels {
	readonly calls: number;
	/** Each call is in one of these six. */
	readonly hits: number;
	readonly similar: number;
	readonly stale: number;
	readonly revalidated: number;
	readonly misses: number;
	readonly bypassed: number;
	/** Answered by a request that another call had under way; in one of the six as well. */
	readonly coalesced: number;
	/** Requests that were sent; those beyond the first of a call are retries. */
	readonly attempts: number;
	readonly retries: number;
	readonly reusedConnections: number;
	/** For slots, rates and between attempts. */
	readonly waitedMs: number;
	readonly connectMs: number;
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly costUsd: number;
	readonly savedUsd: number;
	readonly savedMs: number;
	readonly savedTokens: number;
	/** Failed calls by the code of their error. */
	readonly errors: Readonly<Record<string, number>>;
	/** Asked behind stale answers, for which no caller waited; in none of the other numbers. */
	readonly refreshes: { readonly calls: number; readonly failed: number; readonly costUsd: number };
	/** From the caller's point of view, with all waiting. */
	readonly durationMs: Quantiles;
	/** Of calls that went upstream. */
	readonly upstreamMs: Quantiles;
	/** Of the last call; null where there was none. */
	readonly lastAt: number | null;
}

export interface Quantiles {
	readonly count: number;
	readonly sum: number;
	readonly p50: number;
	readonly p95: number;
	readonly p99: number;
	readonly max: number;
	/** How many are at most each of `TIME_BOUNDS_MS`; those within 1 % of a bound may be on either side of it. */
	readonly upTo?: readonly number[];
}

export const TIME_BOUNDS_MS: readonly number[] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000];

export interface ProcessFacts {
	/** Another one after a restart. */
	readonly id: string;
	readonly pid: number;
	readonly host: string;
	/** What n8n runs in it, such as `main`, `worker` or `webhook`; empty where that is not known. */
	readonly kind: string;
	readonly startedAt: number;
	/** When it was last heard of. */
	readonly at: number;
	readonly now: LoadFacts;
}

/** How hard a process works. Null where the platform cannot tell. */
export interface LoadFacts {
	readonly heapUsedBytes: number;
	/** What the heap may grow to. */
	readonly heapLimitBytes: number;
	readonly rssBytes: number;
	readonly externalBytes: number;
	/** Of one core; above 1 where several were busy. */
	readonly cpu: number;
	readonly loopDelayP99Ms: number;
	/** The share of the time in which the event loop was busy. */
	readonly loopUtilization: number;
	/** In all, in that time. */
	readonly gcMs: number;
	readonly fileDescriptors: number | null;
}

export interface HistoryPoint {
	/** The beginning of the minute. */
	readonly at: number;
	readonly calls: number;
	readonly errors: number;
	/** Answered from a cache: exact, similar and stale ones. */
	readonly hits: number;
	readonly coalesced: number;
	readonly attempts: number;
	readonly reusedConnections: number;
	readonly costUsd: number;
	readonly savedUsd: number;
	readonly p50: number;
	readonly p95: number;
	readonly p99: number;
	readonly errorsBy: Readonly<Record<string, number>>;
	readonly load: LoadFacts;
}

export interface ResourceFacts {
	readonly caches: readonly CacheFacts[];
	readonly pools: readonly PoolFacts[];
	readonly circuits: readonly CircuitFacts[];
	readonly limiters: readonly LimiterFacts[];
	readonly batches: readonly BatchFacts[];
}

interface OfProcess {
	/** The id of the process. */
	readonly process: string;
}

export interface CacheFacts extends OfProcess {
	/** `memory`, or what the shared store is called. */
	readonly name: string;
	/** Null where the store cannot tell at once. */
	readonly entries: number | null;
	readonly bytes: number | null;
	readonly maxBytes: number | null;
	readonly evictions: number;
	readonly expired: number;
	/** Of a shared store: whether it answers. */
	readonly state: 'up' | 'down';
	/** False while memory is so scarce that it takes nothing new. */
	readonly writes?: boolean;
}

export interface PoolFacts extends OfProcess {
	/** Tells pools of one origin apart. */
	readonly id?: string;
	readonly origin: string;
	readonly open: number;
	readonly inUse: number;
	readonly queued: number;
	readonly requests: number;
	readonly connects: number;
	readonly handshakes: number;
	readonly prewarmed: number;
}

export interface CircuitFacts extends OfProcess {
	/** Tells circuits of one origin apart. */
	readonly id?: string;
	readonly origin: string;
	readonly state: 'closed' | 'open' | 'half-open';
	/** How often it has opened. */
	readonly trips: number;
}

export interface LimiterFacts extends OfProcess {
	readonly origin: string;
	readonly kind: 'slots' | 'adaptive' | 'rate' | 'tokens' | 'learnt';
	readonly active: number;
	readonly waiting: number;
	/** What it lets through now; null where it is unbounded. */
	readonly limit: number | null;
}

export interface BatchFacts extends OfProcess {
	readonly workflowId: string;
	readonly executionId: string;
	readonly node: string;
	readonly state: 'running' | 'ended';
	readonly startedAt: number;
	readonly items: number;
	readonly ok: number;
	/** Of `ok`: answered from the journal, nothing was sent. */
	readonly resumed: number;
	readonly failed: number;
	readonly cancelled: number;
	readonly leftMs: number | null;
}

import { TIME_BOUNDS_MS, type LoadFacts, type Quantiles, type SeriesFacts, type Snapshot } from '../core/snapshot';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
	/** Of a histogram: `_bucket`, `_sum` or `_count`. */
	readonly suffix?: string;
	readonly labels: Labels;
	readonly value: number;
}

/** What stands under one name in the text. */
export interface Family {
	readonly name: string;
	readonly type: 'counter' | 'gauge' | 'histogram';
	readonly help: string;
	/** Those with the same labels are added together. */
	readonly samples: (snapshot: Snapshot) => readonly Sample[];
}

const ID_LENGTH = 8;
const MS_PER_SECOND = 1000;
const BOUNDS = TIME_BOUNDS_MS.map((ms) => String(ms / MS_PER_SECOND));

/** An id is long so that no two are the same; its beginning is enough among a few processes. */
function short(id: string): string {
	return id.slice(0, ID_LENGTH);
}

function ofCalls(name: string, type: Family['type'], help: string, read: (series: SeriesFacts) => ReadonlyArray<Sample & { readonly labels: Labels }>): Family {
	const samples = ({ totals = [] }: Snapshot) =>
		totals.flatMap(({ process, series }) =>
			series.flatMap((one) => {
				const { source, workflowId, node, origin, model } = one;
				const labels = { process: short(process), source, workflow_id: workflowId, node, origin, model };
				return read(one).map((sample) => ({ ...sample, labels: { ...labels, ...sample.labels } }));
			}),
		);
	return { name, type, help, samples };
}

const count = (name: string, help: string, read: (series: SeriesFacts) => number): Family =>
	ofCalls(name, 'counter', help, (series) => [{ labels: {}, value: read(series) }]);

/** What was saved may shrink: looking for a similar answer costs a little, too. */
const level = (name: string, help: string, read: (series: SeriesFacts) => number): Family =>
	ofCalls(name, 'gauge', help, (series) => [{ labels: {}, value: read(series) }]);

function times(name: string, help: string, read: (series: SeriesFacts) => Quantiles): Family {
	return ofCalls(name, 'histogram', help, (series) => {
		const { upTo = [], count: all, sum } = read(series);
		return [
			...BOUNDS.map((le, index) => ({ suffix: '_bucket', labels: { le }, value: upTo[index] ?? 0 })),
			{ suffix: '_bucket', labels: { le: '+Inf' }, value: all },
			{ suffix: '_sum', labels: {}, value: sum / MS_PER_SECOND },
			{ suffix: '_count', labels: {}, value: all },
		];
	});
}

/** Families of what there is several of; a value of null is left out. */
function each<T>(all: (snapshot: Snapshot) => readonly T[], labelsOf: (one: T) => Labels) {
	return (name: string, type: Family['type'], help: string, read: (one: T) => number | null): Family => ({
		name,
		type,
		help,
		samples: (snapshot) =>
			all(snapshot).flatMap((one) => {
				const value = read(one);
				return value === null ? [] : [{ labels: labelsOf(one), value }];
			}),
	});
}

const ofCaches = each(({ resources }) => resources.caches, ({ process, name }) => ({ process: short(process), cache: name }));
const ofPools = each(({ resources }) => resources.pools, ({ process, origin, id = '' }) => ({ process: short(process), origin, pool: id }));
const ofCircuits = each(({ resources }) => resources.circuits, ({ process, origin, id = '' }) => ({ process: short(process), origin, circuit: id }));
const ofLimiters = each(({ resources }) => resources.limiters, ({ process, origin, kind }) => ({ process: short(process), origin, kind }));
const ofBatches = each(
	({ processes, resources }) => processes.map(({ id }) => ({ id, running: resources.batches.filter(({ process, state }) => process === id && state === 'running').length })),
	({ id }) => ({ process: short(id) }),
);
const ofProcesses = each(({ processes }) => processes, ({ id }) => ({ process: short(id) }));

function ofLoad(name: string, help: string, read: (load: LoadFacts) => number | null): Family {
	return ofProcesses(name, 'gauge', help, ({ now }) => read(now));
}

/** All there is, in the order of the text; docs/metrics.md and the dashboard are checked against it. */
export const FAMILIES: readonly Family[] = [
	ofCalls('fastpath_calls_total', 'counter', 'Calls by the part that the cache took in them.', ({ hits, similar, stale, revalidated, misses, bypassed }) =>
		Object.entries({ hit: hits, similar, stale, revalidated, miss: misses, bypass: bypassed }).map(([cache, value]) => ({ labels: { cache }, value })),
	),
	count('fastpath_coalesced_calls_total', 'Calls that were answered by the request of another one under way.', ({ coalesced }) => coalesced),
	ofCalls('fastpath_errors_total', 'counter', 'Failed calls by the code of their error.', ({ errors }) =>
		Object.entries(errors).map(([code, value]) => ({ labels: { code }, value })),
	),
	times('fastpath_call_duration_seconds', 'How long calls took, with all their waiting.', ({ durationMs }) => durationMs),
	times('fastpath_upstream_duration_seconds', 'How long calls took upstream; those answered from a cache are not in it.', ({ upstreamMs }) => upstreamMs),
	count('fastpath_requests_total', 'Requests that were sent upstream.', ({ attempts }) => attempts),
	count('fastpath_retries_total', 'Requests beyond the first of a call.', ({ retries }) => retries),
	count('fastpath_reused_connections_total', 'Calls whose last request found its connection open.', ({ reusedConnections }) => reusedConnections),
	count('fastpath_connect_seconds_total', 'Time spent on opening connections.', ({ connectMs }) => connectMs / MS_PER_SECOND),
	count('fastpath_wait_seconds_total', 'Time spent waiting for slots, under rates and between attempts.', ({ waitedMs }) => waitedMs / MS_PER_SECOND),
	ofCalls('fastpath_tokens_total', 'counter', 'Tokens that models were sent and gave.', ({ inputTokens, outputTokens }) => [
		{ labels: { direction: 'input' }, value: inputTokens },
		{ labels: { direction: 'output' }, value: outputTokens },
	]),
	count('fastpath_cost_dollars_total', 'What calls cost, where the price is known.', ({ costUsd }) => costUsd),
	level('fastpath_saved_dollars', 'What calls would have cost that were not asked upstream.', ({ savedUsd }) => savedUsd),
	level('fastpath_saved_tokens', 'Tokens of calls that were not asked upstream.', ({ savedTokens }) => savedTokens),
	level('fastpath_saved_seconds', 'Time upstream of calls that were not asked there.', ({ savedMs }) => savedMs / MS_PER_SECOND),
	count('fastpath_refreshes_total', 'Calls behind stale answers, for which nobody waited.', ({ refreshes }) => refreshes.calls),
	count('fastpath_refresh_failures_total', 'Those of them that failed.', ({ refreshes }) => refreshes.failed),
	count('fastpath_refresh_cost_dollars_total', 'What they cost.', ({ refreshes }) => refreshes.costUsd),
	ofCalls('fastpath_last_call_timestamp_seconds', 'gauge', 'When the last call ended.', ({ lastAt }) =>
		lastAt === null ? [] : [{ labels: {}, value: lastAt / MS_PER_SECOND }],
	),

	ofCaches('fastpath_cache_entries', 'gauge', 'Answers in the cache.', ({ entries }) => entries),
	ofCaches('fastpath_cache_bytes', 'gauge', 'Their size.', ({ bytes }) => bytes),
	ofCaches('fastpath_cache_max_bytes', 'gauge', 'What the size may be at most.', ({ maxBytes }) => maxBytes),
	ofCaches('fastpath_cache_evictions_total', 'counter', 'Answers that left to make room.', ({ evictions }) => evictions),
	ofCaches('fastpath_cache_expired_total', 'counter', 'Answers that left as their time was over.', ({ expired }) => expired),
	ofCaches('fastpath_cache_up', 'gauge', 'Whether the store answers.', ({ state }) => Number(state === 'up')),

	ofPools('fastpath_pool_open_connections', 'gauge', 'Open connections.', ({ open }) => open),
	ofPools('fastpath_pool_requests_in_flight', 'gauge', 'Requests under way.', ({ inUse }) => inUse),
	ofPools('fastpath_pool_queued_requests', 'gauge', 'Requests that wait for a connection.', ({ queued }) => queued),
	ofPools('fastpath_pool_requests_total', 'counter', 'Requests through the pool.', ({ requests }) => requests),
	ofPools('fastpath_pool_connects_total', 'counter', 'Connections that were opened, or were to be.', ({ connects }) => connects),
	ofPools('fastpath_pool_tls_handshakes_total', 'counter', 'TLS handshakes.', ({ handshakes }) => handshakes),
	ofPools('fastpath_pool_prewarmed_total', 'counter', 'Connections that were opened before anybody asked for them.', ({ prewarmed }) => prewarmed),

	ofCircuits('fastpath_circuit_open', 'gauge', '1 where the circuit is open, 0.5 while it is being tried, 0 where it is closed.', ({ state }) =>
		state === 'open' ? 1 : state === 'half-open' ? 0.5 : 0,
	),
	ofCircuits('fastpath_circuit_trips_total', 'counter', 'How often it has opened.', ({ trips }) => trips),

	ofLimiters('fastpath_limiter_active_calls', 'gauge', 'Calls that have their slot.', ({ active }) => active),
	ofLimiters('fastpath_limiter_waiting_calls', 'gauge', 'Calls that wait for a slot or their turn.', ({ waiting }) => waiting),
	ofLimiters('fastpath_limiter_limit', 'gauge', 'What it lets through.', ({ limit }) => limit),
	ofBatches('fastpath_batches_running', 'gauge', 'Batches that run now.', ({ running }) => running),

	each(
		({ processes }) => processes,
		({ id, host, pid, kind }) => ({ process: short(id), host, pid: String(pid), kind }),
	)('fastpath_process_info', 'gauge', 'The processes behind the short names.', () => 1),
	ofProcesses('fastpath_process_start_time_seconds', 'gauge', 'When the package began to work in the process.', ({ startedAt }) => startedAt / MS_PER_SECOND),
	ofLoad('fastpath_process_heap_used_bytes', "JavaScript's heap.", ({ heapUsedBytes }) => heapUsedBytes),
	ofLoad('fastpath_process_heap_limit_bytes', 'What the heap may grow to.', ({ heapLimitBytes }) => heapLimitBytes),
	ofLoad('fastpath_process_resident_memory_bytes', 'All memory of the process.', ({ rssBytes }) => rssBytes),
	ofLoad('fastpath_process_external_memory_bytes', 'Memory of buffers and the like.', ({ externalBytes }) => externalBytes),
	ofLoad('fastpath_process_cpu_ratio', 'Processor time by time, over the last seconds; above 1 where several cores were busy.', ({ cpu }) => cpu),
	ofLoad('fastpath_process_event_loop_delay_p99_seconds', 'How late timers were, over the last seconds.', ({ loopDelayP99Ms }) => loopDelayP99Ms / MS_PER_SECOND),
	ofLoad('fastpath_process_event_loop_utilization_ratio', 'The share of the last seconds in which the event loop was busy.', ({ loopUtilization }) => loopUtilization),
	ofLoad('fastpath_process_gc_seconds', 'Garbage collection in the last five seconds.', ({ gcMs }) => gcMs / MS_PER_SECOND),
	ofLoad('fastpath_process_open_fds', 'Open file descriptors.', ({ fileDescriptors }) => fileDescriptors),
];

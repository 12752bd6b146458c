import {
	TIME_BOUNDS_MS,
	type HistoryPoint,
	type LoadFacts,
	type ProcessFacts,
	type ResourceFacts,
	type SeriesFacts,
	type SeriesLabels,
	type Snapshot,
	type WindowFacts,
	type WindowName,
} from '../core/snapshot';
import { NO_LOAD, worst } from './load';
import { keyOf, MAX_SERIES, OTHERS } from './registry';
import type { WrittenSeries } from './series';
import { Tally } from './tally';
import { forEachWindow, MINUTES } from './windows';

/** What one process has measured, in a form that adds up with that of others. */
export interface ProcessState {
	readonly process: ProcessFacts;
	readonly windows: Readonly<Record<WindowName, { readonly spanMs: number; readonly series: readonly WrittenSeries[]; readonly load: LoadFacts }>>;
	readonly ever: readonly WrittenSeries[];
	readonly resources: ResourceFacts;
}

/** A minute of one process. */
export interface WrittenMinute {
	readonly at: number;
	/** Absent where there was no call. */
	readonly tally?: Uint8Array | undefined;
	readonly load: LoadFacts;
}

const NO_LABELS: SeriesLabels = { source: '', workflowId: '', node: '', origin: '', model: '' };

/** One account of all processes. Counts and histograms are added, so percentiles are those of all calls; throws a RangeError where a state is broken. */
export function merge(at: number, states: readonly ProcessState[], minutes: ReadonlyArray<readonly WrittenMinute[]>): Snapshot {
	const resources = states.map((state) => state.resources);
	return {
		at,
		processes: states.map(({ process }) => process),
		windows: forEachWindow((name) => windowOf(states.map(({ windows }) => windows[name]))),
		history: historyOf(minutes.flat()),
		resources: {
			caches: resources.flatMap(({ caches }) => caches),
			pools: resources.flatMap(({ pools }) => pools),
			circuits: resources.flatMap(({ circuits }) => circuits),
			limiters: resources.flatMap(({ limiters }) => limiters),
			batches: resources.flatMap(({ batches }) => batches),
		},
		totals: states.map(({ process, ever }) => ({ process: process.id, series: ever.map((series) => factsOf([series], TIME_BOUNDS_MS)) })),
	};
}

function windowOf(parts: ReadonlyArray<ProcessState['windows'][WindowName]>): WindowFacts {
	const groups = new Map<string, WrittenSeries[]>();
	for (const series of parts.flatMap((part) => part.series)) {
		const key = keyOf(series);
		const group = groups.get(key);
		if (group) group.push(series);
		else groups.set(key, [series]);
	}
	const bounded = [...groups.values()];
	const rest = bounded.splice(MAX_SERIES).flat();
	const series = bounded.map((group) => factsOf(group));
	if (rest.length > 0) series.push({ ...factsOf(rest), ...OTHERS });
	return {
		spanMs: Math.max(0, ...parts.map(({ spanMs }) => spanMs)),
		series,
		total: { ...factsOf([...groups.values()].flat()), ...NO_LABELS },
		load: worst(parts.map(({ load }) => load)),
	};
}

/** At most `max`, those with the most calls; the others together as one more. */
export function fewer(series: readonly WrittenSeries[], max: number): readonly WrittenSeries[] {
	if (series.length <= max) return series;
	const busiest = series.map((one) => ({ one, calls: Tally.of(one.tally).calls })).sort((a, b) => b.calls - a.calls).map(({ one }) => one);
	const rest = busiest.splice(max);
	return [...busiest, { ...OTHERS, lastAt: Math.max(...rest.map(({ lastAt }) => lastAt)), tally: Tally.of(...rest.map(({ tally }) => tally)).write() }];
}

/** Of series with the same labels. */
function factsOf(group: readonly WrittenSeries[], bounds?: readonly number[]): SeriesFacts {
	const { source, workflowId, node, origin, model } = group[0] ?? NO_LABELS;
	const lastAt = group.length === 0 ? null : Math.max(...group.map((series) => series.lastAt));
	return Tally.of(...group.map(({ tally }) => tally)).facts({ source, workflowId, node, origin, model }, lastAt, bounds);
}

function historyOf(minutes: readonly WrittenMinute[]): HistoryPoint[] {
	const points = new Map<number, WrittenMinute[]>();
	for (const minute of minutes) points.set(minute.at, [...(points.get(minute.at) ?? []), minute]);
	return [...points]
		.sort(([a], [b]) => a - b)
		.slice(-MINUTES)
		.map(([at, group]) => pointOf(at, group));
}

function pointOf(at: number, group: readonly WrittenMinute[]): HistoryPoint {
	const tally = Tally.of(...group.flatMap((minute) => minute.tally ?? []));
	const { calls, hits, similar, stale, coalesced, attempts, reusedConnections, costUsd, savedUsd, errors, durationMs } = tally.facts(NO_LABELS, null);
	const { p50, p95, p99 } = durationMs;
	const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
	return {
		at, calls, errors: failed, hits: hits + similar + stale, coalesced, attempts, reusedConnections, costUsd, savedUsd, p50, p95, p99,
		errorsBy: errors,
		load: worst(group.map(({ load }) => load)),
	};
}

/** Calls and loads by minute; a minute without calls has a load all the same. */
export function minutesOf(
	tallies: ReadonlyArray<{ readonly at: number; readonly value: Uint8Array }>,
	loads: ReadonlyArray<{ readonly at: number; readonly load: LoadFacts }>,
): WrittenMinute[] {
	const minutes = new Map<number, WrittenMinute>(loads.map(({ at, load }) => [at, { at, load }]));
	for (const { at, value } of tallies) minutes.set(at, { at, tally: value, load: minutes.get(at)?.load ?? NO_LOAD });
	return [...minutes.values()].sort((a, b) => a.at - b.at);
}

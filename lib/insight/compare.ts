import type { Snapshot, WindowFacts, WindowName } from '../core/snapshot';
import { byPlace, nameOf, sumOf, type Sums } from './places';
import { apart, quantileInterval, sharesDiffer } from './significance';
import { counted, inMs, inNumber, inPercent, inUsd } from './words';

/** What one thing was before and is after. */
export interface Change {
	readonly metric: string;
	readonly unit: 'ms' | 'share' | 'usd' | 'perMinute';
	readonly before: number | null;
	readonly after: number | null;
	/** After divided by before; null where there is nothing to divide. */
	readonly ratio: number | null;
	/** Null where more of it is neither. */
	readonly better: boolean | null;
	/** Whether chance explains it badly (95 %); null where that cannot be told. */
	readonly significant: boolean | null;
	readonly says: string;
}

export interface Comparison {
	readonly window: WindowName;
	readonly before: { readonly at: number; readonly calls: number };
	readonly after: { readonly at: number; readonly calls: number };
	/** Of all calls. */
	readonly changes: readonly Change[];
	/** Of what was called before and after; those that took the most time first. */
	readonly places: ReadonlyArray<{ readonly name: string; readonly changes: readonly Change[] }>;
	/** What makes the comparison doubtful. */
	readonly doubts: readonly string[];
	readonly says: string;
}

const MOST_PLACES = 20;

interface Side {
	readonly facts: Pick<WindowFacts, 'spanMs'>;
	readonly series: WindowFacts['series'];
	readonly sum: Sums;
}

/** Compares the same window of two snapshots, such as before and after a setting was changed. */
export function compare(before: Snapshot, after: Snapshot, window: WindowName = '1h'): Comparison {
	const [first, second] = [before.windows[window], after.windows[window]];
	const changes = changesOf({ facts: first, series: [first.total], sum: sumOf([first.total]) }, { facts: second, series: [second.total], sum: sumOf([second.total]) });
	const earlier = new Map(byPlace(first.series).map((facts) => [facts.key, facts]));
	const places = byPlace(second.series).flatMap((facts) => {
		const match = earlier.get(facts.key);
		return match ? [{ name: nameOf(facts.place), changes: changesOf({ ...match, facts: first }, { ...facts, facts: second }) }] : [];
	});
	return {
		window,
		before: { at: before.at, calls: first.total.calls },
		after: { at: after.at, calls: second.total.calls },
		changes,
		places: places.slice(0, MOST_PLACES),
		doubts: doubtsOf(before, after, window),
		says: summaryOf(changes),
	};
}

function changesOf(before: Side, after: Side): Change[] {
	const sides = [before, after] as const;
	const share = (metric: string, part: (sum: Sums) => number, whole: (sum: Sums) => number, moreIsBetter: boolean) => {
		const [one, other] = sides.map(({ sum }) => ({ count: Math.min(part(sum), whole(sum)), of: whole(sum) })) as [Counted, Counted];
		return change({ metric, unit: 'share', moreIsBetter, significant: sharesDiffer(one, other) }, shareOf(one), shareOf(other));
	};
	const times = (['p50', 'p95', 'p99'] as const).map((name) => {
		const [one, other] = sides.map(({ series }) => (series.length === 1 ? series[0]?.durationMs : undefined));
		const rank = Number(name.slice(1)) / 100;
		const significant = one && other && apart(quantileInterval(one, rank), quantileInterval(other, rank));
		return change({ metric: `${name} of the response time`, unit: 'ms', moreIsBetter: false, significant }, valueOf(one, name), valueOf(other, name));
	});
	const each = (metric: string, unit: Change['unit'], of: (side: Side) => number | null, moreIsBetter: boolean | null) =>
		change({ metric, unit, moreIsBetter, significant: undefined }, of(before), of(after));
	return [
		each('calls', 'perMinute', ({ sum, facts }) => (facts.spanMs > 0 ? (sum.calls / facts.spanMs) * 60_000 : null), null),
		...times,
		each('mean response time', 'ms', ({ sum }) => (sum.calls > 0 ? sum.durationMs / sum.calls : null), false),
		share('calls that failed', ({ failed }) => failed, ({ judged }) => judged, false),
		share('calls answered from the cache', ({ hits, similar, stale }) => hits + similar + stale, ({ calls }) => calls, true),
		share('requests over an open connection', ({ reusedConnections }) => reusedConnections, ({ attempts }) => attempts, true),
		share('requests that were repetitions', ({ retries }) => retries, ({ attempts }) => attempts, false),
		each('cost per call', 'usd', ({ sum }) => (sum.calls > 0 ? sum.costUsd / sum.calls : null), false),
	];
}

interface Counted {
	readonly count: number;
	readonly of: number;
}

function shareOf({ count, of }: Counted): number | null {
	return of > 0 ? count / of : null;
}

function valueOf(times: { readonly count: number; readonly p50: number; readonly p95: number; readonly p99: number } | undefined, name: 'p50' | 'p95' | 'p99'): number | null {
	return times && times.count > 0 ? times[name] : null;
}

interface About extends Pick<Change, 'metric' | 'unit'> {
	readonly moreIsBetter: boolean | null;
	readonly significant: boolean | undefined;
}

function change({ metric, unit, moreIsBetter, significant = undefined }: About, before: number | null, after: number | null): Change {
	const known = before !== null && after !== null;
	const better = !known || moreIsBetter === null || before === after ? null : after > before === moreIsBetter;
	return {
		metric, unit, before, after, better,
		ratio: known && before > 0 ? after / before : null,
		significant: known ? (significant ?? null) : null,
		says: `${metric}: ${shown(before, unit)} before, ${shown(after, unit)} after${known ? `, ${verdict(significant)}` : ''}.`,
	};
}

function verdict(significant: boolean | undefined): string {
	if (significant === undefined) return 'which cannot be told from chance';
	return significant ? 'more than chance explains' : 'which chance explains';
}

function shown(value: number | null, unit: Change['unit']): string {
	if (value === null) return 'nothing';
	if (unit === 'ms') return inMs(value);
	if (unit === 'share') return inPercent(value);
	return unit === 'usd' ? inUsd(value) : `${inNumber(value)} per minute`;
}

function doubtsOf(before: Snapshot, after: Snapshot, window: WindowName): string[] {
	const [first, second] = [before.windows[window], after.windows[window]];
	const commonMs = Math.min(before.at, after.at) - Math.max(before.at - first.spanMs, after.at - second.spanMs);
	const [old, fresh] = [new Set(byPlace(first.series).map(({ place }) => nameOf(place))), byPlace(second.series).map(({ place }) => nameOf(place))];
	const added = fresh.filter((name) => !old.has(name));
	return [
		...(after.at < before.at ? ['The snapshot that is to be after was taken earlier.'] : []),
		...(commonMs > 0 ? [`The windows have ${inMs(commonMs)} in common: what is the same in both cannot differ.`] : []),
		...(first.total.calls === 0 || second.total.calls === 0 ? ['One of them has no calls.'] : []),
		...(added.length > 0 && old.size > 0 ? [`${counted(added.length, 'place')} were not called before (${added.slice(0, 3).join(', ')}${added.length > 3 ? ', …' : ''}): other work takes other times. Compare by place.`] : []),
	];
}

function summaryOf(changes: readonly Change[]): string {
	const sure = changes.filter(({ significant, better }) => significant && better !== null);
	if (sure.length === 0) return 'Nothing has changed more than chance explains.';
	const list = (better: boolean) => sure.filter((one) => one.better === better).map(({ metric, ratio }) => (ratio === null ? metric : `${metric} (${inNumber(ratio)} times)`));
	const parts = [['Better', list(true)], ['worse', list(false)]] as const;
	return `${parts.filter(([, metrics]) => metrics.length > 0).map(([word, metrics]) => `${word}: ${metrics.join(', ')}`).join('; ')}.`;
}

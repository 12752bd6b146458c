import type { SeriesFacts, SeriesLabels } from '../core/snapshot';
import { shortened } from './words';

/** What calls go to: an origin and, where there is one, a model; without either, the node that made them. */
export interface Place {
	readonly origin: string;
	readonly model: string;
	/** Where the calls of one node are most of it, or it has no origin. */
	readonly workflowId: string;
	readonly node: string;
}

/** Of what belongs to the process. */
export const NOWHERE: Place = { origin: '', model: '', workflowId: '', node: '' };

/** Series of one place, with their sums. */
export interface PlaceFacts {
	/** Tells places apart. */
	readonly key: string;
	readonly place: Place;
	readonly series: readonly SeriesFacts[];
	readonly sum: Sums;
}

const SUMMED = [
	'calls', 'hits', 'similar', 'stale', 'revalidated', 'misses', 'bypassed', 'coalesced', 'attempts', 'retries', 'reusedConnections', 'waitedMs', 'connectMs',
	'costUsd', 'savedUsd', 'savedMs',
] as const;

export type Sums = Readonly<Record<(typeof SUMMED)[number] | 'durationMs' | 'upstreamMs' | 'upstreamCalls' | 'failed' | 'judged', number>>;

export function sumOf(series: readonly SeriesFacts[]): Sums {
	const add = (value: (one: SeriesFacts) => number) => series.reduce((sum, one) => sum + value(one), 0);
	const summed = Object.fromEntries(SUMMED.map((name) => [name, add((one) => one[name])])) as Record<(typeof SUMMED)[number], number>;
	return {
		...summed,
		durationMs: add((one) => one.durationMs.sum),
		upstreamMs: add((one) => one.upstreamMs.sum),
		upstreamCalls: add((one) => one.upstreamMs.count),
		failed: add(failedOf),
		judged: add(judgedOf),
	};
}

/** Somebody pressed Stop: no failure, and no success either. */
const CANCELLED = 'ERR_CANCELLED';

export function failedOf({ errors }: Pick<SeriesFacts, 'errors'>): number {
	return Object.entries(errors).reduce((sum, [code, count]) => (code === CANCELLED ? sum : sum + count), 0);
}

/** Calls that came to an end of their own, good or bad. */
export function judgedOf({ calls, errors }: Pick<SeriesFacts, 'calls' | 'errors'>): number {
	return Math.max(0, calls - (errors[CANCELLED] ?? 0));
}

/** The error that came most often, such as `ERR_TIMEOUT`; empty where there was none. */
export function mainError(series: readonly SeriesFacts[]): string {
	const counts = new Map<string, number>();
	for (const { errors } of series) {
		for (const [code, count] of Object.entries(errors)) if (code !== CANCELLED) counts.set(code, (counts.get(code) ?? 0) + count);
	}
	return shortened([...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '');
}

/** Series by where their calls go, those first that took callers the most time. */
export function byPlace(series: readonly SeriesFacts[]): PlaceFacts[] {
	const groups = new Map<string, SeriesFacts[]>();
	for (const one of series) {
		const key = keyOf(one);
		const group = groups.get(key);
		if (group) group.push(one);
		else groups.set(key, [one]);
	}
	return [...groups]
		.map(([key, group]) => ({ key, place: placeOf(group), series: group, sum: sumOf(group) }))
		.sort((a, b) => b.sum.durationMs - a.sum.durationMs);
}

function keyOf({ origin, model, workflowId, node, source }: SeriesLabels): string {
	return JSON.stringify(origin || model ? [origin, model] : [workflowId, node, source]);
}

function placeOf(series: readonly SeriesFacts[]): Place {
	const largest = series.reduce((most, one) => (one.durationMs.sum > most.durationMs.sum ? one : most));
	const all = series.reduce((sum, one) => sum + one.durationMs.sum, 0);
	const { origin, model, workflowId } = largest;
	const mostly = series.length === 1 || largest.durationMs.sum > all / 2;
	return { origin, model, workflowId: mostly ? workflowId : '', node: mostly ? largest.node || (origin || model ? '' : largest.source) : '' };
}

/** For people, such as `gpt-5-mini at https://api.openai.com`. */
export function nameOf({ origin, model, node }: Pick<Place, 'origin' | 'model' | 'node'>): string {
	if (model && origin) return `${shortened(model)} at ${shortened(origin)}`;
	return shortened(model || origin || node) || 'all calls';
}

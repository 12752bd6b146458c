import type { Snapshot, WindowName } from '../core/snapshot';
import { partsOf } from './health-parts';
import { DEFAULT_SETTINGS, type InsightSettings } from './settings';

export const HEALTH_PARTS = ['latency', 'errors', 'cache', 'connections', 'process', 'spending'] as const;

export type HealthPartName = (typeof HEALTH_PARTS)[number];

export type Grade = 'good' | 'fair' | 'poor' | 'bad' | 'unknown';

export interface HealthPart {
	/** From 0 to 100; null where nothing is known. */
	readonly score: number | null;
	/** How much of the whole it is, next to the others. */
	readonly weight: number;
	/** Why it is so, with the numbers. */
	readonly why: string;
}

export interface Health {
	/** From 0 to 100; null where no more than half is known: no data is no health. */
	readonly score: number | null;
	readonly grade: Grade;
	readonly parts: Readonly<Record<HealthPartName, HealthPart & { readonly grade: Grade }>>;
	/** A sentence: what keeps it from being better. */
	readonly why: string;
}

export const WEIGHTS: Readonly<Record<HealthPartName, number>> = { latency: 25, errors: 25, cache: 10, connections: 10, process: 20, spending: 10 };

/** Where 0 would make the whole 0, however good the rest is. */
const LEAST = 1;
/** Of the weights: with no more known, a process in which nothing happens would be in the best of health. */
const HALF = 50;

/**
 * How well things are. The whole is the geometric mean of the parts that are known, by weight: unlike a plain mean, it does not let good parts
 * hide a bad one.
 */
export function judgeHealth(snapshot: Snapshot, settings: InsightSettings = DEFAULT_SETTINGS, window: WindowName = '5m'): Health {
	const judged = partsOf(snapshot, settings, window);
	const parts = Object.fromEntries(
		HEALTH_PARTS.map((name) => [name, { ...judged[name], weight: WEIGHTS[name], grade: gradeOf(judged[name].score) }]),
	) as Health['parts'];
	const known = HEALTH_PARTS.flatMap((name) => {
		const { score, weight, why } = parts[name];
		return score === null ? [] : [{ score, weight, why, name }];
	});
	const weights = known.reduce((sum, { weight }) => sum + weight, 0);
	if (weights <= HALF) return { score: null, grade: 'unknown', parts, why: weights === 0 ? 'Nothing was measured yet.' : 'Too little was measured: see the parts.' };
	const logs = known.reduce((sum, { score, weight }) => sum + weight * Math.log(Math.max(LEAST, score)), 0);
	const score = Math.round(Math.exp(logs / weights));
	const worst = known.reduce((least, part) => (part.score < least.score ? part : least));
	return { score, grade: gradeOf(score), parts, why: gradeOf(worst.score) === 'good' ? 'All that is known is well.' : worst.why };
}

/** 90 and more is good, 70 fair, 50 poor. */
export function gradeOf(score: number | null): Grade {
	if (score === null) return 'unknown';
	if (score >= 90) return 'good';
	if (score >= 70) return 'fair';
	return score >= 50 ? 'poor' : 'bad';
}

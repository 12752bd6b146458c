import type { Snapshot } from '../core/snapshot';
import { requireInteger } from '../core/validate';
import { DEFAULT_SETTINGS, type InsightSettings } from './settings';
import { theilSen, type Line } from './theil-sen';
import { pointsOf, TREND_METRICS, type TrendMetric } from './trend-metrics';
import { inMs, inNumber } from './words';

/** Where something is going, by the minutes of a day. */
export interface Trend {
	readonly metric: TrendMetric;
	readonly unit: 'ms' | 'share' | 'usdPerHour' | 'perMinute';
	readonly points: number;
	/** From the first point to the last. */
	readonly spanMs: number;
	/** `tooLittle` where nothing can be said; `steady` where it may as well go up as down. */
	readonly direction: 'rising' | 'falling' | 'steady' | 'tooLittle';
	/** Per hour, with the interval of 95 % confidence; null where nothing can be said. */
	readonly slopePerHour: number | null;
	readonly slopeInterval: readonly [number, number] | null;
	/** On the line, at the time of the snapshot. */
	readonly now: number | null;
	readonly forecast: Forecast | null;
	/** When it gets to its limit, if it goes on; null where it does not go there, or has no limit. */
	readonly threshold: Crossing | null;
	readonly says: string;
}

export interface Forecast {
	readonly at: number;
	readonly value: number;
	/** Between them nine of ten values are to be expected, if it goes on as before. */
	readonly low: number;
	readonly high: number;
	/** It lies further ahead than the points reach back: more guess than forecast. */
	readonly isFar: boolean;
}

export interface Crossing {
	readonly limit: number;
	/** Milliseconds from the snapshot; 0 where the line has crossed already. */
	readonly inMs: number;
	readonly earliestMs: number;
	/** Null where it may never get there. */
	readonly latestMs: number | null;
}

const LEAST_POINTS = 12;
const LEAST_SPAN_MS = 15 * 60_000;
const HOUR_MS = 3_600_000;
/** Whoever asks further ahead than this has seen nothing that could tell. */
const FARTHEST_MS = 7 * 24 * HOUR_MS;

/** @param aheadMs how far the forecast looks; default an hour */
export function findTrends(snapshot: Snapshot, settings: InsightSettings = DEFAULT_SETTINGS, aheadMs = HOUR_MS): Trend[] {
	requireInteger('Forecast', aheadMs, { min: 60_000, max: FARTHEST_MS });
	return TREND_METRICS.map((metric) => findTrend(metric, snapshot, settings, aheadMs));
}

function findTrend(metric: TrendMetric, snapshot: Snapshot, settings: InsightSettings, aheadMs: number): Trend {
	const { points, unit, limit, ceiling } = pointsOf(metric, snapshot, settings);
	const spanMs = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
	const base = { metric, unit, points: points.length, spanMs };
	const line = points.length >= LEAST_POINTS && spanMs >= LEAST_SPAN_MS ? theilSen(points) : undefined;
	if (!line) {
		const says = `${inNumber(points.length)} points over ${inMs(spanMs)} are too few: it takes ${LEAST_POINTS} over ${inMs(LEAST_SPAN_MS)}.`;
		return { ...base, direction: 'tooLittle', slopePerHour: null, slopeInterval: null, now: null, forecast: null, threshold: null, says };
	}
	const bounded = (value: number) => Math.min(ceiling, Math.max(0, value));
	const at = (x: number, slope = line.slope) => line.middle.y + slope * (x - line.middle.x);
	const ahead = snapshot.at + aheadMs;
	const direction = line.slopeLow > 0 ? 'rising' : line.slopeHigh < 0 ? 'falling' : 'steady';
	const threshold = limit === undefined || direction === 'steady' ? null : crossing(line, limit, snapshot.at);
	const slopePerHour = line.slope * HOUR_MS;
	return {
		...base,
		direction,
		slopePerHour,
		slopeInterval: [line.slopeLow * HOUR_MS, line.slopeHigh * HOUR_MS],
		now: bounded(at(snapshot.at)),
		forecast: {
			at: ahead,
			value: bounded(at(ahead)),
			low: bounded(at(ahead, line.slopeLow) + line.below),
			high: bounded(at(ahead, line.slopeHigh) + line.above),
			isFar: aheadMs > spanMs,
		},
		threshold,
		says: saysOf(direction, threshold),
	};
}

/** Where the lines through the middle, steep and flat, meet the limit; null where none of them does within a week. */
function crossing({ slope, slopeLow, slopeHigh, middle }: Line, limit: number, now: number): Crossing | null {
	const left = (by: number) => {
		const here = middle.y + by * (now - middle.x);
		if (here >= limit) return 0;
		return by > 0 ? (limit - here) / by : Infinity;
	};
	const inTime = left(slope);
	if (inTime > FARTHEST_MS) return null;
	const [earliest, latest] = [left(slopeHigh), left(slopeLow)].sort((a, b) => a - b);
	return { limit, inMs: inTime, earliestMs: Math.min(inTime, earliest ?? inTime), latestMs: latest === undefined || latest > FARTHEST_MS ? null : Math.max(inTime, latest) };
}

function saysOf(direction: 'rising' | 'falling' | 'steady', threshold: Crossing | null): string {
	if (direction === 'steady') return 'It may as well go up as down.';
	const goes = direction === 'rising' ? 'It goes up' : 'It goes down';
	if (!threshold) return `${goes}.`;
	if (threshold.inMs === 0) return `${goes}, and is at its limit already.`;
	return `${goes}, and is at its limit in about ${inMs(threshold.inMs)} (at the earliest in ${inMs(threshold.earliestMs)}), if it goes on like this.`;
}

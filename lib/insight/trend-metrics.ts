import type { HistoryPoint, Snapshot } from '../core/snapshot';
import type { InsightSettings } from './settings';
import { median, MOST_POINTS, type Point } from './theil-sen';
import type { Trend } from './trends';

export const TREND_METRICS = ['responseMs', 'errorRate', 'hitRatio', 'callsPerMinute', 'memory', 'cpu', 'loopDelayMs', 'costPerHour'] as const;

/** `responseMs` is the 95th percentile. */
export type TrendMetric = (typeof TREND_METRICS)[number];

interface Source {
	readonly unit: Trend['unit'];
	/** Undefined where it has none. */
	limit(settings: InsightSettings): number;
	/** What it cannot exceed. */
	readonly ceiling?: number;
	/** Of some minutes in a row; undefined where they do not tell. */
	of(minutes: readonly HistoryPoint[]): number | undefined;
}

const SOURCES: Record<TrendMetric, Source> = {
	responseMs: { unit: 'ms', limit: ({ responseMs }) => responseMs, of: middling((minute) => (minute.calls > 0 ? minute.p95 : undefined)) },
	errorRate: { unit: 'share', ceiling: 1, limit: ({ errorPercent }) => errorPercent / 100, of: shareOf('errors') },
	hitRatio: { unit: 'share', ceiling: 1, limit: () => 0, of: shareOf('hits') },
	callsPerMinute: { unit: 'perMinute', limit: () => 0, of: middling(({ calls }) => calls) },
	memory: { unit: 'share', ceiling: 1, limit: ({ memoryPercent }) => memoryPercent / 100, of: middling(({ load }) => (load.heapLimitBytes > 0 ? load.heapUsedBytes / load.heapLimitBytes : undefined)) },
	cpu: { unit: 'share', limit: ({ cpuPercent }) => cpuPercent / 100, of: middling(({ load }) => (load.heapLimitBytes > 0 ? load.cpu : undefined)) },
	loopDelayMs: { unit: 'ms', limit: ({ loopDelayMs }) => loopDelayMs, of: middling(({ load }) => (load.heapLimitBytes > 0 ? load.loopDelayP99Ms : undefined)) },
	costPerHour: { unit: 'usdPerHour', limit: ({ dailyUsd }) => dailyUsd / 24, of: costs },
};

/** What is known of a metric, oldest first: a point per minute, or per stretch of some minutes where they are many. */
export function pointsOf(metric: TrendMetric, { history, at }: Snapshot, settings: InsightSettings) {
	const { of, unit, limit, ceiling = Infinity } = SOURCES[metric];
	// The minute that has not ended says too little, and too low counts.
	const whole = history.filter((minute) => minute.at + 60_000 <= at);
	const each = Math.ceil(whole.length / MOST_POINTS);
	const points: Point[] = [];
	for (let first = 0; first < whole.length; first += each) {
		const minutes = whole.slice(first, first + each);
		const y = of(minutes);
		if (y !== undefined) points.push({ x: median(minutes.map((minute) => minute.at)) + 30_000, y });
	}
	return { points, unit, limit: limit(settings) || undefined, ceiling };
}

function middling(read: (minute: HistoryPoint) => number | undefined) {
	return (minutes: readonly HistoryPoint[]) => {
		const known = minutes.map(read).filter((value) => value !== undefined);
		return known.length > 0 ? median(known) : undefined;
	};
}

function shareOf(part: 'errors' | 'hits') {
	return (minutes: readonly HistoryPoint[]) => {
		const calls = minutes.reduce((sum, minute) => sum + minute.calls, 0);
		return calls > 0 ? minutes.reduce((sum, minute) => sum + minute[part], 0) / calls : undefined;
	};
}

function costs(minutes: readonly HistoryPoint[]): number {
	return (minutes.reduce((sum, { costUsd }) => sum + costUsd, 0) / minutes.length) * 60;
}

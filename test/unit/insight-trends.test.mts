import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, findTrends, readSettings, type TrendMetric } from '../../lib/insight/index.ts';
import { theilSen } from '../../lib/insight/theil-sen.ts';
import type { HistoryPoint } from '../../lib/core/snapshot.ts';
import { aLoad, aPoint, aSnapshot, HOUR, MINUTE, NOW } from '../helpers/snapshots.mts';
import { seeded } from '../helpers/seeded.mts';

const random = seeded(7);
const history = (minutes: number, of: (minute: number) => Partial<HistoryPoint>) =>
	Array.from({ length: minutes }, (_, index) => aPoint({ at: NOW - (minutes - index) * MINUTE, calls: 10, ...of(index) }));
const trend = (metric: TrendMetric, points: readonly HistoryPoint[], settings = DEFAULT_SETTINGS) => {
	const found = findTrends(aSnapshot({ history: points }), settings).find((one) => one.metric === metric);
	if (!found) throw new Error(metric);
	return found;
};
const heap = (share: number) => ({ load: aLoad({ heapUsedBytes: share * 2 ** 31, heapLimitBytes: 2 ** 31 }) });

describe('a line through points (Theil and Sen)', () => {
	const noise = () => random.next() + random.next() + random.next() - 1.5;

	test('finds the slope, within its interval, and is not led astray by a quarter of outliers', () => {
		const points = Array.from({ length: 100 }, (_, x) => ({ x, y: x % 4 === 0 ? 10_000 * random.next() : 3 * x + noise() }));
		const line = theilSen(points)!;
		expect(line.slope).toBeGreaterThan(2.8);
		expect(line.slope).toBeLessThan(3.6);
	});

	test('has the true slope within its interval about 95 times of a hundred', () => {
		const lines = Array.from({ length: 300 }, () => theilSen(Array.from({ length: 40 }, (_, x) => ({ x, y: 0.05 * x + noise() })))!);
		const held = lines.filter(({ slopeLow, slopeHigh }) => slopeLow <= 0.05 && 0.05 <= slopeHigh).length / lines.length;
		expect(held).toBeGreaterThan(0.92);
		expect(held).toBeLessThan(0.985);
	});
});

describe('trends', () => {
	test('say that there is too little to tell', () => {
		for (const points of [[], history(5, () => ({ p95: 100 })), history(14, () => ({ p95: 100 }))]) {
			expect(trend('responseMs', points)).toMatchObject({ direction: 'tooLittle', slopePerHour: null, forecast: null, says: expect.stringContaining('too few') });
		}
	});

	test('see a leak: when memory reaches its limit, at the earliest and at the latest', () => {
		// 0.4 of the heap at first, 0.1 more every hour, up and down with each collection.
		const leak = trend('memory', history(180, (minute) => heap(0.4 + minute / 600 + 0.02 * random.next())));
		expect(leak).toMatchObject({ direction: 'rising', unit: 'share' });
		expect(leak.slopePerHour).toBeCloseTo(0.1, 2);
		expect(leak.threshold?.limit).toBe(0.8);
		expect((leak.threshold?.inMs ?? 0) / MINUTE).toBeGreaterThan(45);
		expect((leak.threshold?.inMs ?? 0) / MINUTE).toBeLessThan(65);
		expect(leak.threshold?.earliestMs).toBeLessThan(leak.threshold?.inMs ?? 0);
		expect(leak.threshold?.latestMs).toBeGreaterThan(leak.threshold?.inMs ?? 0);
		expect(leak.says).toMatch(/^It goes up, and is at its limit in about [\d.]+ min \(at the earliest in [\d.]+ min\), if it goes on like this\.$/);
	});

	test('call steady what goes up and down by chance, and foresee no limit for it', () => {
		expect(trend('responseMs', history(240, () => ({ p95: 400 + 300 * random.next() })))).toMatchObject({ direction: 'steady', threshold: null });
		expect(trend('memory', history(240, () => heap(0.5)))).toMatchObject({ direction: 'steady', slopePerHour: 0, threshold: null });
	});

	test('forecast an interval that holds nine of ten values, where all goes on as before', () => {
		const of = (minute: number) => 500 + minute + 200 * random.next();
		let held = 0;
		for (let round = 0; round < 60; round += 1) {
			const { forecast } = trend('responseMs', history(120, (minute) => ({ p95: of(minute) })));
			const value = of(180);
			if (forecast && forecast.low <= value && value <= forecast.high) held += 1;
		}
		expect(held / 60).toBeGreaterThan(0.85);
	});

	test('mark a forecast that looks further ahead than the points reach back', () => {
		const points = history(30, (minute) => ({ p95: 100 + minute }));
		const at = (aheadMs: number) => findTrends(aSnapshot({ history: points }), DEFAULT_SETTINGS, aheadMs)[0]?.forecast;
		expect([at(20 * MINUTE)?.isFar, at(HOUR)?.isFar]).toEqual([false, true]);
		expect(() => findTrends(aSnapshot(), DEFAULT_SETTINGS, 5)).toThrow('Invalid Forecast: expected a whole number from 60000 to 604800000, got 5');
	});

	test('weigh minutes by their calls where they are put together, and leave out what cannot be told', () => {
		const points = history(600, (minute) => (minute % 2 ? { calls: 100, errors: 10 } : { calls: 0, errors: 0 }));
		expect(trend('errorRate', points)).toMatchObject({ direction: 'steady', now: 0.1, points: 150 });
		expect(trend('responseMs', history(60, () => ({ calls: 0, p95: 0 })))).toMatchObject({ direction: 'tooLittle', points: 0 });
	});

	test('leave out the minute that has not ended', () => {
		const points = [...history(60, () => ({ calls: 60 })), aPoint({ at: NOW, calls: 1 })];
		expect(trend('callsPerMinute', points).points).toBe(60);
	});

	test('keep shares between 0 and 1', () => {
		const rising = trend('errorRate', history(60, (minute) => ({ calls: 1000, errors: 300 + minute * 11 })));
		expect(rising.forecast).toMatchObject({ value: 1, high: 1 });
	});

	test('know when a day gets too dear', () => {
		const points = history(120, (minute) => ({ costUsd: 0.01 * (1 + minute / 60) }));
		expect(trend('costPerHour', points, readSettings({ dailyUsd: 24 }))).toMatchObject({ direction: 'rising', threshold: { limit: 1, inMs: 0 } });
	});
});

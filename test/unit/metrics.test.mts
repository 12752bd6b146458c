import { describe, expect, test } from 'vitest';
import { newTrace, type CallTrace } from '../../lib/core/trace.ts';
import { Histogram } from '../../lib/metrics/histogram.ts';
import { MetricsRegistry, type CallRecord, type SeriesSnapshot } from '../../lib/metrics/registry.ts';
import { seeded } from '../helpers/seeded.mts';

const LABELS = { source: 'pooledHttp', origin: 'https://a.test' };

function record(trace: Partial<CallTrace> = {}, facts: Partial<CallRecord> = {}): CallRecord {
	return { trace: { ...newTrace(), ...trace }, durationMs: 10, ...facts };
}

function seriesOf(...records: readonly CallRecord[]): SeriesSnapshot {
	const metrics = new MetricsRegistry();
	for (const one of records) metrics.record(LABELS, one);
	const [series] = metrics.snapshot();
	if (!series) throw new Error('Nothing was recorded');
	return series;
}

describe('the histogram', () => {
	test.each([
		['even', (next: () => number) => next() * 1000],
		['log-normal', (next: () => number) => Math.exp((next() + next() + next() + next() - 2) * 4)],
		['two humps, the fast and the slow', (next: () => number) => (next() < 0.9 ? 0.05 + next() : 3_600_000 + next() * 1000)],
		['microseconds', (next: () => number) => 0.002 + next() * 0.1],
		['hours', (next: () => number) => 3_600_000 * (1 + next() * 10)],
	])('is off by at most a tenth at any quantile: %s', (_name, draw) => {
		const random = seeded(9);
		const histogram = new Histogram();
		const values = Array.from({ length: 5000 }, () => draw(random.next));
		for (const value of values) histogram.record(value);
		values.sort((a, b) => a - b);
		for (const share of [0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1]) {
			const exact = values[Math.ceil(share * values.length) - 1] ?? NaN;
			expect(Math.abs(histogram.quantile(share) - exact) / exact).toBeLessThanOrEqual(0.1);
		}
		expect(histogram.count).toBe(5000);
		expect(histogram.sum).toBeCloseTo(values.reduce((sum, value) => sum + value, 0), 3);
		expect(histogram.max).toBe(values.at(-1));
	});

	test('of nothing is 0 everywhere', () => {
		const histogram = new Histogram();
		expect([histogram.quantile(0.5), histogram.max, histogram.sum, histogram.count]).toEqual([0, 0, 0, 0]);
	});

	test('counts what is negative or no number as 0', () => {
		const histogram = new Histogram();
		for (const value of [-1, NaN, 0, -0]) histogram.record(value);
		expect([histogram.count, histogram.sum, histogram.max, histogram.quantile(1)]).toEqual([4, 0, 0, 0]);
	});

	test('never reports more than the largest value', () => {
		const histogram = new Histogram();
		histogram.record(100);
		expect(histogram.quantile(0.99)).toBeLessThanOrEqual(100);
	});
});

describe('the metrics', () => {
	test('count every call under exactly one cache status', () => {
		const statuses = ['hit', 'similar', 'stale', 'revalidated', 'miss', 'bypass'] as const;
		const series = seriesOf(...statuses.map((cache) => record({ cache })));
		expect(series).toMatchObject({ ...LABELS, calls: 6, hits: 2, stale: 1, revalidated: 1, misses: 1, bypassed: 1 });
	});

	test('count what a shared request took and cost once, with its leader', () => {
		const shared = { cache: 'miss', attempts: 2, upstreamMs: 30, costUsd: 0.5, connectionReused: true } as const;
		const tokens = { inputTokens: 100, outputTokens: 7 };
		const followers = Array.from({ length: 12 }, () => record({ ...shared, coalesced: true }, tokens));
		const series = seriesOf(record(shared, tokens), ...followers);
		expect(series).toMatchObject({ calls: 13, coalesced: 12, attempts: 2, costUsd: 0.5, reusedConnections: 1, ...tokens });
		expect(series.upstreamMs).toMatchObject({ count: 1, sum: 30 });
		expect(series.durationMs.count).toBe(13);
	});

	test('keep answers from the cache out of the upstream\'s times, tokens and costs', () => {
		const hit = record({ cache: 'hit', savedUsd: 0.25 }, { inputTokens: 100, outputTokens: 7 });
		const series = seriesOf(hit, record({ cache: 'miss', attempts: 1, upstreamMs: 80 }));
		expect(series.upstreamMs).toMatchObject({ count: 1, max: 80 });
		expect(series).toMatchObject({ inputTokens: 0, outputTokens: 0, costUsd: 0, savedUsd: 0.25 });
	});

	test('count errors by code, of followers too', () => {
		const series = seriesOf(
			record({ attempts: 1 }, { errorCode: 'ERR_TIMEOUT' }),
			record({ attempts: 1, coalesced: true }, { errorCode: 'ERR_TIMEOUT' }),
			record({}, { errorCode: 'ERR_UNKNOWN' }),
		);
		expect(series.errors).toEqual({ ERR_TIMEOUT: 2, ERR_UNKNOWN: 1 });
	});

	test('take an unknown price for no price', () => {
		expect(seriesOf(record({ attempts: 1, costUsd: null, savedUsd: null }))).toMatchObject({ costUsd: 0, savedUsd: 0 });
	});

	test('stay bounded whatever the labels, and lose no call', () => {
		const metrics = new MetricsRegistry();
		for (let origin = 0; origin < 1000; origin += 1) metrics.record({ ...LABELS, origin: `https://${origin}.test` }, record());
		const series = metrics.snapshot();
		expect(series).toHaveLength(201);
		expect(series.reduce((sum, { calls }) => sum + calls, 0)).toBe(1000);
		expect(series.find(({ source }) => source === 'other')?.calls).toBe(800);
	});

	test('a snapshot is data of its own', () => {
		const metrics = new MetricsRegistry();
		metrics.record(LABELS, record({}, { errorCode: 'ERR_TIMEOUT' }));
		const [before] = metrics.snapshot();
		metrics.record(LABELS, record({}, { errorCode: 'ERR_TIMEOUT' }));
		expect(before).toMatchObject({ calls: 1, errors: { ERR_TIMEOUT: 1 } });
		expect(JSON.parse(JSON.stringify(before))).toEqual(before);
		metrics.reset();
		expect(metrics.snapshot()).toEqual([]);
	});
});

test('what was asked behind stale answers is counted apart, with what it cost', () => {
	const metrics = new MetricsRegistry();
	metrics.record(LABELS, record({ cache: 'stale' }));
	metrics.refreshed(LABELS, record({ cache: 'miss', attempts: 2, upstreamMs: 30, costUsd: 0.5 }, { inputTokens: 3, outputTokens: 4 }));
	metrics.refreshed(LABELS, record({ cache: 'miss', attempts: 1, upstreamMs: 5 }, { errorCode: 'ERR_NETWORK' }));
	const [series] = metrics.snapshot();
	expect(series).toMatchObject({ calls: 1, stale: 1, misses: 0, attempts: 0, costUsd: 0, inputTokens: 0, errors: {} });
	expect(series?.upstreamMs.count).toBe(0);
	expect(series?.refreshes).toEqual({ calls: 2, failed: 1, attempts: 3, inputTokens: 3, outputTokens: 4, costUsd: 0.5, upstreamMs: 35 });
});

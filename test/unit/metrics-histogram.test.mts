import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../lib/metrics/bytes.ts';
import { Histogram } from '../../lib/metrics/histogram.ts';
import { seeded, type Seeded } from '../helpers/seeded.mts';

const SHARES = [0.0001, 0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.99999, 1];
const MILLION = 1_000_000;

const normal = ({ next }: Seeded) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

const UGLY: ReadonlyArray<readonly [string, (random: Seeded) => number]> = [
	['even', ({ next }) => 0.01 + next() * 1000],
	['a heavy tail (Pareto, without a mean)', ({ next }) => Math.min(2e9, 5 * (1 - next()) ** -1.5)],
	['log-normal', (random) => Math.max(0.0011, Math.exp(3 + 2 * normal(random)))],
	['two humps far apart, hits and misses', ({ next }) => (next() < 0.9 ? 0.05 + next() / 10 : 3_600_000 + next() * 1000)],
	['constant', () => 42],
	['tiny, a few microseconds', ({ next }) => 0.0011 + next() / 100],
	['huge, hours to weeks', ({ next }) => 3_600_000 * (1 + next() * 500)],
	['a thousand values in steps', ({ int }) => 1 + int(1000)],
	['one outlier among equals', ({ int }) => (int(MILLION) === 0 ? 86_400_000 : 1)],
];

function exactly(sorted: Float64Array, share: number): number {
	return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? NaN;
}

function written(histogram: Histogram): Uint8Array {
	const writer = new ByteWriter();
	histogram.write(writer);
	return writer.finish();
}

describe('the histogram', () => {
	test.each(UGLY)('is within a hundredth of the exact value at any quantile of a million: %s', (_name, draw) => {
		const random = seeded(9);
		const histogram = new Histogram();
		const values = Float64Array.from({ length: MILLION }, () => draw(random));
		for (const value of values) histogram.record(value);
		values.sort();
		const errors = SHARES.map((share) => Math.abs(histogram.quantile(share) / exactly(values, share) - 1));
		expect(Math.max(...errors)).toBeLessThanOrEqual(0.01);
		expect([histogram.count, histogram.max]).toEqual([MILLION, values.at(-1)]);
		expect(histogram.sum / values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
	});

	test('of three processes together equals that of all their values', () => {
		const random = seeded(4);
		const all = new Histogram();
		const parts = [new Histogram(), new Histogram(), new Histogram()];
		for (const [index, [, draw]] of UGLY.entries()) {
			for (let times = 0; times < 5000; times += 1) {
				const value = draw(random);
				all.record(value);
				parts[index % 3]?.record(value);
			}
		}
		const merged = new Histogram();
		for (const part of parts) merged.read(new ByteReader(written(part)));
		expect(SHARES.map((share) => merged.quantile(share))).toEqual(SHARES.map((share) => all.quantile(share)));
		expect([merged.count, merged.max]).toEqual([all.count, all.max]);
		expect(merged.sum / all.sum).toBeCloseTo(1, 12);
	});

	test('of nothing is 0 everywhere', () => {
		const histogram = new Histogram();
		expect([histogram.quantile(0.5), histogram.max, histogram.sum, histogram.count]).toEqual([0, 0, 0, 0]);
		expect(written(histogram)).toHaveLength(3);
	});

	test('counts what is negative or no number as 0, and what is endless as the longest', () => {
		const histogram = new Histogram();
		for (const value of [-1, NaN, 0, -0]) histogram.record(value);
		expect([histogram.count, histogram.sum, histogram.max, histogram.quantile(1)]).toEqual([4, 0, 0, 0]);
		histogram.record(Infinity);
		expect(histogram.quantile(1)).toBeGreaterThan(30 * 86_400_000);
		expect([histogram.count, Number.isFinite(histogram.sum)]).toEqual([5, true]);
	});

	test('counts at bounds, each count at least that before', () => {
		const histogram = new Histogram();
		for (const value of [0, 1, 9, 11, 99, 5000]) histogram.record(value);
		expect(histogram.upTo([10, 100, 1000])).toEqual([3, 5, 5]);
	});

	test('writes little, and is empty again when it was cleared', () => {
		const histogram = new Histogram();
		const random = seeded(1);
		for (let times = 0; times < 10_000; times += 1) histogram.record(Math.exp(6 + normal(random) / 2));
		expect(written(histogram).length).toBeLessThan(600);
		histogram.clear();
		expect([histogram.count, histogram.quantile(0.99), written(histogram).length]).toEqual([0, 0, 3]);
	});

	test('refuses what is cut off, and what no histogram wrote', () => {
		const histogram = new Histogram();
		for (const value of [1, 20, 300]) histogram.record(value);
		const bytes = written(histogram);
		for (let length = 0; length < bytes.length; length += 1) {
			expect(() => new Histogram().read(new ByteReader(bytes.subarray(0, length)))).toThrow(RangeError);
		}
		expect(() => new Histogram().read(new ByteReader(Uint8Array.of(1, 1, 1, 255, 127, 1)))).toThrow(RangeError);
		expect(() => new Histogram().read(new ByteReader(new Uint8Array(20).fill(255)))).toThrow(RangeError);
	});
});

test('numbers and texts come back from their bytes as they were', () => {
	const amounts = [0, 1, 126, 127, 128, 16_383, 2 ** 32, Number.MAX_SAFE_INTEGER - 1, 0.1, -3, 1e300];
	const writer = new ByteWriter();
	for (const amount of amounts) writer.amount(amount);
	writer.text('Ask – 日本語');
	writer.count(2 ** 40);
	const reader = new ByteReader(writer.finish());
	expect(amounts.map(() => reader.amount())).toEqual(amounts);
	expect([reader.text(), reader.count()]).toEqual(['Ask – 日本語', 2 ** 40]);
	expect(() => reader.count()).toThrow(RangeError);
});

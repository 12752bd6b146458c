import { describe, expect, test } from 'vitest';
import { compare } from '../../lib/insight/index.ts';
import { quantileInterval, sharesDiffer } from '../../lib/insight/significance.ts';
import type { SeriesFacts } from '../../lib/core/snapshot.ts';
import { aSeries, aSnapshot, HOUR, NOW, times } from '../helpers/snapshots.mts';
import { seeded } from '../helpers/seeded.mts';

const random = seeded(11);
const sides = (before: Partial<SeriesFacts>, after: Partial<SeriesFacts>, apartMs = 2 * HOUR) =>
	compare(aSnapshot({ series: [aSeries({ calls: 1000, ...before })] }), aSnapshot({ at: NOW + apartMs, series: [aSeries({ calls: 1000, ...after })] }));
const changeOf = (metric: string, found: ReturnType<typeof compare>) => found.changes.find((one) => one.metric === metric);

describe('before and after', () => {
	test('a change that chance explains badly is significant, and says whether it is for the better', () => {
		const found = sides({ durationMs: times(1000, 800), errors: { ERR_TIMEOUT: 100 } }, { durationMs: times(1000, 200), errors: { ERR_TIMEOUT: 20 }, bypassed: 0, hits: 600, misses: 400 });
		expect(changeOf('p50 of the response time', found)).toMatchObject({ before: 800, after: 200, ratio: 0.25, better: true, significant: true });
		expect(changeOf('calls that failed', found)).toMatchObject({ before: 0.1, after: 0.02, better: true, significant: true });
		expect(found.says).toBe(
			'Better: p50 of the response time (0.25 times), p95 of the response time (0.25 times), p99 of the response time (0.25 times), calls that failed (0.2 times), calls answered from the cache.',
		);
		expect(found.doubts).toEqual([]);
	});

	test('a change that chance explains is not', () => {
		const found = sides({ durationMs: times(1000, 200), errors: { ERR_TIMEOUT: 20 } }, { durationMs: times(1000, 205), errors: { ERR_TIMEOUT: 24 } });
		expect(changeOf('p50 of the response time', found)).toMatchObject({ significant: false, better: false });
		expect(changeOf('calls that failed', found)).toMatchObject({ significant: false });
		expect(found.says).toBe('Nothing has changed more than chance explains.');
	});

	test('of too few, and of sums without a spread, it cannot be told', () => {
		const found = sides({ calls: 12, durationMs: times(12, 800), costUsd: 3 }, { calls: 12, durationMs: times(12, 200), costUsd: 1 });
		expect(changeOf('p99 of the response time', found)?.significant).toBeNull();
		expect(changeOf('cost per call', found)).toMatchObject({ before: 0.25, significant: null, better: true });
		expect(changeOf('cost per call', found)?.says).toContain('which cannot be told from chance');
	});

	test('more calls are neither better nor worse', () => {
		expect(changeOf('calls', sides({}, { calls: 3000 }))).toMatchObject({ better: null, ratio: 3 });
	});

	test('what makes it doubtful is said: windows in common, other work, the wrong order', () => {
		expect(sides({}, {}, HOUR / 2).doubts).toEqual(['The windows have 30 min in common: what is the same in both cannot differ.']);
		expect(sides({}, {}, -2 * HOUR).doubts).toEqual(['The snapshot that is to be after was taken earlier.']);
		expect(sides({}, { origin: 'https://new.test' }).doubts).toEqual(['1 place were not called before (https://new.test): other work takes other times. Compare by place.']);
		expect(sides({}, { calls: 0, durationMs: times(0) }).doubts).toContain('One of them has no calls.');
	});

	test('places are compared with themselves', () => {
		const at = (origin: string, p50: number) => aSeries({ origin, calls: 500, durationMs: times(500, p50) });
		const found = compare(aSnapshot({ series: [at('https://a.test', 100), at('https://b.test', 100)] }), aSnapshot({ at: NOW + 3 * HOUR, series: [at('https://a.test', 300), at('https://c.test', 9)] }));
		expect(found.places.map(({ name }) => name)).toEqual(['https://a.test']);
		expect(found.places[0]?.changes.find(({ metric }) => metric.startsWith('p50'))).toMatchObject({ ratio: 3, significant: true, better: false });
	});
});

describe('significance', () => {
	test('of two shares is claimed about five times of a hundred where there is none', () => {
		const draw = () => ({ count: Array.from({ length: 400 }, () => random.next() < 0.1).filter(Boolean).length, of: 400 });
		const claimed = Array.from({ length: 600 }, () => sharesDiffer(draw(), draw())).filter(Boolean).length / 600;
		expect(claimed).toBeGreaterThan(0.02);
		expect(claimed).toBeLessThan(0.08);
	});

	/** What is drawn, and what its percentiles truly are. */
	const shapes = {
		exponential: { draw: () => -Math.log(1 - random.next()), truth: (share: number) => -Math.log(1 - share) },
		'heavy tail': { draw: () => (1 - random.next()) ** (-1 / 2) - 1, truth: (share: number) => (1 - share) ** (-1 / 2) - 1 },
		even: { draw: () => random.next(), truth: (share: number) => share },
	};

	test.each(Object.entries(shapes))('of a percentile is an interval that the true one lies in: %s', (_name, { draw, truth }) => {
		for (const share of [0.5, 0.95, 0.99]) {
			let held = 0;
			for (let round = 0; round < 200; round += 1) {
				const drawn = Array.from({ length: 1000 }, draw).sort((a, b) => a - b);
				const at = (of: number) => drawn[Math.ceil(of * 1000) - 1]!;
				const [low, high] = quantileInterval({ count: 1000, sum: 0, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }, share)!;
				if (low <= truth(share) && truth(share) <= high) held += 1;
			}
			expect([share, held / 200]).toEqual([share, expect.toSatisfy((rate: number) => rate > 0.93)]);
		}
	});

	test('needs enough of each', () => {
		expect(sharesDiffer({ count: 1, of: 10 }, { count: 3, of: 10 })).toBeUndefined();
		expect(sharesDiffer({ count: 0, of: 10 }, { count: 0, of: 10 })).toBe(false);
		expect(quantileInterval(times(499, 100), 0.99)).toBeUndefined();
		expect(quantileInterval(times(500, 100), 0.99)).toBeDefined();
	});
});

/** Every benchmark, with next to nothing to do: that it runs and has its tables, not what they say. */
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../bench/catalogue.mts';
import { ROOT } from '../../bench/harness/page.mts';
import { runBench } from '../../bench/harness/start.mts';

describe('benchmarks', () => {
	test.each(CATALOGUE)('$name measures all that it compares', async ({ name }) => {
		const { tables, plots, mode } = await runBench(name, 'smoke', ROOT, true);
		expect(mode).toBe('smoke');
		expect(tables.length).toBeGreaterThan(0);
		const values = tables.flatMap(({ id, baseline, rows }) => {
			expect(rows.length, id).toBeGreaterThan(0);
			if (baseline !== undefined) expect(rows.map((row) => row.name), id).toContain(baseline);
			return rows.flatMap((row) => [row.median, row.low, row.high, ...(baseline === undefined ? [] : [row.ratio?.median ?? NaN])]);
		});
		expect(values.every(Number.isFinite)).toBe(true);
		expect(plots.every(({ series }) => series.every(({ points }) => points.flat().every(Number.isFinite)))).toBe(true);
	}, 120_000);
});

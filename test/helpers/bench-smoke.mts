/** A benchmark with next to nothing to do: that it runs and has what it compares, not what it says. */
import { expect } from 'vitest';
import { ROOT } from '../../bench/harness/page.mts';
import { runBench } from '../../bench/harness/start.mts';

export async function expectToRun(name: string): Promise<void> {
	const { tables, plots, mode } = await runBench(name, 'smoke', ROOT, true);
	expect(mode).toBe('smoke');
	expect(tables.length).toBeGreaterThan(0);
	for (const { id, baseline, rows } of tables) {
		expect(rows.length, id).toBeGreaterThan(0);
		if (baseline !== undefined) expect(rows.map((row) => row.name), id).toContain(baseline);
		for (const row of rows) {
			const values = [row.median, row.low, row.high, ...(baseline === undefined ? [] : [row.ratio?.median])];
			expect(values.every(Number.isFinite), `${id}: ${row.name}`).toBe(true);
		}
	}
	expect(plots.every(({ series }) => series.every(({ points }) => points.flat().every(Number.isFinite)))).toBe(true);
}

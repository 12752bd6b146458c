import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, chosen } from '../../bench/catalogue.mts';
import { alternate, timed } from '../../bench/harness/alternate.mts';
import { figuresOf, GOALS, judge } from '../../bench/goals.mts';
import { Bench } from '../../bench/harness/bench.mts';
import { ratios } from '../../bench/harness/compare.mts';
import { toMarkdown } from '../../bench/harness/markdown.mts';
import { readResults, rendered, ROOT } from '../../bench/harness/page.mts';
import { draw } from '../../bench/harness/plot.mts';
import type { Result } from '../../bench/harness/result.mts';
import { quantile, slope, spread } from '../../bench/harness/stats.mts';

describe('figures', () => {
	test('a spread is the median with the middle half around it', () => {
		expect(spread([9, 1, 5, 3, 7, 2, 8])).toEqual({ median: 5, low: 2, high: 8 });
		expect(quantile([], 0.5)).toBeNaN();
		expect(slope([[0, 1], [1, 3], [2, 5]])).toBe(2);
	});

	test('contenders take turns, each first in its turn, and warm-up rounds do not count', async () => {
		const order: string[] = [];
		const contender = (name: string) => ({ name, round: async () => ({ value: order.push(name) }) });
		const samples = await alternate([contender('a'), contender('b')], { rounds: 2, warmUp: 1 });
		expect(order.join('')).toBe('abbaab');
		expect(samples.map((list) => list.map(({ value }) => value))).toEqual([[4, 5], [3, 6]]);
	});

	test('a timed operation runs often enough to fill a round and waits for promises', async () => {
		let running = 0;
		let most = 0;
		let runs = 0;
		const one = timed({
			name: 'waiting',
			run: async () => {
				most = Math.max(most, (running += 1));
				await Promise.resolve();
				running -= 1;
				runs += 1;
			},
		}, 1);
		const { value } = await one.round();
		expect(most).toBe(1);
		expect(runs).toBeGreaterThan(10);
		expect(value).toBeGreaterThan(0);
	});

	test('ratios are taken within each round, and say how many times as fast or as dear', async () => {
		const bench = new Bench('test', 'smoke', ROOT);
		const values = { slow: [10, 40], fast: [5, 10] };
		const contenders = Object.entries(values).map(([name, list]) => {
			const left = [...list];
			return { name, round: async () => ({ value: left.shift() ?? NaN, also: { calls: 3 } }) };
		});
		const head = { id: 't', title: 'who', unit: 'ms', baseline: 'slow' };
		const { rows } = await bench.compare(head, contenders, { rounds: 2, warmUp: 0 });
		expect(rows[1]).toEqual({ name: 'fast', median: 5, low: 5, high: 10, ratio: { median: 2, low: 2, high: 4 }, also: { calls: 3 } });
		expect(toMarkdown({ ...head, rounds: 2, rows }).split('\n')).toEqual([
			'| who  |         ms | times as fast as slow | calls |',
			'| ---- | ---------: | --------------------: | ----: |',
			'| slow | 10 (10–40) |                     1 |     3 |',
			'| fast |   5 (5–10) |               2 (2–4) |     3 |',
		]);
		expect(bench.result().tables).toHaveLength(1);
	});

	test('a plot draws every point and escapes its names', () => {
		const svg = draw({ id: 'p', title: 'a < b', x: 'entries', y: 'ns', logX: true, series: [{ name: 'R&D', points: [[1000, 50], [100_000, 60]] }] });
		expect(svg).toContain('a &lt; b');
		expect(svg).toContain('R&amp;D');
		expect(svg).toContain('100,000');
		expect(svg.match(/<circle/g)).toHaveLength(2);
		expect(svg).not.toContain('NaN');
	});
});

describe('goals', () => {
	const result = (rows: ReadonlyArray<{ name: string; median: number; ratio?: number }>): Result => ({
		bench: 'b', mode: 'default', day: '2026-01-01', seconds: 1, versions: {}, absent: [], plots: [],
		machine: { node: '24', v8: '13', platform: 'linux', cpu: 'c', cores: 2, memoryGb: 4, load: [0, 0] },
		tables: [{ id: 't', title: 't', unit: 'ns', rounds: 1, rows: rows.map(({ name, median, ratio }) => ({ name, median, low: median, high: median, ...(ratio ? { ratio: { median: ratio, low: ratio, high: ratio } } : {}) })) }],
	});

	test('are reached, missed by a share, or not measured', () => {
		const figures = figuresOf([result([{ name: 'r', median: 120, ratio: 3 }])]);
		const most = (atMost: number) => judge({ what: 'w', unit: 'ns', bound: { atMost }, measured: (of) => of('b', 't', 'r') }, figures);
		const least = (atLeast: number) => judge({ what: 'w', unit: '×', bound: { atLeast }, measured: (of) => of.ratio('b', 't', 'r') }, figures);
		expect(most(120)).toMatchObject({ value: 120, reached: true, missedBy: 0 });
		expect(most(100).reached).toBe(false);
		expect(most(100).missedBy).toBeCloseTo(0.2);
		expect(least(3)).toMatchObject({ value: 3, reached: true });
		expect(least(4)).toMatchObject({ reached: false, missedBy: 0.25 });
		expect(judge({ what: 'w', unit: 'ns', bound: { atMost: 1 }, measured: (of) => of('b', 't', 'gone') }, figures).reached).toBeUndefined();
	});

	test('each is measured by what is committed', () => {
		const figures = figuresOf(readResults().map(([, one]) => one));
		const unmeasured = GOALS.map((goal) => judge(goal, figures)).filter(({ reached }) => reached === undefined);
		expect(unmeasured.map(({ what }) => what)).toEqual([]);
	});

	test('two versions are compared turn by turn, in the direction in which the unit is better', () => {
		const turn = (before: number, now: number) => ({ before: result([{ name: 'r', median: before }]), now: result([{ name: 'r', median: now }]) });
		const text = ratios('b', [turn(100, 50), turn(300, 100), turn(80, 80)]);
		expect(text).toMatch(/t: r +\| +ns +\| +100 +\| +80 +\| +2 \(1–3\)/);
		expect(text).toContain('b: 2 times as good');
	});
});

describe('the page', () => {
	test('says what the committed results say', () => {
		for (const [file, text] of rendered()) expect(readFileSync(path.join(ROOT, file), 'utf8'), file).toBe(text);
	});

	test('has results of whole runs only', () => {
		expect(readResults().map(([, { mode }]) => mode)).not.toContain('smoke');
	});

	test('names stand for a benchmark, a group or all; others are refused with what there is', () => {
		expect(chosen([])).toEqual(CATALOGUE);
		expect(chosen(['micro']).every(({ group }) => group === 'micro')).toBe(true);
		expect(chosen(['pipeline']).map(({ name }) => name)).toEqual(['pipeline']);
		expect(() => chosen(['pipelin'])).toThrow(/no benchmark "pipelin".*micro.*pipeline/);
	});
});

import type { Comparison, Run } from './compare.mts';
import { dollars, median, milliseconds, range, table, times } from './table.mts';

/** US dollars per million tokens. An assumption, printed with the table. */
export interface Price {
	readonly input: number;
	readonly output: number;
}

const HTTP_HEAD = [
	'node', 'run', 'upstream calls', 'most at once', 'connections', 'TLS handshakes', 'node time p50', 'total',
];
const AI_HEAD = [...HTTP_HEAD, 'tokens', 'cost'];

export function costOf(run: Run, price: Price): number {
	return (run.inputTokens * price.input + run.outputTokens * price.output) / 1_000_000;
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}

function each(runs: readonly Run[], value: (run: Run) => number): string {
	return range(runs.map(value));
}

function handshakes(runs: readonly Run[]): string {
	const resumed = runs.some((run) => run.resumedHandshakes > 0);
	const full = each(runs, (run) => run.fullHandshakes);
	return resumed ? `${full} + ${each(runs, (run) => run.resumedHandshakes)} resumed` : full;
}

function cells(label: string, title: string, runs: readonly Run[]): string[] {
	const nodeTimes = runs.map(({ nodeMs }) => nodeMs);
	return [
		label,
		title,
		each(runs, ({ calls }) => calls),
		each(runs, ({ mostAtOnce }) => mostAtOnce),
		each(runs, ({ connections }) => connections),
		handshakes(runs),
		milliseconds(median(nodeTimes)),
		milliseconds(sum(nodeTimes)),
	];
}

function title(runs: readonly Run[]): string {
	return runs.length === 1 ? 'second' : `${runs.length} more, each`;
}

export function httpTable(comparisons: readonly Comparison[]): string {
	const rows = comparisons.flatMap(({ contender, first, again }) => [
		cells(contender.label, 'first', [first]),
		cells(contender.label, title(again), again),
	]);
	return table(HTTP_HEAD, rows);
}

export function aiTable(comparisons: readonly Comparison[], price: Price): string {
	const money = (runs: readonly Run[]) => [
		range(runs.map((run) => run.inputTokens + run.outputTokens)),
		dollars(median(runs.map((run) => costOf(run, price)))),
	];
	const rows = comparisons.flatMap(({ contender, first, again }) => [
		[...cells(contender.label, 'first', [first]), ...money([first])],
		[...cells(contender.label, title(again), again), ...money(again)],
	]);
	return table(AI_HEAD, rows);
}

interface Pair {
	readonly baseline: Comparison;
	readonly ours: Comparison;
}

function timesOf({ again }: Comparison): number[] {
	return again.map(({ nodeMs }) => nodeMs);
}

/** The ratios of this very run, baseline to ours. */
export function httpRatios({ baseline, ours }: Pair): string[] {
	const connections = (runs: readonly Run[]) => sum(runs.map((run) => run.connections));
	const shorter = (before: number, after: number) => times(before, after, 'shorter', 'longer');
	return [
		`node time p50 ${shorter(median(timesOf(baseline)), median(timesOf(ours)))}`,
		`first run ${shorter(baseline.first.nodeMs, ours.first.nodeMs)}`,
		`connections over all runs ${times(
			connections([baseline.first, ...baseline.again]),
			connections([ours.first, ...ours.again]),
			'fewer',
			'more',
		)}`,
	];
}

export function aiRatios({ baseline, ours }: Pair, price: Price): string[] {
	const saved = (one: Run, other: Run) => {
		const before = costOf(one, price);
		return before === 0 ? 'n/a' : `${(100 * (1 - costOf(other, price) / before)).toFixed(0)} %`;
	};
	const [again] = baseline.again;
	const [oursAgain] = ours.again;
	if (again === undefined || oursAgain === undefined) return [];
	return [
		`upstream calls ${baseline.first.calls} -> ${ours.first.calls} in the first run, ${again.calls} -> ${oursAgain.calls} in the second`,
		`cost saved ${saved(baseline.first, ours.first)} in the first run, ${saved(again, oursAgain)} in the second`,
		`node time ${milliseconds(baseline.first.nodeMs)} -> ${milliseconds(ours.first.nodeMs)} in the first run, ` +
			`${milliseconds(again.nodeMs)} -> ${milliseconds(oursAgain.nodeMs)} in the second`,
	];
}

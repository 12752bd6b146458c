import type { SeriesFacts, Snapshot, WindowName } from '../core/snapshot';
import { sumOf, type Sums } from './places';
import type { Reading } from './readings';
import { SLO_MATCHES, type InsightSettings, type Slo } from './settings';
import { clearBelow, type Severity } from './severity';
import { counted, inMs, inNumber, inPercent } from './words';

/**
 * Burn rates over two windows, as in the Site Reliability Workbook, chapter 5: the long window says that it matters, the short one that it still
 * goes on. A rate of 1 uses up the error budget of 30 days in 30 days: 14.4 for an hour uses up 2 % of it, 3 for a day 10 %.
 */
const BURNS: ReadonlyArray<{ readonly long: WindowName; readonly short: WindowName; readonly rate: number; readonly severity: Severity }> = [
	{ long: '1h', short: '5m', rate: 14.4, severity: 'critical' },
	{ long: '24h', short: '1h', rate: 3, severity: 'medium' },
];

/** One failure of a few calls looks like a blaze; fewer than these say nothing. */
const MIN_FAILURES = 5;

export function readSlos(snapshot: Snapshot, settings: InsightSettings): Reading[] {
	return settings.slos.flatMap((slo) => [...readBudget(slo, snapshot, settings), ...readLatency(slo, snapshot, settings)]);
}

function readBudget(slo: Slo, snapshot: Snapshot, { minCalls }: InsightSettings): Reading[] {
	if (slo.successPercent === undefined) return [];
	const budget = 1 - slo.successPercent / 100;
	const burning = BURNS.flatMap(({ long, short, ...burn }) => {
		const [over, lately] = [sumOf(seriesOf(slo, snapshot, long)), sumOf(seriesOf(slo, snapshot, short))];
		if (over.judged < minCalls) return [];
		// Over both windows: what no longer goes on, or has not come to much, burns little.
		const rate = Math.min(rateOf(over, budget), rateOf(lately, budget));
		return [{ ...burn, over, window: long, now: rate, hot: rate > burn.rate && over.failed >= MIN_FAILURES }];
	});
	const worst = burning.find(({ hot }) => hot) ?? burning[0];
	if (!worst) return [];
	const { over, window, now, rate, hot, severity } = worst;
	return [
		{
			rule: 'errorBudget',
			subject: slo.name,
			name: slo.name,
			value: now,
			limit: rate,
			severity: hot ? severity : null,
			clear: burning.every((one) => one.now < clearBelow(one.rate)),
			says:
				`${slo.name}: ${counted(over.failed, 'of the calls', 'of the calls')} (${inPercent(over.failed / over.judged)} of ${inNumber(over.judged)}) failed within ${window}, ` +
				`which uses up the error budget ${inNumber(now)} times as fast as ${inNumber(slo.successPercent)} % success allows.`,
			advice: 'See which origin fails, and with what. What is left of the budget decides how much may still be risked this month.',
		},
	];
}

function rateOf({ failed, judged }: Sums, budget: number): number {
	return judged === 0 ? 0 : failed / judged / budget;
}

/** What share of calls is certainly too slow, by the percentile that lies above the target. */
const AT_LEAST: ReadonlyArray<{ readonly of: 'p50' | 'p95' | 'p99'; readonly words: string; readonly severity: Severity }> = [
	{ of: 'p50', words: 'every other call', severity: 'critical' },
	{ of: 'p95', words: 'one of twenty calls', severity: 'high' },
	{ of: 'p99', words: 'one of a hundred calls', severity: 'medium' },
];

function readLatency(slo: Slo, snapshot: Snapshot, { minCalls }: InsightSettings): Reading[] {
	const target = slo.p99Ms;
	if (target === undefined) return [];
	const slowest = (window: WindowName, of: 'p50' | 'p95' | 'p99') =>
		Math.max(0, ...seriesOf(slo, snapshot, window).filter(({ calls }) => calls >= minCalls).map(({ durationMs }) => durationMs[of]));
	const both = (of: 'p50' | 'p95' | 'p99') => Math.min(slowest('5m', of), slowest('1h', of));
	const value = both('p99');
	if (slowest('1h', 'p99') === 0) return [];
	const found = AT_LEAST.find(({ of }) => both(of) > target);
	return [
		{
			rule: 'slowCalls',
			subject: slo.name,
			name: slo.name,
			value,
			limit: target,
			severity: found?.severity ?? null,
			clear: value < clearBelow(target),
			says: found
				? `${slo.name}: at least ${found.words} took longer than ${inMs(target)}, over the last five minutes and over the last hour.`
				: `${slo.name}: 99 of a hundred calls stay within ${inMs(target)}.`,
			advice: 'See the bottlenecks for where the time goes.',
		},
	];
}

/** The series that an objective is about. */
function seriesOf(slo: Slo, { windows }: Snapshot, window: WindowName): readonly SeriesFacts[] {
	const named = SLO_MATCHES.filter((label) => slo[label] !== undefined);
	if (named.length === 0) return [windows[window].total];
	return windows[window].series.filter((series) => named.every((label) => series[label] === slo[label]));
}

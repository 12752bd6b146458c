import type { Snapshot, WindowName } from '../core/snapshot';
import type { HealthPartName } from './health';
import { byPlace, nameOf, sumOf } from './places';
import { processName } from './readings';
import type { InsightSettings } from './settings';
import { counted, inMs, inNumber, inPercent, inUsd, shortened } from './words';

interface Judged {
	readonly score: number | null;
	readonly why: string;
}

/** Where a limit is reached, half of the score is gone. */
const AT_LIMIT = 50;

export function partsOf(snapshot: Snapshot, settings: InsightSettings, window: WindowName): Record<HealthPartName, Judged> {
	return {
		latency: latency(snapshot, settings, window),
		errors: errors(snapshot, settings, window),
		cache: cache(snapshot),
		connections: connections(snapshot, window),
		process: load(snapshot, settings),
		spending: spending(snapshot, settings),
	};
}

/** Of each place by its 95th percentile, and of all by how many calls each has. */
function latency({ windows }: Snapshot, settings: InsightSettings, window: WindowName): Judged {
	const rows = windows[window].series
		.filter(({ calls }) => calls >= settings.minCalls)
		.map((series) => {
			const limit = (series.model ? settings.modelResponseMs : settings.responseMs) || Infinity;
			return { series, limit, score: along(series.durationMs.p95, [[limit / 2, 100], [limit, AT_LIMIT], [limit * 4, 0]]) };
		});
	const worst = lowest(rows);
	if (!worst) return tooFew(settings);
	const calls = rows.reduce((sum, { series }) => sum + series.calls, 0);
	const score = rows.reduce((sum, row) => sum + row.score * row.series.calls, 0) / calls;
	return { score: Math.round(score), why: `One of twenty calls to ${nameOf(worst.series)} takes ${inMs(worst.series.durationMs.p95)} or longer${worst.limit === Infinity ? '' : `; ${inMs(worst.limit)} are the limit`}.` };
}

function errors({ windows }: Snapshot, settings: InsightSettings, window: WindowName): Judged {
	const { total, series } = windows[window];
	const sum = sumOf([total]);
	if (sum.judged < settings.minCalls) return tooFew(settings);
	const rate = sum.failed / sum.judged;
	const limit = settings.errorPercent > 0 ? settings.errorPercent / 100 : 0.1;
	const most = byPlace(series).reduce<{ name: string; failed: number }>((worst, { place, sum: { failed } }) => (failed > worst.failed ? { name: nameOf(place), failed } : worst), { name: '', failed: 0 });
	return {
		score: Math.round(along(rate, [[0, 100], [limit, AT_LIMIT], [Math.max(0.5, limit * 2), 0]])),
		why: rate === 0 ? `None of ${counted(sum.judged, 'call')} failed.` : `${inPercent(rate)} of ${counted(sum.judged, 'call')} failed, most of them to ${most.name}.`,
	};
}

/** Whether the cache can do its work. How many hits there are depends on how much repeats, which is no matter of health. */
function cache({ resources, windows }: Snapshot): Judged {
	const { total } = windows['24h'];
	const served = total.hits + total.stale + total.similar;
	const asked = served + total.misses + total.revalidated;
	if (asked === 0) return { score: null, why: 'No call used the cache.' };
	const down = resources.caches.filter(({ state }) => state === 'down');
	if (down[0]) return { score: 30, why: `The store ${shortened(down[0].name)} does not answer.` };
	if (resources.caches.some(({ writes }) => writes === false)) return { score: 30, why: 'Memory is so scarce that the cache takes nothing new.' };
	const evictions = resources.caches.reduce((sum, { evictions: count }) => sum + count, 0);
	const share = Math.min(1, evictions / Math.max(1, total.misses));
	const ratio = `${inPercent(total.hits / asked)} of the calls that looked into the cache were hits`;
	return share < 0.05
		? { score: 100, why: `${ratio}, and next to nothing was thrown out to make room.` }
		: { score: Math.round(along(share, [[0.05, 100], [1, 40]])), why: `${ratio}; ${counted(evictions, 'answer')} were thrown out to make room.` };
}

function connections({ resources, windows }: Snapshot, window: WindowName): Judged {
	const open = resources.circuits.filter(({ state }) => state === 'open');
	if (open[0]) return { score: Math.round(AT_LIMIT * (1 - open.length / resources.circuits.length)), why: `The circuit to ${shortened(open[0].origin)} is open${open.length > 1 ? `, and ${open.length - 1} more` : ''}.` };
	const { attempts, reusedConnections } = windows[window].total;
	if (attempts === 0) return { score: null, why: 'No request was sent.' };
	const ratio = Math.min(1, reusedConnections / attempts);
	// The first requests of all must open theirs.
	const pools = resources.pools.length;
	if (attempts <= pools * 2) return { score: null, why: `Too few requests (${attempts}) to tell how often connections are used again.` };
	const queued = resources.pools.reduce((sum, pool) => sum + pool.queued, 0);
	const score = along(ratio, [[0.2, 60], [0.9, 100]]) - (queued > 0 ? 20 : 0);
	return { score: Math.round(score), why: `${inPercent(ratio)} of ${counted(attempts, 'request')} found a connection open${queued > 0 ? `; ${counted(queued, 'request waits', 'requests wait')} for one now` : ''}.` };
}

/** The worst of memory, processor and event loop, in the worst process. */
function load({ processes, windows, at }: Snapshot, settings: InsightSettings): Judged {
	const rows = processes
		.filter((one) => at - one.at < 120_000)
		.flatMap((one) => {
			const facts = processes.length === 1 ? windows['1m'].load : one.now;
			const name = processName(one);
			const share = one.now.heapLimitBytes > 0 ? one.now.heapUsedBytes / one.now.heapLimitBytes : 0;
			const [memory, cpu, delay] = [settings.memoryPercent / 100 || 1, settings.cpuPercent / 100 || 1, settings.loopDelayMs || 100];
			return [
				{ score: along(share, [[memory * 0.75, 100], [memory, AT_LIMIT], [1, 0]]), why: `The heap of ${name} is ${inPercent(share)} full.` },
				{ score: along(facts.cpu, [[cpu * 0.7, 100], [cpu, AT_LIMIT], [cpu * 2, 0]]), why: `${name} keeps ${inPercent(facts.cpu)} of a core busy.` },
				{ score: along(facts.loopDelayP99Ms, [[delay / 2, 100], [delay, AT_LIMIT], [delay * 10, 0]]), why: `The event loop of ${name} is held up for ${inMs(facts.loopDelayP99Ms)} (99th percentile).` },
			];
		});
	const worst = lowest(rows);
	return worst ? { score: Math.round(worst.score), why: worst.why } : { score: null, why: 'No process was heard of within two minutes.' };
}

/** Against what a day may cost; where nothing is set, whether this hour costs more than others. */
function spending({ windows }: Snapshot, { dailyUsd }: InsightSettings): Judged {
	const [day, hour] = [windows['24h'], windows['1h']];
	const spent = day.total.costUsd + day.total.refreshes.costUsd;
	if (spent === 0 && (dailyUsd === 0 || day.spanMs === 0)) return { score: null, why: 'No money is known to be spent.' };
	if (dailyUsd > 0) return { score: Math.round(along(spent / dailyUsd, [[0.8, 100], [1, AT_LIMIT], [2, 0]])), why: `${inUsd(spent)} of ${inUsd(dailyUsd)} were spent within 24 hours.` };
	const earlierMs = day.spanMs - hour.spanMs;
	const lately = hour.total.costUsd + hour.total.refreshes.costUsd;
	if (earlierMs < 3 * hour.spanMs || spent - lately <= 0) return { score: null, why: `${inUsd(spent)} were spent; too little is known to compare it with, and no Daily Limit is set.` };
	const times = lately / hour.spanMs / ((spent - lately) / earlierMs);
	return { score: Math.round(along(times, [[1.5, 100], [5, AT_LIMIT], [20, 0]])), why: `The last hour cost ${inUsd(lately)}, ${inNumber(times)} times the average of the hours before.` };
}

function tooFew({ minCalls }: InsightSettings): Judged {
	return { score: null, why: `Fewer than ${minCalls} calls: nothing can be said.` };
}

function lowest<T extends { readonly score: number }>(rows: readonly T[]): T | undefined {
	return rows.reduce<T | undefined>((least, row) => (least && least.score <= row.score ? least : row), undefined);
}

/** The height of a line through points, given from left to right; level beyond them. */
export function along(x: number, points: ReadonlyArray<readonly [number, number]>): number {
	let [left] = points;
	if (!left || x <= left[0]) return left?.[1] ?? 0;
	for (const right of points) {
		if (x <= right[0]) return right[0] === left[0] ? right[1] : left[1] + ((x - left[0]) / (right[0] - left[0])) * (right[1] - left[1]);
		left = right;
	}
	return left[1];
}

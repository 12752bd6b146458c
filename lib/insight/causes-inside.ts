import type { CacheFacts, Quantiles, Snapshot, WindowName } from '../core/snapshot';
import type { Finding } from './bottlenecks';
import { NOWHERE, type Sums } from './places';
import type { Split } from './split';
import { counted, inMs, inPercent, inUsd } from './words';

/** An event loop that is held up for less does not show. */
const NOTICEABLE_DELAY_MS = 50;
const DAY_MS = 86_400_000;

/** What the process itself takes from everybody. */
export function findInProcess({ windows }: Snapshot, window: WindowName, all: Sums): Finding[] {
	const { load, spanMs, total } = windows[window];
	if (spanMs <= 0 || all.calls === 0) return [];
	// While garbage is collected, all calls that are under way stand still.
	const underWay = all.durationMs / spanMs;
	const gcMs = Math.min(all.durationMs, load.gcMs * underWay);
	const delayed = load.loopDelayP99Ms < NOTICEABLE_DELAY_MS ? 0 : Math.floor(all.calls * leastShareAbove(total.durationMs, load.loopDelayP99Ms));
	const delayedMs = Math.min(all.durationMs, load.loopDelayP99Ms * delayed);
	return [
		{
			cause: 'garbageCollection',
			what: `Collecting garbage stopped the process for ${inMs(load.gcMs)} of ${inMs(spanMs)}, with ${counted(underWay, 'call')} under way on average.`,
			where: NOWHERE,
			lostMs: gcMs,
			lostUsd: null,
			measured: false,
			evidence: { gcMs: load.gcMs, underWay, heapUsedBytes: load.heapUsedBytes, heapLimitBytes: load.heapLimitBytes },
			advice: 'Work on fewer or smaller items at a time, or give n8n a larger heap (NODE_OPTIONS=--max-old-space-size).',
		},
		{
			cause: 'eventLoop',
			what: `The event loop was held up for ${inMs(load.loopDelayP99Ms)} (99th percentile) and busy for ${inPercent(load.loopUtilization)} of the time: ${counted(delayed, 'call')} took as long as that, and may have waited for it.`,
			where: NOWHERE,
			lostMs: Math.max(0, delayedMs - gcMs),
			lostUsd: null,
			measured: false,
			evidence: { loopDelayP99Ms: load.loopDelayP99Ms, loopUtilization: load.loopUtilization, calls: all.calls, delayed, cpu: load.cpu },
			advice: 'Split work that computes for long, such as Code nodes over large inputs, or share it among workers in queue mode.',
		},
	];
}

/** How many calls took at least so long, as far as percentiles tell: who was quicker cannot have waited for the loop that long. */
function leastShareAbove({ p50, p95, p99 }: Quantiles, ms: number): number {
	if (p50 >= ms) return 0.5;
	if (p95 >= ms) return 0.05;
	return p99 >= ms ? 0.01 : 0;
}

/**
 * The share of misses whose answer had been there and was thrown out to make room: at most one miss for each. Caches count from the start
 * of their process: of one that is older than a day, a day's part is taken.
 */
export function evictedShare({ windows, resources, processes, at }: Snapshot, all: Sums): number {
	const ageMs = (id: string) => at - (processes.find((one) => one.id === id)?.startedAt ?? at);
	const evictions = resources.caches.reduce((sum, cache) => sum + cache.evictions * Math.min(1, DAY_MS / Math.max(1, ageMs(cache.process))), 0);
	const misses = Math.max(windows['24h'].total.misses, all.misses);
	return misses > 0 ? Math.min(1, evictions / misses) : 0;
}

export function findEvictions(splits: readonly Split[], { resources }: Snapshot, share: number): Finding[] {
	const lostMs = splits.reduce((sum, { evictedMs }) => sum + evictedMs, 0);
	const lostUsd = splits.reduce((sum, { evictedUsd }) => sum + evictedUsd, 0);
	if (lostMs <= 0) return [];
	const evictions = resources.caches.reduce((sum, cache) => sum + cache.evictions, 0);
	const bytes = sumKnown(resources.caches, 'bytes');
	const maxBytes = sumKnown(resources.caches, 'maxBytes');
	const full = maxBytes > 0 ? ` The caches are ${inPercent(bytes / maxBytes)} full.` : '';
	return [
		{
			cause: 'evictions',
			what: `${counted(evictions, 'answer was', 'answers were')} thrown out of the cache to make room: up to ${inPercent(share)} of the misses asked again for what had been there${lostUsd > 0 ? `, for ${inUsd(lostUsd)}` : ''}.${full}`,
			where: NOWHERE,
			lostMs,
			lostUsd: lostUsd > 0 ? lostUsd : null,
			measured: false,
			evidence: { evictions, missesThatHadBeenThere: share, bytes, maxBytes },
			advice: 'Put a Fastpath Store (Redis, Valkey or SQLite) behind the memory, or keep less: shorter times to live, or no cache for large answers.',
		},
	];
}

function sumKnown(caches: readonly CacheFacts[], of: 'bytes' | 'maxBytes'): number {
	return caches.reduce((sum, cache) => sum + (cache[of] ?? 0), 0);
}

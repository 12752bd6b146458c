import type { LimiterFacts, ResourceFacts, Snapshot, WindowName } from '../core/snapshot';
import { evictedShare, findInProcess } from './causes-inside';
import { byPlace, sumOf, type PlaceFacts, type Sums } from './places';

/** The time that callers spent on a place, by what it was spent on; together it is what was waited and what was upstream. */
export interface Split {
	/** Asking again for what had been thrown out of the cache. */
	readonly evictedMs: number;
	readonly evictedUsd: number;
	readonly connectingMs: number;
	/** Attempts beyond the first, and the pauses before them. */
	readonly retriesMs: number;
	readonly slotMs: number;
	readonly rateMs: number;
	/** For a connection of the pool. */
	readonly poolMs: number;
	readonly upstreamMs: number;
	readonly upstreamUsd: number;
}

/** Shares of all the time: in which the process was busy, and of misses whose answer had been thrown out. */
export interface Shares {
	readonly busy: number;
	readonly evicted: number;
}

/** A window, split: what bottlenecks and recommendations are made of. */
export function splitWindow(snapshot: Snapshot, window: WindowName) {
	const { series, total } = snapshot.windows[window];
	const all = sumOf([total]);
	const inside = findInProcess(snapshot, window, all);
	const busyMs = inside.reduce((sum, { lostMs }) => sum + lostMs, 0);
	const shares: Shares = { busy: all.durationMs > 0 ? Math.min(1, busyMs / all.durationMs) : 0, evicted: evictedShare(snapshot, all) };
	const places = byPlace(series).map((facts) => ({ facts, split: splitOf(facts, snapshot.resources, shares) }));
	return { all, inside, shares, places };
}

function splitOf({ place, sum }: PlaceFacts, resources: ResourceFacts, { busy, evicted }: Shares): Split {
	const again = sum.upstreamCalls > 0 ? Math.min(1, (evicted * sum.misses) / sum.upstreamCalls) : 0;
	const outside = sum.upstreamMs * (1 - busy);
	const evictedMs = outside * again;
	const connectingMs = Math.min(sum.connectMs, outside - evictedMs);
	const asked = outside - evictedMs - connectingMs;
	const repeatedMs = sum.attempts > 0 ? (asked * Math.min(sum.retries, sum.attempts)) / sum.attempts : 0;
	const waits = waitsOf(place.origin, sum, resources);
	const wait = (of: keyof Waits) => sum.waitedMs * waits[of];
	return {
		evictedMs,
		evictedUsd: sum.costUsd * again,
		connectingMs,
		retriesMs: repeatedMs + wait('retry'),
		slotMs: wait('slot'),
		rateMs: wait('rate'),
		poolMs: wait('pool'),
		upstreamMs: asked - repeatedMs,
		upstreamUsd: sum.costUsd * (1 - again),
	};
}

interface Waits {
	readonly slot: number;
	readonly rate: number;
	readonly pool: number;
	readonly retry: number;
}

/**
 * What calls to an origin wait for, as shares of 1. All waiting is measured together: who stands where now tells how to divide it. Where
 * nobody waits now, calls that were repeated waited between their attempts, and others for a slot, or under a rate where slots cannot explain it.
 */
function waitsOf(origin: string, sum: Sums, { limiters, pools }: ResourceFacts): Waits {
	const here = limiters.filter((limiter) => limiter.origin === origin);
	const [slots, rates] = [here.filter(isSlots), here.filter((limiter) => !isSlots(limiter))];
	const waiting = (those: readonly LimiterFacts[]) => those.reduce((count, one) => count + one.waiting, 0);
	const queued = pools.filter((pool) => pool.origin === origin).reduce((count, pool) => count + pool.queued, 0);
	const all = waiting(here) + queued;
	if (all > 0) return { slot: waiting(slots) / all, rate: waiting(rates) / all, pool: queued / all, retry: 0 };
	if (sum.retries > 0) return { slot: 0, rate: 0, pool: 0, retry: 1 };
	const isRate = rates.length > 0 && !slots.some(({ limit }) => limit !== null && mayExplain(limit, sum));
	return { slot: isRate ? 0 : 1, rate: isRate ? 1 : 0, pool: 0, retry: 0 };
}

function isSlots({ kind }: LimiterFacts): boolean {
	return kind === 'slots' || kind === 'adaptive';
}

/** Of calls that come all at once, the last waits until the others are through: no waiting for slots is longer than that, on average half as long. */
function mayExplain(slots: number, { calls, waitedMs, upstreamMs, upstreamCalls }: Sums): boolean {
	return upstreamCalls > 0 && waitedMs / calls <= ((calls / slots) * (upstreamMs / upstreamCalls)) / 2;
}

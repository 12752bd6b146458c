import type { ResourceFacts, Snapshot, WindowName } from '../core/snapshot';
import { evictedShare, findInProcess } from './causes-inside';
import { byPlace, sumOf, type PlaceFacts } from './places';

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
	const waits = waitsOf(place.origin, resources, sum.retries);
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
 * nobody waits now, calls that were repeated waited between their attempts, and others for a slot.
 */
function waitsOf(origin: string, { limiters, pools }: ResourceFacts, retries: number): Waits {
	const here = limiters.filter((limiter) => limiter.origin === origin);
	const waiting = (isSlots: boolean) => here.filter(({ kind }) => (kind === 'slots' || kind === 'adaptive') === isSlots).reduce((sum, one) => sum + one.waiting, 0);
	const queued = pools.filter((pool) => pool.origin === origin).reduce((sum, pool) => sum + pool.queued, 0);
	const [slot, rate] = [waiting(true), waiting(false)];
	const all = slot + rate + queued;
	if (all > 0) return { slot: slot / all, rate: rate / all, pool: queued / all, retry: 0 };
	if (retries > 0) return { slot: 0, rate: 0, pool: 0, retry: 1 };
	const onlyRates = here.length > 0 && here.every(({ kind }) => kind !== 'slots' && kind !== 'adaptive');
	return { slot: onlyRates ? 0 : 1, rate: onlyRates ? 1 : 0, pool: 0, retry: 0 };
}

import type { Snapshot, WindowName } from '../core/snapshot';
import { adviseOnProcess } from './advice-inside';
import { adviseOnPlace } from './advice-outside';
import type { Place } from './places';
import { DEFAULT_SETTINGS, type InsightSettings } from './settings';
import { splitWindow } from './split';

export type Remedy = 'moreSlots' | 'preWarm' | 'longerTimeToLive' | 'cacheTheRest' | 'sharedStore' | 'hedge' | 'providerBatches' | 'largerHeap' | 'moreWorkers';

/** A change worth trying, with what it would have saved within the window. */
export interface Recommendation extends Advice {
	/** Of all the time that callers spent, and of all that was paid; null where not known. */
	readonly share: { readonly ms: number | null; readonly usd: number | null };
}

export interface Advice {
	readonly remedy: Remedy;
	/** What to do, in a sentence. */
	readonly what: string;
	readonly where: Place;
	/** The parameter as the panel calls it, what it is now and what it might be; absent where there is none. */
	readonly parameter?: { readonly name: string; readonly from: number | string | null; readonly to: number | string };
	/** Milliseconds of callers, and dollars; null where the numbers do not say. */
	readonly gain: { readonly ms: number | null; readonly usd: number | null };
	/** Whether it may be less than that (`atMost`), or more (`atLeast`). */
	readonly bound: 'atMost' | 'atLeast' | 'about';
	/** How the gain was computed, and under what condition. */
	readonly how: string;
}

const MOST = 10;
/** A gain that nobody would notice is no advice. */
const LEAST_SHARE = 0.02;

/** What would have helped within a window, the most first. Each gain is computed from what was measured; none is promised. */
export function recommend(snapshot: Snapshot, settings: InsightSettings = DEFAULT_SETTINGS, window: WindowName = '1h'): Recommendation[] {
	const { all, inside, places } = splitWindow(snapshot, window);
	const advice = [
		...places.flatMap(({ facts, split }) => adviseOnPlace(facts, split, snapshot, settings)),
		...adviseOnProcess(places.map(({ split }) => split), inside, snapshot, settings),
	];
	return advice
		.map((one) => ({ ...one, share: { ms: part(one.gain.ms, all.durationMs), usd: part(one.gain.usd, all.costUsd) } }))
		.filter(({ gain, share }) => (gain.ms === null && gain.usd === null) || worth(share) >= LEAST_SHARE)
		.sort((a, b) => worth(b.share) - worth(a.share))
		.slice(0, MOST);
}

function part(gain: number | null, of: number): number | null {
	return gain === null || of <= 0 ? null : Math.min(1, gain / of);
}

function worth({ ms, usd }: Recommendation['share']): number {
	return Math.max(ms ?? 0, usd ?? 0);
}

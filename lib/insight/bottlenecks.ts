import type { Snapshot, WindowName } from '../core/snapshot';
import { findEvictions } from './causes-inside';
import { findAtPlace, surroundingsOf } from './causes-outside';
import type { Place } from './places';
import { splitWindow } from './split';

export type Cause =
	| 'slowUpstream'
	| 'manyCalls'
	| 'retries'
	| 'connecting'
	| 'waitingForSlot'
	| 'waitingForRate'
	| 'waitingForConnection'
	| 'evictions'
	| 'openCircuit'
	| 'eventLoop'
	| 'garbageCollection';

/** Where time goes, and why. */
export interface Bottleneck extends Finding {
	/** Of all the time that callers spent. */
	readonly share: number;
}

export interface Finding {
	readonly cause: Cause;
	/** A sentence with the numbers. */
	readonly what: string;
	readonly where: Place;
	/** Milliseconds of callers within the window. Callers wait side by side: it may be longer than the window. */
	readonly lostMs: number;
	/** What was paid for it; null where no money is known of. */
	readonly lostUsd: number | null;
	/** Whether the time was measured, or computed from counts and means. */
	readonly measured: boolean;
	readonly evidence: Readonly<Record<string, number>>;
	readonly advice: string;
}

const MOST = 20;
/** What is less than this share of all the time is nobody's bottleneck. */
const LEAST_SHARE = 0.01;

/**
 * Where callers' time went within a window, the most first. The time that a place took is split, so that no moment counts twice: a busy
 * process, answers that had been thrown out, connecting, repetitions and waiting come first, and what is left is the upstream's own.
 */
export function findBottlenecks(snapshot: Snapshot, window: WindowName = '1h'): Bottleneck[] {
	const { all, inside, shares, places } = splitWindow(snapshot, window);
	const surroundings = surroundingsOf(snapshot, window, all);
	const found = [
		...inside,
		...findEvictions(places.map(({ split }) => split), snapshot, shares.evicted),
		...places.flatMap(({ facts, split }) => findAtPlace(facts, split, surroundings)),
	];
	const spentMs = Math.max(all.durationMs, found.reduce((sum, { lostMs }) => sum + lostMs, 0));
	return found
		.map((finding) => ({ ...finding, share: spentMs > 0 ? finding.lostMs / spentMs : 0 }))
		.filter(({ share }) => share >= LEAST_SHARE)
		.sort((a, b) => b.lostMs - a.lostMs)
		.slice(0, MOST);
}

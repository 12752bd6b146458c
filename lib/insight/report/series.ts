import type { HistoryPoint, Snapshot } from '../../core/snapshot';
import { median } from '../theil-sen';
import type { Sample } from './lines';

/** Minutes put together, so that a day fits into a drawing. */
export interface Slot {
	readonly at: number;
	readonly minutes: readonly HistoryPoint[];
}

export interface Day {
	readonly from: number;
	readonly to: number;
	readonly slotMs: number;
	/** All of them, also those in which nothing was seen. */
	readonly slots: readonly Slot[];
}

const MINUTE = 60_000;
const SLOT_MINUTES = [1, 2, 5, 10, 15];
/** More would make the page large, and the columns thin. */
const MOST_SLOTS = 97;
const LEAST_MS = 15 * MINUTE;

/** The minutes of a snapshot, by slots of equal length, up to its own time. */
export function dayOf({ history, at }: Snapshot): Day {
	const last = Math.floor(at / MINUTE) * MINUTE;
	const first = Math.max(last - 24 * 60 * MINUTE, Math.min(history[0]?.at ?? last, last - LEAST_MS));
	const each = SLOT_MINUTES.find((minutes) => (last - first) / (minutes * MINUTE) <= MOST_SLOTS) ?? 15;
	const slotMs = each * MINUTE;
	const from = Math.floor(first / slotMs) * slotMs;
	const to = Math.ceil((last + MINUTE) / slotMs) * slotMs;
	const held = new Map<number, HistoryPoint[]>();
	for (const minute of history) {
		const slot = Math.floor(minute.at / slotMs) * slotMs;
		held.set(slot, [...(held.get(slot) ?? []), minute]);
	}
	const slots = Array.from({ length: Math.round((to - from) / slotMs) }, (_, index) => ({ at: from + index * slotMs, minutes: held.get(from + index * slotMs) ?? [] }));
	return { from, to, slotMs, slots };
}

/** A value per slot, in its middle. */
export function samplesOf({ slots, slotMs }: Day, read: (minutes: readonly HistoryPoint[]) => number | null): Sample[] {
	return slots.map(({ at, minutes }) => ({ at: at + slotMs / 2, value: minutes.length > 0 ? read(minutes) : null }));
}

export function sumIn(minutes: readonly HistoryPoint[], of: (minute: HistoryPoint) => number): number {
	return minutes.reduce((sum, minute) => sum + of(minute), 0);
}

/** Of the minutes that had calls: percentiles cannot be added up, and the middle one is that of a usual minute. */
export function usual(of: 'p50' | 'p95' | 'p99') {
	return (minutes: readonly HistoryPoint[]) => {
		const called = minutes.filter(({ calls }) => calls > 0).map((minute) => minute[of]);
		return called.length > 0 ? median(called) : null;
	};
}

/** Null where there is nothing to divide by. */
export function shareIn(part: (minute: HistoryPoint) => number, whole: (minute: HistoryPoint) => number) {
	return (minutes: readonly HistoryPoint[]) => {
		const all = sumIn(minutes, whole);
		return all > 0 ? Math.min(1, sumIn(minutes, part) / all) : null;
	};
}

export function worstOf(of: (minute: HistoryPoint) => number) {
	return (minutes: readonly HistoryPoint[]) => Math.max(...minutes.map(of));
}

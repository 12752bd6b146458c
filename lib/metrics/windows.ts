import { WINDOW_NAMES, type WindowName } from '../core/snapshot';
import { Ring } from './ring';

/** Calls are counted in slots of that length, which then go into the windows. */
export const SLOT_MS = 5000;
export const MINUTE_MS = 60_000;
/** Points of history. */
export const MINUTES = 1440;

const RINGS: Readonly<Record<WindowName, readonly [slotMs: number, count: number]>> = {
	'1m': [SLOT_MS, 12],
	'5m': [MINUTE_MS, 5],
	'1h': [5 * MINUTE_MS, 12],
	'24h': [60 * MINUTE_MS, 24],
};

export function forEachWindow<T>(make: (name: WindowName) => T): Record<WindowName, T> {
	return Object.fromEntries(WINDOW_NAMES.map((name) => [name, make(name)])) as Record<WindowName, T>;
}

export function ringsOf<T>(merge: (before: T, more: T) => T): Record<WindowName, Ring<T>> {
	return forEachWindow((name) => new Ring(...RINGS[name], merge));
}

export function minutesOf<T>(merge: (before: T, more: T) => T): Ring<T> {
	return new Ring(MINUTE_MS, MINUTES, merge);
}

import type { Snapshot } from '../core/snapshot';
import { readAll, type Reading } from './readings';
import type { InsightSettings } from './settings';
import { isWorse, SEVERITIES, type Severity } from './severity';

/** Something that is too much now. */
export interface Alert extends Omit<Reading, 'severity' | 'clear'> {
	/** As it is now; it may have been worse. */
	readonly severity: Severity;
	/** The worst since it was raised: what has been told. */
	readonly worst: Severity;
	readonly worstValue: number;
	/** Milliseconds since the epoch. */
	readonly raisedAt: number;
	/** Since when it has been over, as far as it is; it ends when it has been for the cooldown. */
	readonly overSince: number | null;
}

export type AlertEventKind = 'raised' | 'escalated' | 'resolved';

export interface AlertEvent {
	readonly kind: AlertEventKind;
	readonly at: number;
	readonly alert: Alert;
	/** Of a resolved one: `recovered`, or `notSeen` where nothing was measured any more. */
	readonly why?: 'recovered' | 'notSeen';
}

/**
 * What is known of alerts: plain data, so that processes can keep it together in a store. Whoever advances it reads it before and writes
 * it after, under a lease; a snapshot that is no newer than the last one changes nothing.
 */
export interface AlertBook {
	readonly version: 1;
	/** Of the last snapshot. */
	readonly at: number;
	/** Worst first. */
	readonly standing: readonly Alert[];
	/** When something that is over was last told of, by rule and subject: it is not raised anew within the cooldown. */
	readonly told: Readonly<Record<string, number>>;
	/** The last events, oldest first. */
	readonly recent: readonly AlertEvent[];
}

export const EMPTY_BOOK: AlertBook = { version: 1, at: 0, standing: [], told: {}, recent: [] };

/** Clocks of several processes may differ by less than this. */
const SKEW_MS = 300_000;
const MAX_STANDING = 100;
const MAX_RECENT = 100;

/** The next state of the book, and what there is to tell. Each alert is raised once, escalates at most three times and ends once. */
export function advance(book: AlertBook, snapshot: Snapshot, settings: InsightSettings): { readonly book: AlertBook; readonly events: readonly AlertEvent[] } {
	const now = snapshot.at;
	if (now <= book.at && book.at - now < SKEW_MS) return { book, events: [] };
	return step(now > book.at ? book : setBack(book, now), readAll(snapshot, settings), now, settings.cooldownMs);
}

/** A clock was wrong: what lies in the future begins now. */
function setBack(book: AlertBook, now: number): AlertBook {
	const standing = book.standing.map((alert) => ({ ...alert, raisedAt: Math.min(alert.raisedAt, now), overSince: alert.overSince === null ? null : Math.min(alert.overSince, now) }));
	return { ...book, standing, told: Object.fromEntries(Object.entries(book.told).map(([key, at]) => [key, Math.min(at, now)])) };
}

/** The same from readings. */
export function step(book: AlertBook, readings: readonly Reading[], now: number, cooldownMs: number): { readonly book: AlertBook; readonly events: readonly AlertEvent[] } {
	const events: AlertEvent[] = [];
	const told = Object.fromEntries(Object.entries(book.told).filter(([, at]) => now - at < cooldownMs));
	const standing: Alert[] = [];
	const left = new Map(readings.map((reading) => [keyOf(reading), reading]));

	for (const alert of book.standing) {
		const key = keyOf(alert);
		const next = follow(alert, left.get(key), now);
		const seen = left.delete(key);
		if (next.overSince !== null && now - next.overSince >= cooldownMs) {
			told[key] = now;
			events.push({ kind: 'resolved', at: now, alert: next, why: seen ? 'recovered' : 'notSeen' });
			continue;
		}
		standing.push(next);
		if (isWorse(next.worst, alert.worst)) events.push({ kind: 'escalated', at: now, alert: next });
	}
	for (const [key, reading] of [...left].sort(([, a], [, b]) => rank(b) - rank(a))) {
		if (!reading.severity || told[key] !== undefined || standing.length >= MAX_STANDING) continue;
		const alert = raise(reading, reading.severity, now);
		standing.push(alert);
		events.push({ kind: 'raised', at: now, alert });
	}
	standing.sort(worstFirst);
	return { book: { version: 1, at: now, standing, told, recent: [...book.recent, ...events].slice(-MAX_RECENT) }, events };
}

function raise(reading: Reading, severity: Severity, now: number): Alert {
	return { ...factsOf(reading), severity, worst: severity, worstValue: reading.value, raisedAt: now, overSince: null };
}

/** An alert with what is read of it now; unread, it is over as far as anybody knows. */
function follow(alert: Alert, reading: Reading | undefined, now: number): Alert {
	if (!reading) return { ...alert, overSince: alert.overSince ?? now };
	const { severity, clear, value } = reading;
	return {
		...factsOf(reading),
		severity: severity ?? 'low',
		worst: severity && isWorse(severity, alert.worst) ? severity : alert.worst,
		worstValue: Math.max(alert.worstValue, value),
		raisedAt: alert.raisedAt,
		overSince: clear ? (alert.overSince ?? now) : null,
	};
}

function factsOf({ rule, subject, name, value, limit, says, advice }: Reading): Omit<Reading, 'severity' | 'clear'> {
	return { rule, subject, name, value, limit, says, advice };
}

export function keyOf({ rule, subject }: Pick<Reading, 'rule' | 'subject'>): string {
	return `${rule} ${subject}`;
}

/** The higher the worse; what is within its limit, last. */
function rank({ severity }: Pick<Reading, 'severity'>): number {
	return severity ? SEVERITIES.indexOf(severity) : -1;
}

function worstFirst(a: Alert, b: Alert): number {
	return rank(b) - rank(a) || a.raisedAt - b.raisedAt;
}

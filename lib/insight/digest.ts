import type { Alert, AlertBook, AlertEvent } from './alerts';
import { SEVERITIES, type Severity } from './severity';
import { counted, inMs } from './words';

/** What happened in a time, in one message in place of many. */
export interface Digest {
	readonly from: number;
	readonly to: number;
	/** Alerts that stand now, by severity. */
	readonly standing: Readonly<Record<Severity, number>>;
	/** The worst of them; null where none stands. */
	readonly worst: Severity | null;
	readonly raised: number;
	readonly escalated: number;
	readonly resolved: number;
	readonly alerts: readonly Alert[];
	/** For a message: a headline, and a line for each alert that stands or has ended. */
	readonly text: string;
}

const MAX_LINES = 20;

/** @param since events at this time or before are left out */
export function digestOf(book: AlertBook, since: number): Digest {
	const events = book.recent.filter(({ at }) => at > since);
	const count = (kind: AlertEvent['kind']) => events.filter((event) => event.kind === kind).length;
	const counts = Object.fromEntries(SEVERITIES.map((severity) => [severity, book.standing.filter((alert) => alert.severity === severity).length]));
	const standing = counts as Record<Severity, number>;
	return {
		from: since,
		to: book.at,
		standing,
		worst: [...SEVERITIES].reverse().find((severity) => standing[severity] > 0) ?? null,
		raised: count('raised'),
		escalated: count('escalated'),
		resolved: count('resolved'),
		alerts: book.standing,
		text: textOf(book, events),
	};
}

function textOf({ standing, at }: AlertBook, events: readonly AlertEvent[]): string {
	const ended = events.filter(({ kind }) => kind === 'resolved');
	const headline = `${counted(standing.length, 'alert')} now, ${ended.length} over.`;
	const lines = [
		...standing.map(({ severity, says, raisedAt }) => `${severity}: ${says} For ${inMs(at - raisedAt)}.`),
		...ended.map(({ alert, at: endedAt }) => `over: ${alert.name}, ${alert.rule}, after ${inMs(endedAt - alert.raisedAt)}.`),
	];
	const shown = lines.slice(0, MAX_LINES);
	return [headline, ...shown, ...(lines.length > shown.length ? [`And ${lines.length - shown.length} more.`] : [])].join('\n');
}

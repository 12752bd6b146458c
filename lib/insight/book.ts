import { EMPTY_BOOK, type Alert, type AlertBook, type AlertEvent } from './alerts';
import { RULES } from './readings';
import { SEVERITIES } from './severity';

type Fields = Readonly<Record<string, unknown>>;

/** A book from what a store gave back. What another version wrote, or nobody can read, is left out: the worst of it is that an alert is raised again. */
export function readBook(stored: unknown): AlertBook {
	if (!isRecord(stored) || stored.version !== 1 || !isNumber(stored.at)) return EMPTY_BOOK;
	return {
		version: 1,
		at: stored.at,
		standing: listOf(stored.standing, isAlert),
		told: Object.fromEntries(Object.entries(isRecord(stored.told) ? stored.told : {}).filter((entry): entry is [string, number] => isNumber(entry[1]))),
		recent: listOf(stored.recent, isEvent),
	};
}

function listOf<T>(value: unknown, isOne: (entry: unknown) => entry is T): T[] {
	return Array.isArray(value) ? value.filter(isOne) : [];
}

function isEvent(value: unknown): value is AlertEvent {
	return isRecord(value) && ['raised', 'escalated', 'resolved'].includes(String(value.kind)) && isNumber(value.at) && isAlert(value.alert);
}

function isAlert(value: unknown): value is Alert {
	if (!isRecord(value)) return false;
	const { rule, severity, worst, overSince } = value;
	return (
		isOneOf(rule, RULES) && isOneOf(severity, SEVERITIES) && isOneOf(worst, SEVERITIES) && (overSince === null || isNumber(overSince)) &&
		['subject', 'name', 'says', 'advice'].every((name) => typeof value[name] === 'string') &&
		['value', 'limit', 'worstValue', 'raisedAt'].every((name) => isNumber(value[name]))
	);
}

function isOneOf(value: unknown, allowed: readonly string[]): boolean {
	return typeof value === 'string' && allowed.includes(value);
}

function isNumber(value: unknown): value is number {
	return typeof value === 'number' && Number.isFinite(value);
}

function isRecord(value: unknown): value is Fields {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

export type Severity = (typeof SEVERITIES)[number];

export function isWorse(one: Severity, other: Severity): boolean {
	return SEVERITIES.indexOf(one) > SEVERITIES.indexOf(other);
}

/** Of what has a ceiling: how much of the room above the limit is used up. */
const OF_ROOM: readonly number[] = [0.25, 0.5, 0.75];
/** Of the rest: multiples of the limit. */
const MULTIPLES: readonly number[] = [1.5, 2, 4];

/**
 * How bad it is that a value is above its limit; null where it is not. With the defaults, memory is medium from 85 % on, high from
 * 90 % and critical from 95 %; 5 seconds are medium from 7.5 s on, high from 10 s and critical from 20 s.
 */
export function severityOf(value: number, limit: number, ceiling?: number): Severity | null {
	if (!(value > limit)) return null;
	const steps = ceiling === undefined ? MULTIPLES.map((times) => times * limit) : OF_ROOM.map((share) => limit + share * (ceiling - limit));
	const passed = steps.filter((step) => value >= step).length;
	return SEVERITIES[passed] ?? 'critical';
}

/** What ends an alert lies a tenth below what began it. */
const HYSTERESIS = 0.9;

export function clearBelow(limit: number): number {
	return limit * HYSTERESIS;
}

import { ALL, type Allowance } from './byte-bound';
import { InvalidOptionError } from './errors';
import { requireNumber } from './validate';

/** How scarce memory is, and what caches may therefore do. */
export interface Pressure {
	/** `high`: caches shrink · `critical`: they take nothing new, and let go of half of what they hold. */
	readonly level: 'none' | 'high' | 'critical';
	/** On the clock: since when it is so. */
	readonly since: number;
	/** Since when memory would do for a lower level; null where it does not. */
	readonly calmSince: number | null;
	/** When caches last let go of half. */
	readonly halvedAt: number | null;
}

export interface PressureLimits {
	/** Of what the heap may grow to: above it, caches make do with half of their bounds. 0 for never. */
	readonly shrinkCachesPercent: number;
	/** Above it, they let go of half of what they hold, and take nothing new. 0 for never. */
	readonly stopCachesPercent: number;
}

export const DEFAULT_LIMITS: PressureLimits = { shrinkCachesPercent: 80, stopCachesPercent: 90 };

export const NO_PRESSURE: Pressure = { level: 'none', since: 0, calmSince: null, halvedAt: null };

const ALLOWANCES: Readonly<Record<Pressure['level'], Allowance>> = {
	none: ALL,
	high: { share: 0.5, writes: true },
	critical: { share: 0.5, writes: false },
};

/** A level ends this far below where it begins, and only when it has been so for a while: what is given back is filled again. */
const HYSTERESIS_PERCENT = 10;
const CALM_MS = 60_000;
/** Garbage has to be collected before it shows what letting go has brought. */
const HALVE_EVERY_MS = 30_000;

/** The pressure after a look at the heap; `halve` where caches are to let go of half now. */
export function feel(before: Pressure, heapShare: number, now: number, limits: PressureLimits): { readonly pressure: Pressure; readonly halve: boolean } {
	const percent = heapShare * 100;
	const [shrinkAbove, stopAbove] = [limits.shrinkCachesPercent || Infinity, limits.stopCachesPercent || Infinity];
	const risen = percent > stopAbove ? 'critical' : percent > shrinkAbove && before.level === 'none' ? 'high' : before.level;
	if (risen !== before.level || risen === 'none') {
		const halve = risen === 'critical';
		const since = risen === before.level ? before.since : now;
		return { pressure: { level: risen, since, calmSince: null, halvedAt: halve ? now : before.halvedAt }, halve };
	}
	if (risen === 'critical' && percent > stopAbove) {
		const halve = before.halvedAt === null || now - before.halvedAt >= HALVE_EVERY_MS;
		return { pressure: { ...before, calmSince: null, halvedAt: halve ? now : before.halvedAt }, halve };
	}
	const end = (risen === 'critical' ? stopAbove : shrinkAbove) - HYSTERESIS_PERCENT;
	const calmSince = percent < end ? (before.calmSince ?? now) : null;
	if (calmSince === null || now - calmSince < CALM_MS) return { pressure: { ...before, calmSince }, halve: false };
	// One level at a time, each with a while of its own.
	return { pressure: { level: risen === 'critical' ? 'high' : 'none', since: now, calmSince: null, halvedAt: before.halvedAt }, halve: false };
}

export function allowanceUnder({ level }: Pressure): Allowance {
	return ALLOWANCES[level];
}

/** @throws InvalidOptionError */
export function readPressureLimits(given: Partial<PressureLimits>): PressureLimits {
	const limits = { ...DEFAULT_LIMITS, ...given };
	const { shrinkCachesPercent, stopCachesPercent } = limits;
	requireNumber('shrinkCachesPercent', shrinkCachesPercent, { max: 100 });
	requireNumber('stopCachesPercent', stopCachesPercent, { max: 100 });
	if (stopCachesPercent === 0 || stopCachesPercent >= shrinkCachesPercent) return { shrinkCachesPercent, stopCachesPercent };
	throw new InvalidOptionError('stopCachesPercent', `at least ${shrinkCachesPercent}, as shrinkCachesPercent, or 0`, stopCachesPercent);
}

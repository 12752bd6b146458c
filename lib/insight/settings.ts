import { CACHE_LIMIT_CHECKS, DEFAULT_CACHE_LIMITS, type CacheLimits } from '../core/cache-limits';
import { InvalidOptionError } from '../core/errors';
import { DEFAULT_LIMITS, readPressureLimits, type PressureLimits } from '../core/pressure';
import { requireInteger, requireNumber, requireText } from '../core/validate';

/**
 * What is held to be too much, and what caches may hold. Plain data, so that it can be kept in a store and sent as JSON; names carry their unit. A bound
 * of 0 is none.
 */
export interface InsightSettings extends PressureLimits, CacheLimits {
	/** Of what the heap may grow to. */
	readonly memoryPercent: number;
	/** Of one core. */
	readonly cpuPercent: number;
	/** The 95th percentile of what callers wait, of calls without a model. */
	readonly responseMs: number;
	/** The same of calls to a model, whose answers take the longer the more they say. */
	readonly modelResponseMs: number;
	/** Of the calls of an origin that nobody cancelled. */
	readonly errorPercent: number;
	/** The 99th percentile. */
	readonly loopDelayMs: number;
	/** US dollars within 24 hours. */
	readonly dailyUsd: number;
	/** Fewer calls than this say nothing of response times and errors. */
	readonly minCalls: number;
	/** The same alert is not raised again within this time, and what it was raised for must be over for as long. */
	readonly cooldownMs: number;
	/** Whether to collect garbage when caches have let go of half, where Node.js exposes it (--expose-gc). */
	readonly collectGarbage: boolean;
	readonly slos: readonly Slo[];
}

/** A service level objective, and the calls that it is about: without any name, all. */
export interface Slo {
	readonly name: string;
	readonly origin?: string;
	readonly model?: string;
	readonly workflowId?: string;
	readonly node?: string;
	/** How many of a hundred calls are to succeed, over 30 days; less than 100. */
	readonly successPercent?: number;
	/** What 99 of a hundred calls are to stay within. */
	readonly p99Ms?: number;
}

export const DEFAULT_SETTINGS: InsightSettings = {
	memoryPercent: 80,
	cpuPercent: 90,
	responseMs: 5000,
	modelResponseMs: 5000,
	errorPercent: 10,
	loopDelayMs: 100,
	dailyUsd: 0,
	minCalls: 20,
	cooldownMs: 60_000,
	...DEFAULT_LIMITS,
	...DEFAULT_CACHE_LIMITS,
	collectGarbage: false,
	slos: [],
};

export const SLO_MATCHES = ['origin', 'model', 'workflowId', 'node'] as const;

const MAX_SLOS = 50;
const DAY_MS = 86_400_000;

type Checks<T> = { readonly [name in keyof T]-?: (name: string, value: unknown) => T[name] };

const upTo = (max: number) => (name: string, value: unknown) => requireNumber(name, value, { max });
const text = (name: string, value: unknown) => requireText(name, value);

const CHECKS: Checks<InsightSettings> = {
	memoryPercent: upTo(100),
	cpuPercent: upTo(6400),
	responseMs: upTo(DAY_MS),
	modelResponseMs: upTo(DAY_MS),
	errorPercent: upTo(100),
	loopDelayMs: upTo(DAY_MS),
	dailyUsd: upTo(1e9),
	minCalls: (name, value) => requireInteger(name, value, { min: 1, max: 1_000_000 }),
	cooldownMs: (name, value) => requireInteger(name, value, { max: DAY_MS }),
	shrinkCachesPercent: upTo(100),
	stopCachesPercent: upTo(100),
	...CACHE_LIMIT_CHECKS,
	collectGarbage: yesOrNo,
	slos: readSlos,
};

const SLO_CHECKS: Checks<Slo> = {
	name: text,
	origin: text,
	model: text,
	workflowId: text,
	node: text,
	successPercent: (name, value) => requireNumber(name, value, { min: 1, max: 99.999 }),
	p99Ms: (name, value) => requireNumber(name, value, { min: 1, max: DAY_MS }),
};

/**
 * Settings from what a user or a store gave; what is absent is as in `base`.
 *
 * @throws InvalidOptionError that names the setting, also for one that does not exist
 */
export function readSettings(given: unknown, base: InsightSettings = DEFAULT_SETTINGS): InsightSettings {
	const settings = { ...base, ...readFields('settings', '', given, CHECKS) };
	return { ...settings, ...readPressureLimits(settings) };
}

function yesOrNo(name: string, value: unknown): boolean {
	if (typeof value === 'boolean') return value;
	throw new InvalidOptionError(name, 'true or false', value);
}

function readSlos(name: string, given: unknown): readonly Slo[] {
	if (!Array.isArray(given) || given.length > MAX_SLOS) throw new InvalidOptionError(name, `a list of at most ${MAX_SLOS} objectives`, given);
	const slos = given.map((entry, index) => readSlo(`${name}[${index}]`, entry));
	const twice = slos.find((slo, index) => slos.findIndex((other) => other.name === slo.name) < index);
	if (twice) throw new InvalidOptionError(name, 'a name of its own for each objective', twice.name);
	return slos;
}

function readSlo(at: string, given: unknown): Slo {
	const { name, ...rest } = readFields(at, `${at}.`, given, SLO_CHECKS);
	if (name === undefined) throw new InvalidOptionError(`${at}.name`, 'a text that is not empty', undefined);
	if (rest.successPercent === undefined && rest.p99Ms === undefined) {
		throw new InvalidOptionError(at, 'successPercent, p99Ms, or both', 'neither');
	}
	return { name, ...rest };
}

function readFields<T extends object>(what: string, prefix: string, given: unknown, checks: Checks<T>): Partial<T> {
	if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new InvalidOptionError(what, 'an object', given);
	const read: Partial<T> = {};
	for (const [name, value] of Object.entries(given)) {
		if (!isKey(checks, name)) throw new InvalidOptionError(what, `only ${Object.keys(checks).join(', ')}`, name);
		if (value !== undefined) read[name] = checks[name](`${prefix}${name}`, value);
	}
	return read;
}

function isKey<T extends object>(checks: Checks<T>, name: string): name is Extract<keyof T, string> {
	return Object.hasOwn(checks, name);
}

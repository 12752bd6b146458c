import type { LoadFacts, ProcessFacts, Snapshot } from '../core/snapshot';
import { byPlace, mainError, nameOf, type PlaceFacts } from './places';
import type { InsightSettings } from './settings';
import { clearBelow, severityOf, type Severity } from './severity';
import { readSlos } from './slo';
import { counted, inBytes, inMs, inPercent, inUsd, shortened } from './words';

export const RULES = ['memory', 'cpu', 'loopDelay', 'responseTime', 'errorRate', 'circuit', 'store', 'spending', 'errorBudget', 'slowCalls'] as const;

/** What is watched. `errorBudget` and `slowCalls` are of the objectives (slo.ts). */
export type Rule = (typeof RULES)[number];

/** One thing that is watched, as it is now. */
export interface Reading {
	readonly rule: Rule;
	/** Tells apart what one rule watches: a process, a place, an objective. */
	readonly subject: string;
	/** The same for people. */
	readonly name: string;
	/** Shares go from 0 to 1, times are milliseconds. */
	readonly value: number;
	readonly limit: number;
	/** Null where the value is within its limit. */
	readonly severity: Severity | null;
	/** Whether it is so far within that an alert may end: not at the limit itself, or it would come and go. */
	readonly clear: boolean;
	/** A sentence with the numbers. */
	readonly says: string;
	readonly advice: string;
}

/** Of a process that has not been heard of for longer, nothing is known. */
const SILENT_MS = 120_000;
/** Up to this many places are watched, those first that take the most time. */
const MAX_PLACES = 100;

/** All that can be read off a snapshot; what was not measured, or too rarely, is absent. */
export function readAll(snapshot: Snapshot, settings: InsightSettings): Reading[] {
	return [
		...snapshot.processes.filter(({ at }) => snapshot.at - at <= SILENT_MS).flatMap((one) => readProcess(one, snapshot, settings)),
		...readCalls(snapshot, settings),
		...readCircuits(snapshot),
		...readStores(snapshot),
		...readSpending(snapshot, settings),
		...readSlos(snapshot, settings),
	];
}

function readProcess(one: ProcessFacts, { processes, windows }: Snapshot, settings: InsightSettings): Reading[] {
	// A minute is steadier than a moment; of several processes it is known of the worst alone.
	const load: LoadFacts = processes.length === 1 ? windows['1m'].load : one.now;
	const name = processName(one);
	const base = { subject: one.id, name };
	const { heapUsedBytes, heapLimitBytes } = one.now;
	return [
		...within(settings.memoryPercent / 100, heapLimitBytes > 0 ? heapUsedBytes / heapLimitBytes : 0, {
			...base,
			rule: 'memory',
			ceiling: 1,
			says: (share) => `The heap of ${name} is ${inPercent(share)} full: ${inBytes(heapUsedBytes)} of ${inBytes(heapLimitBytes)}.`,
			advice: 'Work on fewer items at a time, or give n8n a larger heap (NODE_OPTIONS=--max-old-space-size).',
		}),
		...within(settings.cpuPercent / 100, load.cpu, {
			...base,
			rule: 'cpu',
			says: (share) => `${name} keeps ${inPercent(share)} of a core busy.`,
			advice: 'Find what computes: Code nodes over large inputs are the usual cause. More workers share the load in queue mode.',
		}),
		...within(settings.loopDelayMs, load.loopDelayP99Ms, {
			...base,
			rule: 'loopDelay',
			says: (ms) => `The event loop of ${name} is held up for ${inMs(ms)} (99th percentile): all that runs there waits as long.`,
			advice: 'Split work that computes for long, such as Code nodes over large inputs, or move it to another worker.',
		}),
	];
}

function readCalls({ windows }: Snapshot, settings: InsightSettings): Reading[] {
	const { minCalls, errorPercent } = settings;
	const { series, total } = windows['5m'];
	const enough = byPlace(series).filter(({ sum }) => sum.judged >= minCalls).slice(0, MAX_PLACES);
	// Where no place has enough calls of its own, all together may.
	const all: PlaceFacts[] = byPlace([total]).filter(({ sum }) => sum.judged >= minCalls);
	return (enough.length > 0 ? enough : all).flatMap((facts) => {
		const { key, sum, place } = facts;
		const name = nameOf(place);
		const base = { subject: key, name };
		return [
			...readResponse(facts, base, settings),
			...within(errorPercent / 100, sum.failed / sum.judged, {
				...base,
				rule: 'errorRate',
				ceiling: 1,
				says: (share) => `${inPercent(share)} of ${counted(sum.judged, 'call')} to ${name} failed within five minutes, most with ${mainError(facts.series) || 'no error'}.`,
				advice: 'See the errors by code. A circuit breaker spares callers the wait, and Fallback Models or another origin stand in.',
			}),
		];
	});
}

function readResponse({ series, place }: PlaceFacts, base: Pick<Reading, 'subject' | 'name'>, settings: InsightSettings): Reading[] {
	// Percentiles cannot be added up: that of the slowest series speaks for the place.
	const [slowest] = series.filter(({ calls }) => calls >= settings.minCalls).sort((a, b) => b.durationMs.p95 - a.durationMs.p95);
	if (!slowest) return [];
	const by = slowest.node && slowest.node !== base.name ? `, asked by ${shortened(slowest.node)},` : '';
	return within(place.model ? settings.modelResponseMs : settings.responseMs, slowest.durationMs.p95, {
		...base,
		rule: 'responseTime',
		says: (ms) => `One of twenty calls to ${base.name}${by} took ${inMs(ms)} or longer within five minutes.`,
		advice: 'See the bottlenecks for where the time goes: the answer itself, waiting for a slot, connecting, or repeating.',
	});
}

function readCircuits({ resources }: Snapshot): Reading[] {
	const origins = new Map<string, boolean>();
	for (const { origin, state } of resources.circuits) origins.set(origin, (origins.get(origin) ?? false) || state === 'open');
	return [...origins].map(([origin, open]) => ({
		...onOff('circuit', origin, open),
		severity: open ? 'high' : null,
		says: open ? `The circuit to ${shortened(origin)} is open: calls fail at once, until a trial call succeeds.` : `The circuit to ${shortened(origin)} is closed.`,
		advice: 'See whether the service is well. It is tried again by itself; Reset Breaker tries it now.',
	}));
}

function readStores({ resources }: Snapshot): Reading[] {
	const stores = new Map<string, boolean>();
	for (const { name, state } of resources.caches) stores.set(name, (stores.get(name) ?? false) || state === 'down');
	return [...stores].map(([name, down]) => ({
		...onOff('store', name, down),
		severity: down ? 'medium' : null,
		says: down ? `The store ${shortened(name)} does not answer: each process is left to its own memory.` : `The store ${shortened(name)} answers.`,
		advice: 'See whether the store runs and can be reached. It is used again as soon as it answers.',
	}));
}

function readSpending({ windows }: Snapshot, { dailyUsd }: InsightSettings): Reading[] {
	const { total } = windows['24h'];
	return within(dailyUsd, total.costUsd + total.refreshes.costUsd, {
		rule: 'spending',
		subject: 'all',
		name: 'all calls',
		says: (usd) => `${inUsd(usd)} were spent within 24 hours, of ${inUsd(dailyUsd)}.`,
		advice: 'See which node and model spends the most. A budget on the node stops calls before they are made.',
	});
}

function onOff(rule: Rule, subject: string, on: boolean): Pick<Reading, 'rule' | 'subject' | 'name' | 'value' | 'limit' | 'clear'> {
	return { rule, subject, name: shortened(subject), value: on ? 1 : 0, limit: 1, clear: !on };
}

interface About extends Pick<Reading, 'rule' | 'subject' | 'name' | 'advice'> {
	/** What the value cannot exceed. */
	readonly ceiling?: number;
	says(value: number): string;
}

/** Nothing where no limit is set. */
function within(limit: number, value: number, { ceiling, says, ...about }: About): Reading[] {
	if (limit <= 0) return [];
	return [{ ...about, value, limit, severity: severityOf(value, limit, ceiling), clear: value < clearBelow(limit), says: says(value) }];
}

export function processName({ kind, host, pid }: Pick<ProcessFacts, 'kind' | 'host' | 'pid'>): string {
	const where = host ? `${pid} on ${shortened(host)}` : String(pid);
	return kind ? `${shortened(kind)} (process ${where})` : `process ${where}`;
}

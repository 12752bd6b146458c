import type { Snapshot } from '../core/snapshot';
import { nameOf, type PlaceFacts } from './places';
import type { Advice } from './recommendations';
import type { InsightSettings } from './settings';
import type { Split } from './split';
import { counted, inMs, inNumber, inPercent } from './words';

const MOST_CONCURRENT = 1000;
/** Providers that take half the price for what can wait. */
const HALF_PRICE = ['https://api.openai.com', 'https://api.anthropic.com', 'https://generativelanguage.googleapis.com'];
const BATCH_FACTOR = 0.5;
/** Fewer are no matter for a batch. */
const WORTH_A_BATCH = 50;

export function adviseOnPlace(facts: PlaceFacts, split: Split, snapshot: Snapshot, settings: InsightSettings): Advice[] {
	return [moreSlots, preWarm, longerTimeToLive, cacheTheRest, hedge, providerBatches].flatMap((advise) => advise(facts, split, snapshot, settings));
}

function moreSlots({ place, sum }: PlaceFacts, { slotMs }: Split, { resources }: Snapshot, { errorPercent }: InsightSettings): Advice[] {
	const limits = resources.limiters.filter(({ origin, kind }) => origin === place.origin && kind === 'slots').flatMap(({ limit }) => (limit === null ? [] : [limit]));
	const limit = Math.min(...limits);
	const isSick = sum.failed > (sum.judged * errorPercent) / 100 || resources.circuits.some(({ origin, state }) => origin === place.origin && state !== 'closed');
	if (slotMs <= 0 || limits.length === 0 || limit >= MOST_CONCURRENT || isSick) return [];
	const to = Math.min(MOST_CONCURRENT, 2 * limit);
	const freed = 1 - limit / to;
	return [
		{
			remedy: 'moreSlots',
			what: `Let ${inNumber(to)} calls to ${nameOf(place)} run at a time, in place of ${inNumber(limit)}.`,
			where: place,
			parameter: { name: 'Max Concurrent', from: limit, to },
			gain: { ms: slotMs * freed, usd: null },
			bound: 'about',
			how: `Calls waited ${inMs(slotMs)} for a slot; with ${inNumber(to / limit)} times the slots, ${inPercent(freed)} of it falls away, as long as the service answers as fast at that pace. Go back where errors or times grow.`,
		},
	];
}

function preWarm({ place, sum }: PlaceFacts, { connectingMs }: Split, { resources }: Snapshot): Advice[] {
	const opened = sum.attempts - sum.reusedConnections;
	if (connectingMs <= 0 || opened <= 0) return [];
	const busy = Math.max(1, ...resources.pools.filter(({ origin }) => origin === place.origin).map(({ inUse }) => inUse));
	return [
		{
			remedy: 'preWarm',
			what: `Open connections to ${nameOf(place)} before they are needed: run Pre-Warm Connections ahead of the work, or make its calls one after the other from the same settings.`,
			where: place,
			parameter: { name: 'Connections (Pre-Warm Connections)', from: null, to: busy },
			gain: { ms: connectingMs, usd: null },
			bound: 'atMost',
			how: `${counted(opened, 'of the requests', 'of the requests')} opened a connection, which took ${inMs(connectingMs)} together. Where the service closes idle connections early, some of it remains.`,
		},
	];
}

function longerTimeToLive({ place, sum, series }: PlaceFacts): Advice[] {
	if (sum.revalidated === 0) return [];
	const [main] = [...series].sort((a, b) => b.revalidated - a.revalidated);
	const ms = (sum.revalidated / 2) * (main?.upstreamMs.p50 ?? 0);
	return [
		{
			remedy: 'longerTimeToLive',
			what: `Keep answers of ${nameOf(place)} twice as long: ${counted(sum.revalidated, 'time')} it only confirmed what was known.`,
			where: place,
			parameter: { name: 'Time to Live (Seconds)', from: null, to: 'twice as long' },
			gain: { ms, usd: null },
			bound: 'about',
			how: `Half of the ${inNumber(sum.revalidated)} confirmations fall away, ${inMs(main?.upstreamMs.p50 ?? 0)} each. Adaptive Time to Live does so by itself.`,
		},
	];
}

/** Where some calls to a place use the cache with success, the others may too. */
function cacheTheRest({ place, sum }: PlaceFacts): Advice[] {
	const asked = sum.calls - sum.bypassed;
	const ratio = asked > 0 ? (sum.hits + sum.stale + sum.similar) / asked : 0;
	if (sum.bypassed < 10 || asked < 10 || ratio <= 0 || sum.upstreamCalls === 0) return [];
	const calls = sum.bypassed * ratio;
	return [
		{
			remedy: 'cacheTheRest',
			what: `Use the cache for the other ${counted(sum.bypassed, 'call')} to ${nameOf(place)} as well.`,
			where: place,
			parameter: { name: place.model ? 'Cache' : 'Response Cache', from: 'Off', to: 'on' },
			gain: { ms: (calls * sum.upstreamMs) / sum.upstreamCalls, usd: sum.costUsd > 0 ? (calls * sum.costUsd) / sum.upstreamCalls : null },
			bound: 'about',
			how: `${inPercent(ratio)} of the calls that look into the cache are answered from it; the others save as much if they repeat as often.`,
		},
	];
}

/** What lies beyond the 99th percentile is at least as long: asked again at the 95th, it takes what half of all calls take. */
function hedge({ place, series }: PlaceFacts): Advice[] {
	if (place.model) return [];
	const gains = series.map(({ upstreamMs: { count, p50, p95, p99 } }) => (count >= 100 ? 0.01 * count * Math.max(0, p99 - p95 - p50) : 0));
	const ms = gains.reduce((sum, gain) => sum + gain, 0);
	if (ms <= 0) return [];
	return [
		{
			remedy: 'hedge',
			what: `Ask ${nameOf(place)} a second time where an answer takes long, and use what comes first.`,
			where: place,
			parameter: { name: 'Hedged Requests', from: null, to: 'After the 95th Percentile' },
			gain: { ms, usd: null },
			bound: 'atLeast',
			how: 'One of a hundred calls takes at least the 99th percentile; asked again at the 95th, it would take the median more. It costs up to 5 % more requests, and is for GET, HEAD and OPTIONS alone.',
		},
	];
}

function providerBatches({ place, sum }: PlaceFacts): Advice[] {
	if (!place.model || !HALF_PRICE.includes(place.origin) || sum.upstreamCalls < WORTH_A_BATCH || sum.costUsd <= 0) return [];
	return [
		{
			remedy: 'providerBatches',
			what: `Send what can wait to ${nameOf(place)} as a provider's batch, at half the price.`,
			where: place,
			parameter: { name: 'Operation', from: null, to: 'Submit Batch' },
			gain: { ms: null, usd: sum.costUsd * BATCH_FACTOR },
			bound: 'atMost',
			how: `Half of what ${counted(sum.upstreamCalls, 'call')} cost, if all of them can wait for up to 24 hours.`,
		},
	];
}

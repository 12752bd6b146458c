import type { Snapshot, WindowName } from '../core/snapshot';
import type { Cause, Finding } from './bottlenecks';
import { byPlace, nameOf, type PlaceFacts, type Sums } from './places';
import type { Split } from './split';
import { counted, inMs, inNumber, inPercent, shortened } from './words';

interface Surroundings {
	readonly snapshot: Snapshot;
	readonly window: WindowName;
	readonly all: Sums;
	/** The places over 24 hours, by their keys. */
	readonly day: ReadonlyMap<string, PlaceFacts>;
}

/** What the places of a window are seen against. */
export function surroundingsOf(snapshot: Snapshot, window: WindowName, all: Sums): Surroundings {
	return { snapshot, window, all, day: new Map(byPlace(snapshot.windows['24h'].series).map((facts) => [facts.key, facts])) };
}

/** What calls to one place spend their time on. */
export function findAtPlace(facts: PlaceFacts, split: Split, surroundings: Surroundings): Finding[] {
	const { place, sum } = facts;
	const name = nameOf(place);
	const base = { where: place, lostUsd: null, measured: true };
	const each = (ms: number, count = sum.calls) => inMs(count > 0 ? ms / count : 0);
	const opened = Math.max(0, sum.attempts - sum.reusedConnections);
	const waits = (cause: Cause, lostMs: number, whatFor: string, advice: string): Finding => ({
		...base,
		cause,
		what: `Calls to ${name} waited ${inMs(lostMs)} together for ${whatFor}: ${each(lostMs)} each.`,
		lostMs,
		evidence: { waitedMs: sum.waitedMs, calls: sum.calls, waitingNow: waitingAt(place.origin, surroundings.snapshot) },
		advice,
	});
	const all: Finding[] = [
		{
			...base,
			cause: 'connecting',
			what: `${counted(opened, 'of the requests', 'of the requests')} to ${name} had to open a connection first (${inPercent(sum.attempts > 0 ? opened / sum.attempts : 0)}), which took ${each(split.connectingMs, opened)} each.`,
			lostMs: split.connectingMs,
			evidence: { connectMs: sum.connectMs, opened, attempts: sum.attempts, reused: sum.reusedConnections },
			advice: 'Keep connections open: send requests to one origin through the same node settings, keep more idle connections, and open them ahead of time (Pre-Warm Connections).',
		},
		{
			...base,
			cause: 'retries',
			what: `${counted(sum.retries, 'request was a repetition', 'requests were repetitions')} of ${counted(sum.attempts, 'request')} to ${name}, and calls waited before them.`,
			lostMs: split.retriesMs,
			measured: false,
			evidence: { retries: sum.retries, attempts: sum.attempts, waitedMs: sum.waitedMs, failed: sum.failed },
			advice: 'See what fails the first time. Where it is the rate of requests, set a limit that the service bears; where it is an outage, a circuit breaker spares the repetitions.',
		},
		waits('waitingForSlot', split.slotMs, 'a slot', 'Raise Max Concurrent as far as the service bears it, or send fewer items at a time.'),
		waits('waitingForRate', split.rateMs, 'their turn under a rate limit', 'Raise the limit if the service allows more, gather items into fewer requests, or cache what repeats.'),
		waits('waitingForConnection', split.poolMs, 'a connection of the pool', 'More requests leave at a time than the pool has connections (50, or Max Concurrent where that is more): use HTTP/2 where the service speaks it, or lower Max Concurrent of nodes that can wait.'),
		...findUpstream(facts, split, surroundings),
		...findOpenCircuit(facts, surroundings),
	];
	return all.filter(({ lostMs }) => lostMs > 0);
}

function waitingAt(origin: string, { resources }: Snapshot): number {
	const limited = resources.limiters.filter((one) => one.origin === origin).reduce((sum, one) => sum + one.waiting, 0);
	return resources.pools.filter((one) => one.origin === origin).reduce((sum, one) => sum + one.queued, limited);
}

/** Some places take time because they are slow, some because they are asked so often. */
function findUpstream({ key, place, series, sum }: PlaceFacts, { upstreamMs, upstreamUsd }: Split, { window, all, day }: Surroundings): Finding[] {
	if (sum.upstreamCalls === 0) return [];
	const name = nameOf(place);
	const eachMs = upstreamMs / sum.upstreamCalls;
	const others = { calls: all.upstreamCalls - sum.upstreamCalls, ms: all.upstreamMs - sum.upstreamMs };
	const often = others.calls > 0 && sum.upstreamCalls > others.calls && eachMs <= others.ms / others.calls;
	const main = series.reduce((most, one) => (one.upstreamMs.sum > most.upstreamMs.sum ? one : most));
	const usualMs = window === '24h' ? undefined : usualOf(main.upstreamMs.count, day.get(key));
	const slower = usualMs && main.upstreamMs.p50 > 1.5 * usualMs ? ` That is ${inNumber(main.upstreamMs.p50 / usualMs)} times as slow as over the day.` : '';
	const by = place.node && place.node !== name ? `, most of them by ${shortened(place.node)}` : '';
	return [
		{
			cause: often ? 'manyCalls' : 'slowUpstream',
			what: often
				? `${name} was asked ${counted(sum.upstreamCalls, 'time')}${by}: ${inPercent(sum.upstreamCalls / all.upstreamCalls)} of all requests, though each takes only ${inMs(eachMs)}.`
				: `${name} took ${inMs(eachMs)} to answer on average, for ${counted(sum.upstreamCalls, 'call')}${by}; half of them ${inMs(main.upstreamMs.p50)} or longer, one of twenty ${inMs(main.upstreamMs.p95)}.${slower}`,
			where: place,
			lostMs: upstreamMs,
			lostUsd: upstreamUsd > 0 ? upstreamUsd : null,
			measured: true,
			evidence: { upstreamCalls: sum.upstreamCalls, eachMs, p50: main.upstreamMs.p50, p95: main.upstreamMs.p95, ...(usualMs ? { usualP50: usualMs } : {}), hits: sum.hits },
			advice: often
				? 'Cache what repeats, and gather items into fewer requests (Batch Request).'
				: place.model
					? 'Cache what repeats; ask for shorter answers, or a faster model for what it can do; send more at a time.'
					: 'Cache what repeats, and send more at a time. Where only some answers are slow, hedging asks a second time.',
		},
	];
}

/** The median of a day, where most of it lies outside the window. */
function usualOf(count: number, day: PlaceFacts | undefined): number | undefined {
	const main = day?.series.reduce((most, one) => (one.upstreamMs.count > most.upstreamMs.count ? one : most));
	return main && main.upstreamMs.count >= 2 * count && main.upstreamMs.p50 > 0 ? main.upstreamMs.p50 : undefined;
}

/** A call that is refused takes no time, and its work remains to be done: it counts as long as one that is answered. */
function findOpenCircuit({ key, place, series, sum }: PlaceFacts, { snapshot, all, day }: Surroundings): Finding[] {
	const refused = series.reduce((count, { errors }) => count + (errors.ERR_CIRCUIT_OPEN ?? 0), 0);
	if (refused === 0) return [];
	const known = [day.get(key)?.sum, sum, all].find((sums) => sums && sums.upstreamCalls > 0);
	const eachMs = known ? known.upstreamMs / known.upstreamCalls : 0;
	const trips = snapshot.resources.circuits.filter(({ origin }) => origin === place.origin).reduce((count, circuit) => count + circuit.trips, 0);
	return [
		{
			cause: 'openCircuit',
			what: `${counted(refused, 'call')} to ${nameOf(place)} ${refused === 1 ? 'was' : 'were'} refused by the open circuit, of ${inNumber(sum.calls)}; the work remains to be done, ${inMs(eachMs)} each.`,
			where: place,
			lostMs: refused * eachMs,
			lostUsd: null,
			measured: false,
			evidence: { refused, calls: sum.calls, eachMs, trips },
			advice: 'See whether the service is well. Fallback Models or further origins stand in while it is not.',
		},
	];
}

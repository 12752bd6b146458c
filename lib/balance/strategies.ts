import type { Random } from '../core/random';

export const STRATEGIES = ['inOrder', 'latency', 'leastConnections', 'random', 'roundRobin', 'weighted'] as const;

export type Strategy = (typeof STRATEGIES)[number];

/** What a strategy may know of an origin. */
export interface Candidate {
	readonly origin: string;
	readonly weight: number;
	/** Requests under way. */
	readonly active: number;
	/** Smoothed latency in ms, now; 0 where nothing was measured yet. */
	latencyMs(): number;
}

/** Picks one of the candidates, of which there is at least one. They may be others each time. */
export type Choice = <C extends Candidate>(candidates: readonly C[]) => C;

export function createChoice(strategy: Strategy, random: Random): Choice {
	switch (strategy) {
		case 'inOrder':
			return (candidates) => at(candidates, 0);
		case 'roundRobin':
			return roundRobin();
		case 'leastConnections':
			return leastConnections();
		case 'random':
			return (candidates) => at(candidates, draw(candidates.length, random));
		case 'weighted':
			return weighted();
		case 'latency':
			return latencyAware(random);
	}
}

/** Whoever was chosen longest ago; so the turn is kept while candidates come and go. */
function roundRobin(): Choice {
	const turns = new Map<string, number>();
	let turn = 0;
	return (candidates) => {
		const chosen = least(candidates, ({ origin }) => turns.get(origin) ?? 0);
		turns.set(chosen.origin, (turn += 1));
		return chosen;
	};
}

/** The fewest requests under way; among equals, in turn. */
function leastConnections(): Choice {
	const inTurn = roundRobin();
	return (candidates) => {
		const fewest = Math.min(...candidates.map(({ active }) => active));
		return inTurn(candidates.filter(({ active }) => active === fewest));
	};
}

/**
 * Smooth weighted round robin, as in nginx: each gains its weight per turn, the richest is chosen and
 * pays the sum. Shares are exact over one cycle, and never come in one block.
 */
function weighted(): Choice {
	const credit = new Map<string, number>();
	return (candidates) => {
		let sum = 0;
		for (const { origin, weight } of candidates) {
			credit.set(origin, (credit.get(origin) ?? 0) + weight);
			sum += weight;
		}
		const chosen = least(candidates, ({ origin }) => -(credit.get(origin) ?? 0));
		credit.set(chosen.origin, (credit.get(chosen.origin) ?? 0) - sum);
		return chosen;
	};
}

/**
 * The cheaper one of two drawn at random, where the cost is latency times requests under way. Two, because
 * asking for the cheapest of all sends everybody there at once. Source: M. Mitzenmacher, "The Power of Two
 * Choices in Randomized Load Balancing", 2001.
 */
function latencyAware(random: Random): Choice {
	return (candidates) => {
		const first = draw(candidates.length, random);
		if (candidates.length === 1) return at(candidates, 0);
		const second = draw(candidates.length - 1, random);
		return least([at(candidates, first), at(candidates, second < first ? second : second + 1)], costOf);
	};
}

/** An origin that was not measured yet is tried with one request, and with no more until that is back. */
function costOf(candidate: Candidate): number {
	const latencyMs = candidate.latencyMs();
	if (latencyMs === 0) return candidate.active === 0 ? 0 : Infinity;
	return latencyMs * (candidate.active + 1);
}

/**
 * Latency smoothed over the last seconds, which follows a rise at once and a fall slowly, and forgets
 * while nothing is measured. After the peak EWMA of Finagle's load balancer.
 */
export class PeakEwma {
	#valueMs = 0;
	#at = 0;

	constructor(private readonly tauMs = 10_000) {}

	observe(latencyMs: number, now: number): void {
		const present = this.value(now);
		const kept = this.#valueMs === 0 ? 0 : Math.exp(-(now - this.#at) / this.tauMs);
		this.#valueMs = latencyMs > present ? latencyMs : this.#valueMs * kept + latencyMs * (1 - kept);
		this.#at = now;
	}

	/** An origin that stays unused becomes worth another try. */
	value(now: number): number {
		return this.#valueMs === 0 ? 0 : this.#valueMs * Math.exp(-(now - this.#at) / this.tauMs);
	}
}

function draw(end: number, random: Random): number {
	return Math.floor(random.next() * end);
}

function at<C>(candidates: readonly C[], index: number): C {
	return candidates[index] as C;
}

/** The first of those for which `cost` is least. */
function least<C>(candidates: readonly C[], cost: (candidate: C) => number): C {
	let chosen = at(candidates, 0);
	let lowest = cost(chosen);
	for (const candidate of candidates.slice(1)) {
		const its = cost(candidate);
		if (its < lowest) [chosen, lowest] = [candidate, its];
	}
	return chosen;
}

/** The traffic of bench/data/traffic.json, and how a cache is judged by it. Pure: time and chance come from outside. */
import { hash } from 'node:crypto';
import type { Seeded } from '../test/helpers/seeded.mts';

/** One question: wordings that may share an answer with it, and near-misses, each of which asks something else. */
export interface Group {
	readonly ask: string;
	readonly same: readonly string[];
	readonly different: readonly string[];
}

/** What the sweep goes through. */
export const THRESHOLDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

/** Half of the groups were looked at while thresholds and tables were made; the other half only counts. */
export type Half = 'tuning' | 'heldOut';

export function halfOf(group: Group): Half {
	return Number.parseInt(hash('sha256', group.ask).slice(0, 2), 16) % 2 === 0 ? 'tuning' : 'heldOut';
}

/** Looks for a prompt that was learnt before, and returns it. */
export interface Finder {
	learn(prompt: string): void;
	find(prompt: string): string | undefined;
}

export interface PairCounts {
	readonly pairs: number;
	/** Of wordings that ask the same. */
	readonly same: number;
	readonly hits: number;
	/** Look-ups that must find nothing: near-misses, and each question where only its near-misses are known. */
	readonly traps: number;
	readonly falseHits: number;
}

/** Each wording and near-miss is looked up where all questions have been learnt, and each question where it has been. */
export function judgePairs(groups: readonly Group[], newFinder: () => Finder): PairCounts {
	const finder = newFinder();
	for (const { ask } of groups) finder.learn(ask);
	let [same, hits, traps, falseHits] = [0, 0, 0, 0];
	for (const group of groups) {
		for (const wording of group.same) {
			const found = finder.find(wording);
			same += 1;
			if (found === group.ask) hits += 1;
			else if (found !== undefined) falseHits += 1;
		}
		const nearMisses = newFinder();
		for (const nearMiss of group.different) {
			if (finder.find(nearMiss) !== undefined) falseHits += 1;
			nearMisses.learn(nearMiss);
			traps += 1;
		}
		if (nearMisses.find(group.ask) !== undefined) falseHits += 1;
		traps += 1;
	}
	return { pairs: groups.reduce((pairs, group) => pairs + group.same.length + group.different.length, 0), same, hits, traps, falseHits };
}

export interface ReplayCounts {
	readonly requests: number;
	readonly exact: number;
	readonly similar: number;
	readonly falseHits: number;
	readonly tokens: number;
	readonly savedTokens: number;
}

/** A stream of requests whose questions repeat after Zipf's law, asked as they stand, in other wordings, or nearly. */
export function* traffic(groups: readonly Group[], count: number, random: Seeded): Generator<{ group: Group; prompt: string }> {
	const weights = groups.map((_, rank) => 1 / (rank + 1) ** 0.9);
	const total = weights.reduce((sum, weight) => sum + weight, 0);
	for (let request = 0; request < count; request += 1) {
		let left = random.next() * total;
		const rank = weights.findIndex((weight) => (left -= weight) < 0);
		const group = groups[Math.max(0, rank)];
		if (!group) return;
		const kind = random.next();
		const prompt = kind < 0.4 ? group.ask : kind < 0.8 ? random.pick(group.same) : random.pick(group.different);
		yield { group, prompt };
	}
}

/** Exact first, then similar; what is asked of the model is learnt. `priceOf` gives the tokens of a prompt and its answer. */
export function replay(
	stream: Iterable<{ group: Group; prompt: string }>,
	finder: Finder,
	priceOf: (prompt: string) => number,
): ReplayCounts {
	const known = new Map<string, string>();
	let [requests, exact, similar, falseHits, tokens, savedTokens] = [0, 0, 0, 0, 0, 0];
	for (const { group, prompt } of stream) {
		const meaning = group.different.includes(prompt) ? prompt : group.ask;
		const price = priceOf(prompt);
		requests += 1;
		tokens += price;
		if (known.has(prompt)) {
			exact += 1;
			savedTokens += price;
			continue;
		}
		const found = finder.find(prompt);
		if (found !== undefined) {
			similar += 1;
			savedTokens += price;
			if (known.get(found) !== meaning) falseHits += 1;
			continue;
		}
		known.set(prompt, meaning);
		finder.learn(prompt);
	}
	return { requests, exact, similar, falseHits, tokens, savedTokens };
}

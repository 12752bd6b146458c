import { ByteBound } from '../core/byte-bound';
import type { Clock } from '../core/clock';
import { requireInteger } from '../core/validate';
import { resemblance, sketchOf } from './sketch';

export interface SimilarIndexOptions {
	readonly clock: Clock;
	/** Default 20,000. */
	readonly maxEntries?: number;
	/** Of prompts, sketches and lists together, estimated; default 48 MB. */
	readonly maxBytes?: number;
}

export interface Candidate {
	/** Of the stored answer. */
	readonly key: string;
	readonly prompt: string;
	/** From 0 to 1. */
	readonly similarity: number;
}

interface Entry {
	readonly scope: string;
	readonly key: string;
	readonly prompt: string;
	readonly sketch: Uint32Array;
	readonly bytes: number;
	readonly expiresAt: number;
}

/** Ids of the entries with one n-gram, ascending; those before `head` have left. */
interface Posting {
	ids: number[];
	head: number;
}

/** Longer prompts carry documents, and documents that differ in a word are other documents: they are left to the exact cache. */
export const MAX_PROMPT_CHARS = 4000;

/** What one look-up may cost at most, whatever is in the index: ids read from lists, candidates compared. */
const MAX_VISITS = 8000;
const MAX_COMPARED = 32;

/** An id in a list, and a list with its place in the map. */
const POSTING_BYTES = 16;
const ENTRY_OVERHEAD_BYTES = 500;

/**
 * Which prompts resemble this one? Holds prompts and the keys of their answers, never an answer. A look-up reads the
 * lists of the rarest n-grams only: what shares none of them cannot reach the threshold (prefix filtering; R. Bayardo,
 * Y. Ma, R. Srikant, Scaling Up All Pairs Similarity Search, 2007). First in, first out; one index for all scopes, which
 * never meet in it.
 */
export class SimilarIndex {
	readonly #clock: Clock;
	readonly #maxEntries: number;
	readonly bound: ByteBound;
	/** By id, oldest first. An entry that was removed before its turn stays, to keep the lists in step, and is not in `#idOf`. */
	readonly #entries = new Map<number, Entry>();
	readonly #idOf = new Map<string, number>();
	readonly #postings = new Map<number, Posting>();
	readonly #scopeSizes = new Map<string, number>();
	#nextId = 0;
	#bytes = 0;

	constructor(options: SimilarIndexOptions) {
		this.#clock = options.clock;
		this.#maxEntries = requireInteger('maxEntries', options.maxEntries ?? 20_000, { min: 1 });
		const maxBytes = requireInteger('maxBytes', options.maxBytes ?? 48 * 1_048_576, { min: 1 });
		this.bound = new ByteBound(maxBytes, () => this.#bytes, (bytes) => this.#fit(bytes));
	}

	/** Learns that the answer to `prompt` is kept under `key` for `keepMs`; a prompt that is too long is passed over. */
	add(scope: string, prompt: string, key: string, keepMs: number): void {
		const expiresAt = this.#clock.now() + keepMs;
		const known = this.#entries.get(this.#idOf.get(key) ?? -1);
		if (prompt.length > MAX_PROMPT_CHARS || !this.bound.writes || (known && known.expiresAt >= expiresAt)) return;
		this.remove(key);
		const sketch = sketchOf(scope, prompt);
		const bytes = ENTRY_OVERHEAD_BYTES + 2 * (prompt.length + key.length) + sketch.length * (4 + POSTING_BYTES);
		if (bytes > this.bound.bytes) return;
		const id = this.#nextId;
		this.#nextId += 1;
		this.#entries.set(id, { scope, key, prompt, sketch, bytes, expiresAt });
		this.#idOf.set(key, id);
		this.#bytes += bytes;
		this.#scopeSizes.set(scope, (this.#scopeSizes.get(scope) ?? 0) + 1);
		for (const gram of sketch) {
			const posting = this.#postings.get(gram);
			if (posting) posting.ids.push(id);
			else this.#postings.set(gram, { ids: [id], head: 0 });
		}
		this.#fit(this.bound.bytes);
	}

	/** The prompts of this scope that resemble `prompt` by at least `threshold`, the closest first. */
	find(scope: string, prompt: string, threshold: number, limit: number): Candidate[] {
		if (prompt.length > MAX_PROMPT_CHARS || !this.#scopeSizes.has(scope)) return [];
		const sketch = sketchOf(scope, prompt);
		const weigh = (gram: number) => this.#rarity(scope, gram);
		const now = this.#clock.now();
		const found: Candidate[] = [];
		for (const id of this.#sharers(sketch, threshold, weigh)) {
			const entry = this.#entries.get(id);
			if (!entry || entry.scope !== scope || entry.expiresAt <= now || this.#idOf.get(entry.key) !== id) continue;
			const similarity = resemblance(sketch, entry.sketch, weigh);
			if (similarity >= threshold) found.push({ key: entry.key, prompt: entry.prompt, similarity });
		}
		return found.sort((a, b) => b.similarity - a.similarity).slice(0, limit);
	}

	/** For an answer that is no longer there. */
	remove(key: string): void {
		this.#idOf.delete(key);
	}

	sweep(): void {
		const now = this.#clock.now();
		for (const [id, entry] of this.#entries) {
			if (entry.expiresAt <= now && this.#idOf.get(entry.key) === id) this.remove(entry.key);
		}
		for (const [id, entry] of this.#entries) {
			if (this.#idOf.get(entry.key) === id) break;
			this.#evictOldest();
		}
	}

	clear(): void {
		for (const map of [this.#entries, this.#idOf, this.#postings, this.#scopeSizes]) map.clear();
		this.#bytes = 0;
	}

	stats(): { readonly entries: number; readonly bytes: number } {
		return { entries: this.#entries.size, bytes: this.#bytes };
	}

	/** Ids that share the rarest n-grams, those with most of their weight first. */
	#sharers(sketch: Uint32Array, threshold: number, weigh: (gram: number) => number): number[] {
		const grams = Array.from(sketch, (gram) => ({ gram, weight: weigh(gram) })).sort((a, b) => b.weight - a.weight);
		// Who shares none of these grams shares less than `threshold` of the weight with us.
		let toVisit = (1 - threshold) * grams.reduce((sum, { weight }) => sum + weight, 0);
		let visits = MAX_VISITS;
		const shared = new Map<number, number>();
		for (const { gram, weight } of grams) {
			if (toVisit < 0 || visits <= 0) break;
			toVisit -= weight;
			const posting = this.#postings.get(gram);
			if (!posting) continue;
			const oldest = Math.max(posting.head, posting.ids.length - visits);
			visits -= posting.ids.length - oldest;
			for (let index = posting.ids.length - 1; index >= oldest; index -= 1) {
				const id = posting.ids[index];
				if (id !== undefined) shared.set(id, (shared.get(id) ?? 0) + weight);
			}
		}
		const best = [...shared].sort((a, b) => b[1] - a[1]).slice(0, MAX_COMPARED);
		return best.map(([id]) => id);
	}

	/** Inverse document frequency, smoothed so that a small index does not take every n-gram for a rare one. */
	#rarity(scope: string, gram: number): number {
		const posting = this.#postings.get(gram);
		const holders = posting ? posting.ids.length - posting.head : 0;
		return Math.log(1 + ((this.#scopeSizes.get(scope) ?? 0) + 10) / (holders + 1));
	}

	#fit(maxBytes: number): void {
		while (this.#entries.size > this.#maxEntries || this.#bytes > maxBytes) this.#evictOldest();
	}

	/** The oldest id stands first in each of its lists, so that leaving is a step of their heads. */
	#evictOldest(): void {
		for (const [id, entry] of this.#entries) {
			this.#entries.delete(id);
			if (this.#idOf.get(entry.key) === id) this.#idOf.delete(entry.key);
			this.#bytes -= entry.bytes;
			const left = (this.#scopeSizes.get(entry.scope) ?? 1) - 1;
			if (left > 0) this.#scopeSizes.set(entry.scope, left);
			else this.#scopeSizes.delete(entry.scope);
			for (const gram of entry.sketch) this.#stepHead(gram);
			return;
		}
	}

	#stepHead(gram: number): void {
		const posting = this.#postings.get(gram);
		if (!posting) return;
		posting.head += 1;
		if (posting.head === posting.ids.length) {
			this.#postings.delete(gram);
		} else if (posting.head > 16 && posting.head * 2 > posting.ids.length) {
			posting.ids = posting.ids.slice(posting.head);
			posting.head = 0;
		}
	}
}

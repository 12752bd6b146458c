import { ByteBound } from '../core/byte-bound';
import type { Clock } from '../core/clock';
import { requireInteger } from '../core/validate';
import { MAX_PROMPT_CHARS, type Candidate } from './index';

export interface VectorIndexOptions {
	readonly clock: Clock;
	/** Default 5,000. */
	readonly maxEntries?: number;
	/** Of prompts and vectors together, estimated; default 48 MB. */
	readonly maxBytes?: number;
}

interface Entry {
	readonly scope: string;
	readonly key: string;
	readonly prompt: string;
	/** Of length 1. */
	readonly vector: Float32Array;
	readonly bytes: number;
	readonly expiresAt: number;
}

const ENTRY_OVERHEAD_BYTES = 400;
/** Numbers that one look-up may compare at most, whatever is in the index: some milliseconds. The newest entries are compared first. */
const MAX_COMPARED = 6_000_000;

/**
 * Which prompts are close to this one, by the cosine of their embeddings? As `SimilarIndex`: holds no answer, first in, first out, one
 * for all scopes, which never meet in it.
 */
export class VectorIndex {
	readonly #clock: Clock;
	readonly #maxEntries: number;
	readonly bound: ByteBound;
	/** By key, oldest first. */
	readonly #entries = new Map<string, Entry>();
	/** The same, by scope. */
	readonly #scopes = new Map<string, Map<string, Entry>>();
	#bytes = 0;

	constructor({ clock, maxEntries = 5000, maxBytes = 48 * 1_048_576 }: VectorIndexOptions) {
		this.#clock = clock;
		this.#maxEntries = requireInteger('maxEntries', maxEntries, { min: 1 });
		this.bound = new ByteBound(requireInteger('maxBytes', maxBytes, { min: 1 }), () => this.#bytes, (bytes) => this.#fit(bytes));
	}

	/** Learns that the answer to `prompt` is kept under `key` for `keepMs`. A vector without a length or a prompt that is too long is passed over. */
	add(scope: string, prompt: string, vector: readonly number[], key: string, keepMs: number): void {
		const unit = unitOf(vector);
		if (!unit || prompt.length > MAX_PROMPT_CHARS || !this.bound.writes) return;
		this.remove(key);
		const bytes = ENTRY_OVERHEAD_BYTES + 2 * (prompt.length + key.length) + unit.byteLength;
		if (bytes > this.bound.bytes) return;
		const entry = { scope, key, prompt, vector: unit, bytes, expiresAt: this.#clock.now() + keepMs };
		this.#entries.set(key, entry);
		const scoped = this.#scopes.get(scope) ?? new Map<string, Entry>();
		this.#scopes.set(scope, scoped.set(key, entry));
		this.#bytes += bytes;
		this.#fit(this.bound.bytes);
	}

	#fit(maxBytes: number): void {
		for (const oldest of this.#entries.keys()) {
			if (this.#entries.size <= this.#maxEntries && this.#bytes <= maxBytes) break;
			this.remove(oldest);
		}
	}

	/** The prompts of this scope that are at least that close, the closest first. */
	find(scope: string, vector: readonly number[], threshold: number, limit: number): Candidate[] {
		const unit = unitOf(vector);
		const scoped = this.#scopes.get(scope);
		if (!unit || !scoped) return [];
		const now = this.#clock.now();
		const newest = [...scoped.values()].slice(-Math.max(1, Math.floor(MAX_COMPARED / unit.length)));
		const found: Candidate[] = [];
		for (const { key, prompt, vector: other, expiresAt } of newest) {
			if (expiresAt <= now || other.length !== unit.length) continue;
			const similarity = dot(unit, other);
			if (similarity >= threshold) found.push({ key, prompt, similarity: Math.min(1, similarity) });
		}
		return found.sort((a, b) => b.similarity - a.similarity).slice(0, limit);
	}

	/** For an answer that is no longer there. */
	remove(key: string): void {
		const entry = this.#entries.get(key);
		if (!entry) return;
		this.#entries.delete(key);
		this.#bytes -= entry.bytes;
		const scoped = this.#scopes.get(entry.scope);
		scoped?.delete(key);
		if (scoped?.size === 0) this.#scopes.delete(entry.scope);
	}

	sweep(): void {
		const now = this.#clock.now();
		for (const { key, expiresAt } of [...this.#entries.values()]) if (expiresAt <= now) this.remove(key);
	}

	clear(): void {
		this.#entries.clear();
		this.#scopes.clear();
		this.#bytes = 0;
	}

	stats(): { readonly entries: number; readonly bytes: number } {
		return { entries: this.#entries.size, bytes: this.#bytes };
	}
}

function unitOf(vector: readonly number[]): Float32Array | undefined {
	let squares = 0;
	for (const value of vector) squares += value * value;
	const length = Math.sqrt(squares);
	return Number.isFinite(length) && length > 0 ? Float32Array.from(vector, (value) => value / length) : undefined;
}

function dot(a: Float32Array, b: Float32Array): number {
	let sum = 0;
	for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
	return sum;
}

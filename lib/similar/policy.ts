import type { Call, CallContext, Policy } from '../core/policy';
import type { SimilarTrace } from '../core/trace';
import { requireInteger, requireNumber, requireOneOf } from '../core/validate';
import { guardFor } from './guard';
import type { Candidate, SimilarIndex } from './index';

/** shadow: says what it would have served, and serves nothing. */
export const SIMILAR_MODES = ['off', 'shadow', 'on'] as const;

export interface SimilarOptions {
	readonly mode: 'shadow' | 'on';
	/** From 0 to 1: how much of the rarity-weighted n-grams both prompts must share. */
	readonly threshold: number;
	/** Older answers stand in for their own prompt only. */
	readonly maxAgeMs: number;
	/** Whether the trace may hold the text of the prompt that was matched. */
	readonly showPrompt: boolean;
}

/** How the cache behind this stage is used, and for how long it keeps what is new. */
export interface SimilarCache {
	readonly mode: 'readWrite' | 'readOnly' | 'refresh' | 'off';
	readonly ttlMs: number;
	/** What the answers of this caller are known by where they are to be cleared. */
	readonly marks?: object | undefined;
}

export interface SimilarParts {
	readonly index: SimilarIndex;
	readonly counts: SimilarCounts;
	/** The store that the cache behind this stage answers from. */
	readonly store: { get(key: string, asker?: object): Promise<Kept | undefined> };
}

interface Kept {
	readonly value: unknown;
	readonly ageMs: number;
	readonly ttlMs: number;
}

/** What became of the looks for a similar prompt, since the process began. */
export class SimilarCounts {
	served = 0;
	/** In shadow mode. */
	wouldServe = 0;
	vetoed = 0;
}

/** Candidates that are judged, the closest first. */
const MAX_JUDGED = 5;

/** Characters of a key that name an answer in a trace. */
const SHOWN_KEY_LENGTH = 16;

/**
 * In front of the cache: where the cache has no answer to a prompt, that to another wording of it stands in. What it serves
 * is never stored under the new prompt's key, so that answers do not drift from wording to wording. A look that fails for
 * whatever reason is a miss.
 */
export class SimilarPolicy implements Policy {
	readonly name = 'similar';

	constructor(
		private readonly options: SimilarOptions,
		private readonly cache: SimilarCache,
		private readonly parts: SimilarParts,
	) {
		requireOneOf('Similar Prompts', options.mode, SIMILAR_MODES);
		requireNumber('Similar Prompts Threshold', options.threshold, { max: 1 });
		requireInteger('maxAgeMs', options.maxAgeMs, { min: 1 });
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const { prompt, key, trace } = context;
		const { mode } = this.cache;
		if (!prompt || key === undefined || mode === 'off') return await call(context);
		if (mode !== 'refresh' && !(await this.parts.store.get(key, this.cache.marks))) {
			const report: SimilarTrace = { mode: this.options.mode, outcome: 'none', threshold: this.options.threshold, maxAgeMs: this.options.maxAgeMs };
			const found = await this.#look(prompt, report);
			trace.similar = report;
			if (found && this.options.mode === 'on') {
				trace.cache = 'similar';
				trace.ageMs = Math.round(found.ageMs);
				// The scope holds all of the request but its prompt, so the answer is of the caller's type.
				return found.value as T;
			}
		}
		const value = await call(context);
		if (trace.cache === 'hit' || (trace.cache === 'miss' && mode !== 'readOnly')) {
			this.parts.index.add(prompt.scope, prompt.text, key, this.cache.ttlMs);
		}
		return value;
	}

	/** The answer to the closest prompt that the guard lets pass and that is there, fresh and young enough. */
	async #look(prompt: { scope: string; text: string }, report: SimilarTrace): Promise<Kept | undefined> {
		const { index, counts, store } = this.parts;
		const candidates = index.find(prompt.scope, prompt.text, this.options.threshold, MAX_JUDGED);
		if (candidates.length === 0) return undefined;
		const vetoOf = guardFor(prompt.text);
		for (const candidate of candidates) {
			const veto = vetoOf(candidate.prompt);
			if (veto !== undefined) {
				if (report.veto === undefined) this.#describe(report, candidate, { outcome: 'vetoed', veto });
				continue;
			}
			const kept = await store.get(candidate.key, this.cache.marks);
			if (!kept) index.remove(candidate.key);
			if (!kept || kept.ageMs > Math.min(kept.ttlMs, this.cache.ttlMs, this.options.maxAgeMs)) continue;
			const outcome = this.options.mode === 'on' ? 'served' : 'wouldServe';
			counts[outcome] += 1;
			delete report.veto;
			this.#describe(report, candidate, { outcome });
			return kept;
		}
		if (report.outcome === 'vetoed') counts.vetoed += 1;
		return undefined;
	}

	#describe(report: SimilarTrace, candidate: Candidate, found: Partial<SimilarTrace>): void {
		Object.assign(report, found, {
			similarity: Math.round(candidate.similarity * 1000) / 1000,
			matched: candidate.key.slice(0, SHOWN_KEY_LENGTH),
			...(this.options.showPrompt ? { prompt: candidate.prompt } : {}),
		});
	}
}

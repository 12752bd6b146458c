import type { Call, CallContext, Policy, PromptVector } from '../core/policy';
import type { SimilarTrace } from '../core/trace';
import { requireInteger, requireNumber, requireOneOf } from '../core/validate';
import { guardFor } from './guard';
import { MAX_PROMPT_CHARS, type Candidate, type SimilarIndex } from './index';
import type { VectorIndex } from './vectors';

/** shadow: says what it would have served, and serves nothing. */
export const SIMILAR_MODES = ['off', 'shadow', 'on'] as const;

/** letters: sequences of letters that two prompts share. embeddings: the provider's own vectors, for which it is asked. */
export const CANDIDATES = ['letters', 'embeddings'] as const;

export interface SimilarOptions {
	readonly mode: 'shadow' | 'on';
	/** How prompts are found that the guard then judges. */
	readonly candidates: (typeof CANDIDATES)[number];
	/** From 0 to 1: how much of the rarity-weighted n-grams both prompts must share, or the cosine of their embeddings. */
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
	readonly vectors: VectorIndex;
	readonly counts: SimilarCounts;
	/** The store that the cache behind this stage answers from. */
	readonly store: { get(key: string, asker?: object): Promise<Kept | undefined> };
}

interface Kept {
	readonly value: unknown;
	readonly ageMs: number;
	readonly ttlMs: number;
}

type Prompt = NonNullable<CallContext['prompt']>;

/** One way to find prompts that resemble one. */
interface Finder {
	find(report: SimilarTrace): Promise<Candidate[]>;
	/** Learns that an answer to the prompt is kept under the key; `isNew`: it was just given. */
	learn(key: string, isNew: boolean): Promise<void>;
	forget(key: string): void;
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
		requireOneOf('Similar Prompts Candidates', options.candidates, CANDIDATES);
		requireNumber('Similar Prompts Threshold', options.threshold, { max: 1 });
		requireInteger('maxAgeMs', options.maxAgeMs, { min: 1 });
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const { prompt, key, trace } = context;
		const { mode } = this.cache;
		if (!prompt || key === undefined || mode === 'off') return await call(context);
		const finder = this.#finderOf(prompt, context.signal);
		if (mode !== 'refresh' && !(await this.parts.store.get(key, this.cache.marks))) {
			const report = this.#report();
			const found = await this.#look(prompt, finder, report);
			trace.similar = report;
			if (found && this.options.mode === 'on') {
				trace.cache = 'similar';
				trace.ageMs = Math.round(found.ageMs);
				// The scope holds all of the request but its prompt, so the answer is of the caller's type.
				return found.value as T;
			}
		}
		const value = await call(context);
		if (trace.cache === 'hit' || (trace.cache === 'miss' && mode !== 'readOnly')) await finder.learn(key, trace.cache === 'miss');
		return value;
	}

	/** What a look would come to. Nothing is asked for, counted or forgotten; undefined where none would be taken. */
	async peek(prompt: Prompt): Promise<SimilarTrace | undefined> {
		if (this.cache.mode === 'off' || this.cache.mode === 'refresh') return undefined;
		const report = this.#report();
		await this.#look(prompt, this.#finderOf(prompt, undefined), report, true);
		return report;
	}

	#report(): SimilarTrace {
		const { mode, candidates, threshold, maxAgeMs } = this.options;
		return { mode, candidates, outcome: 'none', threshold, maxAgeMs };
	}

	/** Without a signal, nothing is asked for. */
	#finderOf(prompt: Prompt, signal: AbortSignal | undefined): Finder {
		const { index, vectors } = this.parts;
		const { threshold } = this.options;
		if (this.options.candidates === 'letters') {
			return {
				find: async () => index.find(prompt.scope, prompt.text, threshold, MAX_JUDGED),
				learn: async (key) => index.add(prompt.scope, prompt.text, key, this.cache.ttlMs),
				forget: (key) => index.remove(key),
			};
		}
		let asked: Promise<PromptVector | undefined> | undefined;
		const vectorOf = async () => await (asked ??= prompt.text.length > MAX_PROMPT_CHARS ? undefined : prompt.vector?.(signal).catch(() => undefined));
		return {
			find: async (report) => {
				const vector = await vectorOf();
				if (!vector) return [];
				const { values, ...cost } = vector;
				report.embedding = cost;
				return vectors.find(prompt.scope, values, threshold, MAX_JUDGED);
			},
			learn: async (key, isNew) => {
				// An exact hit is not worth asking for an embedding.
				const vector = asked || isNew ? await vectorOf() : undefined;
				if (vector) vectors.add(prompt.scope, prompt.text, vector.values, key, this.cache.ttlMs);
			},
			forget: (key) => vectors.remove(key),
		};
	}

	/** The answer to the closest prompt that the guard lets pass and that is there, fresh and young enough. */
	async #look(prompt: Prompt, finder: Finder, report: SimilarTrace, onlyLooking = false): Promise<Kept | undefined> {
		const { counts, store } = this.parts;
		const candidates = await finder.find(report);
		if (candidates.length === 0) return undefined;
		const vetoOf = guardFor(prompt.text);
		for (const candidate of candidates) {
			const veto = vetoOf(candidate.prompt);
			if (veto !== undefined) {
				if (report.veto === undefined) this.#describe(report, candidate, { outcome: 'vetoed', veto });
				continue;
			}
			const kept = await store.get(candidate.key, this.cache.marks);
			if (!kept && !onlyLooking) finder.forget(candidate.key);
			if (!kept || kept.ageMs > Math.min(kept.ttlMs, this.cache.ttlMs, this.options.maxAgeMs)) continue;
			const outcome = this.options.mode === 'on' && !onlyLooking ? 'served' : 'wouldServe';
			if (!onlyLooking) counts[outcome] += 1;
			delete report.veto;
			this.#describe(report, candidate, { outcome });
			return kept;
		}
		if (report.outcome === 'vetoed' && !onlyLooking) counts.vetoed += 1;
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

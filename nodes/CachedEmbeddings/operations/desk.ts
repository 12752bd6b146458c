import { estimateTokens, usageOf } from '../../../lib/ai';
import { Gatherer } from '../../../lib/batch/gather';
import { cacheKey } from '../../../lib/cache/key';
import { MalformedAnswerError } from '../../../lib/core/errors';
import type { CallContext } from '../../../lib/core/policy';
import { newTrace, type CallTrace } from '../../../lib/core/trace';
import { embeddingsIdentity, failureOf, nameOf, original, originOf, ownRetries } from '../../../lib/langchain';
import type { EmbeddingsDesk, EmbeddingsModel } from '../../../lib/langchain';
import type { SubNode } from '../../../lib/n8n/sub-node';
import { partitionOf } from '../../shared/cache';
import { modelPrice } from '../../shared/model-price';
import { payFrom, toLimits } from '../../shared/pay';
import { cacheOptions, missOptions, type SubNodeSettings } from '../../shared/sub-node';

export interface EmbeddingsDeskParts extends SubNode {
	readonly settings: SubNodeSettings;
}

/** What is kept of a text. */
interface Kept {
	readonly vector: number[];
	readonly tookMs: number;
}

type Kind = Parameters<EmbeddingsDesk['embed']>[0];

/** How long a text waits for others that are not in the cache either. */
const GATHER_MS = 2;
/** The model makes requests of its own size of what it is given. */
const MAX_TEXTS = 2048;

/** Takes vectors from the cache, text by text, and has the model make those that are missing, together. */
export function embeddingsDesk(model: EmbeddingsModel, parts: EmbeddingsDeskParts): EmbeddingsDesk {
	const { runtime, settings, shared, log, below, place, cancel, warn } = parts;
	const credential = below.flatMap(({ credentials }) => credentials).join(' ') || 'none';
	const scope = { credential, origin: originOf(model) };
	const identity = embeddingsIdentity(model);
	const miss = { source: 'cachedEmbeddings', place, model: nameOf(model), scope, ...missOptions(settings, ownRetries(model)) };
	const policy = runtime.policy(miss);
	const price = modelPrice(model, settings.spending.prices);
	const limits = toLimits(settings.spending.budgets, { ...place, credential: [credential, scope.origin] });
	const book = shared ? runtime.limitsOver(shared).spending : runtime.spending;
	const cached = settings.cache.mode !== 'off';
	const lane = runtime.lane({
		...miss,
		...(cached ? { shared, cache: cacheOptions(settings, place, { refresh: false, isCacheable: (value) => isVector((value as Kept).vector) }) } : {}),
		// A text only joins a request here; attempts, circuit and slots are the request's.
		retry: { maxRetries: 0, baseMs: 0, maxMs: 0 },
		retryBudget: undefined,
		rate: undefined,
		breaker: undefined,
		maxConcurrent: 100_000,
	});

	return {
		async embed(kind, texts) {
			const run = log.begin({ kind, texts: texts.length });
			const distinct = [...new Set(texts)];
			const traces: CallTrace[] = [];
			const gatherer = gather(kind, traces);
			const leave = new AbortController();
			const signal = AbortSignal.any([cancel, leave.signal]);
			let failure: { readonly error: unknown } | undefined;
			const outcomes = await Promise.all(
				distinct.map(async (text) => {
					const key = cached ? cacheKey({ ...scope, partition: partitionOf(settings.cache, place) }, { embeddings: identity, below, kind, text }) : undefined;
					const call = async (context: CallContext) => await gatherer.add(text, context.signal);
					const outcome = await lane.run(call, { signal, key, idempotent: true });
					if (outcome.ok) return outcome;
					// One text without a vector fails all of them: the others need not go on.
					failure ??= { error: original(outcome.error) };
					leave.abort();
					return outcome;
				}),
			);
			if (failure) {
				run.fail(failure.error);
				throw failure.error;
			}
			const vectors = new Map(outcomes.map((outcome, index) => [distinct[index], outcome.ok ? outcome.value.vector : []]));
			const of = (status: string) => outcomes.filter(({ trace }) => !trace.coalesced && trace.cache === status).length;
			const sharedTexts = outcomes.filter(({ trace }) => trace.coalesced).length;
			const cache = { texts: texts.length, distinct: distinct.length, hits: of('hit') + of('stale'), misses: of('miss') + of('bypass'), shared: sharedTexts };
			run.end({ cache, upstreamMs: Math.round(traces.reduce((sum, { upstreamMs }) => sum + upstreamMs, 0)) });
			// Whoever gets a vector may change it.
			return texts.map((text) => [...(vectors.get(text) ?? [])]);
		},
	};

	function gather(kind: Kind, traces: CallTrace[]): Gatherer<string, Kept> {
		return new Gatherer<string, Kept>(
			{
				maxItems: MAX_TEXTS,
				maxWeight: Infinity,
				weigh: () => 1,
				maxWaitMs: GATHER_MS,
				send: async (texts, signal) => {
					const trace = newTrace();
					traces.push(trace);
					try {
						const startedAt = runtime.clock.now();
						const vectors = await policy.execute(async (context) => await ask(kind, texts, context), { signal, trace, idempotent: true });
						const tookMs = Math.round(runtime.clock.now() - startedAt);
						trace.upstreamMs += tookMs;
						return texts.map((_text, index) => ({ ok: true, value: { vector: vectors[index] ?? [], tookMs } }));
					} catch (error) {
						return texts.map(() => ({ ok: false, error }));
					}
				},
			},
			runtime.clock,
		);
	}

	async function ask(kind: Kind, texts: readonly string[], context: CallContext): Promise<number[][]> {
		let vectors: number[][];
		try {
			vectors = await payFrom(book, limits, {
				price,
				nameOf: () => nameOf(model),
				estimate: usageOf({ inputTokens: texts.reduce((sum, text) => sum + estimateTokens(text), 0) }),
				// LangChain does not pass on what a provider counted.
				usageOf: () => null,
				send: async () =>
					kind === 'document' ? await model.embedDocuments([...texts]) : await Promise.all(texts.map(async (text) => await model.embedQuery(text))),
				warn,
			});
		} catch (error) {
			throw failureOf(error, context.signal);
		}
		if (vectors.length === texts.length && vectors.every(isVector)) return vectors;
		throw new MalformedAnswerError(`The model was given ${texts.length} texts and gave ${vectors.filter(isVector).length} vectors`);
	}
}

function isVector(value: unknown): value is number[] {
	return Array.isArray(value) && value.length > 0 && value.every((number) => typeof number === 'number');
}

import { estimateTokens, requestUrl, usageOf, type EmbedFormat } from '../../../lib/ai';
import { Gatherer, sendSplitting, type Gathered } from '../../../lib/batch/gather';
import { cacheKey } from '../../../lib/cache/key';
import { hasCode, InvalidOptionError } from '../../../lib/core/errors';
import type { Call, Policy } from '../../../lib/core/policy';
import { newTrace, type CallTrace } from '../../../lib/core/trace';
import type { Outcome, Runtime } from '../../../lib/runtime';
import { partitionOf } from '../../shared/cache';
import type { ProviderAccess } from '../access';
import type { EmbedParameters } from '../parameters';
import { settle, type Place } from './chat';
import { cacheOf, laneOf } from './lane';
import { pay, priceCall } from './pay';
import { sendToProvider } from './send';

/** What is kept of a text. */
export interface Embedding {
	vector: number[];
	model: string;
	/** The text's part of what its request was counted, by length; null where the provider counts nothing. */
	inputTokens: number | null;
	/** How long its request was under way. */
	tookMs: number;
}

/** A text's part in a request. */
interface Part {
	readonly embedding: Embedding;
	readonly trace: CallTrace;
	/** The one text that the request is counted with: what all of its texts were counted as. Absent for the others. */
	readonly request?: { readonly inputTokens: number };
}

/** How long a text waits for others to share a request with. */
const GATHER_MS = 5;
/** OpenAI takes 300,000 tokens per request; a token is rarely less than two characters. */
const MAX_CHARACTERS = 600_000;

/** Texts of one execution, each cached by itself, sent together. */
export class Embedder {
	readonly #gatherers = new Map<string, Gatherer<string, Part>>();

	constructor(
		private readonly runtime: Runtime,
		private readonly place: Place,
	) {}

	/** Never rejects for what the call itself runs into. */
	async embed(access: ProviderAccess, parameters: EmbedParameters, signal: AbortSignal): Promise<Outcome<Embedding>> {
		const { text } = parameters;
		const { format, origin, key, lane } = plan(this.runtime, access, parameters, this.place);
		const gatherer = this.#gatherer(access, origin, format, parameters);
		let counted: Part['request'];
		const call: Call<Embedding> = async (context) => {
			const { embedding, trace, request } = await gatherer.add(text, context.signal);
			counted = request;
			const { waitedMs, upstreamMs, connectionReused } = trace;
			Object.assign(context.trace, { waitedMs, upstreamMs, connectionReused, attempts: request ? trace.attempts : 0 });
			return embedding;
		};
		return await lane.run(call, { signal, key, idempotent: true }, (embedding, trace) => {
			account(embedding, trace, access, parameters);
			return counted ?? {};
		});
	}

	#gatherer(access: ProviderAccess, origin: string, format: EmbedFormat, parameters: EmbedParameters): Gatherer<string, Part> {
		const { choice, baseUrl, credentialId } = access;
		const { model, dimensions, extraBody, connection, attemptTimeoutMs, textsPerRequest } = parameters;
		const settings = { connection, attemptTimeoutMs, limit: this.runtime.learntLimit({ credential: credentialId, origin }, model) };
		const name = JSON.stringify([choice.name, baseUrl, credentialId, model, dimensions, extraBody, connection, attemptTimeoutMs, textsPerRequest, parameters.spending]);
		const present = this.#gatherers.get(name);
		if (present) return present;
		const policy = this.runtime.policy({ ...laneOf(credentialId, origin, parameters, this.place, model), shared: this.place.shared });
		const gatherer = new Gatherer<string, Part>(
			{
				maxItems: Math.min(textsPerRequest, format.maxTexts),
				maxWeight: MAX_CHARACTERS,
				weigh: (text) => text.length,
				maxWaitMs: GATHER_MS,
				send: async (texts, signal) =>
					await this.#send(policy, texts, signal, async (part, context) => {
						const request = { model, dimensions, texts: part, extraBody };
						const tokens = context.tokens ?? 0;
						const answer = await pay(this.runtime, access, parameters, this.place, {
							models: (given) => [given?.model ?? model, model],
							estimate: usageOf({ inputTokens: tokens }),
							usageOf: ({ usage }) => usage,
							send: async () =>
								format.parse(await sendToProvider(this.runtime, access, format.request(request), settings, context), request),
						});
						if (answer.usage) settings.limit.learn(tokens, answer.usage);
						return answer;
					}),
			},
			this.runtime.clock,
		);
		this.#gatherers.set(name, gatherer);
		return gatherer;
	}

	async #send(
		policy: Policy,
		texts: readonly string[],
		signal: AbortSignal,
		ask: (texts: readonly string[], context: Parameters<Call<unknown>>[0]) => Promise<ReturnType<EmbedFormat['parse']>>,
	): Promise<Array<Gathered<Part>>> {
		return await sendSplitting(texts, {
			isItems: (error) => hasCode(error, 'ERR_HTTP_STATUS') && [400, 413, 422].includes(error.status),
			maxSends: 8 + 4 * Math.ceil(Math.log2(texts.length)),
			send: async (part) => {
				const trace = newTrace();
				const tokens = part.reduce((sum, text) => sum + estimateTokens(text), 0);
				const answer = await policy.execute(async (context) => await ask(part, context), { signal, trace, tokens, idempotent: true });
				const characters = part.reduce((sum, text) => sum + text.length, 0);
				return part.map((text, index) => ({
					embedding: {
						vector: answer.vectors[index] ?? [],
						model: answer.model,
						inputTokens: answer.usage && Math.round((answer.usage.inputTokens * text.length) / characters),
						tookMs: Math.round(trace.upstreamMs),
					},
					trace,
					...(index === 0 ? { request: { inputTokens: answer.usage?.inputTokens ?? 0 } } : {}),
				}));
			},
		});
	}
}

/** The request that a text alone would make, its place in the cache, and the way that it will take. */
export function plan(runtime: Runtime, access: ProviderAccess, parameters: EmbedParameters, place: Place) {
	const { choice, baseUrl, credentialId } = access;
	const { text, model, dimensions, extraBody, cache, totalTimeoutMs } = parameters;
	const format = requireFormat(access);
	const wire = format.request({ model, dimensions, texts: [text], extraBody });
	const origin = new URL(requestUrl(choice.wire, baseUrl, wire.path)).origin;
	const key = cacheKey(
		{ credential: credentialId, origin, partition: partitionOf(cache, place) },
		{ provider: choice.wire.name, baseUrl, wire },
	);
	const lane = runtime.lane({
		...laneOf(credentialId, origin, parameters, place, parameters.model),
		shared: place.shared,
		cache: cacheOf(parameters, place, { isCacheable: () => true, isSame }),
		// A text only joins a request here; attempts, circuit and slots are the request's.
		retry: { maxRetries: 0, baseMs: 0, maxMs: 0 },
		retryBudget: undefined,
		rate: undefined,
		breaker: undefined,
		learntLimitOf: undefined,
		maxConcurrent: 100_000,
		attemptTimeoutMs: totalTimeoutMs,
	});
	return { wire, format, origin, key, lane };
}

function requireFormat({ choice }: ProviderAccess): EmbedFormat {
	if (choice.wire.embeddings) return choice.wire.embeddings;
	throw new InvalidOptionError('Provider', `one that offers embeddings, which ${choice.name} does not`, choice.name);
}

function isSame(value: unknown, other: unknown): boolean {
	const [{ vector }, another] = [value as Embedding, other as Embedding];
	return vector.length === another.vector.length && vector.every((number, index) => number === another.vector[index]);
}

function account(embedding: Embedding, trace: CallTrace, access: ProviderAccess, parameters: EmbedParameters): void {
	const { inputTokens } = embedding;
	const usage = inputTokens === null ? null : usageOf({ inputTokens });
	const full = priceCall(access, parameters, [embedding.model, parameters.model], usage);
	settle(trace, { usd: full, tokens: inputTokens ?? 0, tookMs: embedding.tookMs });
}

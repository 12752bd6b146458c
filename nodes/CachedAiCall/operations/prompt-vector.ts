import type { PromptVector } from '../../../lib/core/policy';
import type { Runtime } from '../../../lib/runtime';
import type { ProviderAccess } from '../access';
import { DEFAULTS } from '../defaults';
import type { ChatParameters, EmbedParameters } from '../parameters';
import { wasSaved, type Place } from './chat';
import { plan, type Embedder, type Embedding } from './embed';

/** An embedding that takes longer is not worth waiting for: the model is asked instead. */
const MAX_WAIT_MS = 10_000;

/** Where the similar stage has embeddings from: the embeddings of the call's own credential, cached by text as those of the operation are. */
export function promptVectors(runtime: Runtime, embedder: Embedder, place: Place): NonNullable<Place['vectorOf']> {
	return (access, parameters) => {
		const model = parameters.similar?.embeddingModel;
		if (model === undefined || !access.choice.wire.embeddings) return undefined;
		return async (text, signal) => {
			const embedding = toEmbed(parameters, model, text);
			return signal ? await ask(embedder, access, embedding, signal) : await lookUp(runtime, access, embedding, place);
		};
	};
}

/** The embedding is read and stored also where the answer is only read, or asked for anew. */
function toEmbed(parameters: ChatParameters, model: string, text: string): EmbedParameters {
	return {
		...parameters,
		cache: { ...parameters.cache, mode: 'readWrite' },
		stream: false,
		resilience: { ...parameters.resilience, retry: { ...parameters.resilience.retry, maxRetries: Math.min(1, parameters.resilience.retry.maxRetries) } },
		totalTimeoutMs: Math.min(MAX_WAIT_MS, parameters.totalTimeoutMs),
		attemptTimeoutMs: Math.min(MAX_WAIT_MS, parameters.attemptTimeoutMs),
		model,
		text,
		dimensions: undefined,
		textsPerRequest: DEFAULTS.textsPerRequest,
	};
}

async function ask(embedder: Embedder, access: ProviderAccess, parameters: EmbedParameters, signal: AbortSignal): Promise<PromptVector> {
	const outcome = await embedder.embed(access, parameters, signal);
	if (!outcome.ok) throw outcome.error;
	const cached = wasSaved(outcome.trace);
	return {
		values: outcome.value.vector,
		costUsd: outcome.trace.costUsd ?? null,
		tokens: cached ? 0 : (outcome.value.inputTokens ?? 0),
		cached,
	};
}

async function lookUp(runtime: Runtime, access: ProviderAccess, parameters: EmbedParameters, place: Place): Promise<PromptVector | undefined> {
	const { key } = plan(runtime, access, parameters, place);
	const kept = await (place.shared?.store ?? runtime.store).get(key);
	return kept && { values: (kept.value as Embedding).vector, costUsd: 0, tokens: 0, cached: true };
}

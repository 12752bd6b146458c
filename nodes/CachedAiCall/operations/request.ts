import { packVector, type WireRequest } from '../../../lib/ai';
import { cacheKey } from '../../../lib/cache/key';
import { newTrace, type CallTrace } from '../../../lib/core/trace';
import type { Outcome, Runtime } from '../../../lib/runtime';
import { partitionOf } from '../../shared/cache';
import type { ProviderAccess } from '../access';
import type { CallParameters, ChatParameters, EmbedParameters } from '../parameters';
import type { RequestParameters } from '../parameters-request';
import { ask } from './ask';
import type { Place } from './chat';
import type { Embedder } from './embed';
import { explainChat } from './explain';
import { cacheOf, laneOf } from './lane';
import { sendToProvider } from './send';

type Open = (provider: CallParameters['provider'], baseUrl: string | undefined) => Promise<ProviderAccess>;

/** Answers a request in the format of OpenAI's API with a body of that format. Never rejects for what the call itself runs into. */
export async function answer(
	runtime: Runtime,
	open: Open,
	embedder: Embedder,
	parameters: RequestParameters,
	place: Place,
	signal: AbortSignal,
): Promise<Outcome<unknown>> {
	switch (parameters.endpoint) {
		case 'chat': {
			if (parameters.call.explain) return await explain(runtime, open, parameters.call, place);
			const outcome = await ask(runtime, open, parameters.call, place, signal);
			return outcome.ok ? { ...outcome, value: outcome.value.raw } : outcome;
		}
		case 'embeddings':
			return await embedAll(open, embedder, parameters.texts, parameters.base64, signal);
		case 'models': {
			const access = await open(parameters.call.provider, parameters.call.baseUrl);
			return await listModels(runtime, access, parameters.call, place, signal);
		}
	}
}

async function explain(runtime: Runtime, open: Open, call: ChatParameters, place: Place): Promise<Outcome<unknown>> {
	const access = await open(call.provider, call.baseUrl);
	return { ok: true, value: await explainChat(runtime, access, call, place), trace: newTrace() };
}

/** Each text takes its own way; the whole is no better than the worst of them. */
async function embedAll(
	open: Open,
	embedder: Embedder,
	texts: readonly EmbedParameters[],
	base64: boolean,
	signal: AbortSignal,
): Promise<Outcome<unknown>> {
	const outcomes = await Promise.all(
		texts.map(async (text) => await embedder.embed(await open(text.provider, text.baseUrl), text, signal)),
	);
	const trace = sum(outcomes.map((outcome) => outcome.trace));
	const failed = outcomes.find((outcome) => !outcome.ok);
	if (failed) return { ...failed, trace };
	const embeddings = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
	const tokens = embeddings.reduce((total, { inputTokens }) => total + (inputTokens ?? 0), 0);
	const value = {
		object: 'list',
		data: embeddings.map(({ vector }, index) => ({ object: 'embedding', index, embedding: base64 ? packVector(vector) : vector })),
		model: embeddings[0]?.model,
		usage: { prompt_tokens: tokens, total_tokens: tokens },
	};
	return { ok: true, value, trace };
}

/** From the cache only where all were; with the times of those that travelled together, and the costs of each. */
function sum(traces: readonly CallTrace[]): CallTrace {
	const worst = traces.find(({ cache }) => cache !== 'hit') ?? traces[0] ?? newTrace();
	const add = (value: (trace: CallTrace) => number | null | undefined) => traces.reduce((total, trace) => total + (value(trace) ?? 0), 0);
	return {
		...worst,
		attempts: add(({ attempts }) => attempts),
		costUsd: traces.some(({ costUsd }) => costUsd === null) ? null : add(({ costUsd }) => costUsd),
		savedUsd: add(({ savedUsd }) => savedUsd),
		savedTokens: add(({ savedTokens }) => savedTokens),
	};
}

async function listModels(runtime: Runtime, access: ProviderAccess, call: CallParameters, place: Place, signal: AbortSignal): Promise<Outcome<unknown>> {
	const { choice, baseUrl, credentialId } = access;
	const wire: WireRequest = choice.wire.listModels();
	const origin = new URL(baseUrl).origin;
	const key = cacheKey({ credential: credentialId, origin, partition: partitionOf(call.cache, place) }, { baseUrl, wire });
	const lane = runtime.lane({ ...laneOf(credentialId, origin, call, place), shared: place.shared, cache: cacheOf(call, place, { isCacheable: () => true, isSame: () => false }) });
	return await lane.run(
		async (context) => {
			const settings = { connection: call.connection, attemptTimeoutMs: call.attemptTimeoutMs };
			const body = await sendToProvider(runtime, access, wire, settings, context);
			// What is no list of models is not kept as one.
			choice.wire.parseModels(body);
			return body;
		},
		{ signal, key, idempotent: true },
	);
}

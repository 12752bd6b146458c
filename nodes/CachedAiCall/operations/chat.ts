import { BlockedAnswerError, estimateInputTokens, isComplete, requestUrl, usageOf, withJson, type AiAnswer } from '../../../lib/ai';
import { cacheKey } from '../../../lib/cache/key';
import { MalformedAnswerError } from '../../../lib/core/errors';
import type { PromptVector } from '../../../lib/core/policy';
import type { CallTrace } from '../../../lib/core/trace';
import type { Lane, Outcome, Runtime, SharedStore } from '../../../lib/runtime';
import { partitionOf } from '../../shared/cache';
import type { ProviderAccess } from '../access';
import type { ChatParameters } from '../parameters';
import { similarPrompt } from '../similar';
import { cacheOf, laneOf } from './lane';
import { pay, priceCall } from './pay';
import { sendToProvider } from './send';

export interface Place {
	readonly workflowId: string;
	readonly nodeId: string;
	readonly nodeName?: string | undefined;
	/** Where the run keeps its answers; without it, in the memory of this process. */
	readonly shared?: SharedStore | undefined;
	/** Tells the user once per run. */
	readonly warn?: ((message: string) => void) | undefined;
	/** Where similar prompts are found by embeddings; undefined for a provider without them. */
	readonly vectorOf?: (
		access: ProviderAccess,
		parameters: ChatParameters,
	) => ((text: string, signal: AbortSignal | undefined) => Promise<PromptVector | undefined>) | undefined;
}

/** Asks the model, or answers from the cache. Never rejects for what the call itself runs into. */
export async function chat(
	runtime: Runtime,
	access: ProviderAccess,
	parameters: ChatParameters,
	place: Place,
	signal: AbortSignal,
): Promise<Outcome<AiAnswer>> {
	const { choice } = access;
	const { request } = parameters;
	const { wire, origin, key, prompt, lane } = plan(runtime, access, parameters, place);
	const settings = { ...parameters, limit: runtime.learntLimit({ credential: access.credentialId, origin }, request.model) };
	const tokens = estimateInputTokens(request);
	const outcome = await lane.run(
		async (context) => {
			const answer = await pay(runtime, access, parameters, place, {
				models: (given) => [given?.model ?? request.model, request.model],
				estimate: usageOf({ inputTokens: tokens }),
				usageOf: ({ usage }) => usage,
				// The bill is the same whether or not the text is the JSON that was asked for.
				send: async () =>
					choice.wire.parseChat(await sendToProvider(runtime, access, wire, settings, context), { ...request, json: undefined }),
			});
			if (answer.usage) settings.limit.learn(tokens, answer.usage);
			// Who sent a whole body gets what came, be it empty or blocked.
			const checked = request.body ? answer : requireAnswer(withJson(answer, request));
			return { ...checked, tookMs: Math.round(context.trace.upstreamMs) };
		},
		{ signal, key, prompt, tokens, idempotent: true },
		(answer, trace) => account(answer, trace, access, parameters),
	);
	addEmbedding(outcome.trace);
	return outcome;
}

/** A call whose prompt was looked for by its embedding costs that too. It is counted by itself, so this is for the item's account only. */
function addEmbedding(trace: CallTrace): void {
	const { costUsd, tokens = 0 } = trace.similar?.embedding ?? {};
	if (tokens === 0 || costUsd === undefined || trace.coalesced) return;
	trace.costUsd = costUsd === null || trace.costUsd === null ? null : (trace.costUsd ?? 0) + costUsd;
	// What it took to save is no saving.
	if (trace.cache === 'similar' && trace.savedUsd !== undefined) {
		trace.savedUsd = costUsd === null || trace.savedUsd === null ? null : trace.savedUsd - costUsd;
		trace.savedTokens = (trace.savedTokens ?? 0) - tokens;
	}
}

/** The request, its place in the cache, and the way that it will take. */
export function plan(runtime: Runtime, access: ProviderAccess, parameters: ChatParameters, place: Place) {
	const { choice, baseUrl, credentialId } = access;
	const { request } = parameters;
	const wire = choice.wire.chat(request, { baseUrl });
	const origin = new URL(requestUrl(choice.wire, baseUrl, wire.path)).origin;
	const scope = { credential: credentialId, origin, partition: partitionOf(parameters.cache, place) };
	const { similar } = parameters;
	const vectors = similar?.embeddingModel === undefined ? {} : { embeddingModel: similar.embeddingModel, vectorOf: place.vectorOf?.(access, parameters) };
	const prompt = similar && similarPrompt(scope, request, { wire: choice.wire, baseUrl, ...vectors });
	const key = cacheKey(
		scope,
		// The whole request as it goes over the wire, and what becomes of the answer.
		{
			provider: choice.wire.name,
			baseUrl,
			wire,
			json: request.json !== undefined,
			...(request.body ? { raw: true } : {}),
			...(parameters.template ? { template: parameters.template.hash } : {}),
		},
	);
	return { wire, origin, key, prompt, lane: openLane(runtime, credentialId, origin, parameters, place) };
}

function openLane(runtime: Runtime, credential: string, origin: string, parameters: ChatParameters, place: Place): Lane {
	return runtime.lane({
		...laneOf(credential, origin, parameters, place, parameters.request.model),
		shared: place.shared,
		cache: cacheOf(parameters, place, { isCacheable, isSame }),
		similar: parameters.similar,
		// A stream may go on for as long as it keeps coming; the transport watches over its silences.
		attemptTimeoutMs: parameters.stream ? parameters.totalTimeoutMs : parameters.attemptTimeoutMs,
	});
}

/** Whole answers only; and a tool call is an act, which must not be replayed. */
export function isCacheable(value: unknown): boolean {
	const answer = value as AiAnswer;
	return isComplete(answer) && answer.finishReason !== 'tool';
}

/** Each answer has an id and counts of its own; the text is what the user sees. */
function isSame(value: unknown, other: unknown): boolean {
	const [one, another] = [value as AiAnswer, other as AiAnswer];
	return one.text === another.text && one.finishReason === another.finishReason;
}

export function requireAnswer(answer: AiAnswer): AiAnswer {
	if (answer.text.trim() !== '' || answer.finishReason === 'tool') return answer;
	switch (answer.finishReason) {
		case 'filtered':
			throw new BlockedAnswerError(`The provider blocked the answer (${answer.providerFinishReason})`);
		case 'length':
			throw new MalformedAnswerError('The answer was cut off before its first word: raise Max Tokens');
		default:
			throw new MalformedAnswerError('The model gave an empty answer');
	}
}

/** Whether this call's answer was paid for by an earlier or another call. */
export function wasSaved(trace: CallTrace): boolean {
	return trace.coalesced || trace.cache === 'hit' || trace.cache === 'stale' || trace.cache === 'similar';
}

/** Enters what an answer cost, or what it would have cost had it not been there already. */
export function settle(trace: CallTrace, bill: { readonly usd: number | null; readonly tokens: number; readonly tookMs: number }): void {
	const saved = wasSaved(trace);
	trace.costUsd = saved ? 0 : bill.usd;
	trace.savedUsd = saved ? bill.usd : 0;
	trace.savedTokens = saved ? bill.tokens : 0;
	// Who shared a call in flight waited for it as long as the others did.
	trace.savedMs = saved && !trace.coalesced ? bill.tookMs : 0;
}

function account(
	answer: AiAnswer,
	trace: CallTrace,
	access: ProviderAccess,
	parameters: ChatParameters,
): { inputTokens?: number; outputTokens?: number } {
	const full = priceCall(access, parameters, [answer.model, parameters.request.model], answer.usage);
	if (parameters.shortening) trace.shortened = parameters.shortening;
	settle(trace, { usd: full, tokens: answer.usage?.totalTokens ?? 0, tookMs: answer.tookMs ?? 0 });
	return answer.usage ? { inputTokens: answer.usage.inputTokens, outputTokens: answer.usage.outputTokens } : {};
}

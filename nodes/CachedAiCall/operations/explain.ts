import { estimateInputTokens, estimateTokens, priceOf, requestUrl, usageOf, type Shortening } from '../../../lib/ai';
import type { CacheStatus, SimilarTrace } from '../../../lib/core/trace';
import type { Runtime } from '../../../lib/runtime';
import type { ProviderAccess } from '../access';
import type { UsedTemplate } from '../../shared/template-run';
import type { CallParameters, ChatParameters, EmbedParameters } from '../parameters';
import { plan as planChat, type Place } from './chat';
import { plan as planEmbedding } from './embed';
import { budgetStates, priceCall, type BudgetState } from './pay';

/** What a call would do. Nothing is sent for it, counted or stored. */
export interface Explanation {
	readonly provider: string;
	readonly model: string;
	readonly url: string;
	readonly key: string;
	/** `bypass`: the cache takes no part. A stale answer would be served, or only if the provider fails. */
	readonly cache: CacheStatus;
	readonly ageMs: number | null;
	readonly wouldSend: boolean;
	/** The closest similar prompt, where one would be looked for; by embeddings only where they are there already. */
	readonly similar: SimilarTrace | null;
	/** What the rules for shorter prompts take away, each by itself; null where none was chosen. */
	readonly shortened: Shortening | null;
	/** Of the library, that the prompt was made of; null for a prompt of the panel's own. */
	readonly template: UsedTemplate | null;
	readonly estimatedInputTokens: number;
	readonly maxOutputTokens: number | null;
	/** By the price table; null where the price is not known. */
	readonly estimatedInputCostUsd: number | null;
	/** With an answer as long as Max Tokens allows; null where there is no such bound. */
	readonly maxCostUsd: number | null;
	readonly budgets: readonly BudgetState[];
	readonly limits: LimitState;
	/** What would refuse the call or make it wait, were it sent now. */
	readonly heldUpBy: readonly string[];
	readonly fallbackModels: readonly string[];
}

interface LimitState {
	/** Null where there is no circuit breaker. */
	readonly circuit: string | null;
	readonly maxConcurrent: number;
	readonly underWay: number;
	/** Until the provider's own limits, as far as it has told of them, leave room for the call. */
	readonly providerWaitMs: number;
}

type Common = Omit<Explanation, 'url' | 'fallbackModels' | 'shortened' | 'template' | 'similar' | 'key' | 'cache' | 'ageMs' | 'wouldSend'>;

export async function explainChat(runtime: Runtime, access: ProviderAccess, parameters: ChatParameters, place: Place): Promise<Explanation> {
	const { request, fallback, shortening } = parameters;
	const { lane, key, prompt, wire, origin } = planChat(runtime, access, parameters, place);
	const path = parameters.stream ? access.choice.wire.stream.request(wire).path : wire.path;
	return {
		...(await common(runtime, access, parameters, place, { origin, model: request.model, tokens: estimateInputTokens(request), maxOutput: request.maxTokens ?? null })),
		...(await found(lane, key, prompt)),
		shortened: shortening ?? null,
		template: parameters.template ?? null,
		url: requestUrl(access.choice.wire, access.baseUrl, path),
		fallbackModels: fallback?.models.map(({ model }) => model) ?? [],
	};
}

export async function explainEmbedding(
	runtime: Runtime,
	access: ProviderAccess,
	parameters: EmbedParameters,
	place: Place,
): Promise<Explanation> {
	const { lane, key, wire, origin } = planEmbedding(runtime, access, parameters, place);
	return {
		...(await common(runtime, access, parameters, place, { origin, model: parameters.model, tokens: estimateTokens(parameters.text), maxOutput: 0 })),
		...(await found(lane, key, undefined)),
		shortened: null,
		template: null,
		url: requestUrl(access.choice.wire, access.baseUrl, wire.path),
		fallbackModels: [],
	};
}

async function found(lane: ReturnType<typeof planChat>['lane'], key: string, prompt: ReturnType<typeof planChat>['prompt']) {
	const { status, ageMs, asks, similar } = await lane.look(key, prompt);
	return { key, cache: status, ageMs: ageMs === undefined ? null : Math.round(ageMs), wouldSend: asks, similar: similar ?? null };
}

interface Subject {
	readonly origin: string;
	readonly model: string;
	readonly tokens: number;
	readonly maxOutput: number | null;
}

async function common(runtime: Runtime, access: ProviderAccess, parameters: CallParameters, place: Place, subject: Subject): Promise<Common> {
	const { choice, baseUrl } = access;
	const { model, tokens, maxOutput } = subject;
	const known = priceOf(choice.wire.name, model, { baseUrl, overrides: parameters.spending.prices }) !== null;
	const price = (outputTokens: number) => (known ? priceCall(access, parameters, [model], usageOf({ inputTokens: tokens, outputTokens })) : null);
	const budgets = await budgetStates(runtime, access, parameters, place, { usd: price(0), tokens });
	const limits = limitsOf(runtime, access, parameters, subject);
	return {
		provider: choice.name,
		model,
		estimatedInputTokens: tokens,
		maxOutputTokens: maxOutput,
		estimatedInputCostUsd: price(0),
		maxCostUsd: maxOutput === null ? null : price(maxOutput),
		budgets,
		limits,
		heldUpBy: [
			...budgets.filter(({ refusal }) => refusal !== null).map(({ of }) => `budget of ${of}`),
			...(limits.circuit === 'open' ? ['circuit breaker'] : []),
			...(limits.providerWaitMs > 0 ? ["provider's rate limit"] : []),
			...(limits.underWay >= limits.maxConcurrent ? ['Max Concurrent'] : []),
		],
	};
}

function limitsOf(runtime: Runtime, { credentialId }: ProviderAccess, { resilience }: CallParameters, { origin, model, tokens }: Subject): LimitState {
	const scope = { credential: credentialId, origin };
	return {
		circuit: resilience.breaker ? runtime.breaker(scope, resilience.breaker).state : null,
		maxConcurrent: resilience.concurrency,
		underWay: runtime.limiter(scope, resilience.concurrency).active,
		providerWaitMs: Math.round(runtime.learntLimit(scope, model).waitMs(tokens)),
	};
}

import { estimateInputTokens, estimateTokens, priceOf, requestUrl, usageOf } from '../../../lib/ai';
import type { CacheStatus } from '../../../lib/core/trace';
import type { Runtime } from '../../../lib/runtime';
import type { ProviderAccess } from '../access';
import type { ChatParameters, EmbedParameters } from '../parameters';
import { plan as planChat, type Place } from './chat';
import { plan as planEmbedding } from './embed';
import { priceCall } from './pay';

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
	readonly estimatedInputTokens: number;
	readonly maxOutputTokens: number | null;
	/** By the price table; null where the price is not known. */
	readonly estimatedInputCostUsd: number | null;
	/** With an answer as long as Max Tokens allows; null where there is no such bound. */
	readonly maxCostUsd: number | null;
	readonly fallbackModels: readonly string[];
}

export async function explainChat(runtime: Runtime, access: ProviderAccess, parameters: ChatParameters, place: Place): Promise<Explanation> {
	const { request, fallback } = parameters;
	const { lane, key, wire } = planChat(runtime, access, parameters, place);
	const path = parameters.stream ? access.choice.wire.stream.request(wire).path : wire.path;
	return {
		...costs(access, parameters, request.model, estimateInputTokens(request), request.maxTokens ?? null),
		...(await found(lane, key)),
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
	const { lane, key, wire } = planEmbedding(runtime, access, parameters, place);
	return {
		...costs(access, parameters, parameters.model, estimateTokens(parameters.text), 0),
		...(await found(lane, key)),
		url: requestUrl(access.choice.wire, access.baseUrl, wire.path),
		fallbackModels: [],
	};
}

async function found(lane: ReturnType<typeof planChat>['lane'], key: string) {
	const { status, ageMs, asks } = await lane.look(key);
	return { key, cache: status, ageMs: ageMs === undefined ? null : Math.round(ageMs), wouldSend: asks };
}

function costs(
	access: ProviderAccess,
	parameters: ChatParameters | EmbedParameters,
	model: string,
	inputTokens: number,
	maxOutputTokens: number | null,
) {
	const { choice, baseUrl } = access;
	const known = priceOf(choice.wire.name, model, { baseUrl, overrides: parameters.spending.prices }) !== null;
	const price = (outputTokens: number) => priceCall(access, parameters, [model], usageOf({ inputTokens, outputTokens }));
	return {
		provider: choice.name,
		model,
		estimatedInputTokens: inputTokens,
		maxOutputTokens,
		estimatedInputCostUsd: known ? price(0) : null,
		maxCostUsd: known && maxOutputTokens !== null ? price(maxOutputTokens) : null,
	};
}

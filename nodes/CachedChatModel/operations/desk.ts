import type { IDataObject } from 'n8n-workflow';
import { estimateTokens, usageOf as fullUsage } from '../../../lib/ai';
import { cacheKey } from '../../../lib/cache/key';
import { failureOf, isDeterministic, isWhole, nameOf, original, originOf, ownRetries, textOf, usageOf } from '../../../lib/langchain';
import type { ChatModel, Desk, Question, Reply } from '../../../lib/langchain';
import type { SubNode } from '../../../lib/n8n/sub-node';
import type { Outcome } from '../../../lib/runtime';
import { partitionOf } from '../../shared/cache';
import { modelPrice } from '../../shared/model-price';
import { payFrom, toLimits } from '../../shared/pay';
import { cacheOptions, missOptions } from '../../shared/sub-node';
import type { ChatModelSettings } from '../parameters';

export interface ChatDeskParts extends SubNode {
	readonly settings: ChatModelSettings;
}

/** Answers a chat model's questions from the cache, or lets the model answer. */
export function chatDesk(model: ChatModel, parts: ChatDeskParts): Desk {
	const { runtime, settings, shared, log, below, place, repeatableRun, warn } = parts;
	const credential = below.flatMap(({ credentials }) => credentials).join(' ') || 'none';
	const origin = originOf(model);
	const attempt = Symbol('attempt');
	const price = modelPrice(model, settings.spending.prices);
	const limits = toLimits(settings.spending.budgets, { ...place, credential: [credential, origin] });
	const book = shared ? runtime.limitsOver(shared).spending : runtime.spending;
	const miss = { source: 'cachedChatModel', place, model: nameOf(model), scope: { credential, origin }, ...missOptions(settings, ownRetries(model)) };
	const isCacheable = (value: unknown) => {
		const reply = value as Reply;
		return isWhole(reply) && (settings.cacheToolCalls || reply.message.tool_calls.length === 0);
	};

	const whyNot = ({ bypass, settings: given }: Question): string | undefined => {
		if (settings.cache.mode === 'off') return 'cache is off';
		return bypass ?? (settings.onlyDeterministic && !isDeterministic(...given) ? 'varied answers wanted' : undefined);
	};

	return {
		now: () => runtime.clock.now(),
		async answer(question, ask, signal) {
			const bypass = whyNot(question);
			const key = bypass === undefined ? keyOf(question) : undefined;
			const refresh = key !== undefined && repeatableRun !== undefined && runtime.comebacks.isComeback(repeatableRun, key, attempt);
			const lane = runtime.lane(key === undefined ? miss : { ...miss, shared, cache: cacheOptions(settings, place, { refresh, isCacheable }) });
			const texts = question.messages.map((message) => textOf(message));
			const run = log.begin({ messages: texts, model: nameOf(model) });
			const outcome = await lane.run(
				async (context) => {
					try {
						return await payFrom(book, limits, {
							price,
							nameOf: () => nameOf(model),
							estimate: fullUsage({ inputTokens: texts.reduce((sum, text) => sum + estimateTokens(text), 0) }),
							usageOf: (reply) => paidUsage(reply),
							send: async () => await ask(context.signal, run.link),
							warn,
						});
					} catch (error) {
						throw failureOf(error, context.signal);
					}
				},
				{ signal: AbortSignal.any([signal, parts.cancel]), key, idempotent: true },
				(reply, trace) => {
					const usage = usageOf(reply);
					const saved = trace.coalesced || trace.cache === 'hit' || trace.cache === 'stale';
					trace.savedTokens = saved ? (usage?.totalTokens ?? 0) : 0;
					trace.savedMs = saved && !trace.coalesced ? Math.round(reply.tookMs) : 0;
					return usage ?? {};
				},
			);
			if (!outcome.ok) {
				const error = original(outcome.error);
				run.fail(error);
				throw error;
			}
			run.end(report(outcome, key, bypass, refresh));
			return outcome.value;
		},
	};

	function keyOf({ identity }: Question): string {
		return cacheKey({ credential, origin, partition: partitionOf(settings.cache, place) }, { chatModel: identity, below });
	}
}

function paidUsage(reply: Reply) {
	const usage = usageOf(reply);
	return usage && fullUsage(usage);
}

/** What the log of the node shows of an answer. Has nothing that n8n would count as tokens used. */
function report({ value, trace }: Extract<Outcome<Reply>, { ok: true }>, key: string | undefined, bypass: string | undefined, refresh: boolean): IDataObject {
	const { coalesced, ageMs, savedTokens, savedMs } = trace;
	const cache: IDataObject = { status: coalesced ? 'shared' : refresh && trace.cache === 'miss' ? 'refreshed' : trace.cache, savedTokens, savedMs };
	if (ageMs !== undefined) cache.ageMs = ageMs;
	if (bypass !== undefined) cache.reason = bypass;
	if (key !== undefined) cache.key = key.slice(0, 16);
	const { tool_calls: toolCalls } = value.message;
	const generation: IDataObject = { text: value.text };
	if (toolCalls.length > 0) generation.toolCalls = toolCalls.map(({ name, args }) => ({ name, args: args as IDataObject }));
	return { response: { generations: [[generation]] }, cache };
}

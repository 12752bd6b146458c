import { systemClock } from '../core/clock';
import { PRICES } from './prices';
import type { ModelPrice } from './prices';
import { providers } from './providers';
import type { ProviderName } from './request';
import type { AiUsage } from './usage';

export interface PriceOptions {
	/** Where the request went. The table holds only for the provider's own host, which is also the default. */
	baseUrl?: string | undefined;
	/** By model id. They hold for any host, go before the table, and match as it does. */
	overrides?: Readonly<Record<string, ModelPrice>> | undefined;
	/** Milliseconds since the epoch, for prices that end; default now. */
	at?: number | undefined;
	/** Whether the call is part of a provider batch. */
	batch?: boolean | undefined;
}

const DAY_MS = 86_400_000;
const TOKENS_PER_PRICE = 1_000_000;
/** All three providers ask half for what can wait. */
const BATCH_FACTOR = 0.5;

/**
 * What a model costs; null where that is not known. An id matches as a whole, or without what names only a version of
 * the same model at its end: `-preview`, a date, `-latest`, `-001`. So `gpt-4o-2024-08-06` costs what `gpt-4o` does, and
 * `gpt-4o-mini` or `gpt-4o-audio-preview` never do. The name alone says nothing on a server that is not the provider's:
 * another host has its own prices, or none.
 */
export function priceOf(provider: ProviderName, model: string, options: PriceOptions = {}): ModelPrice | null {
	const { baseUrl, overrides = {} } = options;
	const official = baseUrl === undefined || hostOf(baseUrl) === hostOf(providers[provider].defaultBaseUrl);
	const tables = official ? [overrides, PRICES[provider]] : [overrides];
	for (const table of tables) {
		const id = candidates(model).find((candidate) => Object.hasOwn(table, candidate));
		const price = id === undefined ? undefined : table[id];
		if (price) return price;
	}
	return null;
}

/**
 * What a call cost, in USD, at the standard tier or in a batch; null, never 0, where the price or the usage is not known. Flex and
 * priority tiers, regional surcharges, prompt caches that live longer than the shortest time, tools and audio are
 * not in it.
 */
export function costUsd(
	provider: ProviderName,
	model: string,
	usage: AiUsage | null,
	options: PriceOptions = {},
): number | null {
	const price = priceOf(provider, model, options);
	if (!price || !usage) return null;
	const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens } = usage;
	const plainInput = Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens);
	const input =
		plainInput * price.input +
		cachedInputTokens * (price.cachedInput ?? price.input) +
		cacheWriteTokens * (price.cacheWrite ?? price.input);
	const long = price.longPrompt && inputTokens > price.longPrompt.above ? price.longPrompt : undefined;
	const sum = input * (long?.inputFactor ?? 1) + outputTokens * price.output * (long?.outputFactor ?? 1);
	return (sum * promotionFactor(price, options.at) * (options.batch ? BATCH_FACTOR : 1)) / TOKENS_PER_PRICE;
}

function promotionFactor({ promotion }: ModelPrice, at: number = systemClock.wallNow()): number {
	return promotion && at < Date.parse(promotion.until) + DAY_MS ? promotion.factor : 1;
}

/** The id, and what is left of it without marks of a version, longest first. */
function candidates(model: string): string[] {
	const id = model.trim().replace(/^models\//, '');
	const undated = id.replace(/-(\d{4}-\d{2}-\d{2}|\d{8}|\d{2}-\d{2}|\d{2}-\d{4}|00\d|latest)$/, '');
	return [id, undated, undated.replace(/-preview$/, '')];
}

function hostOf(url: string): string {
	return URL.canParse(url) ? new URL(url).host : '';
}

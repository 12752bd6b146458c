import type { ProviderName } from './request';

/** What a model costs, in USD per million tokens, at the provider's standard tier. */
export interface ModelPrice {
	input: number;
	/** Reasoning is output. */
	output: number;
	/** Input that the provider's prompt cache served; `input` where there is no price of its own. */
	cachedInput?: number | undefined;
	/** Input written to the provider's prompt cache for its shortest lifetime; `input` where there is no price of its own. */
	cacheWrite?: number | undefined;
	/** Where the prompt, cached parts included, has more tokens than `above`, all of the request costs this much more. */
	longPrompt?: { above: number; inputFactor: number; outputFactor: number } | undefined;
	/** Up to the end of that day (UTC, `YYYY-MM-DD`) the provider asks `factor` of the prices. */
	promotion?: { until: string; factor: number } | undefined;
}

/** The day of the last price change that the table knows of. */
export const PRICES_DATED = '2026-10-26';

const OPENAI_LONG = { longPrompt: { above: 272_000, inputFactor: 2, outputFactor: 1.5 } } as const;
const GEMINI_LONG = { longPrompt: { above: 200_000, inputFactor: 2, outputFactor: 1.5 } } as const;
const GEMINI_LAUNCH = { promotion: { until: '2026-12-31', factor: 0.5 } } as const;

/** By model id, without date: see `priceOf` for what else matches. */
export const PRICES: Record<ProviderName, Readonly<Record<string, ModelPrice>>> = {
	// https://developers.openai.com/api/docs/pricing
	openAi: {
		'gpt-6.1-sol': { input: 2, output: 10, cachedInput: 0.1, cacheWrite: 2.5, ...OPENAI_LONG },
		'gpt-6.1-terra': { input: 1, output: 5, cachedInput: 0.05, cacheWrite: 1.25, ...OPENAI_LONG },
		'gpt-6-astra': { input: 10, output: 50, cachedInput: 1, cacheWrite: 12.5, ...OPENAI_LONG },
		'gpt-6-sol': { input: 2, output: 10, cachedInput: 0.2, cacheWrite: 2.5, ...OPENAI_LONG },
		'gpt-6-luna': { input: 0.1, output: 0.5, cachedInput: 0.01, cacheWrite: 0.125, ...OPENAI_LONG },
		'gpt-5.6-sol': { input: 5, output: 30, cachedInput: 0.5, cacheWrite: 6.25, ...OPENAI_LONG },
		'gpt-5.6-terra': { input: 2, output: 12, cachedInput: 0.2, cacheWrite: 2.5, ...OPENAI_LONG },
		'gpt-5.6-luna': { input: 0.2, output: 1.2, cachedInput: 0.02, cacheWrite: 0.25, ...OPENAI_LONG },
		'gpt-5.5-pro': { input: 30, output: 180, ...OPENAI_LONG },
		'gpt-5.5': { input: 5, output: 30, cachedInput: 0.5, ...OPENAI_LONG },
		'gpt-5.4-pro': { input: 30, output: 180, ...OPENAI_LONG },
		'gpt-5.4': { input: 2.5, output: 15, cachedInput: 0.25, ...OPENAI_LONG },
		'gpt-5.4-mini': { input: 0.75, output: 4.5, cachedInput: 0.075 },
		'gpt-5.4-nano': { input: 0.2, output: 1.25, cachedInput: 0.02 },
		'gpt-5.3-chat': { input: 1.75, output: 14, cachedInput: 0.175 },
		'gpt-5.2-pro': { input: 21, output: 168 },
		'gpt-5.2': { input: 1.75, output: 14, cachedInput: 0.175 },
		'gpt-5.2-chat': { input: 1.75, output: 14, cachedInput: 0.175 },
		'gpt-5.1': { input: 1.25, output: 10, cachedInput: 0.125 },
		'gpt-5.1-chat': { input: 1.25, output: 10, cachedInput: 0.125 },
		'gpt-5-pro': { input: 15, output: 120 },
		'gpt-5': { input: 1.25, output: 10, cachedInput: 0.125 },
		'gpt-5-chat': { input: 1.25, output: 10, cachedInput: 0.125 },
		'gpt-5-mini': { input: 0.25, output: 2, cachedInput: 0.025 },
		'gpt-5-nano': { input: 0.05, output: 0.4, cachedInput: 0.005 },
		'gpt-4.1': { input: 2, output: 8, cachedInput: 0.5 },
		'gpt-4.1-mini': { input: 0.4, output: 1.6, cachedInput: 0.1 },
		'gpt-4.1-nano': { input: 0.1, output: 0.4, cachedInput: 0.025 },
		'gpt-4o': { input: 2.5, output: 10, cachedInput: 1.25 },
		'gpt-4o-2024-05-13': { input: 5, output: 15 },
		'gpt-4o-mini': { input: 0.15, output: 0.6, cachedInput: 0.075 },
		'chatgpt-4o': { input: 5, output: 15 },
		'gpt-4-turbo': { input: 10, output: 30 },
		'gpt-4': { input: 30, output: 60 },
		'gpt-4-0613': { input: 30, output: 60 },
		'gpt-3.5-turbo': { input: 0.5, output: 1.5 },
		'gpt-3.5-turbo-0125': { input: 0.5, output: 1.5 },
		'gpt-3.5-turbo-1106': { input: 1, output: 2 },
		'o1-pro': { input: 150, output: 600 },
		o1: { input: 15, output: 60, cachedInput: 7.5 },
		'o1-mini': { input: 1.1, output: 4.4, cachedInput: 0.55 },
		'o3-pro': { input: 20, output: 80 },
		o3: { input: 2, output: 8, cachedInput: 0.5 },
		'o3-mini': { input: 1.1, output: 4.4, cachedInput: 0.55 },
		'o4-mini': { input: 1.1, output: 4.4, cachedInput: 0.275 },
		'text-embedding-3-large': { input: 0.13, output: 0 },
		'text-embedding-3-small': { input: 0.02, output: 0 },
		'text-embedding-ada-002': { input: 0.1, output: 0 },
	},
	// https://platform.claude.com/docs/en/about-claude/pricing
	anthropic: {
		'claude-fable-5-1': { input: 10, output: 50, cachedInput: 0.25, cacheWrite: 12.5 },
		'claude-mythos-5-1': { input: 10, output: 50, cachedInput: 0.25, cacheWrite: 12.5 },
		'claude-fable-5': { input: 10, output: 50, cachedInput: 1, cacheWrite: 12.5 },
		'claude-mythos-5': { input: 10, output: 50, cachedInput: 1, cacheWrite: 12.5 },
		'claude-opus-5-5': { input: 4, output: 20, cachedInput: 0.2, cacheWrite: 5 },
		'claude-opus-5': { input: 5, output: 25, cachedInput: 0.5, cacheWrite: 6.25 },
		'claude-opus-4-8': { input: 5, output: 25, cachedInput: 0.5, cacheWrite: 6.25 },
		'claude-opus-4-7': { input: 5, output: 25, cachedInput: 0.5, cacheWrite: 6.25 },
		'claude-opus-4-6': { input: 5, output: 25, cachedInput: 0.5, cacheWrite: 6.25 },
		'claude-opus-4-5': { input: 5, output: 25, cachedInput: 0.5, cacheWrite: 6.25 },
		'claude-opus-4-1': { input: 15, output: 75, cachedInput: 1.5, cacheWrite: 18.75 },
		'claude-opus-4-0': { input: 15, output: 75, cachedInput: 1.5, cacheWrite: 18.75 },
		'claude-opus-4': { input: 15, output: 75, cachedInput: 1.5, cacheWrite: 18.75 },
		'claude-sonnet-5-5': { input: 2, output: 10, cachedInput: 0.1, cacheWrite: 2.5 },
		'claude-sonnet-5': { input: 2, output: 10, cachedInput: 0.2, cacheWrite: 2.5 },
		'claude-sonnet-4-6': { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 },
		'claude-sonnet-4-5': { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 },
		'claude-sonnet-4-0': { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 },
		'claude-sonnet-4': { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 },
		'claude-3-7-sonnet': { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 },
		'claude-haiku-5-5': {
			input: 0.1,
			output: 0.5,
			cachedInput: 0.01,
			cacheWrite: 0.125,
			longPrompt: { above: 100_000, inputFactor: 5, outputFactor: 5 },
		},
		'claude-haiku-4-5': { input: 1, output: 5, cachedInput: 0.1, cacheWrite: 1.25 },
		'claude-3-5-haiku': { input: 0.8, output: 4, cachedInput: 0.08, cacheWrite: 1 },
		'claude-3-opus': { input: 15, output: 75, cachedInput: 1.5, cacheWrite: 18.75 },
		'claude-3-haiku': { input: 0.25, output: 1.25, cachedInput: 0.03, cacheWrite: 0.3 },
	},
	// https://ai.google.dev/gemini-api/docs/pricing (text, paid tier; the storage of explicit caches is not in it)
	gemini: {
		'gemini-3.8-flash': { input: 1.5, output: 7.5, cachedInput: 0.15, ...GEMINI_LAUNCH },
		'gemini-3.7-flash': { input: 1.5, output: 7.5, cachedInput: 0.15, ...GEMINI_LAUNCH },
		'gemini-3.6-flash': { input: 1.5, output: 7.5, cachedInput: 0.15, ...GEMINI_LAUNCH },
		'gemini-3.5-flash': { input: 1.5, output: 9, cachedInput: 0.15 },
		'gemini-3.5-flash-lite': { input: 0.3, output: 2.5, cachedInput: 0.03 },
		'gemini-3.1-pro': { input: 2, output: 12, cachedInput: 0.2, ...GEMINI_LONG },
		'gemini-3.1-flash-lite': { input: 0.25, output: 1.5, cachedInput: 0.025 },
		'gemini-3-pro': { input: 2, output: 12, cachedInput: 0.2, ...GEMINI_LONG },
		'gemini-3-flash': { input: 0.5, output: 3, cachedInput: 0.05 },
		'gemini-2.5-pro': { input: 1.25, output: 10, cachedInput: 0.125, ...GEMINI_LONG },
		'gemini-2.5-flash': { input: 0.3, output: 2.5, cachedInput: 0.03 },
		'gemini-2.5-flash-lite': { input: 0.1, output: 0.4, cachedInput: 0.01 },
		'gemini-2.0-flash': { input: 0.1, output: 0.4, cachedInput: 0.025 },
		'gemini-2.0-flash-lite': { input: 0.075, output: 0.3 },
		'gemini-embedding-001': { input: 0.15, output: 0 },
	},
};

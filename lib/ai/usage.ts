/** What a provider counted, in tokens; 0 where it does not say. */
export interface AiUsage {
	/** All of the prompt, including what came from the provider's own prompt cache and what was written to it. */
	inputTokens: number;
	/** All that was generated, including reasoning that is not shown. */
	outputTokens: number;
	totalTokens: number;
	/** The part of `inputTokens` that the provider's prompt cache served. */
	cachedInputTokens: number;
	/** The part of `inputTokens` that was written to the provider's prompt cache. */
	cacheWriteTokens: number;
	/** The part of `outputTokens` that is reasoning. */
	reasoningTokens: number;
}

/** Fills in zeros and the total. */
export function usageOf(known: Partial<AiUsage>): AiUsage {
	const inputTokens = known.inputTokens ?? 0;
	const outputTokens = known.outputTokens ?? 0;
	return {
		inputTokens,
		outputTokens,
		totalTokens: known.totalTokens ?? inputTokens + outputTokens,
		cachedInputTokens: known.cachedInputTokens ?? 0,
		cacheWriteTokens: known.cacheWriteTokens ?? 0,
		reasoningTokens: known.reasoningTokens ?? 0,
	};
}

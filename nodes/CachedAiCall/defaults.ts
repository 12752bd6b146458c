/** What holds where the user says nothing; the panel and the reader of the parameters both take it from here. */
export const DEFAULTS = {
	/** Once the option is added. */
	adaptiveTtlSeconds: 86_400,
	concurrency: 10,
	fallbackOn: ['rateLimit', 'outage', 'contextLength', 'contentPolicy', 'invalidAnswer'],
	maxRetries: 3,
	/** The longest answers of today's models are well below a megabyte. */
	maxResponseMb: 8,
	/** Of a file with the results of a batch: the answers to fifty thousand requests, if they are short. */
	maxBatchMb: 256,
	staleIfErrorSeconds: 0,
	staleWhileRevalidateSeconds: 0,
	/** Servers other than OpenAI's take fewer than its 2048. */
	textsPerRequest: 100,
	/** Reasoning models think for minutes before their first byte. */
	timeoutSeconds: 600,
} as const;

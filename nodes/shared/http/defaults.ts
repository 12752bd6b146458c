/** What holds where the user says nothing; the panel and the reader of the parameters both take it from here. */
export const DEFAULTS = {
	concurrency: 50,
	maxRetries: 2,
	maxResponseMb: 100,
	maxRedirects: 21,
	outputPropertyName: 'data',
	timeoutMs: 300_000,
} as const;

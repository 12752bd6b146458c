/** What holds where the user says nothing; the panel and the reader of the parameters both take it from here. */
export const DEFAULTS = {
	/** Once the option is added. */
	adaptiveTtlSeconds: 86_400,
	/** Each of them is an execution in this process. */
	concurrency: 5,
	staleIfErrorSeconds: 0,
	staleWhileRevalidateSeconds: 0,
} as const;

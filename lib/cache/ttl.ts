/** Kinds of content, each with the time for which an answer of that kind is usually good. */
export const CONTENT_TYPES = ['aiAnswer', 'template', 'configuration', 'health', 'metrics'] as const;

export type ContentType = (typeof CONTENT_TYPES)[number];

const MINUTE_MS = 60_000;

export const TTL_MS: Readonly<Record<ContentType, number>> = {
	aiAnswer: 30 * MINUTE_MS,
	template: 60 * MINUTE_MS,
	configuration: 120 * MINUTE_MS,
	health: 5 * MINUTE_MS,
	metrics: MINUTE_MS,
};

import type { AiRequest } from './request';
import { isRecord } from './wire';

/** Rough, for English; other languages and code take more. */
const CHARACTERS_PER_TOKEN = 4;
/** What the frame of a message takes. */
const TOKENS_PER_MESSAGE = 4;
/** What providers count for a picture of common size. */
const TOKENS_PER_IMAGE = 1000;

/** Tokens of a text, by its length: an estimate, for what is to be known before the provider has counted. */
export function estimateTokens(text: string): number {
	return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Tokens that a request will be counted as input. */
export function estimateInputTokens({ messages, json, body }: Pick<AiRequest, 'messages' | 'json' | 'body'>): number {
	if (body) return estimateBodyTokens([body.messages, body.tools, body.response_format]);
	const schema = json?.schema ? estimateTokens(JSON.stringify(json.schema)) : 0;
	return messages.reduce(
		(sum, { content, images = [] }) => sum + estimateTokens(content) + TOKENS_PER_MESSAGE + images.length * TOKENS_PER_IMAGE,
		schema,
	);
}

/** Of a request that is known only as JSON: its texts, its names, and its pictures. */
function estimateBodyTokens(value: unknown): number {
	if (typeof value === 'string') return value.startsWith('data:') ? TOKENS_PER_IMAGE : estimateTokens(value);
	if (Array.isArray(value)) return value.reduce<number>((sum, entry) => sum + estimateBodyTokens(entry), 0);
	if (!isRecord(value)) return 0;
	return Object.entries(value).reduce((sum, [name, entry]) => sum + estimateTokens(name) + estimateBodyTokens(entry), 0);
}

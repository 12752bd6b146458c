import { MalformedAnswerError } from '../core/errors';
import { requireInteger, requireText } from '../core/validate';
import type { AiModel, WireRequest } from './provider';
import type { AiUsage } from './usage';
import type { JsonObject } from './wire';

/** Texts to be turned into vectors, all with one model. */
export interface EmbedRequest {
	model: string;
	texts: readonly string[];
	/** Length of the vectors, for models that can shorten them. */
	dimensions?: number | undefined;
	/** Merged into the request body; for OpenAI-compatible servers. */
	extraBody?: JsonObject | undefined;
}

export interface EmbedAnswer {
	/** One per text, in their order. */
	vectors: number[][];
	model: string;
	/** Of all texts together; null where the provider counts nothing. */
	usage: AiUsage | null;
}

/** The part of a provider's wire format that is about embeddings. */
export interface EmbedFormat {
	/** Texts that one request may hold. */
	readonly maxTexts: number;
	/** @throws {InvalidOptionError} if the request is not valid */
	request(request: EmbedRequest): WireRequest;
	/** @throws {MalformedAnswerError} unless it holds one vector per text */
	parse(body: unknown, request: EmbedRequest): EmbedAnswer;
	/** Models for embeddings, of the list that `Provider.listModels` asks for. */
	parseModels(body: unknown): AiModel[];
}

export function validateEmbedRequest({ model, texts, dimensions }: EmbedRequest): void {
	requireText('Model', model);
	for (const text of texts) requireText('Text', text);
	if (dimensions !== undefined) requireInteger('Dimensions', dimensions, { min: 1 });
}

export function requireVectors(vectors: readonly unknown[], count: number): number[][] {
	const good = vectors.filter(isVector);
	if (good.length === count && vectors.length === count) return good;
	throw new MalformedAnswerError(`The AI provider gave ${good.length} vectors for ${count} texts`);
}

function isVector(value: unknown): value is number[] {
	return Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'number');
}

import { MalformedAnswerError } from '../core/errors';
import type { AiRequest } from './request';
import type { AiUsage } from './usage';

/**
 * Why the answer ended. `stop`: it is complete · `length`: cut off by a token limit · `tool`: the model calls a tool ·
 * `filtered`: refused or blocked · `other`: anything else, or the provider does not say.
 */
export type FinishReason = 'stop' | 'length' | 'tool' | 'filtered' | 'other';

export interface AiAnswer {
	/** Empty where nothing was written. */
	text: string;
	/** The text as JSON; present only if the request asked for JSON and the answer was not refused or a tool call. */
	json?: unknown;
	/** The model that answered, as the provider names it; it may be more exact than the one asked for. */
	model: string;
	/** Null where the provider counts nothing. */
	usage: AiUsage | null;
	finishReason: FinishReason;
	/** The provider's own word for it; empty where it gives none. */
	providerFinishReason: string;
	/** How long it took upstream, in milliseconds; filled in by who asked. */
	tookMs?: number;
	/** The provider's id of the answer. */
	id?: string;
	/** The provider's whole response; only where the request was a whole body. */
	raw?: unknown;
}

/** Whether the answer is whole: the only kind that may be cached. */
export function isComplete(answer: AiAnswer): boolean {
	return (answer.finishReason === 'stop' || answer.finishReason === 'tool') && answer.text.trim() !== '';
}

/** Excerpt of an answer in an error message, in characters. */
const EXCERPT_LENGTH = 80;

/**
 * Adds `json` where the request asked for it. The value is not checked against the schema: providers with structured
 * output hold the model to it, and for the others a check is the workflow's to make.
 * @throws {MalformedAnswerError} if the text is not JSON
 */
export function withJson(answer: AiAnswer, request?: Pick<AiRequest, 'json'>): AiAnswer {
	if (request?.json === undefined) return answer;
	if (answer.finishReason === 'filtered' || answer.finishReason === 'tool') return answer;
	const parsed = parseLoosely(answer.text);
	if (parsed) return { ...answer, json: parsed.value };
	const why =
		answer.finishReason === 'length'
			? 'The answer was cut off by the token limit before its JSON was complete'
			: 'The answer is not valid JSON';
	const start = answer.text.trim().slice(0, EXCERPT_LENGTH);
	throw new MalformedAnswerError(start === '' ? `${why}: it is empty` : `${why}; it begins with: ${start}`);
}

/** JSON as such, or inside the first Markdown fence. */
function parseLoosely(text: string): { value: unknown } | undefined {
	return parseStrictly(text) ?? parseStrictly(insideFence(text));
}

function parseStrictly(text: string | undefined): { value: unknown } | undefined {
	if (text === undefined) return undefined;
	try {
		return { value: JSON.parse(text) as unknown };
	} catch {
		return undefined;
	}
}

function insideFence(text: string): string | undefined {
	const open = text.indexOf('```');
	const start = text.indexOf('\n', open);
	const end = text.lastIndexOf('```');
	return open >= 0 && start >= 0 && end > start ? text.slice(start, end) : undefined;
}

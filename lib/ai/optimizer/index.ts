import { estimateTokens } from '../estimate';
import type { AiRequest } from '../request';
import { isRecord } from '../wire';
import { protect } from './protect';
import { minifyJson, PROMPT_RULES, TEXT_RULES, type PromptRule } from './rules';

export { PROMPT_RULES, type PromptRule } from './rules';

/** What the rules came to, in tokens as `estimateTokens` counts them. */
export interface Shortening {
	readonly tokensBefore: number;
	readonly tokensAfter: number;
	/** Tokens that each rule took away; only those that did. */
	readonly saved: Readonly<Partial<Record<PromptRule, number>>>;
}

export interface Shortened {
	readonly request: AiRequest;
	/** Undefined where no rule was asked for. */
	readonly shortening: Shortening | undefined;
}

/** The request with its system messages and those of the user shortened; what the model said stays as it said it. */
export function shortenRequest(request: AiRequest, rules: readonly PromptRule[]): Shortened {
	if (rules.length === 0) return { request, shortening: undefined };
	let [tokensBefore, tokensAfter] = [0, 0];
	const saved: Partial<Record<PromptRule, number>> = {};
	const messages = request.messages.map((message) => {
		// What is no message with a text is for the check of the whole request to name.
		if (!isRecord(message) || message.role === 'assistant' || typeof message.content !== 'string') return message;
		const result = shortenText(message.content, rules);
		tokensBefore += result.tokensBefore;
		tokensAfter += result.tokensAfter;
		for (const rule of PROMPT_RULES) {
			const tokens = result.saved[rule];
			if (tokens !== undefined) saved[rule] = (saved[rule] ?? 0) + tokens;
		}
		return { ...message, content: result.text };
	});
	return { request: { ...request, messages }, shortening: { tokensBefore, tokensAfter, saved } };
}

/**
 * A text after the rules. Nothing changes inside code (fenced, indented, inline), quotes and quoted lines, and of JSON
 * nothing but the white space between its tokens. A text of which nothing would be left stays as it is.
 */
export function shortenText(text: string, rules: readonly PromptRule[]): Shortening & { readonly text: string } {
	const tokensBefore = estimateTokens(text);
	const pieces = protect(text);
	const saved: Partial<Record<PromptRule, number>> = {};
	let current = pieces?.text ?? text;
	let tokens = tokensBefore;
	for (const rule of pieces ? PROMPT_RULES : []) {
		if (!pieces || !rules.includes(rule)) continue;
		if (rule === 'json') pieces.replaceJson(minifyJson);
		else current = TEXT_RULES[rule](current);
		const left = estimateTokens(pieces.restore(current));
		if (left !== tokens) saved[rule] = tokens - left;
		tokens = left;
	}
	const shortened = pieces?.restore(current) ?? text;
	if (!/[\p{L}\p{N}]/u.test(shortened)) return { text, tokensBefore, tokensAfter: tokensBefore, saved: {} };
	return { text: shortened, tokensBefore, tokensAfter: tokens, saved };
}

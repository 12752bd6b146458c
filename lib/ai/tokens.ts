/** Characters of one token in a word, and digits in a number: what the tokenizers of today's models come to in prose and code. */
const WORD_CHARS = 6;
const NUMBER_DIGITS = 3;

/**
 * About how many tokens a text has, without a model's tokenizer: an estimate for comparing two wordings of a text, not for
 * a bill. Words count by length, numbers by threes, every sign and line break by itself, single spaces with the word after.
 */
export function estimateTokens(text: string): number {
	let tokens = 0;
	for (const [piece] of text.matchAll(/\p{Script=Latin}+|\d+|\n+|[^\S\n]{2,}|[^\S\n]|./gsu)) {
		if (/^\p{Script=Latin}/u.test(piece)) tokens += Math.ceil(piece.length / WORD_CHARS);
		else if (/^\d/.test(piece)) tokens += Math.ceil(piece.length / NUMBER_DIGITS);
		else if (piece !== ' ') tokens += 1;
	}
	return tokens;
}

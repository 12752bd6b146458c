/** How providers say that a prompt is too long for a model. */
export const TOO_LONG =
	/context[ _](length|window)|prompt is too long|too many (input )?tokens|input token count .*exceeds|exceeds? the maximum (number of )?(input )?tokens|request_too_large/i;

const OUTPUT_LIMIT = /max(imum)?[_ ]?(completion|output)?[_ ]?tokens?\b.*(too large|at most|maximum allowed|> \d|supports)|maxOutputTokens/i;

/** What to do about a refusal that speaks of tokens; empty for any other. */
export function adviceOn(status: number, message: string, code: string): string {
	if (status !== 400 && status !== 413 && status !== 422) return '';
	const said = `${code} ${message}`;
	if (OUTPUT_LIMIT.test(said) && !TOO_LONG.test(said)) return 'The model cannot write answers that long: lower Max Tokens.';
	if (status !== 413 && !TOO_LONG.test(said)) return '';
	return "The prompt does not fit into the model's context window: shorten it, lower Max Tokens, or name a model with a larger window among the Fallback Models.";
}

import type { INodeProperties } from 'n8n-workflow';
import { PROMPT_RULES, type PromptRule } from '../../lib/ai';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireOneOf } from '../../lib/core/validate';

/** Members of the options collection: fewer tokens for the same prompt. */
export const promptOptions: INodeProperties[] = [
	{
		displayName: 'Cache at Provider',
		name: 'cacheSystem',
		type: 'boolean',
		default: false,
		description:
			'Whether to mark the system message for the prompt cache of Anthropic, which then reads it again at a tenth of the price. It must be long (1,024 tokens or more, by model). Other providers do this by themselves.',
	},
	{
		displayName: 'Shorten Prompt',
		name: 'shortenPrompt',
		type: 'multiOptions',
		default: [],
		description:
			'What to take out of system message and prompt before they are sent; code, quotes and the values of JSON are never changed. The cache looks for the shortened prompt. The trace says what was saved.',
		options: [
			{ name: 'Courtesy', value: 'courtesy', description: 'Greetings, thanks, please (in English)' },
			{ name: 'JSON White Space', value: 'json', description: 'Spaces and line breaks between the tokens of JSON' },
			{ name: 'Long Lists', value: 'lists', description: 'Items in the middle of lists of 50 or more, with a notice: the only rule that leaves content out' },
			{ name: 'Markdown Noise', value: 'markdown', description: 'Bold marks, dividing lines, comments, invisible characters' },
			{ name: 'Repetitions', value: 'repeats', description: 'Lines and paragraphs that stood there before, with a notice' },
			{ name: 'White Space', value: 'whitespace', description: 'Runs of spaces and empty lines' },
		],
	},
];

export function toPromptRules(options: Readonly<Record<string, unknown>>): PromptRule[] {
	const chosen: unknown = options.shortenPrompt ?? [];
	if (!Array.isArray(chosen)) throw new InvalidOptionError('Shorten Prompt', 'a list of rules', chosen);
	return chosen.map((rule: unknown) => requireOneOf('Shorten Prompt', rule, PROMPT_RULES));
}

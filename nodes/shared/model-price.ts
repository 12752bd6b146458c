import { costUsd, type AiUsage, type ModelPrice } from '../../lib/ai';
import { nameOf, originOf } from '../../lib/langchain';

/** Of the address of no provider: there only the user's own prices hold. */
const NOWHERE = 'http://unknown.invalid';

const KINDS: ReadonlyArray<readonly [RegExp, Parameters<typeof costUsd>[0]]> = [
	[/^openai/i, 'openAi'],
	[/^anthropic/i, 'anthropic'],
	[/google|gemini|vertex/i, 'gemini'],
];

/** What a use of a LangChain model costs in US dollars; null where that is not known. */
export function modelPrice(model: object, prices: Readonly<Record<string, ModelPrice>> | undefined): (usage: AiUsage) => number | null {
	const kind = (model as { _llmType?: () => string })._llmType?.() ?? model.constructor.name;
	const provider = KINDS.find(([pattern]) => pattern.test(kind))?.[1];
	const origin = originOf(model);
	const baseUrl = provider === undefined ? NOWHERE : URL.canParse(origin) && origin.startsWith('http') ? origin : undefined;
	return (usage) => costUsd(provider ?? 'openAi', nameOf(model), usage, { baseUrl, overrides: prices });
}

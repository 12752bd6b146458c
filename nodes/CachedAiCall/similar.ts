import type { INodeProperties } from 'n8n-workflow';
import type { AiRequest, Provider } from '../../lib/ai';
import { cacheKey, type KeyScope } from '../../lib/cache/key';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireNumber, requireOneOf, requireText } from '../../lib/core/validate';
import type { PromptVector } from '../../lib/core/policy';
import type { LaneCall } from '../../lib/runtime';
import { CANDIDATES, SIMILAR_MODES, type SimilarOptions } from '../../lib/similar/policy';

const DEFAULTS = { threshold: { letters: 0.5, embeddings: 0.8 }, maxAgeSeconds: 86_400 } as const;

export interface SimilarSettings extends SimilarOptions {
	/** Only where candidates are found by embeddings. */
	readonly embeddingModel?: string;
}

/** Members of the options collection. */
export const similarOptions: INodeProperties[] = [
	{
		displayName: 'Similar Prompts',
		name: 'similarMode',
		type: 'options',
		default: 'off',
		description:
			'Whether the stored answer to another wording of a prompt may stand in. Model, system message and all settings must be the same, and so must numbers, names, quoted text, code and the order of words. Only the question may be worded otherwise; what follows a colon or the first sentence may not. Single prompts only, not conversations.',
		options: [
			{ name: 'Off', value: 'off', description: 'Only the same prompt gets the same answer' },
			{ name: 'On', value: 'on', description: 'Answer from the cache where another wording was answered before' },
			{ name: 'Shadow', value: 'shadow', description: 'Always ask, and report in the trace what would have been served' },
		],
	},
	{
		displayName: 'Similar Prompts Age (Seconds)',
		name: 'similarMaxAgeSeconds',
		type: 'number',
		default: DEFAULTS.maxAgeSeconds,
		typeOptions: { minValue: 1 },
		description: 'Answers that are older stand in for their own prompt only, within their time to live',
	},
	{
		displayName: 'Similar Prompts Candidates',
		name: 'similarCandidates',
		type: 'options',
		default: 'letters',
		description: 'How prompts that may be alike are found; the same guard judges them',
		options: [
			{ name: 'Embeddings of the Provider', value: 'embeddings', description: 'Asks the provider for a vector of each new prompt, which costs; finds more' },
			{ name: 'Letters', value: 'letters', description: 'By sequences of letters, without any model' },
		],
	},
	{
		displayName: 'Similar Prompts Embeddings',
		name: 'similarEmbeddingModel',
		type: 'string',
		default: '',
		placeholder: 'e.g. text-embedding-3-small',
		description: 'Needed where candidates are found by embeddings. A model of the same provider and credential.',
	},
	{
		displayName: 'Similar Prompts Show Match',
		name: 'similarShowMatch',
		type: 'boolean',
		default: false,
		description: 'Whether the trace holds the text of the prompt that was matched, and not only the start of its key',
	},
	{
		displayName: 'Similar Prompts Threshold',
		name: 'similarThreshold',
		type: 'number',
		default: DEFAULTS.threshold.letters,
		typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 2 },
		description:
			'How alike the letters of two prompts must be, from 0 to 1; rare sequences count more than frequent ones. With embeddings, the cosine: 0.8 where nothing is set.',
	},
];

/** Undefined where it is off. `without`: the name of the provider, where it has no embeddings. */
export function toSimilar(options: Readonly<Record<string, unknown>>, without: string | undefined): SimilarSettings | undefined {
	const mode = requireOneOf('Similar Prompts', options.similarMode ?? 'off', SIMILAR_MODES);
	if (mode === 'off') return undefined;
	const seconds = requireNumber('Similar Prompts Age (Seconds)', options.similarMaxAgeSeconds ?? DEFAULTS.maxAgeSeconds, {
		min: 0.001,
		max: 31_536_000,
	});
	const candidates = requireOneOf('Similar Prompts Candidates', options.similarCandidates ?? 'letters', CANDIDATES);
	if (candidates === 'embeddings' && without !== undefined) {
		throw new InvalidOptionError('Similar Prompts Candidates', `letters, because ${without} offers no embeddings`, candidates);
	}
	return {
		mode,
		candidates,
		...(candidates === 'embeddings' ? { embeddingModel: requireText('Similar Prompts Embeddings', options.similarEmbeddingModel) } : {}),
		threshold: requireNumber('Similar Prompts Threshold', options.similarThreshold ?? DEFAULTS.threshold[candidates], { max: 1 }),
		maxAgeMs: Math.ceil(seconds * 1000),
		showPrompt: options.similarShowMatch === true,
	};
}

/**
 * What may be worded otherwise, and a key of all the rest as it goes over the wire. Undefined for a conversation: what
 * was said before gives the last words their meaning.
 */
export function similarPrompt(
	scope: KeyScope,
	request: AiRequest,
	{ wire, baseUrl, vectorOf, embeddingModel }: {
		readonly wire: Provider;
		readonly baseUrl: string;
		readonly vectorOf?: ((text: string, signal: AbortSignal | undefined) => Promise<PromptVector | undefined>) | undefined;
		readonly embeddingModel?: string | undefined;
	},
): LaneCall['prompt'] {
	const [user, ...others] = request.messages.filter(({ role }) => role !== 'system');
	if (user?.role !== 'user' || others.length > 0) return undefined;
	const blank = { ...user, content: '\uFFFC' };
	const rest = { ...request, messages: request.messages.map((message) => (message === user ? blank : message)) };
	const key = cacheKey(scope, { similarTo: { provider: wire.name, baseUrl, wire: wire.chat(rest, { baseUrl }), json: request.json !== undefined, embeddingModel } });
	return { scope: key, text: user.content, vector: vectorOf && (async (signal) => await vectorOf(user.content, signal)) };
}

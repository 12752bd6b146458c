import type { INodeProperties } from 'n8n-workflow';
import type { AiRequest, Provider } from '../../lib/ai';
import { cacheKey, type KeyScope } from '../../lib/cache/key';
import { requireNumber, requireOneOf } from '../../lib/core/validate';
import type { LaneCall } from '../../lib/runtime';
import { SIMILAR_MODES, type SimilarOptions } from '../../lib/similar/policy';

const DEFAULTS = { threshold: 0.5, maxAgeSeconds: 86_400 } as const;

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
		displayName: 'Similar Prompts Max Age (Seconds)',
		name: 'similarMaxAgeSeconds',
		type: 'number',
		default: DEFAULTS.maxAgeSeconds,
		typeOptions: { minValue: 1 },
		description: 'Answers that are older stand in for their own prompt only, within their time to live',
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
		default: DEFAULTS.threshold,
		typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 2 },
		description: 'How alike the letters of two prompts must be, from 0 to 1; rare sequences count more than frequent ones',
	},
];

/** Undefined where it is off. */
export function toSimilar(options: Readonly<Record<string, unknown>>): SimilarOptions | undefined {
	const mode = requireOneOf('Similar Prompts', options.similarMode ?? 'off', SIMILAR_MODES);
	if (mode === 'off') return undefined;
	const seconds = requireNumber('Similar Prompts Max Age (Seconds)', options.similarMaxAgeSeconds ?? DEFAULTS.maxAgeSeconds, {
		min: 0.001,
		max: 31_536_000,
	});
	return {
		mode,
		threshold: requireNumber('Similar Prompts Threshold', options.similarThreshold ?? DEFAULTS.threshold, { max: 1 }),
		maxAgeMs: Math.ceil(seconds * 1000),
		showPrompt: options.similarShowMatch === true,
	};
}

/**
 * What may be worded otherwise, and a key of all the rest as it goes over the wire. Undefined for a conversation: what
 * was said before gives the last words their meaning.
 */
export function similarPrompt(scope: KeyScope, request: AiRequest, wire: Provider, baseUrl: string): LaneCall['prompt'] {
	const [user, ...others] = request.messages.filter(({ role }) => role !== 'system');
	if (user?.role !== 'user' || others.length > 0) return undefined;
	const blank = { ...user, content: '\uFFFC' };
	const rest = { ...request, messages: request.messages.map((message) => (message === user ? blank : message)) };
	const key = cacheKey(scope, { similarTo: { provider: wire.name, baseUrl, wire: wire.chat(rest, { baseUrl }), json: request.json !== undefined } });
	return { scope: key, text: user.content };
}

import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { providers, type Provider } from '../../lib/ai';
import { requireOneOf } from '../../lib/core/validate';

/** A choice in the node's Provider list: which wire format, and where address and key come from. */
export interface ProviderChoice {
	readonly name: string;
	readonly description: string;
	readonly wire: Provider;
	/** n8n's own credential type; without one the node asks for a base URL. */
	readonly credential?: string;
	/** Field of the credential that holds the base URL. */
	readonly urlField?: string;
}

/** One entry gives the option in the panel, its credential and its wire format. */
export const PROVIDERS = {
	anthropic: {
		name: 'Anthropic',
		description: 'Claude models, through the Messages API',
		wire: providers.anthropic,
		credential: 'anthropicApi',
		urlField: 'url',
	},
	gemini: {
		name: 'Google Gemini',
		description: 'Gemini models, through the Gemini API',
		wire: providers.gemini,
		credential: 'googlePalmApi',
		urlField: 'host',
	},
	openAi: {
		name: 'OpenAI-Compatible',
		description: 'OpenAI, OpenRouter, Groq, vLLM and all others that speak its API: set the base URL in the credential',
		wire: providers.openAi,
		credential: 'openAiApi',
		urlField: 'url',
	},
	openAiKeyless: {
		name: 'OpenAI-Compatible Without Key',
		description: 'A server of your own that asks for no key, such as Ollama, LM Studio or vLLM',
		wire: providers.openAi,
	},
} as const satisfies Readonly<Record<string, ProviderChoice>>;

export type ProviderId = keyof typeof PROVIDERS;

export const PROVIDER_IDS = Object.keys(PROVIDERS) as ProviderId[];

/** Several providers of one call, for fallbacks from one to the other: the panel shows the credentials of all of them. */
export const PROVIDER_SETS: ReadonlyArray<{ readonly id: string; readonly name: string; readonly members: readonly ProviderId[] }> = subsets(
	PROVIDER_IDS.filter((id) => providerChoice(id).credential !== undefined),
)
	.filter((members) => members.length > 1)
	.map((members) => ({ id: members.join('+'), name: listed(members.map((id) => providerChoice(id).name)), members }));

/** The providers behind a choice in the Provider list. */
export function providersOf(choice: string): readonly ProviderId[] {
	return PROVIDER_SETS.find(({ id }) => id === choice)?.members ?? PROVIDER_IDS.filter((id) => id === choice);
}

/** The provider that is asked first, and all whose credentials are at hand. */
export function chosenProvider(choice: unknown, first: unknown): { provider: ProviderId; held: readonly ProviderId[] } {
	const choices = [...PROVIDER_IDS, ...PROVIDER_SETS.map(({ id }) => id)];
	const held = providersOf(requireOneOf('Provider', choice, choices));
	const provider = held.length === 1 ? held[0] : requireOneOf('First Provider', first ?? held[0], held);
	return { provider: provider ?? 'openAi', held };
}

function subsets<T>(list: readonly T[]): T[][] {
	return list.reduce<T[][]>((found, entry) => [...found, ...found.map((set) => [...set, entry])], [[]]);
}

function listed(names: readonly string[]): string {
	return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export function providerChoice(id: ProviderId): ProviderChoice {
	return PROVIDERS[id];
}

/** Where a credential says that its provider is; the provider's own address where it does not say. */
export function baseUrlOf(choice: ProviderChoice, data: ICredentialDataDecryptedObject): string {
	const url = choice.urlField === undefined ? undefined : data[choice.urlField];
	return typeof url === 'string' && url.trim() !== '' ? url.trim() : choice.wire.defaultBaseUrl;
}

/** The headers that prove who calls: the key, and what else the credential adds. Names in lower case. */
export function authHeadersOf(choice: ProviderChoice, data: ICredentialDataDecryptedObject): Record<string, string> {
	const headers = { ...choice.wire.authHeaders(typeof data.apiKey === 'string' ? data.apiKey : '') };
	if (typeof data.organizationId === 'string' && data.organizationId !== '') {
		headers['openai-organization'] = data.organizationId;
	}
	if (data.header === true && typeof data.headerName === 'string' && data.headerName !== '') {
		headers[data.headerName.toLowerCase()] = typeof data.headerValue === 'string' ? data.headerValue : '';
	}
	return headers;
}

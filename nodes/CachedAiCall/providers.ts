import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { providers, type Provider } from '../../lib/ai';

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

import { InvalidOptionError } from '../../lib/core/errors';
import { requireInteger, requireOneOf, requireText } from '../../lib/core/validate';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters';
import { requireJsonObject } from '../shared/json';
import { DEFAULTS } from './defaults';
import { get, readSettings, SETTINGS, unlessVaried, type CallParameters, type ChatParameters, type EmbedParameters } from './parameters';
import { providerChoice, type ProviderId } from './providers';

/** A request in the format of OpenAI's API, with how it is to travel. */
export type RequestParameters =
	| { readonly endpoint: 'chat'; readonly call: ChatParameters; readonly stream: boolean; readonly includeUsage: boolean }
	| { readonly endpoint: 'embeddings'; readonly texts: readonly EmbedParameters[]; readonly base64: boolean }
	| { readonly endpoint: 'models'; readonly call: CallParameters };

const ENDPOINTS = ['chat', 'embeddings', 'models'] as const;
const MAX_TEXTS = 2048;

type Body = Readonly<Record<string, unknown>>;

/** What it returns throws InvalidOptionError that names the parameter, or the field of the request. */
export function requestReader(context: ParameterContext): (itemIndex: number) => RequestParameters {
	const settings = perItem(context, readSettings, SETTINGS);
	return (itemIndex) => {
		const { call, cacheVaried, fallback } = settings(itemIndex);
		for (const { provider } of [call, ...(fallback?.models ?? [])]) requireOpenAi(provider);
		const endpoint = requireOneOf('Endpoint', get(context, itemIndex, 'endpoint'), ENDPOINTS);
		if (endpoint === 'models') return { endpoint, call };
		const body = requireJsonObject('Request Body', get(context, itemIndex, 'requestBody'));
		if (endpoint === 'embeddings') return { endpoint, ...readTexts(body, call) };
		const { stream, stream_options: streamOptions, ...rest } = body;
		const model = requireText('model', body.model);
		const temperature = typeof body.temperature === 'number' ? body.temperature : undefined;
		const cache = unlessVaried(call.cache, temperature, cacheVaried);
		const none = { similar: undefined, shortening: undefined, imageFields: [] };
		return {
			endpoint,
			call: { ...call, ...none, cache, fallback, request: { model, messages: [], body: rest, maxTokens: maxTokensOf(body) } },
			stream: stream === true,
			includeUsage: (streamOptions as Body | undefined)?.include_usage === true,
		};
	};
}

/** Whether the answer, or the failure, is to be put out as an HTTP response. */
export function repliesAsHttp(context: ParameterContext, itemIndex: number): boolean {
	return get(context, itemIndex, 'response') === 'http';
}

function requireOpenAi(provider: ProviderId): void {
	const { wire, name } = providerChoice(provider);
	if (wire.name !== 'openAi') throw new InvalidOptionError('Provider', "one that speaks OpenAI's API", name);
}

function maxTokensOf(body: Body): number | undefined {
	const value = body.max_completion_tokens ?? body.max_tokens;
	return typeof value === 'number' ? value : undefined;
}

/** One or many texts, each cached by itself; what else there is in the body goes with each. */
function readTexts(body: Body, call: CallParameters): { texts: EmbedParameters[]; base64: boolean } {
	const { input, model: given, dimensions: wanted, encoding_format: encoding, ...extraBody } = body;
	const model = requireText('model', given);
	const dimensions = wanted === undefined ? undefined : requireInteger('dimensions', wanted, { min: 1 });
	const inputs: readonly unknown[] = Array.isArray(input) ? input : [input];
	if (inputs.length === 0 || inputs.length > MAX_TEXTS || !inputs.every((text) => typeof text === 'string')) {
		throw new InvalidOptionError('input', `a text, or a list of 1 to ${MAX_TEXTS} texts`, input);
	}
	const more = Object.keys(extraBody).length > 0 ? { extraBody } : {};
	const texts = inputs.map((text) => ({ ...call, model, dimensions, text: requireText('input', text), textsPerRequest: DEFAULTS.textsPerRequest, ...more }));
	return { texts, base64: requireOneOf('encoding_format', encoding ?? 'float', ['float', 'base64']) === 'base64' };
}

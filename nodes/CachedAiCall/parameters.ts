import type { AiMessage, AiRequest, JsonFormat } from '../../lib/ai';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireHttpUrl, requireInteger, requireNumber, requireOneOf, requireText } from '../../lib/core/validate';
import type { ParameterContext } from '../../lib/n8n/parameters';
import { toCacheSettings, type CacheSettings } from '../shared/cache';
import { toConnection, type ConnectionSettings } from '../shared/connection';
import { toResilience, type ResilienceSettings } from '../shared/resilience';
import { DEFAULTS } from './defaults';
import { PROVIDER_IDS, providerChoice, type ProviderId } from './providers';

/** One call as the user described it, validated; nothing of n8n is left in it. */
export interface ChatParameters {
	readonly provider: ProviderId;
	/** Only where the provider has no credential to take it from. */
	readonly baseUrl: string | undefined;
	readonly request: AiRequest;
	readonly cache: CacheSettings;
	readonly staleWhileRevalidateMs: number;
	readonly staleIfErrorMs: number;
	readonly resilience: ResilienceSettings;
	readonly connection: ConnectionSettings;
	readonly attemptTimeoutMs: number;
	readonly totalTimeoutMs: number;
	readonly includeTrace: boolean;
}

type Options = Readonly<Record<string, unknown>>;

/** Throws InvalidOptionError that names the parameter. */
export function readParameters(context: ParameterContext, itemIndex: number): ChatParameters {
	// n8n throws on a parameter that is hidden and so has no value, unless it is given another than undefined.
	const get = (name: string): unknown => context.getNodeParameter(name, itemIndex, null) ?? undefined;
	requireOneOf('Operation', get('operation'), ['chat']);
	const options = (get('options') ?? {}) as Options;
	const provider = requireOneOf('Provider', get('provider'), PROVIDER_IDS);
	const request: AiRequest = {
		model: requireText('Model', context.getNodeParameter('model', itemIndex, '', { extractValue: true })),
		messages: get('promptType') === 'messages' ? readMessages(get('messages')) : toMessages(get('systemMessage'), get('prompt')),
		json: readJsonFormat(get('outputFormat'), get('jsonSchema')),
		...readModelOptions(options),
	};
	const seconds = (name: string, key: keyof typeof DEFAULTS, min: number) =>
		Math.round(requireNumber(name, options[key] ?? DEFAULTS[key], { min, max: 31_536_000 }) * 1000);
	return {
		provider,
		baseUrl: providerChoice(provider).credential ? undefined : requireHttpUrl('Base URL', get('baseUrl')).href,
		request,
		cache: readCache(get, request, options.cacheVaried === true),
		staleWhileRevalidateMs: seconds('Serve Stale While Refreshing (Seconds)', 'staleWhileRevalidateSeconds', 0),
		staleIfErrorMs: seconds('Serve Stale on Errors (Seconds)', 'staleIfErrorSeconds', 0),
		resilience: toResilience(options, DEFAULTS),
		connection: toConnection(options, DEFAULTS),
		attemptTimeoutMs: seconds('Timeout per Attempt (Seconds)', 'timeoutSeconds', 0.001),
		totalTimeoutMs: seconds('Total Timeout (Seconds)', 'totalTimeoutSeconds', 0.001),
		includeTrace: options.includeTrace === true,
	};
}

/**
 * Items worked on at the same time; one setting for the whole run, so the first item's counts. What is
 * not valid is reported with the item that it belongs to, not here.
 */
export function readConcurrency(context: ParameterContext): number {
	const value: unknown = context.getNodeParameter('options.concurrency', 0, DEFAULTS.concurrency);
	return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 1;
}

/** Who sets a temperature above 0 wants variety, and a cache would take it away. */
function readCache(get: (name: string) => unknown, request: AiRequest, cacheVaried: boolean): CacheSettings {
	const settings = toCacheSettings({
		mode: get('cacheMode'),
		contentType: get('contentType'),
		ttlSeconds: get('ttlSeconds'),
		scope: get('cacheScope'),
		scopeKey: get('cacheScopeKey'),
	});
	const varied = (request.temperature ?? 0) > 0 && !cacheVaried;
	return varied ? { ...settings, mode: 'off' } : settings;
}

function toMessages(system: unknown, prompt: unknown): AiMessage[] {
	const user: AiMessage = { role: 'user', content: requireText('Prompt', asText(prompt)) };
	const behaviour = asText(system);
	return typeof behaviour === 'string' && behaviour.trim() !== '' ? [{ role: 'system', content: behaviour }, user] : [user];
}

function readMessages(value: unknown): AiMessage[] {
	const parsed = parseJson('Messages', value);
	if (!Array.isArray(parsed) || parsed.length === 0) throw new InvalidOptionError('Messages', 'a list of messages', parsed);
	// Role and content of each are checked with the whole request.
	return parsed as AiMessage[];
}

function readJsonFormat(format: unknown, schema: unknown): JsonFormat | undefined {
	switch (requireOneOf('Output', format, ['text', 'json', 'schema'])) {
		case 'text':
			return undefined;
		case 'json':
			return {};
		case 'schema':
			return { schema: requireObject('JSON Schema', schema) };
	}
}

function readModelOptions(options: Options): Partial<AiRequest> {
	const read: Partial<AiRequest> = {};
	if (options.temperature !== undefined) read.temperature = requireNumber('Temperature', options.temperature, { max: 2 });
	if (options.topP !== undefined) read.topP = requireNumber('Top P', options.topP, { max: 1 });
	if (options.maxTokens !== undefined) read.maxTokens = requireInteger('Max Tokens', options.maxTokens, { min: 1 });
	if (options.seed !== undefined) read.seed = requireInteger('Seed', options.seed, { min: Number.MIN_SAFE_INTEGER });
	if (Array.isArray(options.stop) && options.stop.length > 0) read.stop = options.stop.map(String);
	if (options.extraBody !== undefined) read.extraBody = requireObject('Extra Body Fields', options.extraBody);
	return read;
}

function requireObject(name: string, value: unknown): Record<string, unknown> {
	const parsed = parseJson(name, value);
	if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
	throw new InvalidOptionError(name, 'a JSON object', parsed);
}

/** A JSON field holds a text, or, by an expression, the value itself. */
function parseJson(name: string, value: unknown): unknown {
	if (typeof value !== 'string') return value;
	try {
		return JSON.parse(value) as unknown;
	} catch (error) {
		throw new InvalidOptionError(name, `valid JSON (${error instanceof Error ? error.message : 'unreadable'})`, value);
	}
}

/** An expression may give a number or a truth value where a text is meant. */
function asText(value: unknown): unknown {
	return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

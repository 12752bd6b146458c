import type { AiMessage, AiRequest, JsonFormat, PromptRule, Shortening } from '../../lib/ai';
import { shortenRequest } from '../../lib/ai';
import { templateTag } from '../../lib/template';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireHttpUrl, requireInteger, requireNumber, requireOneOf, requireText } from '../../lib/core/validate';
import type { RuleReader } from '../../lib/n8n/clear';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters';
import { toCacheSettings, toMaxTtlMs, type CacheSettings } from '../shared/cache';
import { toRules } from '../shared/clear';
import { toConnection, type ConnectionSettings } from '../shared/connection';
import { parseJsonField, requireJsonObject } from '../shared/json';
import { toResilience, type ResilienceSettings } from '../shared/resilience';
import { libraryOf, TEMPLATE_PARAMETERS, toTemplateChoice, type TemplateChoice } from '../shared/template';
import type { FilledText, UsedTemplate } from '../shared/template-run';
import { toTotalTimeoutMs } from '../shared/timeout';
import { DEFAULTS } from './defaults';
import { readFallback, type FallbackSettings } from './fallback';
import { readSpending, type SpendingSettings } from '../shared/spending';
import { chosenProvider, providerChoice, type ProviderId } from './providers';
import { toPromptRules } from './shorten';
import { toSimilar, type SimilarSettings } from './similar';

/** What all operations share. */
export interface CallParameters {
	readonly provider: ProviderId;
	/** Only where the provider has no credential to take it from. */
	readonly baseUrl: string | undefined;
	readonly cache: CacheSettings;
	readonly staleWhileRevalidateMs: number;
	/** How far the time to live of answers that stay the same may grow; undefined where it does not. */
	readonly maxTtlMs: number | undefined;
	readonly staleIfErrorMs: number;
	readonly resilience: ResilienceSettings;
	readonly connection: ConnectionSettings;
	readonly attemptTimeoutMs: number;
	readonly stream: boolean;
	readonly totalTimeoutMs: number;
	readonly includeTrace: boolean;
	readonly spending: SpendingSettings;
	/** Say what would be done, and do nothing. */
	readonly explain: boolean;
	/** Fill the cache, and put out no answers. */
	readonly warmUp: boolean;
}

/** One call as the user described it, validated; nothing of n8n is left in it. */
export interface ChatParameters extends CallParameters {
	readonly request: AiRequest;
	/** What the prompt was made of; undefined for one of the panel's own. */
	readonly template?: UsedTemplate | undefined;
	/** Undefined where only the same prompt gets the same answer. */
	readonly similar: SimilarSettings | undefined;
	/** What it took to shorten the prompts of `request`; undefined where no rule was chosen. */
	readonly shortening: Shortening | undefined;
	/** Binary fields whose images go with the prompt. */
	readonly imageFields: readonly string[];
	/** Other models that step in. */
	readonly fallback: FallbackSettings | undefined;
}

export interface EmbedParameters extends CallParameters {
	readonly model: string;
	readonly text: string;
	readonly dimensions: number | undefined;
	readonly textsPerRequest: number;
	/** Merged into the request body. */
	readonly extraBody?: Readonly<Record<string, unknown>> | undefined;
}

export const BATCH_OPERATIONS = ['submitBatch', 'getBatch', 'collectBatch', 'cancelBatch'] as const;
const OPERATIONS = ['chat', 'embed', 'request', ...BATCH_OPERATIONS] as const;

/** What `readSettings` reads. */
export const SETTINGS = [
	'operation',
	'provider',
	'firstProvider',
	'baseUrl',
	'cacheMode',
	'contentType',
	'ttlSeconds',
	'cacheScope',
	'cacheScopeKey',
	'cacheTags',
	'options',
];

export type Options = Readonly<Record<string, unknown>>;

/** All but what is asked: the same for all items, unless one of these parameters is an expression. */
interface Settings {
	readonly call: CallParameters;
	/** Whether what may vary is cached too. */
	readonly cacheVaried: boolean;
	readonly imageFields: readonly string[];
	readonly fallback: FallbackSettings | undefined;
	readonly similar: SimilarSettings | undefined;
	readonly shorten: readonly PromptRule[];
	readonly model: Partial<AiRequest>;
}

/** Fills a template of the library with the fields of an item; throws TemplateError. */
export type PromptFiller = (choice: TemplateChoice, itemIndex: number) => FilledText;

/**
 * What it returns throws InvalidOptionError that names the parameter.
 * @param fill undefined where no prompt is a template of the library
 */
export function parameterReader(context: ParameterContext, fill?: PromptFiller): (itemIndex: number) => ChatParameters {
	const settings = perItem(context, readSettings, SETTINGS);
	const model = perItem(context, readModel, ['model']);
	const messages = perItem(context, readMessages, ['promptType', 'systemMessage', 'prompt', 'messages']);
	const json = perItem(context, readJsonFormat, ['outputFormat', 'jsonSchema']);
	const choice = perItem(context, readTemplate, TEMPLATE_PARAMETERS);
	return (itemIndex) => {
		const { model: options, call, shorten, imageFields, fallback, similar } = settings(itemIndex);
		const filled = fill?.(choice(itemIndex), itemIndex);
		const asked = filled ? toMessages(get(context, itemIndex, 'systemMessage'), filled.text) : messages(itemIndex);
		const request = { model: model(itemIndex), messages: asked, json: json(itemIndex), ...options };
		return { ...call, ...(filled && madeOf(filled.template, call.cache)), imageFields, fallback, similar, ...shortenRequest(request, shorten) };
	};
}

/** Answers can be told by their template, and leave with it. */
function madeOf(template: UsedTemplate, cache: CacheSettings): Pick<ChatParameters, 'template' | 'cache'> {
	return { template, cache: { ...cache, tags: [...cache.tags, templateTag(template.name)] } };
}

function readTemplate(context: ParameterContext, itemIndex: number): TemplateChoice {
	return toTemplateChoice((name) => get(context, itemIndex, name));
}

/** One way to write prompts for the whole run. */
export function readsTemplates(context: ParameterContext): boolean {
	return get(context, 0, 'promptType') === 'template';
}

/** One library for the whole run. */
export function readLibrary(context: ParameterContext): unknown {
	return libraryOf(get(context, 0, 'library'), readStore(context));
}

/** As `parameterReader`, for embeddings. */
export function embedReader(context: ParameterContext): (itemIndex: number) => EmbedParameters {
	const settings = perItem(context, readSettings, SETTINGS);
	const embedding = perItem(context, readEmbedding, ['model', 'options']);
	const text = perItem(context, (from, itemIndex) => requireText('Text', asText(get(from, itemIndex, 'text'))), ['text']);
	return (itemIndex) => ({ ...settings(itemIndex).call, ...embedding(itemIndex), text: text(itemIndex) });
}

function readEmbedding(context: ParameterContext, itemIndex: number): Pick<EmbedParameters, 'model' | 'dimensions' | 'textsPerRequest'> {
	const { dimensions, textsPerRequest } = (get(context, itemIndex, 'options') ?? {}) as Options;
	return {
		model: readModel(context, itemIndex),
		dimensions: dimensions === undefined ? undefined : requireInteger('Dimensions', dimensions, { min: 1 }),
		textsPerRequest: requireInteger('Texts per Request', textsPerRequest ?? DEFAULTS.textsPerRequest, { min: 1, max: 2048 }),
	};
}

/** The operation is the same for all items; one that does not exist is reported with each. */
export function readOperation(context: ParameterContext): unknown {
	return context.getNodeParameter('operation', 0);
}

/** One store for the whole run. */
export function readStore(context: ParameterContext): unknown {
	return get(context, 0, 'store');
}

/** What the operation Clear Cache is to clear. What it returns throws InvalidOptionError that names the parameter. */
export function clearReader(context: ParameterContext): RuleReader {
	return (itemIndex, workflow) => toRules((name) => get(context, itemIndex, name), workflow);
}

export function readSettings(context: ParameterContext, itemIndex: number): Settings {
	const read = (name: string) => get(context, itemIndex, name);
	const operation = requireOneOf('Operation', read('operation'), OPERATIONS);
	const batch = BATCH_OPERATIONS.some((known) => known === operation);
	const options = (read('options') ?? {}) as Options;
	const { provider, held } = chosenProvider(read('provider'), read('firstProvider'));
	const choice = providerChoice(provider);
	const baseUrl = choice.credential ? undefined : requireHttpUrl('Base URL', read('baseUrl')).href;
	const model = readModelOptions(options);
	const seconds = (name: string, key: keyof typeof DEFAULTS, min: number) =>
		Math.round(requireNumber(name, options[key] ?? DEFAULTS[key], { min, max: 31_536_000 }) * 1000);
	const cacheVaried = options.cacheVaried === true;
	const call: CallParameters = {
		provider,
		baseUrl,
		cache: unlessVaried(readCache(read), model.temperature, cacheVaried),
		staleWhileRevalidateMs: seconds('Stale While Renewing (Seconds)', 'staleWhileRevalidateSeconds', 0),
		maxTtlMs: toMaxTtlMs(options.adaptiveTtlSeconds),
		staleIfErrorMs: seconds('Serve Stale on Errors (Seconds)', 'staleIfErrorSeconds', 0),
		resilience: toResilience(options, DEFAULTS),
		connection: toConnection(options, batch ? { maxResponseMb: DEFAULTS.maxBatchMb } : DEFAULTS),
		attemptTimeoutMs: seconds('Timeout per Attempt (Seconds)', 'timeoutSeconds', 0.001),
		stream: options.stream === true,
		totalTimeoutMs: toTotalTimeoutMs(options.totalTimeoutSeconds),
		includeTrace: options.includeTrace === true,
		spending: { ...readSpending(options), batch },
		explain: options.explain === true,
		warmUp: options.warmUp === true,
	};
	const fallback = readFallback(options, { provider, baseUrl }, held);
	return { call, cacheVaried, model, imageFields: listOf(options.imageFields), fallback, similar: toSimilar(options, choice.wire.embeddings ? undefined : choice.name), shorten: toPromptRules(options) };
}

/** Names separated by commas. */
function listOf(value: unknown): string[] {
	const names = typeof value === 'string' ? value.split(',') : [];
	return names.map((name) => name.trim()).filter((name) => name !== '');
}

/**
 * Items worked on at the same time; one setting for the whole run, so the first item's counts. What is
 * not valid is reported with the item that it belongs to, not here.
 */
export function readConcurrency(context: ParameterContext): number {
	const value: unknown = context.getNodeParameter('options.concurrency', 0, DEFAULTS.concurrency);
	return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 1;
}

/** As `readConcurrency`: texts that share a request. */
export function readTextsPerRequest(context: ParameterContext): number {
	const value: unknown = context.getNodeParameter('options.textsPerRequest', 0, DEFAULTS.textsPerRequest);
	return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 1;
}

/** n8n throws on a parameter that is hidden and so has no value, unless it is given another than undefined. */
export function get(context: ParameterContext, itemIndex: number, name: string): unknown {
	return context.getNodeParameter(name, itemIndex, null) ?? undefined;
}

function readCache(read: (name: string) => unknown): CacheSettings {
	return toCacheSettings({
		// Hidden where nothing is cached.
		mode: read('cacheMode') ?? 'off',
		contentType: read('contentType'),
		ttlSeconds: read('ttlSeconds'),
		scope: read('cacheScope') ?? 'workflow',
		scopeKey: read('cacheScopeKey'),
		tags: read('cacheTags'),
	});
}

/** Who sets a temperature above 0 wants variety, and a cache would take it away. */
export function unlessVaried(cache: CacheSettings, temperature: number | undefined, cacheVaried: boolean): CacheSettings {
	return (temperature ?? 0) > 0 && !cacheVaried ? { ...cache, mode: 'off' } : cache;
}

function readModel(context: ParameterContext, itemIndex: number): string {
	return requireText('Model', context.getNodeParameter('model', itemIndex, '', { extractValue: true }));
}

function readMessages(context: ParameterContext, itemIndex: number): AiMessage[] {
	const read = (name: string) => get(context, itemIndex, name);
	if (read('promptType') !== 'messages') return toMessages(read('systemMessage'), read('prompt'));
	const parsed = parseJsonField('Messages', read('messages'));
	if (!Array.isArray(parsed) || parsed.length === 0) throw new InvalidOptionError('Messages', 'a list of messages', parsed);
	// Role and content of each are checked with the whole request.
	return parsed as AiMessage[];
}

function toMessages(system: unknown, prompt: unknown): AiMessage[] {
	const user: AiMessage = { role: 'user', content: requireText('Prompt', asText(prompt)) };
	const behaviour = asText(system);
	return typeof behaviour === 'string' && behaviour.trim() !== '' ? [{ role: 'system', content: behaviour }, user] : [user];
}

function readJsonFormat(context: ParameterContext, itemIndex: number): JsonFormat | undefined {
	switch (requireOneOf('Output', get(context, itemIndex, 'outputFormat'), ['text', 'json', 'schema'])) {
		case 'text':
			return undefined;
		case 'json':
			return {};
		case 'schema':
			return { schema: requireJsonObject('JSON Schema', get(context, itemIndex, 'jsonSchema')) };
	}
}

function readModelOptions(options: Options): Partial<AiRequest> {
	const read: Partial<AiRequest> = {};
	if (options.temperature !== undefined) read.temperature = requireNumber('Temperature', options.temperature, { max: 2 });
	if (options.topP !== undefined) read.topP = requireNumber('Top P', options.topP, { max: 1 });
	if (options.maxTokens !== undefined) read.maxTokens = requireInteger('Max Tokens', options.maxTokens, { min: 1 });
	if (options.seed !== undefined) read.seed = requireInteger('Seed', options.seed, { min: Number.MIN_SAFE_INTEGER });
	if (Array.isArray(options.stop) && options.stop.length > 0) read.stop = options.stop.map(String);
	if (options.cacheSystem === true) read.cacheSystem = true;
	if (options.extraBody !== undefined) read.extraBody = requireJsonObject('Extra Body Fields', options.extraBody);
	return read;
}

/** An expression may give a number or a truth value where a text is meant. */
export function asText(value: unknown): unknown {
	return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

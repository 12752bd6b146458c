import { InvalidOptionError } from '../../../lib/core/errors';
import { requireHttpUrl, requireInteger, requireNumber, requireOneOf, requireText } from '../../../lib/core/validate';
import type { RuleReader } from '../../../lib/n8n/clear';
import { perItem, type ParameterContext } from '../../../lib/n8n/parameters';
import { toConnection, type ConnectionSettings } from '../connection';
import { toRules } from '../clear';
import { requireJsonObject } from '../json';
import { libraryOf, TEMPLATE_PARAMETERS } from '../template';
import { toResilience, type ResilienceSettings } from '../resilience';
import { toTotalTimeoutMs } from '../timeout';
import { ACCESS_PARAMETERS, toAccessSettings, type AccessSettings } from './authentication';
import { toBody, type ContentTypes, type RequestBody } from './body';
import { toCaching, type CachingSettings } from './caching';
import {
	ARRAY_FORMATS,
	METHODS,
	RESPONSE_FORMATS,
	WEBDAV_METHODS,
	type ArrayFormat,
	type Method,
	type ResponseFormat,
} from './choices';
import { DEFAULTS } from './defaults';
import { asValues, collect, toRows, type Values } from './values';
import { toOptimization, type Optimization } from './optimize';
import { toPagination, type Pagination } from './pagination';
import { toBatching, type Batching } from './pace';
import { behaviourOf, type Behaviour } from './versions';
import { toSteadiness, type SteadinessSettings } from './steadiness';

export interface ResponseSettings {
	readonly format: ResponseFormat;
	readonly full: boolean;
	readonly neverError: boolean;
	readonly outputPropertyName: string;
	readonly includeTrace: boolean;
	/** For a model. */
	readonly optimization: Optimization | undefined;
}

/** What does not differ between items, unless an option holds an expression. */
export interface Settings {
	readonly access: AccessSettings;
	readonly arrayFormat: ArrayFormat;
	readonly lowercaseHeaders: boolean;
	readonly redirect: { readonly follow: boolean; readonly max: number; readonly keepCredentials: boolean };
	readonly response: ResponseSettings;
	readonly resilience: ResilienceSettings;
	readonly connection: ConnectionSettings;
	readonly caching: CachingSettings;
	readonly steadiness: SteadinessSettings;
	readonly attemptTimeoutMs: number;
	readonly totalTimeoutMs: number;
}

/**
 * One request as the user described it, validated; nothing of n8n is left in it. Parts that hold no
 * expression are the same object for all items.
 */
export interface RequestParameters {
	readonly method: Method;
	readonly url: string;
	readonly query: Values;
	readonly headers: Values;
	readonly body: RequestBody;
	readonly settings: Settings;
}

/** What it returns throws InvalidOptionError that names the parameter. */
export function parameterReader(context: ParameterContext, contentTypes: ContentTypes): (itemIndex: number) => RequestParameters {
	const behaviour = behaviourOf(context.getNode().typeVersion);
	const settings = perItem(context, (from, itemIndex) => readSettings(from, itemIndex, behaviour), [
		'operation',
		...ACCESS_PARAMETERS,
		'options',
		'dataField',
		'fields',
	]);
	const method = perItem(context, readMethod, ['method']);
	const url = perItem(context, readUrl, ['url']);
	const query = perItem(context, (from, itemIndex) => readQuery(from, itemIndex, behaviour), ['sendQuery', 'specifyQuery', 'queryParameters', 'jsonQuery']);
	const headers = perItem(context, (from, itemIndex) => readHeaders(from, itemIndex, behaviour), ['sendHeaders', 'specifyHeaders', 'headerParameters', 'jsonHeaders']);
	const body = perItem(context, (from, itemIndex) => toBody((name) => get(from, itemIndex, name), behaviour, contentTypes), [
		'sendBody',
		'contentType',
		'specifyBody',
		'bodyParameters',
		'jsonBody',
		'body',
		'rawContentType',
		'inputDataFieldName',
		'templateContentType',
		...TEMPLATE_PARAMETERS,
	]);
	return (itemIndex) => ({
		settings: settings(itemIndex),
		method: method(itemIndex),
		url: url(itemIndex),
		query: query(itemIndex),
		headers: headers(itemIndex),
		body: body(itemIndex),
	});
}

/**
 * Items worked on at the same time; one setting for the whole run, so the first item's counts. What is
 * not valid is reported with the item that it belongs to, not here.
 */
export function readConcurrency(context: ParameterContext): number {
	const value: unknown = context.getNodeParameter('options.concurrency', 0, DEFAULTS.concurrency);
	return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 1;
}

/** One setting for the whole run, as the number of concurrent items. */
export function readBatching(context: ParameterContext): Batching {
	return toBatching(context.getNodeParameter('options.batching', 0, {}));
}

/** One store for the whole run. */
export function readStore(context: ParameterContext): unknown {
	return context.getNodeParameter('options.store', 0, 'memory');
}

/** One library for the whole run. */
export function readLibrary(context: ParameterContext): unknown {
	return libraryOf(get(context, 0, 'library'), readStore(context));
}

/** What the operation Clear Cache is to clear. What it returns throws InvalidOptionError that names the parameter. */
export function clearReader(context: ParameterContext): RuleReader {
	return (itemIndex, workflow) => toRules((name) => get(context, itemIndex, name), workflow);
}

/** The operation is the same for all items; one that does not exist is reported with each. */
export function readOperation(context: ParameterContext): unknown {
	return get(context, 0, 'operation');
}

/** One setting for the whole run, as in HTTP Request; its expressions stay as they are. */
export function readPagination(context: ParameterContext): Pagination | undefined {
	const option: unknown = context.getNodeParameter('options.pagination.pagination', 0, null, { rawExpressions: true });
	if (option === null) return undefined;
	return toPagination(option, context.getNodeParameter('options.response.response.neverError', 0, false) === true);
}

/** n8n throws on a parameter that is hidden and so has no value, unless it is given another than undefined. */
function get(context: ParameterContext, itemIndex: number, name: string): unknown {
	return context.getNodeParameter(name, itemIndex, null) ?? undefined;
}

function readMethod(context: ParameterContext, itemIndex: number): Method {
	return requireOneOf('Method', get(context, itemIndex, 'method') ?? 'GET', [...METHODS, ...WEBDAV_METHODS]);
}

function readUrl(context: ParameterContext, itemIndex: number): string {
	const url = get(context, itemIndex, 'url');
	requireHttpUrl('URL', url);
	return String(url).trim();
}

function readSettings(context: ParameterContext, itemIndex: number, behaviour: Behaviour): Settings {
	requireOperation(get(context, itemIndex, 'operation'));
	const options = asValues(get(context, itemIndex, 'options'));
	const attemptTimeoutMs = requireNumber('Timeout', options.timeout ?? DEFAULTS.timeoutMs, { min: 0, max: 31_536_000_000 });
	return {
		access: toAccessSettings((name) => get(context, itemIndex, name), options),
		arrayFormat: requireOneOf('Array Format in Query Parameters', options.queryParameterArrays ?? 'indices', ARRAY_FORMATS),
		lowercaseHeaders: options.lowercaseHeaders !== false,
		redirect: toRedirect(options, behaviour),
		response: {
			...toResponse(options.response, options.includeTrace === true),
			optimization: toOptimization((name) => get(context, itemIndex, name)),
		},
		resilience: toResilience(options, DEFAULTS),
		connection: toConnection(options, DEFAULTS),
		caching: toCaching(options),
		steadiness: toSteadiness(options),
		// As in HTTP Request, 0 means that nothing was said.
		attemptTimeoutMs: attemptTimeoutMs === 0 ? DEFAULTS.timeoutMs : Math.max(1, Math.round(attemptTimeoutMs)),
		totalTimeoutMs: toTotalTimeoutMs(options.totalTimeoutSeconds, attemptTimeoutMs),
	};
}

/** n8n offers a "Custom API Call" wherever a parameter has this name; a workflow of HTTP Request has no operation at all. */
function requireOperation(operation: unknown): void {
	if (operation === undefined || operation === 'request' || operation === 'gather') return;
	throw new InvalidOptionError('Operation', '"Make a Request"', operation);
}

function toRedirect({ redirect: option, sendCredentialsOnCrossOriginRedirect }: Values, behaviour: Behaviour): Settings['redirect'] {
	const keepCredentials =
		typeof sendCredentialsOnCrossOriginRedirect === 'boolean' ? sendCredentialsOnCrossOriginRedirect : behaviour.keepsCredentialsOnRedirect;
	const { followRedirects, maxRedirects } = asValues(asValues(option).redirect);
	return {
		// As in HTTP Request: followed where the option was never added, and 0 means that no bound was set.
		follow: option === undefined || followRedirects === true,
		max: requireInteger('Max Redirects', maxRedirects ?? 0, { max: 1000 }) || DEFAULTS.maxRedirects,
		keepCredentials,
	};
}

function toResponse(option: unknown, includeTrace: boolean): Omit<ResponseSettings, 'optimization'> {
	const values = asValues(asValues(option).response);
	const name = values.outputPropertyName;
	return {
		format: requireOneOf('Response Format', values.responseFormat ?? 'autodetect', RESPONSE_FORMATS),
		full: values.fullResponse === true,
		neverError: values.neverError === true,
		outputPropertyName: name === undefined ? DEFAULTS.outputPropertyName : requireText('Put Output in Field', name),
		includeTrace,
	};
}

function readQuery(context: ParameterContext, itemIndex: number, behaviour: Behaviour): Values {
	return readPairs(context, itemIndex, behaviour, {
		send: 'sendQuery',
		specify: 'specifyQuery',
		fields: 'queryParameters',
		json: 'jsonQuery',
		title: 'Query Parameters',
	});
}

function readHeaders(context: ParameterContext, itemIndex: number, behaviour: Behaviour): Values {
	return readPairs(context, itemIndex, behaviour, {
		send: 'sendHeaders',
		specify: 'specifyHeaders',
		fields: 'headerParameters',
		json: 'jsonHeaders',
		title: 'Headers',
	});
}

function readPairs(
	context: ParameterContext,
	itemIndex: number,
	behaviour: Behaviour,
	names: { readonly send: string; readonly specify: string; readonly fields: string; readonly json: string; readonly title: string },
): Values {
	if (get(context, itemIndex, names.send) !== true) return {};
	const specified = get(context, itemIndex, names.specify) ?? 'keypair';
	return requireOneOf(`Specify ${names.title}`, specified, ['keypair', 'json']) === 'json'
		? requireJsonObject(`JSON of ${names.title}`, get(context, itemIndex, names.json))
		: collect(toRows(get(context, itemIndex, names.fields)), behaviour.collects);
}


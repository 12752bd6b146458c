import { InvalidOptionError } from '../../lib/core/errors';
import { requireHttpUrl, requireInteger, requireNumber, requireOneOf, requireText } from '../../lib/core/validate';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters';
import { toConnection, type ConnectionSettings } from '../shared/connection';
import { parseJsonField, requireJsonObject } from '../shared/json';
import { toResilience, type ResilienceSettings } from '../shared/resilience';
import { ACCESS_PARAMETERS, toAccessSettings, type AccessSettings } from './authentication';
import { toCaching, type CachingSettings } from './caching';
import {
	ARRAY_FORMATS,
	CONTENT_TYPES,
	METHODS,
	RESPONSE_FORMATS,
	type ArrayFormat,
	type Method,
	type ResponseFormat,
} from './choices';
import { DEFAULTS } from './defaults';
import { setPath } from './paths';
import { toSteadiness, type SteadinessSettings } from './steadiness';

type Values = Readonly<Record<string, unknown>>;

export type RequestBody =
	| { readonly kind: 'none' }
	| { readonly kind: 'json'; readonly value: unknown }
	| { readonly kind: 'form'; readonly fields: Values | URLSearchParams }
	| { readonly kind: 'raw'; readonly contentType: string; readonly text: string };

export interface ResponseSettings {
	readonly format: ResponseFormat;
	readonly full: boolean;
	readonly neverError: boolean;
	readonly outputPropertyName: string;
	readonly includeTrace: boolean;
}

/** What does not differ between items, unless an option holds an expression. */
export interface Settings {
	readonly access: AccessSettings;
	/** Undefined where the user said nothing: then as a plain client writes them. */
	readonly arrayFormat: ArrayFormat | undefined;
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
export function parameterReader(context: ParameterContext): (itemIndex: number) => RequestParameters {
	const settings = perItem(context, readSettings, [
		'operation',
		...ACCESS_PARAMETERS,
		'options',
	]);
	const method = perItem(context, readMethod, ['method']);
	const url = perItem(context, readUrl, ['url']);
	const query = perItem(context, readQuery, ['sendQuery', 'specifyQuery', 'queryParameters', 'jsonQuery']);
	const headers = perItem(context, readHeaders, ['sendHeaders', 'specifyHeaders', 'headerParameters', 'jsonHeaders']);
	const body = perItem(context, readBody, [
		'sendBody',
		'contentType',
		'specifyBody',
		'bodyParameters',
		'jsonBody',
		'body',
		'rawContentType',
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

/** n8n throws on a parameter that is hidden and so has no value, unless it is given another than undefined. */
function get(context: ParameterContext, itemIndex: number, name: string): unknown {
	return context.getNodeParameter(name, itemIndex, null) ?? undefined;
}

function readMethod(context: ParameterContext, itemIndex: number): Method {
	return requireOneOf('Method', get(context, itemIndex, 'method') ?? 'GET', METHODS);
}

function readUrl(context: ParameterContext, itemIndex: number): string {
	const url = get(context, itemIndex, 'url');
	requireHttpUrl('URL', url);
	return String(url).trim();
}

function readSettings(context: ParameterContext, itemIndex: number): Settings {
	requireOperation(get(context, itemIndex, 'operation'));
	const options = asValues(get(context, itemIndex, 'options'));
	const attemptTimeoutMs = requireNumber('Timeout', options.timeout ?? DEFAULTS.timeoutMs, { min: 0, max: 31_536_000_000 });
	return {
		access: toAccessSettings((name) => get(context, itemIndex, name), options),
		arrayFormat:
			options.queryParameterArrays === undefined
				? undefined
				: requireOneOf('Array Format in Query Parameters', options.queryParameterArrays, ARRAY_FORMATS),
		lowercaseHeaders: options.lowercaseHeaders !== false,
		redirect: toRedirect(options.redirect, options.sendCredentialsOnCrossOriginRedirect === true),
		response: toResponse(options.response, options.includeTrace === true),
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
	if (operation === undefined || operation === 'request') return;
	throw new InvalidOptionError('Operation', '"Make a Request"', operation);
}

/** Where the user sets no bound for the whole, it is no tighter than that of one attempt. */
function toTotalTimeoutMs(seconds: unknown, attemptTimeoutMs: number): number {
	if (seconds === undefined) return Math.round(Math.max(DEFAULTS.totalTimeoutSeconds * 1000, attemptTimeoutMs));
	return Math.max(1, Math.round(requireNumber('Total Timeout (Seconds)', seconds, { min: 0.001, max: 31_536_000 }) * 1000));
}

function toRedirect(option: unknown, keepCredentials: boolean): Settings['redirect'] {
	const { redirect } = asValues(option);
	if (redirect === undefined) return { follow: true, max: DEFAULTS.maxRedirects, keepCredentials };
	const { followRedirects, maxRedirects } = asValues(redirect);
	return {
		follow: followRedirects !== false,
		max: requireInteger('Max Redirects', maxRedirects ?? DEFAULTS.maxRedirects, { max: 1000 }),
		keepCredentials,
	};
}

function toResponse(option: unknown, includeTrace: boolean): ResponseSettings {
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

function readQuery(context: ParameterContext, itemIndex: number): Values {
	return readPairs(context, itemIndex, {
		send: 'sendQuery',
		specify: 'specifyQuery',
		fields: 'queryParameters',
		json: 'jsonQuery',
		title: 'Query Parameters',
	});
}

function readHeaders(context: ParameterContext, itemIndex: number): Values {
	return readPairs(context, itemIndex, {
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
	names: { readonly send: string; readonly specify: string; readonly fields: string; readonly json: string; readonly title: string },
): Values {
	if (get(context, itemIndex, names.send) !== true) return {};
	const specified = get(context, itemIndex, names.specify) ?? 'keypair';
	return requireOneOf(`Specify ${names.title}`, specified, ['keypair', 'json']) === 'json'
		? requireJsonObject(`JSON of ${names.title}`, get(context, itemIndex, names.json))
		: collect(toPairs(get(context, itemIndex, names.fields)));
}

function readBody(context: ParameterContext, itemIndex: number): RequestBody {
	const read = (name: string) => get(context, itemIndex, name);
	if (read('sendBody') !== true) return { kind: 'none' };
	switch (requireOneOf('Body Content Type', read('contentType') ?? 'json', CONTENT_TYPES)) {
		case 'json': {
			const specified = requireOneOf('Specify Body', read('specifyBody') ?? 'keypair', ['keypair', 'json']);
			return { kind: 'json', value: specified === 'json' ? parseJsonField('JSON Body', read('jsonBody')) : toTree(read('bodyParameters')) };
		}
		case 'form-urlencoded': {
			const specified = requireOneOf('Specify Body', read('specifyBody') ?? 'keypair', ['keypair', 'string']);
			return {
				kind: 'form',
				fields: specified === 'string' ? new URLSearchParams(asText(read('body'))) : collect(toPairs(read('bodyParameters'))),
			};
		}
		case 'raw':
			return { kind: 'raw', contentType: asText(read('rawContentType')).trim(), text: asText(read('body')) };
	}
}

/** Fields whose names are paths into the body. */
function toTree(value: unknown): Values {
	const tree: Record<string, unknown> = {};
	for (const [name, field] of toPairs(value)) setPath(tree, name, field);
	return tree;
}

/** `{ parameters: [{ name, value }] }`; a row without a name is one that nobody filled in. */
function toPairs(value: unknown): Array<[string, unknown]> {
	const { parameters } = asValues(value);
	if (!Array.isArray(parameters)) return [];
	return parameters.flatMap((row: unknown): Array<[string, unknown]> => {
		const { name, value: field } = asValues(row);
		const text = asText(name);
		return text === '' ? [] : [[text, field]];
	});
}

/** A name that comes again makes a list. */
function collect(entries: ReadonlyArray<[string, unknown]>): Values {
	const collected: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
	for (const [name, value] of entries) {
		const present = collected[name];
		collected[name] = present === undefined ? value : Array.isArray(present) ? [...(present as unknown[]), value] : [present, value];
	}
	return collected;
}

function asValues(value: unknown): Values {
	return typeof value === 'object' && value !== null ? (value as Values) : {};
}

/** An expression may give something else where a text is meant. */
function asText(value: unknown): string {
	if (typeof value === 'string') return value;
	return value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

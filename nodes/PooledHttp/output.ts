import type { IBinaryKeyData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { MalformedAnswerError } from '../../lib/core/errors';
import type { CallTrace } from '../../lib/core/trace';
import type { HttpResponse } from '../../lib/http';
import { traceOf } from '../../lib/n8n/trace';
import { fileNameOf, isBinaryType, mimeTypeOf } from './content';
import type { ResponseFormat } from './choices';
import { optimized } from './optimize';
import type { ResponseSettings } from './parameters';
import { decodeText } from './text';

/** What becomes of a response, and what it is attached to. */
export interface Answer {
	readonly response: HttpResponse;
	readonly trace: CallTrace;
	readonly settings: ResponseSettings;
	/** The item that it answers. */
	readonly input: INodeExecutionData;
	/** One of several of an item. HTTP Request is laxer with those. */
	readonly isPage: boolean;
	/** Names of query parameters that hold secrets. */
	readonly secretQuery: readonly string[];
}

/** Turns a response into items, as HTTP Request does. Throws MalformedAnswerError for what should be JSON and is not. */
export async function toItems(context: IExecuteFunctions, answer: Answer): Promise<INodeExecutionData[]> {
	const { settings, trace } = answer;
	const items = await formatted(context, answer);
	if (!settings.includeTrace) return items;
	const _fastpath = traceOf(trace);
	return items.map((item) => (isRecord(item.json) ? { ...item, json: { ...item.json, _fastpath } } : item));
}

async function formatted(context: IExecuteFunctions, answer: Answer): Promise<INodeExecutionData[]> {
	const { response, settings } = answer;
	const contentType = contentTypeOf(response);
	switch (formatOf(settings.format, contentType)) {
		case 'file':
			return [await toFile(context, answer, contentType)];
		case 'text': {
			const text = await decodeText(context, response.body, contentType);
			const nothing = text === '' && !(answer.isPage && settings.format === 'autodetect');
			const value: IDataObject = nothing ? {} : { [settings.outputPropertyName]: textValue(text, settings) };
			return [{ json: settings.full ? { ...value, ...factsOf(response) } : value }];
		}
		case 'json': {
			const whole = parseBody(await decodeText(context, response.body, contentType), settings, settings.neverError || answer.isPage);
			const body = settings.optimization === undefined ? whole : optimized(whole, settings.optimization);
			if (settings.full) return [{ json: { body: body as IDataObject, ...factsOf(response) } }];
			return (Array.isArray(body) ? (body as unknown[]) : [body]).map((json) => ({ json: (json ?? {}) as IDataObject }));
		}
	}
}

function contentTypeOf(response: HttpResponse): string {
	const value = response.headers['content-type'] ?? '';
	return typeof value === 'string' ? value : value.join(', ');
}

function formatOf(format: ResponseFormat, contentType: string): 'file' | 'json' | 'text' {
	if (format !== 'autodetect') return format;
	if (contentType.includes('application/json')) return 'json';
	return isBinaryType(contentType) ? 'file' : 'text';
}

function parseBody(text: string, settings: ResponseSettings, lax: boolean): unknown {
	if (text.trim() === '') return {};
	const parsed = parsedBody(text, settings, lax);
	// As in HTTP Request: a text in the JSON is JSON once more.
	return typeof parsed === 'string' ? requireJson(parsed) : parsed;
}

function parsedBody(text: string, settings: ResponseSettings, lax: boolean): unknown {
	if (settings.format === 'json') return requireJson(text);
	try {
		return JSON.parse(text) as unknown;
	} catch (cause) {
		if (lax) return {};
		throw new MalformedAnswerError('Invalid JSON in response body', { cause });
	}
}

function requireJson(text: string): unknown {
	if (text.trim() === '') return {};
	try {
		return JSON.parse(text) as unknown;
	} catch (cause) {
		throw new MalformedAnswerError('Response body is not valid JSON. Change "Response Format" to "Text"', { cause });
	}
}

function textValue(text: string, { format, optimization }: ResponseSettings): IDataObject[string] {
	if (optimization !== undefined) return JSON.stringify(optimized(requireJson(text), optimization));
	return format === 'text' ? shownText(text) : text;
}

/** As in HTTP Request: what is JSON is given as it means where it is a single value, and without white space where it is more. */
function shownText(text: string): IDataObject[string] {
	try {
		const parsed = JSON.parse(text) as IDataObject[string];
		return typeof parsed === 'object' && parsed !== null ? JSON.stringify(parsed) : parsed;
	} catch {
		return text;
	}
}

function factsOf(response: HttpResponse): IDataObject {
	return { headers: shownHeaders(response.headers), statusCode: response.status, statusMessage: response.statusMessage };
}

/** As Node gives them: cookies as a list always, anything else that came again in one line (RFC 9110 section 5.3). */
function shownHeaders(headers: HttpResponse['headers']): IDataObject {
	const entries = Object.entries(headers).map(([name, value]): [string, string | string[]] => {
		if (name === 'set-cookie') return [name, Array.isArray(value) ? value : [value]];
		return [name, Array.isArray(value) ? value.join(', ') : value];
	});
	return Object.fromEntries(entries);
}

async function toFile(context: IExecuteFunctions, answer: Answer, contentType: string): Promise<INodeExecutionData> {
	const { response, settings, input } = answer;
	const file = fileNameOf(response, answer.secretQuery);
	const data = await context.helpers.prepareBinaryData(response.body, file.path, mimeTypeOf(contentType));
	if (data.fileName === undefined && data.fileExtension) data.fileName = `${settings.outputPropertyName}.${data.fileExtension}`;
	if (file.directory !== undefined && data.fileName !== undefined) data.directory = file.directory;
	const binary: IBinaryKeyData = { ...input.binary, [settings.outputPropertyName]: data };
	return { json: settings.full ? factsOf(response) : input.json, binary };
}

function isRecord(value: unknown): boolean {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import type { IExecuteFunctions } from 'n8n-workflow';
import type { Clock } from '../../lib/core/clock';
import { isFastpathError } from '../../lib/core/errors';
import type { HttpResponse } from '../../lib/http';
import { paginate, type PageAnswer, type PageRequest } from '../../lib/n8n/pagination';
import type { CallTrace } from '../../lib/core/trace';
import type { Outcome } from '../../lib/runtime';
import { isBinaryType } from './content';
import type { LoadedBody } from './load-body';
import type { ReadyRequest } from './operations/request';
import { ResponseError } from './operations/status-error';
import type { Pagination } from './pagination';
import { decodeText } from './text';
import { asText, asValues, type Values } from './values';

/** A page with what HTTP said of it. */
export interface Page extends PageAnswer {
	readonly response: HttpResponse;
	readonly trace: CallTrace;
}

export interface PagesOptions {
	readonly context: IExecuteFunctions;
	readonly itemIndex: number;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	readonly pagination: Pagination;
	/** Makes one request; an error status is a response like any other. */
	readonly send: (request: ReadyRequest) => Promise<Outcome<HttpResponse>>;
}

/** All pages of one item, in their order. Throws what a page ran into. */
export async function fetchPages(request: ReadyRequest, options: PagesOptions): Promise<Page[]> {
	const { context, itemIndex, clock, signal, pagination } = options;
	const { format } = request.settings.response;
	let last: Page | undefined;
	const plan = format === 'file' ? { ...pagination.plan, binaryResult: true } : pagination.plan;
	try {
		return await paginate(context, itemIndex, toPageRequest(request), plan, async (next, pagesBefore) => {
			if (pagesBefore > 0 && pagination.intervalMs > 0) await clock.sleep(pagination.intervalMs, signal);
			const outcome = await options.send(fromPageRequest(request, next));
			if (!outcome.ok) throw outcome.error;
			last = await toPage(context, outcome.value, outcome.trace, format);
			return last;
		});
	} catch (error) {
		// The helper reports an error status in words of its own.
		const failed = last !== undefined && asValues(error).statusCode === last.statusCode;
		throw failed && last && !isFastpathError(error) ? new ResponseError(last.response, format) : error;
	}
}

function toPageRequest({ method, url, headers, query, body, settings }: ReadyRequest): PageRequest {
	const names = (name: string) => (settings.lowercaseHeaders ? name.toLowerCase() : name);
	const shown = Object.fromEntries(Object.entries(headers).map(([name, value]) => [names(name), value]));
	const target = { method, uri: url, headers: shown, qs: query };
	switch (body.kind) {
		case 'json':
			return { ...target, body: body.value };
		case 'form':
			return { ...target, form: body.fields };
		case 'multipart':
			return { ...target, formData: {} };
		default:
			return target;
	}
}

function fromPageRequest(request: ReadyRequest, next: PageRequest): ReadyRequest {
	return { ...request, url: next.uri, headers: next.headers, query: next.qs, body: pageBody(request.body, next) };
}

function pageBody(body: LoadedBody, next: PageRequest): LoadedBody {
	switch (body.kind) {
		case 'form':
			return { kind: 'form', fields: asValues(next.form) };
		case 'multipart': {
			const changed: Values = asValues(next.formData);
			const kept = body.parts.filter(({ name }) => !Object.hasOwn(changed, name));
			return { kind: 'multipart', parts: [...kept, ...Object.entries(changed).map(([name, value]) => ({ name, value: asText(value) }))] };
		}
		case 'json':
		case 'none':
			return next.body === undefined ? body : { kind: 'json', value: next.body };
		default:
			return body;
	}
}

async function toPage(context: IExecuteFunctions, response: HttpResponse, trace: CallTrace, format: string): Promise<Page> {
	return {
		statusCode: response.status,
		statusMessage: response.statusMessage,
		headers: response.headers,
		body: await shownBody(context, response, format),
		response,
		trace,
	};
}

async function shownBody(context: IExecuteFunctions, { headers, body }: HttpResponse, format: string): Promise<unknown> {
	if (format === 'file') return body;
	const contentType = asText(headers['content-type']);
	if (format === 'autodetect' && isBinaryType(contentType)) return body.toString('latin1');
	const text = await decodeText(context, body, contentType);
	const isJson = contentType.includes('application/json');
	if (format === 'autodetect' && !isJson) return text;
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return format === 'autodetect' ? {} : text;
	}
}

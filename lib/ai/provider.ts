import { requireHttpUrl } from '../core/validate';
import type { HeaderMap, HttpStatusError } from '../core/errors';
import type { AiAnswer } from './answer';
import type { BatchFormat } from './batch';
import type { EmbedFormat } from './embed';
import type { AiRequest, ProviderName } from './request';
import type { StreamFormat } from './stream';

/** A request as it goes over the wire, save for the base URL and the authentication. */
export interface WireRequest {
	method: 'POST' | 'GET';
	/** To be joined to the base URL by `requestUrl`; begins with a slash, may hold a query. */
	path: string;
	headers: Record<string, string>;
	body?: Record<string, unknown>;
	/** Sent as it is, in place of `body`. */
	raw?: string;
}

export interface AiModel {
	id: string;
	/** For people; the id where the provider has no name. */
	name: string;
}

export interface ChatOptions {
	/** Where the request will go; default `defaultBaseUrl`. */
	baseUrl?: string | undefined;
}

/** One provider's wire format. All of it is pure: nothing is sent here. */
export interface Provider {
	readonly name: ProviderName;
	readonly defaultBaseUrl: string;
	/** No headers for an empty key: local servers need none. */
	authHeaders(apiKey: string): Record<string, string>;
	/** @throws {InvalidOptionError} if the request is not valid, or asks for what this provider does not have */
	chat(request: AiRequest, options?: ChatOptions): WireRequest;
	/**
	 * Reads a successful answer; give the request too, so that JSON is parsed where it was asked for.
	 * @throws {MalformedAnswerError} if it is not an answer, or not the JSON that was asked for
	 */
	parseChat(body: unknown, request?: AiRequest): AiAnswer;
	readonly stream: StreamFormat;
	/** Not every provider has embeddings. */
	readonly embeddings?: EmbedFormat;
	readonly batches: BatchFormat;
	/** The provider's own words on what went wrong, without secrets, and whether another attempt may help. */
	parseError(facts: { status: number; headers: HeaderMap; body: unknown }): HttpStatusError;
	listModels(): WireRequest;
	/**
	 * Models for text, sorted by id.
	 * @throws {MalformedAnswerError} if it is not a list of models
	 */
	parseModels(body: unknown): AiModel[];
}

/**
 * The address of a request. The base URL may end with slashes, and may already have the path's version segment
 * (`https://api.anthropic.com/v1`); where it has no path at all, that of the provider's default is assumed
 * (`http://localhost:11434` means `http://localhost:11434/v1` for OpenAI). A query of the base URL is kept.
 * @throws {InvalidOptionError} if the base URL is not an http or https address
 */
export function requestUrl(provider: Provider, baseUrl: string, path: string): string {
	const url = requireHttpUrl('Base URL', baseUrl);
	const [pathname = '', query] = path.split('?');
	const base = trimSlashes(url.pathname) || trimSlashes(new URL(provider.defaultBaseUrl).pathname);
	const version = /^\/v\d\w*/.exec(pathname)?.[0];
	url.pathname = (version && base.endsWith(version) ? base.slice(0, -version.length) : base) + pathname;
	for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
	return url.href;
}

function trimSlashes(pathname: string): string {
	let end = pathname.length;
	while (end > 0 && pathname[end - 1] === '/') end -= 1;
	return pathname.slice(0, end);
}

export const JSON_HEADERS = { accept: 'application/json', 'content-type': 'application/json' } as const;

export function sortedModels(models: AiModel[]): AiModel[] {
	return models.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

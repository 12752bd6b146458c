import type { IncomingMessage } from 'node:http';

export type Scheme = 'http' | 'https';

/** One request, read to its end. */
export interface Exchange {
	readonly scheme: Scheme;
	readonly method: string;
	readonly url: URL;
	readonly headers: IncomingMessage['headers'];
	readonly body: Buffer;
	/** What the path's groups matched, decoded. */
	readonly parameters: readonly string[];
	/** Number of this request since the start; ids are made from it. */
	readonly sequence: number;
	/** Aborts when the client goes away. */
	readonly signal: AbortSignal;
	readonly mood: Mood;
}

/** How a provider's answer is spoilt without leaving the wire format. */
export interface Mood {
	readonly emptyAnswer: boolean;
	readonly truncated: boolean;
}

export interface TokenUsage {
	readonly input: number;
	readonly output: number;
}

/** What a handler wants to be sent; the server decides how and when. */
export interface Reply {
	readonly status: number;
	readonly headers?: Readonly<Record<string, string>>;
	/** A string or a Buffer is sent as it is, anything else as JSON; absent = no body. */
	readonly body?: unknown;
	/** Sent frame by frame, chunked; used instead of `body`. */
	readonly frames?: readonly string[];
	/** Billed when the reply starts. */
	readonly tokens?: TokenUsage;
	/** Waited for before the first byte. */
	readonly delayMs?: number;
}

export interface Route {
	/** Name under which calls are counted: `POST /v1/messages`. */
	readonly name: string;
	readonly method: string;
	readonly path: RegExp;
	handle(exchange: Exchange): Reply | Promise<Reply>;
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): JsonObject {
	return isObject(value) ? value : {};
}

export function arrayOf(value: unknown): unknown[] {
	return Array.isArray(value) ? (value as unknown[]) : [];
}

export function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

/** The body as a JSON object; undefined when it is none. */
export function jsonBody(exchange: Exchange): JsonObject | undefined {
	try {
		const value: unknown = JSON.parse(exchange.body.toString('utf8'));
		return isObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

export function header(exchange: Exchange, name: string): string {
	const value = exchange.headers[name];
	return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

/** A fixed-width id such as `chatcmpl-00000000000000000000000042`. */
export function idOf(prefix: string, sequence: number, width = 26): string {
	return `${prefix}${sequence.toString(36).padStart(width, '0')}`;
}

export function serverSentEvent(data: unknown, event?: string): string {
	const payload = typeof data === 'string' ? data : JSON.stringify(data);
	return `${event === undefined ? '' : `event: ${event}\n`}data: ${payload}\n\n`;
}

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { anthropicError, anthropicModels, messages } from './anthropic.mts';
import { anthropicBatchRoutes } from './anthropic-batches.mts';
import { BatchDesk } from './batches.mts';
import { Behaviours, type Behaviour, type WindowState } from './behaviour.mts';
import { Counters, type CounterSnapshot } from './counters.mts';
import { forward } from './forward.mts';
import { geminiBatchRoutes } from './gemini-batches.mts';
import { batchEmbedContents, geminiError, geminiModels, generateContent } from './gemini.mts';
import { arrayOf, type Exchange, type Reply, type Route, type Scheme } from './http.mts';
import { ollamaChat } from './ollama.mts';
import { openAiBatchRoutes } from './openai-batches.mts';
import { chatCompletions, embeddings, openAiError, openAiModels } from './openai.mts';
import { plainRoutes } from './plain.mts';
import { sendReply } from './send.mts';

export type { Behaviour } from './behaviour.mts';
export type { CounterSnapshot } from './counters.mts';

export const STAND_IN_KEY = 'stand-in-key';

export interface StandInOptions {
	/** Accepted by all providers; default `STAND_IN_KEY`. */
	apiKey?: string;
	/** Records behind `/items` and `/api/packages/:i`. */
	items?: readonly unknown[];
	/** Idle connections are closed after this long, and the clients told so; default 60 s. */
	keepAliveMs?: number;
	/** Base URL of a real, OpenAI-compatible provider: its routes are forwarded there and counted here. */
	forwardTo?: string;
	behaviours?: readonly Behaviour[];
	/** How often a batch is looked at before it is done; default 1. */
	batchPolls?: number;
	/** Default: free ones. */
	port?: number;
	httpsPort?: number;
}

export interface StandIn {
	/** Without a trailing slash: `http://127.0.0.1:40123`. */
	readonly url: string;
	readonly httpsUrl: string;
	readonly apiKey: string;
	counters(): CounterSnapshot;
	/** Counters back to zero; behaviours stay. */
	reset(): void;
	/** Replaces the behaviours; without arguments the server is well. */
	setBehaviour(...behaviours: readonly Behaviour[]): void;
	/** Closes idle and busy connections alike. */
	close(): Promise<void>;
}

const tls = (name: string) => readFileSync(new URL(`../helpers/tls/${name}.pem`, import.meta.url));

type Family = 'openai' | 'anthropic' | 'gemini';

function familyOf(path: string, request: IncomingMessage): Family {
	if (path.startsWith('/v1beta/')) return 'gemini';
	return request.headers['anthropic-version'] !== undefined || path.endsWith('/messages')
		? 'anthropic'
		: 'openai';
}

function errorReply(family: Family, status: number, sequence: number, message?: string): Reply {
	if (family === 'gemini') return geminiError(status, message);
	const shape = family === 'anthropic' ? anthropicError : openAiError;
	return shape(status, sequence, message);
}

/** Gemini reports none. */
function limitHeaders(family: Family, counted: 'requests' | 'tokens', { count, remaining, resetMs }: WindowState): Record<string, string> {
	const left = String(Math.max(0, remaining));
	const over: Record<string, string> = remaining < 0 ? { 'retry-after': String(Math.ceil(resetMs / 1000)) } : {};
	if (family === 'gemini') return over;
	const entries =
		family === 'openai'
			? [['x-ratelimit-limit-', count], ['x-ratelimit-remaining-', left], ['x-ratelimit-reset-', `${resetMs}ms`]].map(([name, value]) => [`${name}${counted}`, value])
			: [['limit', count], ['remaining', left], ['reset', new Date(Date.now() + resetMs).toISOString()]].map(([name, value]) => [
					`anthropic-ratelimit-${counted}-${name}`,
					value,
				]);
	return { ...over, ...Object.fromEntries(entries.map(([name, value]) => [name, String(value)])) };
}

function aiRoutes(apiKey: string, forwardTo: string | undefined): Route[] {
	const route = (method: string, name: string, path: RegExp, local: Route['handle']): Route => ({
		name: `${method} ${name}`,
		method,
		path,
		handle: forwardTo === undefined ? local : (exchange) => forward(exchange, forwardTo),
	});
	return [
		route('POST', '/v1/chat/completions', /^(?:\/v1)?\/chat\/completions$/u, (exchange) =>
			chatCompletions(exchange, apiKey),
		),
		route('POST', '/v1/embeddings', /^(?:\/v1)?\/embeddings$/u, (exchange) => embeddings(exchange, apiKey)),
		route('POST', '/v1/messages', /^(?:\/v1)?\/messages$/u, (exchange) => messages(exchange, apiKey)),
		route('POST', '/api/chat', /^\/api\/chat$/u, ollamaChat),
		route('GET', '/v1/models', /^(?:\/v1)?\/models$/u, (exchange) =>
			exchange.headers['anthropic-version'] === undefined
				? openAiModels(exchange, apiKey)
				: anthropicModels(exchange, apiKey),
		),
		route('GET', '/v1beta/models', /^\/v1beta\/models$/u, (exchange) => geminiModels(exchange, apiKey)),
		route('POST', '/v1beta/models/:model:batchEmbedContents', /^\/v1beta\/models\/([^/:]+):batchEmbedContents$/u, (exchange) =>
			batchEmbedContents(exchange, apiKey),
		),
		...['generateContent', 'streamGenerateContent'].map((method) =>
			route(
				'POST',
				`/v1beta/models/:model:${method}`,
				new RegExp(`^/v1beta/models/([^/:]+):(${method})$`, 'u'),
				(exchange) => generateContent(exchange, apiKey),
			),
		),
	];
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

async function listen(server: Server, port = 0): Promise<number> {
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	return (server.address() as AddressInfo).port;
}

/**
 * An AI provider that speaks three wire formats, and a plain HTTP API, over http and https on free
 * loopback ports. Over HTTP: `GET /__counters`, `POST /__reset` (answers with what was counted so
 * far), `POST /__behaviour` (one behaviour or a list).
 */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
	const apiKey = options.apiKey ?? STAND_IN_KEY;
	const items = options.items ?? [];
	const counters = new Counters();
	const behaviours = new Behaviours();
	behaviours.set(...(options.behaviours ?? []));
	const desk = new BatchDesk(options.batchPolls ?? 1);
	const batches = [openAiBatchRoutes, anthropicBatchRoutes, geminiBatchRoutes].flatMap((routesOf) => routesOf(desk, apiKey));
	const routes = [...aiRoutes(apiKey, options.forwardTo), ...batches, ...plainRoutes(() => items)];
	const closing = new AbortController();
	let sequence = 0;

	async function control(request: IncomingMessage, path: string): Promise<Reply> {
		const body = await bodyOf(request);
		const action = `${request.method} ${path}`;
		if (action === 'GET /__counters') return { status: 200, body: counters.snapshot() };
		if (action === 'POST /__reset') {
			const before = counters.snapshot();
			counters.reset();
			return { status: 200, body: before };
		}
		if (action === 'POST /__behaviour') {
			const given: unknown = JSON.parse(body.toString('utf8') || '[]');
			behaviours.set(...((Array.isArray(given) ? arrayOf(given) : [given]) as Behaviour[]));
			return { status: 200, body: { ok: true } };
		}
		return { status: 404, body: { error: `no such control: ${action}` } };
	}

	async function serve(
		scheme: Scheme,
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const method = request.method ?? 'GET';
		const url = new URL(request.url ?? '/', `${scheme}://127.0.0.1`);
		const path = url.pathname;
		const port = request.socket.remotePort ?? 0;
		if (path.startsWith('/__')) {
			counters.controlRequest(scheme, port);
			const reply = await control(request, path);
			return await sendReply(request, response, reply);
		}
		const gone = new AbortController();
		const body = await bodyOf(request).catch(() => undefined);
		if (body === undefined) return counters.aborted();
		const route = routes.find((one) => one.method === method && one.path.test(path));
		const name = route?.name ?? `${method} ${path}`;
		const finished = counters.request(scheme, port, name, body);
		const effects = behaviours.next(name, path);
		let cutByUs = false;
		response.once('close', () => {
			finished();
			if (!response.writableFinished && !cutByUs && !closing.signal.aborted) counters.aborted();
			gone.abort();
		});
		const exchange: Exchange = {
			scheme,
			method,
			url,
			headers: request.headers,
			body,
			parameters: (route?.path.exec(path) ?? []).slice(1).map(decodeURIComponent),
			sequence: ++sequence,
			signal: AbortSignal.any([gone.signal, closing.signal]),
			mood: effects.mood,
		};
		const reply = async (): Promise<Reply> => {
			const { failure, limit, takeTokens } = effects;
			const family = familyOf(path, request);
			if (limit !== undefined || takeTokens !== undefined) {
				const limited = limit === undefined ? {} : limitHeaders(family, 'requests', limit);
				if (limit !== undefined && limit.remaining < 0) return { ...errorReply(family, 429, sequence), headers: limited };
				const given = route === undefined ? errorReply(family, 404, sequence) : await route.handle(exchange);
				const left = takeTokens?.((given.tokens?.input ?? 0) + (given.tokens?.output ?? 0));
				const headers = { ...limited, ...(left === undefined ? {} : limitHeaders(family, 'tokens', left)) };
				if (left !== undefined && left.remaining < 0) return { ...errorReply(family, 429, sequence), headers };
				return { ...given, headers: { ...given.headers, ...headers } };
			}
			if (failure === undefined && route !== undefined) return await route.handle(exchange);
			if (failure === undefined) return errorReply(family, 404, sequence, `Unknown request URL: ${name}.`);
			const shaped = errorReply(family, failure.status, exchange.sequence);
			const headers = { ...shaped.headers, ...failure.headers };
			return { status: failure.status, headers, body: failure.body ?? shaped.body };
		};
		await sendReply(request, response, await reply(), {
			effects,
			signal: exchange.signal,
			onHead: (sent) => {
				counters.status(sent.status);
				if (sent.tokens !== undefined) counters.tokens(sent.tokens);
			},
			onCut: () => {
				cutByUs = true;
				counters.connectionReset();
			},
		});
	}

	const listener =
		(scheme: Scheme): RequestListener =>
		(request, response) => {
			serve(scheme, request, response).catch((error: unknown) => {
				process.stderr.write(`stand-in: ${request.method} ${request.url}: ${String(error)}\n`);
				response.destroy();
			});
		};
	const count = (server: Server, scheme: Scheme) => {
		server.on('connection', (socket: Socket) => {
			const port = socket.remotePort ?? 0;
			counters.connectionOpened(scheme, port);
			socket.once('close', () => counters.connectionClosed(scheme, port));
			socket.on('error', () => {});
		});
	};

	const plain = createServer(listener('http'));
	const secure = createSecureServer({ key: tls('key'), cert: tls('certificate') }, listener('https'));
	for (const server of [plain, secure]) server.keepAliveTimeout = options.keepAliveMs ?? 60_000;
	count(plain, 'http');
	count(secure, 'https');
	secure.on('secureConnection', (socket: TLSSocket) => {
		const port = socket.remotePort ?? 0;
		counters.handshake(socket.isSessionReused());
		socket.once('close', () => counters.connectionClosed('https', port));
	});
	secure.on('tlsClientError', () => counters.handshakeFailed());
	const [port, securePort] = await Promise.all([
		listen(plain, options.port),
		listen(secure, options.httpsPort),
	]);

	return {
		url: `http://127.0.0.1:${port}`,
		httpsUrl: `https://127.0.0.1:${securePort}`,
		apiKey,
		counters: () => counters.snapshot(),
		reset: () => counters.reset(),
		setBehaviour: (...given) => behaviours.set(...given),
		close: async () => {
			closing.abort();
			const closed = [plain, secure].map(
				async (server) => await new Promise<void>((resolve) => server.close(() => resolve())),
			);
			plain.closeAllConnections();
			secure.closeAllConnections();
			await Promise.all(closed);
		},
	};
}

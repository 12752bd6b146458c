import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { header, objectOf, type Exchange, type Reply, type Route } from './http.mts';

const MOST_BYTES = 64 * 1024 * 1024;

function count(exchange: Exchange): number {
	return Math.min(Number(exchange.parameters[0] ?? 0), MOST_BYTES);
}

/** A JSON answer with a validator, so that conditional requests get their 304. */
function record(exchange: Exchange, value: unknown): Reply {
	const body = JSON.stringify(value);
	const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
	const headers = { 'content-type': 'application/json; charset=utf-8', etag };
	const known = header(exchange, 'if-none-match').split(/\s*,\s*/u);
	return known.includes(etag) ? { status: 304, headers } : { status: 200, headers, body };
}

function item(exchange: Exchange, items: readonly unknown[]): Reply {
	const index = count(exchange);
	if (index >= items.length) return { status: 404, body: { error: `no package ${index}` } };
	return record(exchange, { index, ...Object(items[index]) });
}

/** `{ packages: [{ index }] }` gets `{ results: [{ index, … }] }`, the last one first; what there is not has no result. */
function several(exchange: Exchange, items: readonly unknown[]): Reply {
	const { packages } = objectOf(JSON.parse(exchange.body.toString('utf8')));
	const indexes = (Array.isArray(packages) ? packages : []).map((each: unknown) => Number(objectOf(each).index));
	const results = indexes.filter((index) => index < items.length).map((index) => ({ index, ...Object(items[index]) }));
	return { status: 200, body: { results: results.reverse() } };
}

/** `?count=` takes the first ones only. */
function list(exchange: Exchange, items: readonly unknown[]): Reply {
	const most = Number(exchange.url.searchParams.get('count') ?? items.length);
	const origin = `${exchange.scheme}://${header(exchange, 'host')}`;
	const shown = items.slice(0, most).map((value, index) => ({
		index,
		...Object(value),
		href: `${origin}/api/packages/${index}`,
	}));
	return { status: 200, body: shown };
}

function echo(exchange: Exchange): Reply {
	const query: Record<string, string | string[]> = {};
	for (const name of new Set(exchange.url.searchParams.keys())) {
		const values = exchange.url.searchParams.getAll(name);
		query[name] = values.length === 1 ? (values[0] ?? '') : values;
	}
	const text = exchange.body.toString('utf8');
	let json: unknown = null;
	try {
		json = JSON.parse(text);
	} catch {
		// Not JSON; `body` has it.
	}
	const { method, headers, url } = exchange;
	return { status: 200, body: { method, path: url.pathname, query, headers, body: text, json } };
}

/** `/redirect/n` leads through n redirects; `?to=` names where the last one points, `?status=` which kind. */
function redirect(exchange: Exchange): Reply {
	const left = count(exchange);
	const { searchParams, search } = exchange.url;
	const target = searchParams.get('to');
	if (left === 0) return { status: 200, body: { redirected: true } };
	const location = left === 1 && target !== null ? target : `/redirect/${left - 1}${search}`;
	return { status: Number(searchParams.get('status') ?? 302), headers: { location } };
}

function status(exchange: Exchange): Reply {
	const code = Math.min(Math.max(count(exchange), 200), 599);
	const body = code === 204 || code === 304 ? undefined : { status: code, text: STATUS_CODES[code] };
	const retryAfter = exchange.url.searchParams.get('retryAfter');
	return { status: code, body, ...(retryAfter === null ? {} : { headers: { 'retry-after': retryAfter } }) };
}

/** An HTTP API with nothing to do with AI; `items` are the records it serves. */
export function plainRoutes(items: () => readonly unknown[]): Route[] {
	const get = (name: string, path: RegExp, handle: (exchange: Exchange) => Reply): Route => ({
		name: `GET ${name}`,
		method: 'GET',
		path,
		handle,
	});
	return [
		get('/items', /^\/items$/u, (exchange) => list(exchange, items())),
		get('/api/packages', /^\/api\/packages$/u, (exchange) => list(exchange, items())),
		get('/api/packages/:i', /^\/api\/packages\/(\d+)$/u, (exchange) => item(exchange, items())),
		{ name: 'POST /api/packages', method: 'POST', path: /^\/api\/packages$/u, handle: (exchange) => several(exchange, items()) },
		get('/bytes/:n', /^\/bytes\/(\d+)$/u, (exchange) => ({
			status: 200,
			headers: { 'content-type': 'application/octet-stream' },
			body: Buffer.alloc(count(exchange), 'fastpath '),
		})),
		get('/text/:n', /^\/text\/(\d+)$/u, (exchange) => ({
			status: 200,
			headers: { 'content-type': 'text/plain; charset=utf-8' },
			body: 'the quick brown fox '.repeat(Math.ceil(count(exchange) / 20)).slice(0, count(exchange)),
		})),
		get('/slow/:ms', /^\/slow\/(\d+)$/u, (exchange) => ({
			status: 200,
			body: { waitedMs: count(exchange) },
			delayMs: count(exchange),
		})),
		...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'].flatMap((method): Route[] => [
			{ name: `${method} /echo`, method, path: /^\/echo$/u, handle: echo },
			{ name: `${method} /status/:code`, method, path: /^\/status\/(\d{3})$/u, handle: status },
			{ name: `${method} /redirect/:n`, method, path: /^\/redirect\/(\d+)$/u, handle: redirect },
		]),
	];
}

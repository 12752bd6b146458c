import { usageFrom } from './openai.mts';
import { isObject, type Exchange, type Reply } from './http.mts';

/** Headers of a hop, or of an encoding that `fetch` has undone. */
const NOT_FORWARDED = new Set(
	'host connection keep-alive content-length content-encoding transfer-encoding accept-encoding'.split(' '),
);

/**
 * Asks the real provider, so that a run against it is counted here like any other. The credentials
 * come from the request and are neither kept nor shown.
 */
export async function forward(exchange: Exchange, baseUrl: string): Promise<Reply> {
	const path = exchange.url.pathname.replace(/^\/v1(?=\/)/u, '');
	const target = baseUrl.replace(/\/+$/u, '') + path + exchange.url.search;
	const sent = new Headers();
	for (const [name, value] of Object.entries(exchange.headers)) {
		if (value === undefined || NOT_FORWARDED.has(name)) continue;
		sent.set(name, Array.isArray(value) ? value.join(', ') : value);
	}
	try {
		const response = await fetch(target, {
			method: exchange.method,
			headers: sent,
			signal: exchange.signal,
			redirect: 'manual',
			...(exchange.body.length > 0 ? { body: new Uint8Array(exchange.body) } : {}),
		});
		const body = Buffer.from(await response.arrayBuffer());
		const headers: Record<string, string> = {};
		response.headers.forEach((value, name) => {
			if (!NOT_FORWARDED.has(name) && name !== 'set-cookie') headers[name] = value;
		});
		return { status: response.status, headers, body, tokens: usageFrom(parsed(body)) };
	} catch (error) {
		const message = `The provider could not be reached: ${String(error)}`;
		return { status: 502, body: { error: { message, type: 'server_error', param: null, code: null } } };
	}
}

function parsed(body: Buffer): unknown {
	try {
		const value: unknown = JSON.parse(body.toString('utf8'));
		return isObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

import { afterAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../lib/core/clock.ts';
import { newTrace } from '../../lib/core/trace.ts';
import { createTransport, openEgress } from '../../lib/http/index.ts';
import { withServer } from '../helpers/with-server.mts';

import type { HttpRequest } from '../../lib/http/index.ts';
import type { Answer } from '../helpers/with-server.mts';

const transport = createTransport({ clock: systemClock });
afterAll(async () => await transport.dispose());

const follow = { follow: true, max: 3, keepCredentials: false };
const secrets = { authorization: 'Bearer t', cookie: 'a=b', 'X-Api-Key': 'k', accept: 'text/html', host: 'custom.example' };

async function send(url: string, changes: Partial<HttpRequest> = {}) {
	const response = await transport.send(
		{
			method: 'GET',
			url,
			headers: {},
			scope: 'none',
			connection: { rejectUnauthorized: false, http2: false, maxConnections: 50, maxIdleConnections: 10 },
			timeouts: { connectMs: 5_000, headersMs: 5_000, bodyIdleMs: 5_000 },
			maxResponseBytes: 1_000_000,
			redirect: follow,
			egress: openEgress,
			...changes,
		},
		{ signal: new AbortController().signal, trace: newTrace(), idempotent: false },
	);
	return { ...response, seen: response.body.length > 0 ? JSON.parse(response.body.toString()) : undefined };
}

/** `/to/<status>?<where>` redirects; everything else answers with what it was sent. */
const redirecting: Answer = ({ method, url = '', headers }, response, body) => {
	const [, status, where] = /^\/to\/(\d+)\?(.*)$/.exec(url) ?? [];
	if (status !== undefined && where !== undefined) return response.writeHead(Number(status), { location: decodeURIComponent(where) }).end('moved');
	return response.end(JSON.stringify({ method, url, headers, body: body.toString() }));
};

describe('redirects', () => {
	test.each([
		[301, 'POST', 'GET', ''],
		[302, 'POST', 'GET', ''],
		[303, 'POST', 'GET', ''],
		[303, 'PUT', 'GET', ''],
		[303, 'HEAD', 'HEAD', undefined],
		[301, 'PUT', 'PUT', 'payload'],
		[302, 'DELETE', 'DELETE', 'payload'],
		[307, 'POST', 'POST', 'payload'],
		[308, 'POST', 'POST', 'payload'],
	])('%i turns %s into %s', async (status, method, expected, body) => {
		await withServer(redirecting, async (server) => {
			const sent = method === 'HEAD' ? undefined : 'payload';
			const response = await send(`${server.url}/to/${status}?/end`, { method, body: sent, headers: { 'Content-Type': 'text/plain' } });
			expect(response).toMatchObject({ status: 200, redirects: 1, url: `${server.url}/end` });
			if (body === undefined) return;
			expect(response.seen).toMatchObject({ method: expected, body });
			expect(response.seen.headers['content-type']).toBe(body === '' ? undefined : 'text/plain');
		});
	});

	test('a relative location is resolved, and the fragment is inherited unless the location has its own', async () => {
		await withServer(redirecting, async (server) => {
			expect((await send(`${server.url}/to/302?../a/./b%3Fc#there`)).url).toBe(`${server.url}/a/b?c#there`);
			expect((await send(`${server.url}/to/302?/x%23own#there`)).url).toBe(`${server.url}/x#own`);
		});
	});

	test('a loop ends at the limit, over one connection', async () => {
		const loop: Answer = (_request, response) => response.writeHead(302, { location: '/again' }).end();
		await withServer(loop, async (server) => {
			await expect(send(server.url)).rejects.toMatchObject({ code: 'ERR_TOO_MANY_REDIRECTS', maxRedirects: 3 });
			expect(server.count).toMatchObject({ requests: 4, connections: 1 });
		});
	});

	test('a redirect is an ordinary response where redirects are not followed, or it says not where to', async () => {
		await withServer(redirecting, async (server) => {
			const response = await send(`${server.url}/to/302?/end`, { redirect: { ...follow, follow: false }, decompress: false, method: 'HEAD' });
			expect(response).toMatchObject({ status: 302, redirects: 0, headers: { location: '/end' } });
		});
		await withServer((_request, response) => response.writeHead(302).end(), async (server) => {
			expect((await send(server.url)).status).toBe(302);
		});
	});

	test('a redirect to something that is no http address is malformed', async () => {
		await withServer(redirecting, async (server) => {
			await expect(send(`${server.url}/to/302?file:///etc/passwd`)).rejects.toMatchObject({ code: 'ERR_MALFORMED_ANSWER' });
		});
	});

	test('credentials stay on the same origin, and do not follow to another one', async () => {
		await withServer(redirecting, async (first) => {
			await withServer(redirecting, async (second) => {
				const options = { headers: secrets, credentialHeaders: ['x-api-key'] };
				const same = await send(`${first.url}/to/302?/end`, options);
				expect(same.seen.headers).toMatchObject({ authorization: 'Bearer t', cookie: 'a=b', 'x-api-key': 'k', host: 'custom.example' });

				const there = encodeURIComponent(`${second.url}/end`);
				const other = await send(`${first.url}/to/307?${there}`, options);
				expect(other.seen.headers).toMatchObject({ accept: 'text/html', host: `127.0.0.1:${second.port}` });
				for (const name of ['authorization', 'cookie', 'x-api-key']) expect(other.seen.headers).not.toHaveProperty(name);

				const kept = await send(`${first.url}/to/307?${there}`, { ...options, redirect: { ...follow, keepCredentials: true } });
				expect(kept.seen.headers).toMatchObject({ authorization: 'Bearer t', cookie: 'a=b', 'x-api-key': 'k', host: `127.0.0.1:${second.port}` });
			});
		});
	});

	test('credentials in the address stay with its origin too', async () => {
		await withServer(redirecting, async (first) => {
			await withServer(redirecting, async (second) => {
				const url = first.url.replace('//', '//user:pass@');
				expect((await send(`${url}/to/302?/end`)).seen.headers).toHaveProperty('authorization');
				const other = await send(`${url}/to/302?${encodeURIComponent(second.url)}`);
				expect(other.seen.headers).not.toHaveProperty('authorization');
			});
		});
	});

	test('the way from https to http on the same host is the way to another origin', async () => {
		await withServer(redirecting, async (plain) => {
			await withServer(redirecting, async (secure) => {
				const response = await send(`${secure.url}/to/302?${encodeURIComponent(plain.url)}`, { headers: secrets });
				expect(response.seen.headers).not.toHaveProperty('authorization');
				const back = await send(`${secure.url}/to/302?${encodeURIComponent(`${plain.url}/to/302?${encodeURIComponent(`${secure.url}/end`)}`)}`, { headers: secrets });
				expect(back).toMatchObject({ redirects: 2, url: `${secure.url}/end` });
				expect(back.seen.headers).not.toHaveProperty('authorization');
			}, { https: true });
		});
	});
});

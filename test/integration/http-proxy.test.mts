import { createServer, request as forward } from 'node:http';
import { createSecureServer } from 'node:http2';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../lib/core/clock.ts';
import { EgressBlockedError } from '../../lib/core/errors.ts';
import { newTrace } from '../../lib/core/trace.ts';
import { createTransport, openEgress } from '../../lib/http/index.ts';
import { certificate, key, withServer } from '../helpers/with-server.mts';

import type { AddressInfo, Socket } from 'node:net';
import type { HttpRequest, PooledTransport } from '../../lib/http/index.ts';
import type { Answer } from '../helpers/with-server.mts';

let transport: PooledTransport;
beforeEach(() => {
	transport = createTransport({ clock: systemClock });
});
afterEach(async () => await transport.dispose());

const connection = { rejectUnauthorized: false, http2: false, maxConnections: 5, maxIdleConnections: 5 };

async function send(url: string, changes: Partial<HttpRequest> = {}) {
	return await transport.send(
		{
			method: 'GET',
			url,
			headers: {},
			scope: 'none',
			connection,
			timeouts: { connectMs: 5_000, headersMs: 5_000, bodyIdleMs: 5_000 },
			maxResponseBytes: 1_000_000,
			redirect: { follow: true, max: 3, keepCredentials: false },
			egress: openEgress,
			...changes,
		},
		{ signal: new AbortController().signal, trace: newTrace(), idempotent: false },
	);
}

interface Proxy {
	url: string;
	/** What it was asked to do: `GET http://…` or `CONNECT host:port`. */
	asked: string[];
	authorizations: Array<string | undefined>;
	connections: number;
}

/** A small forward proxy; asks for a password where one is set. */
async function withProxy(use: (proxy: Proxy) => Promise<void>, password?: string): Promise<void> {
	const sockets = new Set<Socket>();
	const facts: Proxy = { url: '', asked: [], authorizations: [], connections: 0 };
	const allowed = (authorization: string | undefined) => {
		facts.authorizations.push(authorization);
		return password === undefined || authorization === `Basic ${btoa(`user:${password}`)}`;
	};
	const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
		facts.asked.push(`${incoming.method} ${incoming.url}`);
		const { 'proxy-authorization': authorization, ...headers } = incoming.headers;
		if (!allowed(authorization)) return void outgoing.writeHead(407).end();
		incoming.pipe(
			forward(incoming.url ?? '', { method: incoming.method ?? 'GET', headers, agent: false }, (answer) => {
				outgoing.writeHead(answer.statusCode ?? 500, { 'x-seen': JSON.stringify(answer.headers) });
				answer.pipe(outgoing);
			}),
		);
	});
	server.on('connect', (incoming, socket: Socket) => {
		facts.asked.push(`CONNECT ${incoming.url}`);
		if (!allowed(incoming.headers['proxy-authorization'])) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
		const [host, port] = (incoming.url ?? '').split(':');
		const onwards = connect(Number(port), host, () => {
			socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
			onwards.pipe(socket).pipe(onwards);
		});
		sockets.add(onwards);
		for (const end of [socket, onwards]) end.on('error', () => {});
	});
	server.on('connection', (socket) => {
		facts.connections += 1;
		sockets.add(socket);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	facts.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	try {
		await use(facts);
	} finally {
		for (const socket of sockets) socket.destroy();
		await new Promise<void>((resolve) => server.close(() => resolve()));
	}
}

const mirror: Answer = ({ method, url, headers }, response, body) =>
	response.end(JSON.stringify({ method, url, headers, body: body.toString() }));

describe('proxies', () => {
	test('an http address is asked for in absolute form, over one kept connection', async () => {
		await withProxy(async (proxy) => {
			await withServer(mirror, async (server) => {
				const through = { connection: { ...connection, proxy: proxy.url }, method: 'POST', body: 'payload' };
				for (const reused of [false, true]) {
					const response = await send(`${server.url}/a?b`, through);
					expect(JSON.parse(response.body.toString())).toMatchObject({ method: 'POST', url: '/a?b', body: 'payload', headers: { host: `127.0.0.1:${server.port}` } });
					expect(response.connectionReused).toBe(reused);
				}
				expect(proxy).toMatchObject({ asked: Array(2).fill(`POST ${server.url}/a?b`), connections: 1 });
			});
		});
	});

	test('an https address is reached through a tunnel that the proxy cannot look into, and that is kept', async () => {
		await withProxy(async (proxy) => {
			await withServer(mirror, async (server) => {
				const through = { connection: { ...connection, proxy: proxy.url }, headers: { 'Proxy-Authorization': 'secret' } };
				for (let round = 0; round < 3; round += 1) {
					const response = await send(`${server.url}/a`, through);
					expect(JSON.parse(response.body.toString()).headers).not.toHaveProperty('proxy-authorization');
				}
				expect(proxy).toMatchObject({ asked: [`CONNECT 127.0.0.1:${server.port}`], connections: 1 });
				expect(server.count).toMatchObject({ handshakes: 1, requests: 3 });
				await transport.prewarm({ url: server.url, scope: 'other', egress: openEgress, timeouts: { connectMs: 1_000 }, ...through }, 1);
				expect(server.count.connections).toBe(2);
			}, { https: true });
		});
	});

	test("the proxy's user name and password go to the proxy alone", async () => {
		await withProxy(async (proxy) => {
			const url = proxy.url.replace('//', '//user:pw@');
			for (const https of [true, false]) {
				await withServer(mirror, async (server) => {
					const response = await send(server.url, { connection: { ...connection, proxy: url } });
					expect(response.status).toBe(200);
					expect(response.body.toString()).not.toContain(btoa('user:pw'));
				}, { https });
			}
			expect(proxy.authorizations).toEqual(Array(2).fill(`Basic ${btoa('user:pw')}`));
			expect(JSON.stringify(transport.stats())).not.toContain('pw');
		}, 'pw');
	});

	test('a tunnel that the proxy refuses is a network error without secrets, and the request was not sent', async () => {
		await withProxy(async (proxy) => {
			const refused = send('https://127.0.0.1:9/?key=secret', { connection: { ...connection, proxy: proxy.url.replace('//', '//user:secret@') } });
			await expect(refused).rejects.toMatchObject({ code: 'ERR_NETWORK', unprocessed: true, retryable: false, message: expect.stringContaining('with status 407') });
			await expect(refused).rejects.not.toThrow(/secret/);
		}, 'other');
	});

	test('a proxy that cannot be reached is named', async () => {
		let url = '';
		await withProxy(async (proxy) => void (url = proxy.url));
		await expect(send('https://example.com', { connection: { ...connection, proxy: url } })).rejects.toMatchObject({
			message: `No connection to the proxy ${new URL(url).host}: it was refused`,
			systemCode: 'ECONNREFUSED',
		});
	});

	test('a proxy of another kind is refused', async () => {
		await expect(send('https://example.com', { connection: { ...connection, proxy: 'socks5://user:secret@127.0.0.1' } })).rejects.toMatchObject({
			code: 'ERR_INVALID_OPTION',
			message: expect.not.stringContaining('secret'),
		});
	});

	test('each hop asks for its own proxy, and an explicit one wins', async () => {
		await withProxy(async (proxy) => {
			await withServer(mirror, async (direct) => {
				await withServer((_request, response) => response.writeHead(302, { location: direct.url }).end(), async (proxied) => {
					const proxyFor = (url: string) => (url.startsWith(proxied.url) ? proxy.url : undefined);
					expect((await send(direct.url, { proxyFor })).status).toBe(200);
					expect(proxy.asked).toEqual([]);
					expect((await send(direct.url, { proxyFor, connection: { ...connection, proxy: proxy.url } })).status).toBe(200);
					expect(proxy.asked).toHaveLength(1);
				});
			});
		});
	});

	test('egress rules hold for the proxy as well', async () => {
		await withProxy(async (proxy) => {
			const validateHost = (host: string) => {
				throw new EgressBlockedError(`${host} is not allowed`);
			};
			const sent = send('https://example.com', { connection: { ...connection, proxy: proxy.url }, egress: { ...openEgress, active: true, validateHost } });
			await expect(sent).rejects.toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
			expect(proxy.connections).toBe(0);
		});
	});
});

describe('HTTP/2', () => {
	test('150 requests at once share two connections where it is allowed, and an abort ends only its own', async () => {
		let connections = 0;
		const server = createSecureServer({ key, cert: certificate, allowHTTP1: true }, (request, response) => {
			if (request.url !== '/never') response.end(request.httpVersion);
		});
		server.on('secureConnection', () => (connections += 1));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
		const http2 = { connection: { ...connection, http2: true } };

		const all = await Promise.all(Array.from({ length: 150 }, async () => await send(url, http2)));
		expect(new Set(all.map((response) => response.body.toString()))).toEqual(new Set(['2.0']));
		expect(connections).toBe(2);
		const [aborted, fine] = await Promise.allSettled([
			send(`${url}/never`, { ...http2, timeouts: { connectMs: 1_000, headersMs: 5_000, bodyIdleMs: 1_000, totalMs: 100 } }),
			send(url, http2),
		]);
		expect([aborted.status, fine.status]).toEqual(['rejected', 'fulfilled']);
		expect((await send(url, http2)).connectionReused).toBe(true);
		expect((await send(url)).body.toString()).toBe('1.1');
		expect(connections).toBe(3);
		await transport.dispose();
		server.close();
	});
});

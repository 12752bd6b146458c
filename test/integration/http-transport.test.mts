import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../lib/core/clock.ts';
import { EgressBlockedError } from '../../lib/core/errors.ts';
import { newTrace } from '../../lib/core/trace.ts';
import { createTransport, openEgress } from '../../lib/http/index.ts';
import { certificate, withServer } from '../helpers/with-server.mts';

import type { CallContext } from '../../lib/core/policy.ts';
import type { HttpRequest } from '../../lib/http/index.ts';
import type { Answer } from '../helpers/with-server.mts';

const transport = createTransport({ clock: systemClock });
afterAll(async () => await transport.dispose());

function request(url: string, changes: Partial<HttpRequest> = {}): HttpRequest {
	return {
		method: 'GET',
		url,
		headers: {},
		scope: 'none',
		connection: { rejectUnauthorized: false, http2: false, maxConnections: 50, maxIdleConnections: 10 },
		timeouts: { connectMs: 5_000, headersMs: 5_000, bodyIdleMs: 5_000 },
		maxResponseBytes: 1_000_000,
		redirect: { follow: true, max: 5, keepCredentials: false },
		egress: openEgress,
		...changes,
	};
}

function context(changes: Partial<CallContext> = {}): CallContext {
	return { signal: new AbortController().signal, trace: newTrace(), idempotent: false, ...changes };
}

const send = async (url: string, changes?: Partial<HttpRequest>) => await transport.send(request(url, changes), context());
const hello: Answer = (_request, response) => response.end('hello');
/** Answers with what it was sent. */
const mirror: Answer = ({ method, url, headers }, response, body) =>
	response.end(JSON.stringify({ method, url, headers, body: body.toString() }));

describe('requests and responses', () => {
	test('method, path, headers and body arrive; status, headers and body come back', async () => {
		const answer: Answer = (incoming, response, body) => {
			response.setHeader('set-cookie', ['a=1', 'b=2']).setHeader('X-Kind', 'yes');
			response.statusCode = 404;
			mirror(incoming, response, body);
		};
		await withServer(answer, async (server) => {
			const headers = { 'X-Many': ['one', 'two'], 'content-type': 'text/plain', connection: 'close', 'transfer-encoding': 'chunked' };
			const response = await send(`${server.url}/a/b?c=d#e`, { method: 'PUT', headers, body: 'päyload' });
			expect(response).toMatchObject({ status: 404, statusMessage: 'Not Found', redirects: 0, headers: { 'set-cookie': ['a=1', 'b=2'], 'x-kind': 'yes' } });
			const seen = JSON.parse(response.body.toString());
			expect(seen).toMatchObject({ method: 'PUT', url: '/a/b?c=d', body: 'päyload', headers: { 'x-many': 'one, two', 'content-type': 'text/plain', 'content-length': '8', connection: 'keep-alive' } });
			expect(seen.headers['transfer-encoding']).toBeUndefined();
		});
	});

	test('a user name and password in the address become Basic authentication, and are not shown again', async () => {
		await withServer(mirror, async (server) => {
			const response = await send(server.url.replace('//', '//us%40er:p%25w@'));
			expect(JSON.parse(response.body.toString()).headers.authorization).toBe(`Basic ${btoa('us@er:p%w')}`);
			expect(response.url).toBe(`${server.url}/`);
		});
	});

	test.each([
		['a header name that HTTP does not allow', { headers: { 'bad name': 'x' } }],
		['a header value with a line break', { headers: { 'x-a': 'a\r\nb: c' } }],
		['a method that HTTP does not allow', { method: 'GE T' }],
		['an address that is none', { url: 'not an address' }],
		['another protocol', { url: 'ftp://127.0.0.1/' }],
	])('%s is refused before anything is sent', async (_what, changes) => {
		await withServer(hello, async (server) => {
			await expect(send(server.url, changes)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
			expect(server.count.requests).toBe(0);
			await send(server.url);
		});
	});

	test('a body larger than the limit is refused, announced or not, and the server sees the end of it', async () => {
		const announced: Answer = (_request, response) => response.end(Buffer.alloc(2_000_000));
		const endless: Answer = (_request, response) => {
			const more = (): void => void (response.writable && response.write(Buffer.alloc(65_536), more));
			more();
		};
		for (const answer of [announced, endless]) {
			await withServer(answer, async (server) => {
				await expect(send(server.url)).rejects.toMatchObject({ code: 'ERR_RESPONSE_TOO_LARGE', maxBytes: 1_000_000 });
				await server.until(() => server.sockets.size === 0);
			});
		}
	});

	test('a body of many pieces comes back whole', async () => {
		const body = Buffer.from(Array.from({ length: 900_000 }, (_, index) => index % 251));
		await withServer((_request, response) => response.end(body), async (server) => {
			expect((await send(server.url)).body.equals(body)).toBe(true);
		}, { https: true });
	});

	test('with HTTP/2 allowed, a server that speaks only HTTP/1.1 is served as ever', async () => {
		await withServer(hello, async (server) => {
			const connection = { ...request('').connection, http2: true };
			const all = await Promise.all(Array.from({ length: 20 }, async () => await send(server.url, { connection })));
			expect(all.map(({ status }) => status)).toEqual(Array(20).fill(200));
		}, { https: true });
	});
});

describe('ends that are not good', () => {
	test('an abort closes the connection at once, and the server sees it', async () => {
		await withServer(() => {}, async (server) => {
			const controller = new AbortController();
			const sent = transport.send(request(server.url), context({ signal: controller.signal }));
			await server.until(() => server.count.requests === 1);
			controller.abort();
			await expect(sent).rejects.toMatchObject({ code: 'ERR_CANCELLED' });
			await server.until(() => server.sockets.size === 0);
		});
	});

	test('a signal that aborted before leaves no trace at the server', async () => {
		await withServer(hello, async (server) => {
			await expect(transport.send(request(server.url), context({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'ERR_CANCELLED' });
			expect(server.count.connections).toBe(0);
		});
	});

	test.each([
		['no response begins', 'headers', { headersMs: 100 }, () => {}],
		['the body stalls', 'body', { bodyIdleMs: 100 }, (_request, response) => response.write('some')],
		['the whole takes too long', 'attempt', { totalMs: 100 }, (_request, response) => response.write('some')],
	] satisfies Array<[string, string, object, Answer]>)('when %s, the timeout says so: %s', async (_what, phase, timeouts, answer) => {
		await withServer(answer, async (server) => {
			const sent = send(server.url, { timeouts: { ...request('').timeouts, ...timeouts } });
			await expect(sent).rejects.toMatchObject({ code: 'ERR_TIMEOUT', phase, timeoutMs: 100, retryable: true });
			await server.until(() => server.sockets.size === 0);
		});
	});

	test('a body that comes slowly, but keeps coming, is no timeout', async () => {
		const drip: Answer = (_request, response) => {
			let left = 6;
			const timer = setInterval(() => {
				response.write('x');
				if ((left -= 1) === 0) response.end();
				if (left === 0) clearInterval(timer);
			}, 50);
		};
		await withServer(drip, async (server) => {
			const response = await send(server.url, { timeouts: { ...request('').timeouts, bodyIdleMs: 200 } });
			expect(response.body.toString()).toBe('xxxxxx');
		});
	});

	test('a handshake that never ends is a connect timeout: the request was not processed', async () => {
		const { createServer } = await import('node:net');
		const mute = createServer(() => {});
		await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
		const address = mute.address();
		const port = typeof address === 'object' && address ? address.port : 0;
		const sent = send(`https://127.0.0.1:${port}`, { timeouts: { ...request('').timeouts, connectMs: 100 } });
		await expect(sent).rejects.toMatchObject({ code: 'ERR_TIMEOUT', phase: 'connect', unprocessed: true });
		mute.close();
	});

	test('a certificate that is not trusted is not tried again, and one that is given as trusted is', async () => {
		await withServer(hello, async (server) => {
			const strict = { ...request('').connection, rejectUnauthorized: true };
			await expect(send(server.url, { connection: strict })).rejects.toMatchObject({ code: 'ERR_NETWORK', systemCode: 'DEPTH_ZERO_SELF_SIGNED_CERT', retryable: false, unprocessed: true });
			const trusting = { ...strict, tls: { ca: certificate } };
			expect((await send(server.url, { connection: trusting })).status).toBe(200);
			const broken = { ...strict, tls: { cert: 'x', key: 'secret' } };
			const refused = send(server.url, { connection: broken });
			await expect(refused).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
			await expect(refused).rejects.not.toThrow(/secret/);
		}, { https: true });
	});

	test('a name that does not exist is not tried again', async () => {
		const egress = {
			...openEgress,
			active: true,
			lookup: (_name: string, _options: object, callback: (error: NodeJS.ErrnoException | null) => void) =>
				callback(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })),
		} as HttpRequest['egress'];
		await expect(send('http://no-such.invalid/?key=secret', { egress })).rejects.toMatchObject({
			message: 'No connection to no-such.invalid:80: the host name is not known',
			retryable: false,
		});
	});

	test('a connection cut within the body is an error, never half a response', async () => {
		await withServer((_request, response) => {
			response.setHeader('content-length', 10).write('half');
			setTimeout(() => response.destroy(), 20);
		}, async (server) => {
			await expect(send(server.url)).rejects.toMatchObject({ code: 'ERR_NETWORK', retryable: true, unprocessed: false });
			expect(server.count.requests).toBe(1);
		});
	});

	test('chunks without an end are an error too, on a connection that was to close anyway', async () => {
		const broken: Answer = ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
		await withServer(broken, async (server) => {
			await expect(send(server.url)).rejects.toMatchObject({ code: 'ERR_NETWORK', retryable: true, unprocessed: false });
		});
	});

	test('a body without an announced length ends with the connection', async () => {
		const old: Answer = ({ socket }) => socket.end('HTTP/1.0 200 OK\r\n\r\nhello');
		await withServer(old, async (server) => {
			expect((await send(server.url)).body.toString()).toBe('hello');
		});
	});

	test('an answer that is not HTTP is told from a lost connection', async () => {
		const { createServer } = await import('node:net');
		const ssh = createServer((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')));
		await new Promise<void>((resolve) => ssh.listen(0, '127.0.0.1', resolve));
		const address = ssh.address();
		const sent = send(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
		await expect(sent).rejects.toMatchObject({ code: 'ERR_MALFORMED_ANSWER' });
		ssh.close();
	});
});

describe('compressed responses', () => {
	const text = 'a long text '.repeat(2_000);
	const encoded = (encoding: string, body: Buffer): Answer => (_request, response) =>
		response.setHeader('content-encoding', encoding).end(body);

	test.each([
		['gzip', gzipSync(text)],
		['x-gzip', gzipSync(text)],
		['deflate', deflateSync(text)],
		['deflate', deflateRawSync(text)],
		['br', brotliCompressSync(text)],
		['zstd', zstdCompressSync(text)],
		['gzip, br', brotliCompressSync(gzipSync(text))],
	])('%s is decoded, and its headers are gone', async (encoding, body) => {
		await withServer(encoded(encoding, body), async (server) => {
			const response = await send(server.url);
			expect(response.body.toString()).toBe(text);
			expect(response.headers).not.toHaveProperty('content-encoding');
			expect(response.headers).not.toHaveProperty('content-length');
			const raw = await send(server.url, { decompress: false });
			expect(raw.body.equals(body)).toBe(true);
			expect(raw.headers['content-encoding']).toBe(encoding);
		});
	});

	test.each([
		['gzip', gzipSync(text)],
		['deflate', deflateSync(text)],
		['br', brotliCompressSync(text)],
		['zstd', zstdCompressSync(text)],
	])('%s that ends early may be tried again', async (encoding, body) => {
		await withServer(encoded(encoding, body.subarray(0, body.length - 9)), async (server) => {
			await expect(send(server.url)).rejects.toMatchObject({ code: 'ERR_NETWORK', retryable: true, unprocessed: false });
		});
	});

	test.each(['gzip', 'deflate', 'br', 'zstd'])('what is not %s at all is malformed', async (encoding) => {
		await withServer(encoded(encoding, Buffer.from('plain text, no more')), async (server) => {
			await expect(send(server.url)).rejects.toMatchObject({ code: 'ERR_MALFORMED_ANSWER' });
		});
	});

	test('a bomb is stopped at the limit, in an inner layer too', async () => {
		const bomb = gzipSync(Buffer.alloc(5_000_000));
		for (const [encoding, body] of [['gzip', bomb], ['gzip, gzip', gzipSync(bomb)]] as const) {
			await withServer(encoded(encoding, body), async (server) => {
				await expect(send(server.url)).rejects.toMatchObject({ code: 'ERR_RESPONSE_TOO_LARGE' });
			});
		}
	});

	test('an unknown encoding and an empty body are left as they are', async () => {
		await withServer(encoded('compress', Buffer.from('lzw')), async (server) => {
			expect((await send(server.url)).headers['content-encoding']).toBe('compress');
		});
		await withServer(encoded('gzip', Buffer.alloc(0)), async (server) => {
			expect((await send(server.url, { method: 'HEAD' })).body).toHaveLength(0);
		});
	});
});

describe('egress', () => {
	const onlyPort = (port: number) => ({
		...openEgress,
		active: true,
		validateUrl: async (url: string) => {
			if (Number(new URL(url).port) !== port) throw new EgressBlockedError('This address is not allowed');
		},
	});

	test('an address that is not allowed is not even connected to', async () => {
		await withServer(hello, async (server) => {
			await expect(send(server.url, { egress: onlyPort(1) })).rejects.toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
			await expect(transport.prewarmOrigin(request(server.url, { egress: onlyPort(1) }), 1)).rejects.toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
			await expect(transport.prewarm(request(server.url, { egress: onlyPort(1) }), 1)).rejects.toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
			expect(server.count.connections).toBe(0);
		});
	});

	test('the target of a redirect is judged before it is connected to', async () => {
		await withServer(hello, async (inner) => {
			const redirect: Answer = (_request, response) => response.writeHead(302, { location: inner.url }).end();
			await withServer(redirect, async (outer) => {
				await expect(send(outer.url, { egress: onlyPort(outer.port) })).rejects.toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
				expect([outer.count.requests, inner.count.connections]).toEqual([1, 0]);
			});
		});
	});

	test('a host refused at connect time, and a name refused by the look-up, are egress errors', async () => {
		const refuse = () => {
			throw new EgressBlockedError('This host is not allowed');
		};
		await expect(send('http://127.0.0.1:1', { egress: { ...openEgress, active: true, validateHost: refuse } })).rejects.toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
		const lookup = ((_name: string, _options: object, callback: (error: Error) => void) =>
			callback(new EgressBlockedError('This name is not allowed'))) as HttpRequest['egress']['lookup'];
		await expect(send('http://localhost:1', { egress: { ...openEgress, active: true, lookup } })).rejects.toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
	});
});

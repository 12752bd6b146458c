import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { NODE, runHttp } from '../helpers/http-node.mts';
import { certificate, key, withServer, type Answer } from '../helpers/with-server.mts';

let engine: Engine;

beforeAll(async () => {
	engine = await createEngine();
});

const DECODE: Record<string, (body: Buffer) => Buffer> = {
	br: zlib.brotliDecompressSync,
	gzip: zlib.gunzipSync,
	...('zstdDecompressSync' in zlib && { zstd: zlib.zstdDecompressSync as (body: Buffer) => Buffer }),
};

const BODY = { text: 'the same again and again; '.repeat(200) };

async function post(url: string, options: Record<string, unknown>, body: unknown = BODY, more: Record<string, unknown> = {}) {
	return await runHttp({
		engine,
		parameters: {
			...more, url, method: 'POST', sendBody: true, specifyBody: 'json', jsonBody: JSON.stringify(body),
			options: { maxRetries: 0, ...options },
		},
	});
}

interface Seen {
	encoding: string | undefined;
	length: number;
	body: string;
}

/** Refuses with the status given what is compressed; each request is answered with an empty object. */
function taking(seen: Seen[], refuses?: number): Answer {
	return (request, response, body) => {
		const encoding = request.headers['content-encoding'];
		const decoded = encoding === undefined ? body : (DECODE[encoding]?.(body) ?? body);
		seen.push({ encoding, length: Number(request.headers['content-length']), body: decoded.toString('utf8') });
		if (encoding !== undefined && refuses !== undefined) response.statusCode = refuses;
		response.setHeader('content-type', 'application/json');
		response.end('{}');
	};
}

describe('request bodies', () => {
	test.each(Object.keys(DECODE))('are compressed with %s, and arrive as they were meant', async (encoding) => {
		const seen: Seen[] = [];
		await withServer(taking(seen), async ({ url }) => {
			expect((await post(url, { compressBody: encoding })).error).toBeUndefined();
		});
		expect(seen).toMatchObject([{ encoding, body: JSON.stringify(BODY) }]);
		expect(seen[0]?.length).toBeLessThan(500);
	});

	test.each([
		['by default', {}, BODY],
		['that are small', { compressBody: 'gzip' }, { a: 1 }],
		['that are smaller than the user says', { compressBody: 'gzip', compressFromKb: 100 }, BODY],
	])('%s are sent as they are', async (_name, options, body) => {
		const seen: Seen[] = [];
		await withServer(taking(seen), async ({ url }) => {
			await post(url, options, body);
		});
		expect(seen).toEqual([{ encoding: undefined, length: JSON.stringify(body).length, body: JSON.stringify(body) }]);
	});

	test('whose bytes a header vouches for are sent as they are', async () => {
		const seen: Seen[] = [];
		await withServer(taking(seen), async ({ url }) => {
			const more = { sendHeaders: true, headerParameters: { parameters: [{ name: 'Content-MD5', value: 'x' }] } };
			await post(url, { compressBody: 'gzip' }, BODY, more);
		});
		expect(seen[0]?.encoding).toBeUndefined();
	});

	test.each([415, 400])('that are refused with %i are sent once more as they are, and later ones at once', async (status) => {
		const seen: Seen[] = [];
		await withServer(taking(seen, status), async ({ url }) => {
			for (let run = 0; run < 2; run += 1) expect((await post(url, { compressBody: 'gzip' })).error).toBeUndefined();
		});
		expect(seen.map(({ encoding }) => encoding)).toEqual(['gzip', undefined, undefined]);
	});

	test('that are bad in either form do not end compression for the server', async () => {
		const encodings: unknown[] = [];
		const refuse: Answer = (request, response) => {
			encodings.push(request.headers['content-encoding']);
			response.statusCode = 400;
			response.end();
		};
		await withServer(refuse, async ({ url }) => {
			for (let run = 0; run < 2; run += 1) expect((await post(url, { compressBody: 'gzip' })).error).toBeDefined();
		});
		expect(encodings).toEqual(['gzip', undefined, 'gzip', undefined]);
	});

	test('that come compressed are decoded', async () => {
		const answer: Answer = (_request, response) => {
			response.setHeader('content-type', 'application/json');
			response.setHeader('content-encoding', 'br');
			response.end(zlib.brotliCompressSync(JSON.stringify(BODY)));
		};
		await withServer(answer, async ({ url }) => {
			expect((await post(url, {})).json(NODE)).toEqual([BODY]);
		});
	});
});

describe('HTTP/2', () => {
	let server: Http2SecureServer;
	let url: string;
	const count = { sessions: 0, requests: 0 };

	beforeAll(async () => {
		server = createSecureServer({ key, cert: certificate, allowHTTP1: true });
		server.on('session', () => (count.sessions += 1));
		server.on('request', (request, response) => {
			count.requests += 1;
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify({ version: request.httpVersion }));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
	});

	afterAll(() => server.close());

	test('carries 100 items over two connections at most', async () => {
		const input = Array.from({ length: 100 }, () => ({}));
		const run = await runHttp({ engine, input, parameters: { url, options: { http2: true, allowUnauthorizedCerts: true } } });
		expect(run.json(NODE)).toEqual(input.map(() => ({ version: '2.0' })));
		expect(count.requests).toBe(100);
		expect(count.sessions).toBeLessThanOrEqual(2);
	});

	test('is not spoken where nobody asks for it', async () => {
		const run = await runHttp({ engine, parameters: { url, options: { allowUnauthorizedCerts: true } } });
		expect(run.json(NODE)).toEqual([{ version: '1.1' }]);
	});
});

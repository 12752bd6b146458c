import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BodyCompressor, type Compression } from '../../lib/http/compress.ts';
import type { HttpRequest, HttpResponse } from '../../lib/http/index.ts';

const GZIP: Compression = { encoding: 'gzip', minBytes: 100 };
const TEXT = 'again and again '.repeat(50);

function setUp() {
	const compressor = new BodyCompressor();
	const sent: Array<Pick<HttpRequest, 'headers' | 'body'>> = [];
	/** @param refuses whether a server refuses what is sent to it */
	const send = async (changes: Partial<HttpRequest> = {}, refuses: (encoded: boolean) => boolean = () => false) => {
		sent.length = 0;
		const request = { method: 'POST', url: 'https://a.test/x', headers: {}, body: TEXT, ...changes } as HttpRequest;
		await compressor.send(request, GZIP, async ({ headers, body }) => {
			sent.push({ headers, body });
			return { status: refuses('content-encoding' in headers) ? 415 : 200 } as HttpResponse;
		});
		return sent.map(({ headers }) => headers['content-encoding']);
	};
	return { send, sent };
}

describe('the compression of request bodies', () => {
	test('leaves the body readable and the other headers alone', async () => {
		const { send, sent } = setUp();
		await send({ headers: { 'x-a': '1' } });
		expect(sent[0]?.headers).toEqual({ 'x-a': '1', 'content-encoding': 'gzip' });
		expect(gunzipSync(sent[0]?.body as Buffer).toString()).toBe(TEXT);
	});

	test.each<[string, Partial<HttpRequest>]>([
		['no body', { body: undefined }],
		['a body that is too small', { body: 'x'.repeat(99) }],
		['a body that would not become smaller', { body: Buffer.from(Array.from({ length: 120 }, (_, index) => (index * 97) % 256)) }],
		['an encoding of the caller', { headers: { 'Content-Encoding': 'br' } }],
		['a digest of the body', { headers: { 'X-Amz-Content-Sha256': 'x' } }],
	])('does not touch a request with %s', async (_name, changes) => {
		const { send, sent } = setUp();
		const before = { headers: {}, body: TEXT, ...changes };
		await send(changes);
		expect(sent).toEqual([{ headers: before.headers, body: before.body }]);
	});

	test('counts bytes, not characters', async () => {
		expect(await setUp().send({ body: 'ä'.repeat(50) })).toEqual(['gzip']);
	});

	test('remembers at most 500 origins that refuse it, the latest ones', async () => {
		const { send } = setUp();
		const encoded = (is: boolean) => is;
		for (let host = 0; host <= 500; host += 1) await send({ url: `https://${host}.test/` }, encoded);
		expect(await send({ url: 'https://500.test/' }, encoded)).toEqual([undefined]);
		expect(await send({ url: 'https://0.test/' }, encoded)).toEqual(['gzip', undefined]);
	});
});

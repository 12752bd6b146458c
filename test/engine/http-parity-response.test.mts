import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { responseOption } from '../helpers/http-node.mts';
import { expectSame, openArena, seen, VERSIONS, type Arena, type Both } from '../helpers/parity.mts';

let arena: Arena;

interface Canned {
	status?: number;
	headers?: Record<string, string | string[]>;
	body?: string | Buffer;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const PLAIN_TYPE = { 'content-type': 'text/plain' };
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

const RESPONSES: Record<string, Canned> = {
	'/object': { headers: { 'content-type': 'application/json; charset=utf-8', 'x-y': 'z', 'set-cookie': 'a=b', 'x-twice': ['1', '2'] }, body: '{"a":1,"data":[1,2]}' },
	'/list': { headers: JSON_TYPE, body: '[{"id":1},{"id":2},null,3,"x"]' },
	'/number': { headers: JSON_TYPE, body: '5' },
	'/null': { headers: JSON_TYPE, body: 'null' },
	'/string': { headers: JSON_TYPE, body: '"x"' },
	'/string-of-json': { headers: JSON_TYPE, body: '"{\\"a\\":1}"' },
	'/broken': { headers: JSON_TYPE, body: '{"a":' },
	'/empty-json': { headers: JSON_TYPE },
	'/empty-text': { headers: PLAIN_TYPE },
	'/nothing': { status: 204 },
	'/text': { headers: PLAIN_TYPE, body: 'héllo' },
	'/spaced': { headers: PLAIN_TYPE, body: ' { "a": 1 } ' },
	'/no-type': { body: 'plain' },
	'/html': { headers: { 'content-type': 'text/html' }, body: '<p>ä</p>' },
	'/xml': { headers: { 'content-type': 'application/xml' }, body: '<a/>' },
	'/latin': { headers: { 'content-type': 'text/plain; charset=ISO-8859-1' }, body: Buffer.from('Grüße', 'latin1') },
	'/latin-json': { headers: { 'content-type': 'application/json; charset=latin1' }, body: Buffer.from('{"a":"ü"}', 'latin1') },
	'/gb': { headers: PLAIN_TYPE, body: Buffer.from('c4e3bac3cac0bde7c4e3bac3cac0bde7', 'hex') },
	'/image.png': { headers: { 'content-type': 'image/png' }, body: PNG },
	'/image': { headers: { 'content-type': 'image/png' }, body: PNG },
	'/download': { headers: { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="a b.pdf"' }, body: '%PDF' },
	'/gzip': { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: gzipSync('{"z":"ä"}') },
	'/deflate': { headers: { ...PLAIN_TYPE, 'content-encoding': 'deflate' }, body: deflateSync('deflated') },
	'/brotli': { headers: { ...PLAIN_TYPE, 'content-encoding': 'br' }, body: brotliCompressSync('brotli') },
	'/missing': { status: 404, headers: JSON_TYPE, body: '{"error":{"message":"gone"}}' },
	'/failing': { status: 500, headers: PLAIN_TYPE, body: 'oops' },
	'/slow-down': { status: 429, headers: PLAIN_TYPE, body: 'slow' },
	'/moved': { status: 302, headers: { location: '/object' } },
	'/moved-for-good': { status: 308, headers: { location: '/object' } },
	'/again': { status: 302, headers: { location: '/again' } },
};

beforeAll(async () => {
	arena = await openArena((request, response) => {
		const { status = 200, headers = {}, body = '' } = RESPONSES[new URL(request.url ?? '', 'http://x').pathname] ?? { status: 501 };
		response.writeHead(status, headers).end(body);
	});
}, 600_000);

afterAll(async () => {
	await arena.close();
});

const both = async (path: string, options: Record<string, unknown> = {}, more: Partial<Both> & { method?: string } = {}) =>
	await arena.both({ parameters: { method: more.method ?? 'GET', url: arena.server.url + path, options }, ...more });

const same = async (...request: Parameters<typeof both>) => {
	const pair = await both(...request);
	expectSame(pair);
	return pair;
};

/** What they fail at, or decode wrongly, and ours does not; see the last part of this file. */
const BETTER: Record<string, string[]> = {
	json: ['/empty-json', '/empty-text', '/nothing', '/latin-json'],
	text: ['/latin', '/latin-json', '/gb', '/image', '/image.png'],
	file: ['/gzip', '/deflate', '/brotli'],
};

const SUCCESSFUL = Object.entries(RESPONSES).filter(([, { status = 200 }]) => status < 300).map(([path]) => path);

describe.each(['autodetect', 'json', 'text', 'file'])('in the format %s', (responseFormat) => {
	const paths = SUCCESSFUL.filter((path) => !BETTER[responseFormat]?.includes(path));
	test.each(paths)('%s becomes the same items', async (path) => void (await same(path, responseOption({ responseFormat }))));
	test.each(paths)('%s with status and headers becomes the same items', async (path) =>
		void (await same(path, responseOption({ responseFormat, fullResponse: true }))));
});

describe('the response', () => {
	test('becomes a file under the name of the user, beside the files of the input', async () => {
		const input = [{ json: { id: 7 }, binary: { old: { mimeType: 'text/plain', data: 'eA==' } } }];
		await same('/image', responseOption({ responseFormat: 'file', outputPropertyName: 'img' }), { input });
	});
	test('becomes a text under the name of the user', async () =>
		void (await same('/text', responseOption({ responseFormat: 'text', outputPropertyName: 'txt', fullResponse: true }))));
	test.each(['/missing', '/failing', '/broken', '/slow-down'])('%s is no error where nothing shall be', async (path) => {
		await same(path, responseOption({ neverError: true }));
		await same(path, responseOption({ neverError: true, fullResponse: true }));
	});
	test('of a HEAD request is the same', async () => void (await same('/text', {}, { method: 'HEAD' })));
	test('names the Split Out node where a list hides in the field data', async () => {
		const { theirs, ours } = await same('/object');
		const hints = (side: typeof ours) => side.result.hints.map(({ message }) => message).filter((message) => message.includes('Split Out'));
		expect(hints(ours)).toEqual(hints(theirs));
		expect(hints(ours)).toHaveLength(1);
	});
});

describe('a redirect', () => {
	test.each([
		{},
		{ redirect: {} },
		{ redirect: { redirect: {} } },
		{ redirect: { redirect: { followRedirects: true } } },
		{ redirect: { redirect: { followRedirects: false } } },
		{ redirect: { redirect: { followRedirects: true, maxRedirects: 0 } } },
		{ redirect: { redirect: { maxRedirects: 3 } } },
	])('is followed alike with the option %j', async (options) => {
		const never = responseOption({ neverError: true, fullResponse: true });
		for (const method of ['GET', 'POST']) {
			for (const path of ['/moved', '/moved-for-good', '/again']) await same(path, { ...options, ...never }, { method });
		}
	});
	test.each(VERSIONS)('is followed alike in version %s', async (typeVersion) => void (await same('/moved', {}, { typeVersion, method: 'PUT' })));
});

describe.each(VERSIONS)('an item that fails in version %s', (typeVersion) => {
	test.each(['/missing', '/failing', '/slow-down', '/moved'])('at %s is the same on either output', async (path) => {
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			for (const responseFormat of ['autodetect', 'json', 'text', 'file']) {
				const options = { ...responseOption({ responseFormat }), redirect: { redirect: { followRedirects: false } } };
				const input = [{ id: 1 }, { id: 2 }];
				const { ours } = await same(path, options, { typeVersion, node: { onError }, input });
				expect([...ours.items, ...ours.failed]).toHaveLength(2);
			}
		}
	});
	test('at its JSON is the same', async () => {
		await same('/broken', {}, { typeVersion, node: { onError: 'continueRegularOutput' } });
		await same('/text', responseOption({ responseFormat: 'json' }), { typeVersion, node: { onError: 'continueErrorOutput' } });
	});
});

describe('different from HTTP Request, as the documentation lists it:', () => {
	test.each(['/empty-json', '/empty-text', '/nothing'])('%s is no failure in the format JSON', async (path) => {
		const { theirs, ours } = await both(path, responseOption({ responseFormat: 'json' }));
		expect(theirs.error).toContain('Cannot read properties of undefined');
		expect(seen(ours.items)).toEqual([{ json: {}, pairedItem: { item: 0 } }]);
	});

	test('a charset that the server names is heeded in every format', async () => {
		const text = await both('/latin', responseOption({ responseFormat: 'text' }));
		expect([text.theirs.items[0]?.json.data, text.ours.items[0]?.json.data]).toEqual(['Gr\uFFFD\uFFFDe', 'Grüße']);
		const json = await both('/latin-json', responseOption({ responseFormat: 'json' }));
		expect([json.theirs.items[0]?.json.a, json.ours.items[0]?.json.a]).toEqual(['\uFFFD', 'ü']);
	});

	test('a file that came compressed is named by its address all the same', async () => {
		const { theirs, ours } = await both('/gzip', responseOption({ responseFormat: 'file' }));
		expect([theirs.items[0]?.binary?.data?.fileName, ours.items[0]?.binary?.data?.fileName]).toEqual(['data.json', 'gzip']);
		expect(ours.items[0]?.binary?.data?.data).toBe(theirs.items[0]?.binary?.data?.data);
	});

	test('the message of a failed node says what the server said', async () => {
		const { theirs, ours } = await both('/missing');
		expect([theirs.error, ours.error]).toEqual(['The resource you are requesting could not be found', 'The server answered with status 404: gone']);
	});

	test('an item that never reached a server has our words under error, and n8n\'s under details', async () => {
		const request = { parameters: { url: 'http://127.0.0.1:1/' }, node: { onError: 'continueRegularOutput' as const } };
		const { theirs, ours } = await arena.both(request);
		expect(ours.items[0]?.json.details).toEqual(theirs.items[0]?.json.details);
		expect(ours.items[0]?.json.error).toEqual({
			message: 'No connection to 127.0.0.1:1: it was refused',
			name: 'NetworkError',
			code: 'ECONNREFUSED',
		});
	});
});

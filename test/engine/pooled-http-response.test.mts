import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { NODE, responseOption, runHttp, type HttpRun } from '../helpers/http-node.mts';
import { startServer, type TestServer } from '../helpers/with-server.mts';

let engine: Engine;
let server: TestServer;

interface Canned {
	status?: number;
	headers?: Record<string, string>;
	body?: string | Buffer;
}

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

const RESPONSES: Record<string, Canned> = {
	'/object': { headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{"a":1}' },
	'/list': { headers: { 'content-type': 'application/json' }, body: '[{"id":1},{"id":2},null]' },
	'/empty-json': { headers: { 'content-type': 'application/json' }, body: '' },
	'/null': { headers: { 'content-type': 'application/json' }, body: 'null' },
	'/broken': { headers: { 'content-type': 'application/json' }, body: '{"a":' },
	'/bom': { headers: { 'content-type': 'application/json' }, body: '\uFEFF{"a":"ä"}' },
	'/text': { headers: { 'content-type': 'text/plain' }, body: '{ "a": 1 }' },
	'/latin': { headers: { 'content-type': 'text/plain; charset=ISO-8859-1' }, body: Buffer.from('Grüße', 'latin1') },
	'/nothing': { status: 204 },
	'/image.png': { headers: { 'content-type': 'image/png' }, body: PNG },
	'/download': {
		headers: { 'content-type': 'application/pdf', 'content-disposition': `attachment; filename="a b.pdf"; filename*=UTF-8''%C3%A4.pdf` },
		body: '%PDF',
	},
	'/': { headers: { 'content-type': 'application/zip' }, body: 'PK' },
	'/gzip': { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body: gzipSync('{"zipped":true}') },
	'/big': { body: 'x'.repeat(5000) },
	'/missing': { status: 404, headers: { 'content-type': 'application/json' }, body: '{"error":{"message":"no such thing"}}' },
	'/plain-404': { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>gone</h1>' },
	'/moved': { status: 302, headers: { location: '/object' } },
	'/again': { status: 302, headers: { location: '/again' } },
};

beforeAll(async () => {
	engine = await createEngine();
	server = await startServer((request, response) => {
		const { status = 200, headers = {}, body = '' } = RESPONSES[new URL(request.url ?? '', 'http://x').pathname] ?? { status: 500 };
		response.writeHead(status, headers).end(body);
	});
});

afterAll(async () => {
	await server.close();
});

const run = async (path: string, options: Record<string, unknown> = {}, more: Partial<HttpRun> = {}) =>
	await runHttp({ engine, parameters: { url: server.url + path, options: { maxRetries: 0, circuitBreaker: false, ...options } }, ...more });

const json = async (path: string, response: Record<string, unknown> = {}) => {
	const result = await run(path, responseOption(response));
	expect(result.error).toBeUndefined();
	return result.json(NODE);
};

describe('a JSON response', () => {
	test('becomes the item', async () => expect(await json('/object')).toEqual([{ a: 1 }]));

	test('that is a list becomes one item per element, all paired with the input', async () => {
		const result = await run('/list', {}, { input: [{ x: 1 }, { x: 2 }] });
		expect(result.json(NODE)).toEqual([{ id: 1 }, { id: 2 }, {}, { id: 1 }, { id: 2 }, {}]);
		expect(result.items(NODE).map((item) => item.pairedItem)).toEqual([0, 0, 0, 1, 1, 1].map((item) => ({ item })));
	});

	test.each(['/empty-json', '/null'])('%s becomes an empty object', async (path) => expect(await json(path)).toEqual([{}]));

	test('that was compressed is unpacked', async () => expect(await json('/gzip')).toEqual([{ zipped: true }]));

	test('may begin with a byte order mark', async () => expect(await json('/bom')).toEqual([{ a: 'ä' }]));

	test('that does not parse is an error, and with Never Error an empty object', async () => {
		expect((await run('/broken')).error?.message).toBe('Invalid JSON in response body');
		expect(await json('/broken', { neverError: true })).toEqual([{}]);
	});

	test('is read as JSON whatever its type says, where the format is JSON', async () => {
		expect(await json('/text', { responseFormat: 'json' })).toEqual([{ a: 1 }]);
		expect((await run('/plain-404', responseOption({ responseFormat: 'json', neverError: true }))).error?.message).toBe(
			'Response body is not valid JSON. Change "Response Format" to "Text"',
		);
	});
});

describe('a text response', () => {
	test('goes into the field data', async () => expect(await json('/text')).toEqual([{ data: '{ "a": 1 }' }]));

	test('goes into the field of the user', async () => {
		expect(await json('/object', { responseFormat: 'text', outputPropertyName: 'page' })).toEqual([{ page: '{"a":1}' }]);
	});

	test('is read in the charset that the server names', async () => expect(await json('/latin')).toEqual([{ data: 'Grüße' }]));

	test('without a word leaves an empty object', async () => expect(await json('/nothing')).toEqual([{}]));
});

describe('a file', () => {
	test('is told by its type, named by the address, and comes with the fields of the input', async () => {
		const result = await run('/image.png', {}, { input: [{ id: 7 }] });
		const [item] = result.items(NODE);
		expect(item?.json).toEqual({ id: 7 });
		expect(item?.binary?.data).toMatchObject({ mimeType: 'image/png', fileType: 'image', fileExtension: 'png', fileName: 'image.png' });
		expect(Buffer.from(item?.binary?.data?.data ?? '', 'base64')).toEqual(PNG);
		expect(item?.pairedItem).toEqual({ item: 0 });
	});

	test('is named by what the server says', async () => {
		const [item] = (await run('/download')).items(NODE);
		expect(item?.binary?.data).toMatchObject({ mimeType: 'application/pdf', fileName: 'ä.pdf' });
	});

	test('without any name is named after its field', async () => {
		const [item] = (await run('/', responseOption({ responseFormat: 'file', outputPropertyName: 'archive' }))).items(NODE);
		expect(item?.binary?.archive).toMatchObject({ fileName: 'archive.zip' });
	});

	test('is made of any response where the format is file', async () => {
		const [item] = (await run('/object', responseOption({ responseFormat: 'file', fullResponse: true }))).items(NODE);
		expect(item?.json).toMatchObject({ statusCode: 200, statusMessage: 'OK', headers: { 'content-type': 'application/json; charset=utf-8' } });
		expect(Buffer.from(item?.binary?.data?.data ?? '', 'base64').toString()).toBe('{"a":1}');
	});
});

describe('the full response', () => {
	test('holds body, headers and status', async () => {
		const [item] = await json('/list', { fullResponse: true });
		expect(item).toMatchObject({ body: [{ id: 1 }, { id: 2 }, null], statusCode: 200, statusMessage: 'OK' });
		expect(item?.headers).toMatchObject({ 'content-type': 'application/json' });
	});

	test('holds a text in the field of the user', async () => {
		expect((await json('/text', { fullResponse: true, responseFormat: 'text', outputPropertyName: 'said' }))[0]).toMatchObject({
			said: '{"a":1}',
			statusCode: 200,
		});
	});
});

describe('a status that is no success', () => {
	test('is an error with the words of the server, its status and its item', async () => {
		const result = await run('/missing', {}, { input: [{}] });
		expect(result.error).toMatchObject({
			name: 'NodeApiError',
			message: 'The server answered with status 404: no such thing',
			httpCode: '404',
			context: { itemIndex: 0 },
		});
		expect(result.error && 'description' in result.error && result.error.description).toContain('no such thing');
	});

	test('names the item that it belongs to', async () => {
		const result = await runHttp({
			engine,
			parameters: { url: `=${server.url}{{ $json.path }}`, options: { maxRetries: 0 } },
			input: [{ path: '/object' }, { path: '/plain-404' }, { path: '/object' }],
		});
		expect(result.error).toMatchObject({ message: 'The server answered with status 404: Not Found', context: { itemIndex: 1 } });
	});

	test('becomes an error item with Continue On Fail, and the others go on', async () => {
		const result = await runHttp({
			engine,
			parameters: { url: `=${server.url}{{ $json.path }}`, options: { maxRetries: 0 } },
			node: { onError: 'continueRegularOutput' },
			input: [{ path: '/missing' }, { path: '/object' }, { path: 'no address' }],
		});
		expect(result.error).toBeUndefined();
		expect(result.json(NODE)).toMatchObject([
			{ error: 'The server answered with status 404: no such thing', details: { httpCode: '404' } },
			{ a: 1 },
			{ error: expect.stringContaining('Invalid URL') },
		]);
		expect(result.items(NODE).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});

	test('goes to the error output, with the fields of the input', async () => {
		const result = await runHttp({
			engine,
			parameters: { url: `=${server.url}{{ $json.path }}`, options: { maxRetries: 0 } },
			node: { onError: 'continueErrorOutput' },
			input: [{ path: '/missing', id: 'first' }, { path: '/object', id: 'second' }],
		});
		expect(result.json(NODE, 0)).toEqual([{ a: 1 }]);
		expect(result.json(NODE, 1)).toMatchObject([{ id: 'first', error: 'The server answered with status 404: no such thing' }]);
	});

	test('is a response like any other with Never Error', async () => {
		expect(await json('/missing', { neverError: true })).toEqual([{ error: { message: 'no such thing' } }]);
		expect(await json('/plain-404', { neverError: true, fullResponse: true })).toMatchObject([
			{ data: '<h1>gone</h1>', statusCode: 404, statusMessage: 'Not Found' },
		]);
	});
});

describe('a redirect', () => {
	test('is followed', async () => expect(await json('/moved')).toEqual([{ a: 1 }]));

	test('is followed where the option is there without a word', async () => {
		expect((await run('/moved', { redirect: { redirect: {} } })).json(NODE)).toEqual([{ a: 1 }]);
	});

	test('that is not to be followed is an error, and a response with Never Error', async () => {
		const redirect = { redirect: { followRedirects: false } };
		expect((await run('/moved', { redirect })).error?.message).toContain('status 302');
		const result = await run('/moved', { redirect, ...responseOption({ neverError: true, fullResponse: true }) });
		expect(result.json(NODE)[0]).toMatchObject({ statusCode: 302, headers: { location: '/object' } });
	});

	test('is followed no more often than allowed', async () => {
		expect((await run('/again', { redirect: { redirect: { followRedirects: true, maxRedirects: 3 } } })).error?.message).toBe(
			'The server redirected more than 3 times',
		);
	});
});

test('a trace is there when asked for, on each item of a list', async () => {
	const plain = await json('/list');
	expect(plain.some((item) => '_fastpath' in item)).toBe(false);
	const traced = (await run('/list', { includeTrace: true })).json(NODE);
	expect(traced).toHaveLength(3);
	for (const item of traced) expect(item._fastpath).toMatchObject({ attempts: 1, cache: 'bypass', coalesced: false });
});

test('a response larger than the limit is an error, and is not tried again', async () => {
	const before = server.count.requests;
	const { error } = await run('/big', { maxResponseMb: 0.001, maxRetries: 2 });
	expect(error?.message).toBe('The response is larger than the limit of 1049 bytes');
	expect(server.count.requests - before).toBe(1);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { echo, NODE, rows, runHttp, type Echo, type HttpRun } from '../helpers/http-node.mts';
import { startServer, type TestServer } from '../helpers/with-server.mts';

let engine: Engine;
let server: TestServer;

beforeAll(async () => {
	engine = await createEngine();
	server = await startServer(echo);
});

afterAll(async () => {
	await server.close();
});

const run = async (parameters: Record<string, unknown>, more: Partial<HttpRun> = {}) =>
	await runHttp({ engine, parameters: { url: `${server.url}/echo`, ...parameters }, ...more });

async function sent(parameters: Record<string, unknown>, more: Partial<HttpRun> = {}): Promise<Echo> {
	const result = await run(parameters, more);
	expect(result.error).toBeUndefined();
	return result.json(NODE)[0] as unknown as Echo;
}

async function refusal(parameters: Record<string, unknown>): Promise<string> {
	const result = await run(parameters);
	expect(result.error).toBeDefined();
	return result.error?.message ?? '';
}

describe('the request line', () => {
	test.each(['DELETE', 'GET', 'OPTIONS', 'PATCH', 'POST', 'PUT'])('the method %s is sent as it is', async (method) => {
		expect((await sent({ method })).method).toBe(method);
	});

	test('a HEAD request gives an item without a body', async () => {
		const result = await run({ method: 'HEAD' });
		expect(result.error).toBeUndefined();
		expect(result.json(NODE)).toEqual([{}]);
	});

	test('an expression in the URL is resolved for each item', async () => {
		const result = await run({ url: `=${server.url}/item/{{ $json.id }}` }, { input: [{ id: 1 }, { id: 2 }, { id: 3 }] });
		expect(result.json(NODE).map((json) => json.url)).toEqual(['/item/1', '/item/2', '/item/3']);
		expect(result.items(NODE).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});

	test('white space around the URL is dropped', async () => {
		expect((await sent({ url: `  ${server.url}/trimmed ` })).url).toBe('/trimmed');
	});

	test.each([
		['={{ "" }}', 'an empty text'],
		['ftp://example.com/', '"ftp://example.com/"'],
		['={{ 7 }}', '7'],
	])('the URL %j is refused by name', async (url, got) => {
		expect(await refusal({ url })).toBe(`Invalid URL: expected an address that begins with http:// or https://, got ${got}`);
	});
});

describe('the query', () => {
	test('pairs are added behind the query that the URL has', async () => {
		const { url } = await sent({
			url: `${server.url}/echo?a=1#part`,
			sendQuery: true,
			queryParameters: rows(['b', 'two words'], ['c', 'ä&=']),
		});
		expect(url).toBe('/echo?a=1&b=two%20words&c=%C3%A4%26%3D');
	});

	test('rows without a name are left out', async () => {
		expect((await sent({ sendQuery: true, queryParameters: rows(['', '']) })).url).toBe('/echo');
	});

	test('JSON gives the query as an object', async () => {
		const { url } = await sent({ sendQuery: true, specifyQuery: 'json', jsonQuery: '{"a":1,"b":{"c":true}}' });
		expect(decodeURIComponent(url)).toBe('/echo?a=1&b[c]=true');
	});

	test.each([
		[undefined, '/echo?a[0]=1&a[1]=2'],
		['brackets', '/echo?a[]=1&a[]=2'],
		['indices', '/echo?a[0]=1&a[1]=2'],
		['repeat', '/echo?a=1&a=2'],
	])('a name given twice is a list in the format %s', async (queryParameterArrays, expected) => {
		const { url } = await sent({
			sendQuery: true,
			queryParameters: rows(['a', '1'], ['a', '2']),
			options: queryParameterArrays ? { queryParameterArrays } : {},
		});
		expect(decodeURIComponent(url)).toBe(expected);
	});

	test('nothing is sent where the switch is off', async () => {
		expect((await sent({ sendQuery: false, queryParameters: rows(['a', '1']) })).url).toBe('/echo');
	});

	test('JSON that does not parse is refused by name', async () => {
		expect(await refusal({ sendQuery: true, specifyQuery: 'json', jsonQuery: '{"a":' })).toContain('Invalid JSON of Query Parameters');
	});
});

describe('the headers', () => {
	test('are those of HTTP Request where the user gives none', async () => {
		const { headers } = await sent({});
		expect(headers).toMatchObject({
			'user-agent': 'n8n',
			accept:
				'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7',
			'accept-encoding': 'gzip, deflate, br',
		});
		expect(headers['content-type']).toBeUndefined();
	});

	test('of the user go before the usual ones', async () => {
		const { headers } = await sent({
			sendHeaders: true,
			headerParameters: rows(['Accept', 'text/csv'], ['User-Agent', 'me/1'], ['X-Number', 7]),
		});
		expect(headers).toMatchObject({ accept: 'text/csv', 'user-agent': 'me/1', 'x-number': '7' });
	});

	test.each([
		[undefined, 'x-mixed'],
		[true, 'x-mixed'],
		[false, 'X-Mixed'],
	])('with lowercaseHeaders %s a name is written as %s', async (lowercaseHeaders, written) => {
		const { rawHeaders } = await sent({
			sendHeaders: true,
			headerParameters: rows(['X-Mixed', 'v'], ['Accept', 'text/csv']),
			options: lowercaseHeaders === undefined ? {} : { lowercaseHeaders },
		});
		expect(rawHeaders).toContain(written);
		expect(rawHeaders.filter((name) => name.toLowerCase() === 'accept')).toHaveLength(1);
	});

	test('JSON gives the headers as an object', async () => {
		const { headers } = await sent({ sendHeaders: true, specifyHeaders: 'json', jsonHeaders: '{"X-A":"1"}' });
		expect(headers['x-a']).toBe('1');
	});
});

describe('the body', () => {
	const post = { method: 'POST', sendBody: true };

	test('JSON fields are placed by their dot paths', async () => {
		const { body, headers } = await sent({ ...post, bodyParameters: rows(['a.b[1].c', 'x'], ['n', 5], ['a.d', true]) });
		expect(JSON.parse(body)).toEqual({ a: { b: [null, { c: 'x' }], d: true }, n: 5 });
		expect(headers['content-type']).toBe('application/json');
	});

	test.each([
		['a text', '{"list":[1,2],"o":{"k":null}}'],
		['an expression', '={{ ({ list: [1, 2], o: { k: null } }) }}'],
	])('a JSON body given as %s arrives as JSON', async (_kind, jsonBody) => {
		const { body } = await sent({ ...post, specifyBody: 'json', jsonBody });
		expect(JSON.parse(body)).toEqual({ list: [1, 2], o: { k: null } });
	});

	test('a JSON body that does not parse is refused by name', async () => {
		expect(await refusal({ ...post, specifyBody: 'json', jsonBody: '{oops' })).toContain('Invalid JSON Body: expected valid JSON');
	});

	test('form fields are written as a form', async () => {
		const { body, headers } = await sent({
			...post,
			contentType: 'form-urlencoded',
			bodyParameters: rows(['a', 'x y'], ['b', '&']),
		});
		expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
		expect([...new URLSearchParams(body)]).toEqual([['a', 'x y'], ['b', '&']]);
	});

	test('of fields that come twice in a form given as one text, the last one is sent', async () => {
		const { body } = await sent({ ...post, contentType: 'form-urlencoded', specifyBody: 'string', body: 'a=1&a=2&b=%26' });
		expect([...new URLSearchParams(body)]).toEqual([['a', '2'], ['b', '&']]);
	});

	test('a raw body is sent as it is, under its own content type', async () => {
		const { body, headers } = await sent({
			...post,
			contentType: 'raw',
			rawContentType: 'text/x-note',
			body: '<p>ä</p>',
			sendHeaders: true,
			headerParameters: rows(['Content-Type', 'text/other']),
		});
		expect(body).toBe('<p>ä</p>');
		expect(headers['content-type']).toBe('text/x-note');
	});

	test('a content type of the user is kept', async () => {
		const { headers } = await sent({
			...post,
			bodyParameters: rows(['a', 1]),
			sendHeaders: true,
			headerParameters: rows(['Content-Type', 'application/vnd.api+json']),
		});
		expect(headers['content-type']).toBe('application/vnd.api+json');
	});

	test('a body type that is not offered is refused', async () => {
		expect(await refusal({ ...post, contentType: 'xml' })).toContain(
			'Invalid Body Content Type: expected one of binaryData, form-urlencoded, json, multipart-form-data, raw, got "xml"',
		);
	});

	test('differs per item where an expression says so', async () => {
		const result = await run(
			{ ...post, bodyParameters: rows(['id', '={{ $json.id }}']) },
			{ input: [{ id: 1 }, { id: 2 }] },
		);
		expect(result.json(NODE).map((json) => JSON.parse(String(json.body)))).toEqual([{ id: 1 }, { id: 2 }]);
	});
});

test('an operation that this node does not have is refused by name', async () => {
	expect(await refusal({ operation: '__CUSTOM_API_CALL__' })).toBe(
		'Invalid Operation: expected "Make a Request", got "__CUSTOM_API_CALL__"',
	);
});

test('an authentication that this node does not have is refused by name', async () => {
	expect(await refusal({ authentication: 'queryAuth' })).toContain('Invalid Authentication');
});

test('an option out of its bounds is refused by name', async () => {
	expect(await refusal({ options: { maxRetries: -1 } })).toContain('Invalid Max Retries');
	expect(await refusal({ options: { timeout: -5 } })).toContain('Invalid Timeout');
});

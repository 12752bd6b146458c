import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echo, rows } from '../helpers/http-node.mts';
import { expectSame, openArena, VERSIONS, type Arena, type Both } from '../helpers/parity.mts';

let arena: Arena;

beforeAll(async () => {
	arena = await openArena(echo);
}, 600_000);

afterAll(async () => {
	await arena.close();
});

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

const both = async (parameters: Record<string, unknown>, more: Partial<Both> = {}) =>
	await arena.both({ parameters: { url: `${arena.server.url}/echo`, ...parameters }, ...more });

const same = async (parameters: Record<string, unknown>, more: Partial<Both> = {}) => {
	const pair = await both(parameters, more);
	expect(pair.theirs.sent.length).toBeGreaterThan(0);
	// What the server echoes holds headers in which any two clients differ.
	expectSame({ theirs: { ...pair.theirs, items: [] }, ours: { ...pair.ours, items: [] } });
	expect(pair.ours.items).toHaveLength(pair.theirs.items.length);
	return pair;
};

const fields = rows(['a.b', '1'], ['list', 'x y'], ['list', '2'], ['sign', `ä&=*~!'()`], ['n', 5]);

describe.each(METHODS)('%s is sent as HTTP Request sends it', (method) => {
	test('without a body', async () => void (await same({ method })));
	test('with JSON fields', async () => void (await same({ method, sendBody: true, bodyParameters: fields })));
	test('with a JSON text', async () =>
		void (await same({ method, sendBody: true, specifyBody: 'json', jsonBody: '{"a":[1,{"b":null}],"c":"ä"}' })));
	test('with a form', async () => void (await same({ method, sendBody: true, contentType: 'form-urlencoded', bodyParameters: fields })));
	test('with a raw body', async () =>
		void (await same({ method, sendBody: true, contentType: 'raw', rawContentType: 'text/csv', body: 'a,b\n1,ä' })));
	test('with multipart fields', async () =>
		void (await same({ method, sendBody: true, contentType: 'multipart-form-data', bodyParameters: fields })));
});

test.each(['COPY', 'MKCOL', 'MOVE', 'PROPFIND', 'REPORT'])('the WebDAV method %s is sent as HTTP Request sends it', async (method) => {
	await same({ method, options: { webdavMethods: true } });
});

describe.each(VERSIONS)('in version %s', (typeVersion) => {
	test('names that come again are sent as HTTP Request sends them', async () => {
		const twice = rows(['q', '1'], ['q', '2']);
		await same({ sendQuery: true, queryParameters: twice, sendHeaders: true, headerParameters: twice }, { typeVersion });
		await same({ method: 'POST', sendBody: true, contentType: 'form-urlencoded', bodyParameters: twice }, { typeVersion });
		await same({ method: 'POST', sendBody: true, contentType: 'multipart-form-data', bodyParameters: twice }, { typeVersion });
		await same({ method: 'POST', sendBody: true, bodyParameters: twice }, { typeVersion });
	});
});

describe('the body', () => {
	const post = { method: 'POST', sendBody: true };
	const header = (value: string) => ({ sendHeaders: true, headerParameters: rows(['Content-Type', value]) });

	test.each(['[1,2]', '{"a":1}', '{}'])('%s given as JSON is the same', async (jsonBody) =>
		void (await same({ ...post, specifyBody: 'json', jsonBody })));
	test('given as an expression is the same', async () =>
		void (await same({ ...post, specifyBody: 'json', jsonBody: '={{ ({ a: [1, 2] }) }}' })));
	test('as one text of a form is the same, names that come again included', async () =>
		void (await same({ ...post, contentType: 'form-urlencoded', specifyBody: 'string', body: 'a=1&b=x+y&a=3&c=%26' })));
	test.each(['application/x-www-form-urlencoded', 'application/vnd.api+json', 'multipart/form-data', 'text/plain'])(
		'of JSON fields under the header %s is the same',
		async (type) => void (await same({ ...post, ...header(type), bodyParameters: rows(['a', 'x y'], ['b', '2']) })),
	);
	test('of a form under a header of its own is the same', async () =>
		void (await same({ ...post, ...header('text/other'), contentType: 'form-urlencoded', bodyParameters: rows(['a', '1']) })));
	test('that is raw has its own content type', async () =>
		void (await same({ ...post, ...header('text/other'), contentType: 'raw', rawContentType: 'text/x', body: 'hi' })));
	test('that is raw JSON is sent as it is', async () =>
		void (await same({ ...post, contentType: 'raw', rawContentType: 'application/json', body: '{"a": [1,  2]}' })));
});

describe('the query', () => {
	const query = rows(['q', '1'], ['q', '2'], ['s', `a b:$,+!*~()'[]@/?ä`], ['e', '']);
	const jsonQuery = '{"a":[1,2],"o":{"p":{"q":1},"l":[1]},"n":null,"t":true,"aa":[[1],[2]],"ao":[{"x":1}],"em":[],"eo":{}}';

	test.each([undefined, 'repeat', 'brackets', 'indices'])('in the array format %s is the same', async (queryParameterArrays) => {
		const options = queryParameterArrays === undefined ? {} : { queryParameterArrays };
		await same({ url: `${arena.server.url}/echo?z=0`, sendQuery: true, queryParameters: query, options });
		await same({ sendQuery: true, specifyQuery: 'json', jsonQuery, options });
	});
	test('joins the one of the address', async () => {
		await same({ url: `${arena.server.url}/echo?#part`, sendQuery: true, queryParameters: rows(['q', '1']) });
		await same({ url: `${arena.server.url}/a b/ä?x=y z`, sendQuery: true, queryParameters: rows(['q', '1']) });
	});
});

describe('the headers', () => {
	test('of the user are the same', async () =>
		void (await same({
			sendHeaders: true,
			headerParameters: rows(['X-A', '1'], ['Accept', 'text/x'], ['User-Agent', 'me'], ['', ''], ['N', 5]),
		})));
	test('given as JSON are the same', async () =>
		void (await same({
			sendHeaders: true,
			specifyHeaders: 'json',
			jsonHeaders: '{"X-A":"1","b":2,"c":null,"d":true,"e":["1","2"]}',
			options: { lowercaseHeaders: false },
		})));
	test.each(['autodetect', 'file', 'json', 'text'])('ask for the same in the format %s', async (responseFormat) =>
		void (await same({ options: { response: { response: { responseFormat } } } })));
	test('name the same user agent where there is none', async () => {
		const { ours } = await same({});
		expect(ours.sent[0]?.headers['user-agent']).toBe('n8n');
	});
});

describe('expressions', () => {
	test('are resolved per item, and items keep their order', async () => {
		const { ours, theirs } = await both(
			{ url: `={{ "${arena.server.url}/items/" + $json.id }}`, sendQuery: true, queryParameters: rows(['q', '={{ $itemIndex }}']) },
			{ input: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
		);
		const urls = (side: typeof ours) => side.items.map(({ json, pairedItem }) => [json.url, pairedItem]);
		expect(urls(ours)).toEqual(urls(theirs));
		expect(urls(ours)).toHaveLength(3);
	});
});

test('while a workflow is built the browser is shown what is sent, without secrets', async () => {
	const { ours, theirs } = await both({
		method: 'POST',
		sendHeaders: true,
		headerParameters: rows(['X-API-Key', 'geheim'], ['X-A', '1']),
		sendQuery: true,
		queryParameters: rows(['q', '1']),
		sendBody: true,
		bodyParameters: rows(['a', '1']),
	});
	const facts = ({ method, uri, qs, body, headers }: Record<string, unknown>) => ({ method, uri, qs, body, key: (headers as Record<string, unknown>)['x-api-key'] });
	const shown = (side: typeof ours) => (side.result.messages as Array<{ messages: Array<Record<string, unknown>> }>).flatMap(({ messages }) => messages.map(facts));
	expect(shown(ours)).toEqual(shown(theirs));
	expect(JSON.stringify(ours.result.messages)).not.toContain('geheim');
});

describe('different from HTTP Request, as the documentation lists it:', () => {
	test('a row without a name is not sent', async () => {
		const { ours, theirs } = await both({ sendQuery: true, queryParameters: rows(['', '']) });
		expect([theirs.sent[0]?.url, ours.sent[0]?.url]).toEqual(['/echo?=', '/echo']);
	});

	test.each([
		['"s"', 's'],
		['null', ''],
	])('the JSON body %s is sent as JSON', async (jsonBody, theirBody) => {
		const { ours, theirs } = await both({ method: 'POST', sendBody: true, specifyBody: 'json', jsonBody });
		expect(theirs.sent[0]).toMatchObject({ body: theirBody, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
		expect(ours.sent[0]).toMatchObject({ body: jsonBody, headers: { 'content-type': 'application/json' } });
	});

	test('a raw body that should be JSON and is not is sent as it is', async () => {
		const body = '{"a":1}\n{"b":2}';
		const { ours, theirs } = await both({ method: 'POST', sendBody: true, contentType: 'raw', rawContentType: 'application/json', body });
		expect([theirs.sent[0]?.body, ours.sent[0]?.body]).toEqual([JSON.stringify(body), body]);
	});
});

import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { echo, NODE, rows, runHttp, type Echo, type HttpRun } from '../helpers/http-node.mts';
import { startServer, type Answer, type TestServer } from '../helpers/with-server.mts';

let engine: Engine;
const servers: TestServer[] = [];

beforeAll(async () => {
	engine = await createEngine();
});

afterEach(async () => {
	await Promise.all(servers.splice(0).map(async (server) => await server.close()));
});

async function serve(answer: Answer): Promise<TestServer> {
	const server = await startServer(answer);
	servers.push(server);
	return server;
}

const run = async (server: TestServer, type: string, data: Record<string, unknown>, more: Partial<HttpRun> = {}) =>
	await runHttp({
		engine,
		...more,
		parameters: {
			url: `${server.url}/echo`,
			authentication: 'genericCredentialType',
			genericCredentialType: type,
			...more.parameters,
		},
		credential: { type, data },
	});

async function sent(type: string, data: Record<string, unknown>, more: Partial<HttpRun> = {}): Promise<Echo> {
	const result = await run(await serve(echo), type, data, more);
	expect(result.error).toBeUndefined();
	return result.json(NODE)[0] as unknown as Echo;
}

describe('a generic credential', () => {
	test('of basic auth is sent as user and password', async () => {
		const { headers } = await sent('httpBasicAuth', { user: 'ann', password: 'pass:wörd' });
		expect(headers.authorization).toBe(`Basic ${Buffer.from('ann:pass:wörd').toString('base64')}`);
	});

	test('of bearer auth is sent as a token, whatever the user sends under that name', async () => {
		const { headers } = await sent(
			'httpBearerAuth',
			{ token: 't0' },
			{ parameters: { sendHeaders: true, headerParameters: rows(['Authorization', 'mine']), options: { lowercaseHeaders: false } } },
		);
		expect(headers.authorization).toBe('Bearer t0');
	});

	test('of header auth is sent under its name', async () => {
		expect((await sent('httpHeaderAuth', { name: 'X-Api-Key', value: 'k1' })).headers['x-api-key']).toBe('k1');
	});

	test('of query auth is added to the query', async () => {
		const { url } = await sent(
			'httpQueryAuth',
			{ name: 'key', value: 'q&1' },
			{ parameters: { sendQuery: true, queryParameters: rows(['a', '1']) } },
		);
		expect(url).toBe('/echo?a=1&key=q%261');
	});

	test('of custom auth adds headers, query and body fields', async () => {
		const { headers, url, body } = await sent(
			'httpCustomAuth',
			{ json: '{"headers":{"X-Key":"h"},"qs":{"k":"q"},"body":{"secret":"b"}}' },
			{ parameters: { method: 'POST', sendBody: true, bodyParameters: rows(['a', 1]) } },
		);
		expect(headers['x-key']).toBe('h');
		expect(url).toBe('/echo?k=q');
		expect(JSON.parse(body)).toEqual({ a: 1, secret: 'b' });
	});

	test('is found by the parameter that HTTP Request names it with', async () => {
		const { headers } = await sent(
			'httpHeaderAuth',
			{ name: 'X-Api-Key', value: 'k1' },
			{ parameters: { genericCredentialType: '', genericAuthType: 'httpHeaderAuth' } },
		);
		expect(headers['x-api-key']).toBe('k1');
	});

	test('that is not chosen is asked for by name', async () => {
		const result = await run(await serve(echo), 'httpHeaderAuth', {}, { parameters: { genericCredentialType: '' } });
		expect(result.error?.message).toContain('Invalid Generic Auth Type: expected one of');
	});

	test('that is limited to other domains is not sent, and nothing else is', async () => {
		const server = await serve(echo);
		const result = await run(server, 'httpHeaderAuth', {
			name: 'X-Api-Key',
			value: 'k1',
			allowedHttpRequestDomains: 'domains',
			allowedDomains: 'api.example.com',
		});
		expect(result.error?.message).toContain('not allowed');
		expect(server.count.requests).toBe(0);
	});

	test('is not taken along to another origin', async () => {
		const target = await serve(echo);
		const server = await serve((_request, response) => void response.writeHead(302, { location: `${target.url}/else` }).end());
		const { headers, url } = (await run(server, 'httpHeaderAuth', { name: 'X-Api-Key', value: 'k1' })).json(NODE)[0] as unknown as Echo;
		expect(url).toBe('/else');
		expect(headers['x-api-key']).toBeUndefined();
	});

	test('of query auth shows up neither in errors nor in what is sent to the editor', async () => {
		const server = await serve((request) => void request.socket.destroy());
		const result = await run(server, 'httpQueryAuth', { name: 'key', value: 'topsecret' }, { parameters: { options: { maxRetries: 0 } } });
		expect(result.error?.message).toContain('was closed before a response began');
		const { error, messages, hints } = result;
		const shown = [error?.message, error?.stack, JSON.stringify(error), JSON.stringify(messages), JSON.stringify(hints)];
		expect(shown.join('\n')).not.toContain('topsecret');
	});

	test('of query auth does not show up with a file', async () => {
		const server = await serve((_request, response) => void response.setHeader('content-type', 'image/png').end('x'));
		const result = await run(server, 'httpQueryAuth', { name: 'key', value: 'topsecret' });
		expect(JSON.stringify(result.items(NODE))).not.toContain('topsecret');
	});
});

describe('digest auth', () => {
	const md5 = (text: string) => createHash('md5').update(text).digest('hex');
	const field = (header: string, name: string) => new RegExp(`\\b${name}="?([^",]+)`).exec(header)?.[1] ?? '';

	/** Answers 401 until a header proves that `password` is known, for the nonce given out last. */
	function guarded(password: string, seen: string[]): Answer {
		return (request, response, body) => {
			const { authorization = '' } = request.headers;
			seen.push(authorization);
			const name = (key: string) => field(authorization, key);
			const a2 = md5(`${request.method}:${request.url}`);
			const expected = md5(`${md5(`ann:here:${password}`)}:n0nce:${name('nc')}:${name('cnonce')}:auth:${a2}`);
			if (authorization !== '' && name('uri') === request.url && name('response') === expected) return echo(request, response, body);
			response.setHeader('www-authenticate', ['Basic realm="x"', 'Digest realm="here", qop="auth", nonce="n0nce", opaque="o"']);
			response.writeHead(401).end('who?');
		};
	}

	const credential = { user: 'ann', password: 'pw' };

	test('answers a challenge once, and goes on with its nonce', async () => {
		const seen: string[] = [];
		const server = await serve(guarded('pw', seen));
		const result = await run(server, 'httpDigestAuth', credential, {
			parameters: { sendQuery: true, queryParameters: rows(['a', '1']), options: { concurrency: 1 } },
			input: [{}, {}, {}],
		});
		expect(result.error).toBeUndefined();
		expect(result.json(NODE)).toHaveLength(3);
		expect(seen.map((header) => field(header, 'nc'))).toEqual(['', '00000001', '00000002', '00000003']);
	});

	test('gives up where the answer is refused', async () => {
		const seen: string[] = [];
		const server = await serve(guarded('another', seen));
		const result = await run(server, 'httpDigestAuth', credential);
		expect(result.error).toMatchObject({ httpCode: '401', message: 'The server answered with status 401: Unauthorized' });
		expect(seen).toHaveLength(2);
	});

	test('never answers a server that it was redirected to', async () => {
		const seen: string[] = [];
		const target = await serve(guarded('pw', seen));
		const server = await serve((_request, response) => void response.writeHead(302, { location: `${target.url}/x` }).end());
		expect((await run(server, 'httpDigestAuth', credential)).error).toMatchObject({ httpCode: '401' });
		expect(seen).toEqual(['']);
	});
});

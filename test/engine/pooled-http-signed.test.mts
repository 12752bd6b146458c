import { createHmac } from 'node:crypto';
import type { ICredentialDataDecryptedObject, IHttpRequestOptions } from 'n8n-workflow';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EngineCredentialType } from '../helpers/engine-credentials.mts';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { echo, NODE, rows, runHttp, type Echo, type HttpRun } from '../helpers/http-node.mts';
import { startServer, type Answer, type TestServer } from '../helpers/with-server.mts';

const generic = (properties: Record<string, unknown>) =>
	({ type: 'generic', properties }) as unknown as NonNullable<EngineCredentialType['authenticate']>;

const expirable = {
	displayName: 'Session',
	name: 'session',
	type: 'hidden' as const,
	typeOptions: { expirable: true },
	default: '',
};

/** Types whose names Pooled HTTP knows; what they do is the test's. */
const credentialTypes: Record<string, EngineCredentialType> = {
	notionApi: {
		authenticate: generic({ headers: { Authorization: '=Bearer {{$credentials.apiKey}}', 'Notion-Version': '2022-02-22' } }),
	},
	trelloApi: { authenticate: generic({ qs: { api_key: '={{$credentials.apiKey}}' } }) },
	convertKitApi: { authenticate: generic({ body: { api_key: '={{$credentials.apiKey}}' } }) },
	wooCommerceApi: { authenticate: generic({ auth: { username: '={{$credentials.user}}', password: '={{$credentials.password}}' } }) },
	discourseApi: {
		async authenticate(credentials, options) {
			options.headers = { 'Api-Key': credentials.apiKey as string };
			return options;
		},
	},
	aws: { authenticate: signBody },
	metabaseApi: {
		properties: [expirable],
		async preAuthentication(this, credentials) {
			const { session } = (await this.helpers.httpRequest({
				method: 'POST',
				url: `${String(credentials.url)}/session`,
				json: true,
			})) as { session: string };
			return { session };
		},
		authenticate: generic({ headers: { 'X-Session': '={{$credentials.session}}' } }),
	},
};

/** Sends a body of its own making, and its signature. */
async function signBody(credentials: ICredentialDataDecryptedObject, options: IHttpRequestOptions): Promise<IHttpRequestOptions> {
	const body = JSON.stringify({ signed: options.body });
	const { pathname, searchParams } = new URL(options.url);
	for (const [name, value] of Object.entries(options.qs ?? {})) searchParams.append(name, String(value));
	const target = `${pathname}?${searchParams.toString()}`;
	const signature = createHmac('sha256', String(credentials.secret)).update(`${options.method} ${target} ${body}`).digest('hex');
	return { ...options, url: new URL(target, options.url).href, qs: undefined as never, body, headers: { ...options.headers, 'X-Signature': signature } };
}

let engine: Engine;
const servers: TestServer[] = [];

beforeAll(async () => {
	engine = await createEngine({ credentialTypes });
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
			authentication: 'predefinedCredentialType',
			nodeCredentialType: type,
			...more.parameters,
		},
		credential: { type, data },
	});

async function sent(type: string, data: Record<string, unknown>, more: Partial<HttpRun> = {}): Promise<Echo> {
	const result = await run(await serve(echo), type, data, more);
	expect(result.error).toBeUndefined();
	return result.json(NODE)[0] as unknown as Echo;
}

const post = (...pairs: Array<[string, unknown]>) => ({ method: 'POST', sendBody: true, bodyParameters: rows(...pairs) });

describe('a predefined credential', () => {
	test('adds its headers, in place of those of the user under the same name', async () => {
		const { headers, rawHeaders } = await sent(
			'notionApi',
			{ apiKey: 'k1' },
			{ parameters: { sendHeaders: true, headerParameters: rows(['authorization', 'mine'], ['X-Mine', 'kept']) } },
		);
		expect(headers).toMatchObject({ authorization: 'Bearer k1', 'notion-version': '2022-02-22', 'x-mine': 'kept' });
		expect(rawHeaders.filter((name) => name.toLowerCase() === 'authorization')).toHaveLength(1);
	});

	test('adds to the query', async () => {
		const { url } = await sent(
			'trelloApi',
			{ apiKey: 'k&1' },
			{ parameters: { sendQuery: true, queryParameters: rows(['a', 'x y'], ['b', '1'], ['b', '2']) } },
		);
		expect(url).toBe('/echo?a=x%20y&b%5B0%5D=1&b%5B1%5D=2&api_key=k%261');
	});

	test('adds to a JSON body, and makes one where there is none', async () => {
		const { body } = await sent('convertKitApi', { apiKey: 'k1' }, { parameters: post(['a.b', 1]) });
		expect(JSON.parse(body)).toEqual({ a: { b: 1 }, api_key: 'k1' });
		const alone = await sent('convertKitApi', { apiKey: 'k1' }, { parameters: { method: 'POST' } });
		expect(JSON.parse(alone.body)).toEqual({ api_key: 'k1' });
		expect(alone.headers['content-type']).toBe('application/json');
	});

	test('adds to a form', async () => {
		const { body } = await sent('convertKitApi', { apiKey: 'k1' }, { parameters: { ...post(['a', 'x y']), contentType: 'form-urlencoded' } });
		expect(body).toBe('a=x%20y&api_key=k1');
	});

	test('of user and password is sent as basic auth', async () => {
		const { headers } = await sent('wooCommerceApi', { user: 'ann', password: 'pw' });
		expect(headers.authorization).toBe(`Basic ${Buffer.from('ann:pw').toString('base64')}`);
	});

	test('that puts its headers in place of all leaves those of the user', async () => {
		const { headers } = await sent('discourseApi', { apiKey: 'k1' }, { parameters: { sendHeaders: true, headerParameters: rows(['X-Mine', '1']) } });
		expect(headers).toMatchObject({ 'api-key': 'k1', 'x-mine': '1', 'user-agent': 'n8n' });
	});

	test('that signs address and body is sent as it signed them', async () => {
		const { method, url, headers, body } = await sent(
			'aws',
			{ secret: 's1' },
			{ parameters: { ...post(['a', 1]), sendQuery: true, queryParameters: rows(['q', 'x y']) } },
		);
		expect(body).toBe('{"signed":{"a":1}}');
		expect(headers['x-signature']).toBe(createHmac('sha256', 's1').update(`${method} ${url} ${body}`).digest('hex'));
	});

	test('signs each attempt anew', async () => {
		const seen: Array<string | undefined> = [];
		const server = await serve((request, response, body) => {
			seen.push(request.headers.authorization);
			if (seen.length === 1) return void response.writeHead(503, { 'retry-after': '0' }).end();
			echo(request, response, body);
		});
		const result = await run(server, 'notionApi', { apiKey: 'k1' });
		expect(result.error).toBeUndefined();
		expect(seen).toEqual(['Bearer k1', 'Bearer k1']);
	});

	test('of a type that n8n does not bring is refused by name', async () => {
		const result = await run(await serve(echo), 'someCommunityApi', {});
		expect(result.error?.message).toMatch(/someCommunityApi/);
	});

	test('that is not chosen is asked for', async () => {
		const result = await run(await serve(echo), 'notionApi', {}, { parameters: { nodeCredentialType: '' } });
		expect(result.error?.message).toContain('Invalid Credential Type: expected one of');
	});

	test('is not taken along to another origin, unless the user says so', async () => {
		const target = await serve(echo);
		const server = await serve((_request, response) => void response.writeHead(302, { location: `${target.url}/else` }).end());
		const last = async (options: Record<string, unknown>) =>
			(await run(server, 'notionApi', { apiKey: 'k1' }, { parameters: { options } })).json(NODE)[0] as unknown as Echo;
		const stripped = await last({});
		expect(stripped.url).toBe('/else');
		expect(stripped.headers).not.toHaveProperty('authorization');
		expect(stripped.headers).not.toHaveProperty('notion-version');
		expect((await last({ sendCredentialsOnCrossOriginRedirect: true })).headers.authorization).toBe('Bearer k1');
	});

	test('that is limited to a domain does not follow a redirect out of it', async () => {
		const target = await serve(echo);
		const server = await serve((_request, response) => void response.writeHead(302, { location: `http://localhost:${target.port}/` }).end());
		const result = await run(server, 'notionApi', {
			apiKey: 'k1',
			allowedHttpRequestDomains: 'domains',
			allowedDomains: '127.0.0.1',
		});
		expect(result.error?.message).toContain('not allowed');
		expect(server.count.requests).toBe(1);
		expect(target.count.requests).toBe(0);
	});

	test('in the query shows up neither in errors nor with a file', async () => {
		const secret = { apiKey: 'topsecret' };
		const broken = await run(await serve((request) => void request.socket.destroy()), 'trelloApi', secret, {
			parameters: { options: { maxRetries: 0 } },
		});
		expect(broken.error?.message).toContain('was closed before a response began');
		const image = await run(
			await serve((_request, response) => void response.setHeader('content-type', 'image/png').end('x')),
			'trelloApi',
			secret,
			{ parameters: { options: { includeTrace: true } } },
		);
		expect(image.error).toBeUndefined();
		const shown = [broken.error?.message, broken.error?.stack, JSON.stringify(broken.error), JSON.stringify(broken.messages)];
		expect([...shown, JSON.stringify(image.items(NODE)), JSON.stringify(image.hints)].join('\n')).not.toContain('topsecret');
	});

	test('that is refused opens no circuit', async () => {
		const server = await serve((_request, response) => void response.writeHead(401).end());
		const result = await run(server, 'notionApi', { apiKey: 'bad' }, {
			parameters: { options: { circuitFailures: 1, concurrency: 1 } },
			node: { onError: 'continueRegularOutput' },
			input: [{}, {}, {}],
		});
		expect(server.count.requests).toBe(3);
		expect(result.json(NODE).map((item) => item.error)).toEqual(Array(3).fill('The server answered with status 401: Unauthorized'));
	});
});

describe('a credential that expires', () => {
	/** Hands out sessions, and takes only the newest. */
	function sessions(): { answer: Answer; state: { issued: number; expired: boolean } } {
		const state = { issued: 0, expired: false };
		return {
			state,
			answer: (request, response, body) => {
				if (request.url === '/session') {
					state.issued += 1;
					state.expired = false;
					response.setHeader('content-type', 'application/json');
					return void setTimeout(() => response.end(JSON.stringify({ session: `s${state.issued}` })), 30);
				}
				if (state.expired || request.headers['x-session'] !== `s${state.issued}`) return void response.writeHead(401).end();
				echo(request, response, body);
			},
		};
	}

	test('is acquired once for 20 items at once, and kept', async () => {
		const { answer, state } = sessions();
		const server = await serve(answer);
		const data = { url: server.url, session: '' };
		const first = await run(server, 'metabaseApi', data, { input: Array.from({ length: 20 }, () => ({})) });
		expect(first.error).toBeUndefined();
		expect(state.issued).toBe(1);
	});

	test('is renewed once for 20 answers of 401', async () => {
		const { answer, state } = sessions();
		const server = await serve(answer);
		const result = await run(server, 'metabaseApi', { url: server.url, session: 'old' }, {
			input: Array.from({ length: 20 }, () => ({})),
			parameters: { options: { includeTrace: true } },
		});
		expect(result.error).toBeUndefined();
		expect(state.issued).toBe(1);
		expect(server.count.requests).toBe(41);
		expect((result.json(NODE) as unknown as Echo[]).every(({ headers }) => headers['x-session'] === 's1')).toBe(true);
		// A renewal is no attempt of its own: nothing was wrong with the server.
		expect(result.json(NODE)[0]).toMatchObject({ _fastpath: { attempts: 1 } });
	});

	test('is given up where the renewed one is refused too', async () => {
		const server = await serve((request, response) => {
			if (request.url === '/session') return void response.setHeader('content-type', 'application/json').end('{"session":"s"}');
			response.writeHead(401).end();
		});
		const result = await run(server, 'metabaseApi', { url: server.url, session: 'old' });
		expect(result.error).toMatchObject({ httpCode: '401' });
		expect(server.count.requests).toBe(3);
	});
});

describe('looking a credential up', () => {
	function counted(): { data: Record<string, unknown>; reads: () => number } {
		let reads = 0;
		const data = {
			name: 'X-Api-Key',
			get value() {
				reads += 1;
				return 'k1';
			},
		};
		return { data, reads: () => reads };
	}

	const header = { authentication: 'genericCredentialType', genericCredentialType: 'httpHeaderAuth' };

	test('happens once for 200 items, which share at most 50 connections', async () => {
		const server = await serve(echo);
		const { data, reads } = counted();
		const result = await run(server, 'httpHeaderAuth', data, { parameters: header, input: Array.from({ length: 200 }, () => ({})) });
		expect(result.json(NODE)).toHaveLength(200);
		expect(reads()).toBe(1);
		expect(server.count.connections).toBeLessThanOrEqual(50);
	});

	test('happens for each item where the user asks for it', async () => {
		const { data, reads } = counted();
		const result = await run(await serve(echo), 'httpHeaderAuth', data, {
			parameters: { ...header, options: { credentialPerItem: true } },
			input: Array.from({ length: 5 }, () => ({})),
		});
		expect(result.json(NODE)).toHaveLength(5);
		expect(reads()).toBe(5);
	});
});

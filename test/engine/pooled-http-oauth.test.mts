import { createHmac } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { echo, NODE, rows, runHttp, type Echo, type HttpRun } from '../helpers/http-node.mts';
import { startOAuth2Server, type OAuth2Server } from '../helpers/oauth2-server.mts';
import { startServer, type Answer, type TestServer } from '../helpers/with-server.mts';

let engine: Engine;
const servers: TestServer[] = [];

beforeAll(async () => {
	engine = await createEngine({
		credentialTypes: { oAuth1Api: {}, oAuth2Api: {}, slackOAuth2Api: { extends: ['oAuth2Api'] }, shopifyOAuth2Api: { extends: ['oAuth2Api'] } },
	});
});

afterEach(async () => {
	await Promise.all(servers.splice(0).map(async (server) => await server.close()));
});

async function serve(answer: Answer): Promise<TestServer> {
	const server = await startServer(answer);
	servers.push(server);
	return server;
}

async function oauth2(): Promise<OAuth2Server> {
	const server = await startOAuth2Server();
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

const items = (count: number) => Array.from({ length: count }, () => ({}));
const predefined = (type: string) => ({ authentication: 'predefinedCredentialType', nodeCredentialType: type });

const clientCredentials = (server: TestServer) => ({
	grantType: 'clientCredentials',
	accessTokenUrl: `${server.url}/token`,
	clientId: 'client',
	clientSecret: 'topsecret',
	authentication: 'header',
	scope: '',
});

const authorizationCode = (server: TestServer, token: string) => ({
	...clientCredentials(server),
	grantType: 'authorizationCode',
	oauthTokenData: { access_token: token, refresh_token: 'refresh-0', token_type: 'bearer' },
});

describe('OAuth2', () => {
	test('acquires one token for 20 items at once, and keeps it for the next run', async () => {
		const server = await oauth2();
		const data = clientCredentials(server);
		const result = await run(server, 'oAuth2Api', data, { input: items(20) });
		expect(result.error).toBeUndefined();
		expect(result.json(NODE)).toHaveLength(20);
		expect(server.grants).toEqual(['client_credentials']);

		expect((await run(server, 'oAuth2Api', data)).error).toBeUndefined();
		expect(server.grants).toHaveLength(1);
	});

	test('refreshes once for 20 answers of 401, and the requests stay on the pool', async () => {
		const server = await oauth2();
		const data = clientCredentials(server);
		expect((await run(server, 'oAuth2Api', data)).error).toBeUndefined();
		server.expire();
		const { requests, connections } = server.count;
		const result = await run(server, 'oAuth2Api', data, { input: items(20), parameters: { options: { includeTrace: true } } });
		expect(result.error).toBeUndefined();
		expect(server.grants).toEqual(['client_credentials', 'client_credentials']);
		expect(server.count.requests - requests).toBe(20 + 1 + 20);
		// 19 of the pool, where one was open already, and one of n8n's own for the token.
		expect(server.count.connections - connections).toBeLessThanOrEqual(20);
		expect(result.json(NODE)[0]).toMatchObject({ _fastpath: { attempts: 1 } });
	});

	test('uses a refresh token where it has one', async () => {
		const server = await oauth2();
		const data = authorizationCode(server, 'stale');
		const result = await run(server, 'oAuth2Api', data, { input: items(3) });
		expect(result.error).toBeUndefined();
		expect(server.grants).toEqual(['refresh_token']);
		expect(data.oauthTokenData).toMatchObject({ access_token: 'token-1', refresh_token: 'refresh-1' });
	});

	test('says that the credential must be connected again where the grant is revoked, and no secret', async () => {
		const server = await oauth2();
		server.revoke();
		const result = await run(server, 'oAuth2Api', authorizationCode(server, 'stale'));
		expect(result.error?.message).toContain('needs to be reconnected');
		expect(JSON.stringify([result.error, result.error?.stack])).not.toMatch(/topsecret|refresh-0/);
	});

	test('fails all that wait for the first token with one request for it', async () => {
		const server = await oauth2();
		server.revoke();
		const result = await run(server, 'oAuth2Api', clientCredentials(server), {
			input: items(10),
			node: { onError: 'continueRegularOutput' },
		});
		expect(server.grants).toEqual(['client_credentials']);
		expect(result.json(NODE)).toHaveLength(10);
		expect(String(result.json(NODE)[0]?.error)).toContain('Failed to acquire OAuth2 access token');
		expect(JSON.stringify(result.json(NODE))).not.toContain('topsecret');
	});

	test('that is not connected says so', async () => {
		const server = await oauth2();
		const result = await run(server, 'oAuth2Api', { ...clientCredentials(server), grantType: 'authorizationCode' });
		expect(result.error?.message).toContain('OAuth credentials not connected');
		expect(server.count.requests).toBe(0);
	});

	test('sends body and query as they are without it', async () => {
		const server = await oauth2();
		const parameters = {
			method: 'POST',
			sendBody: true,
			bodyParameters: rows(['a.b', 1]),
			sendQuery: true,
			queryParameters: rows(['q', 'x y'], ['l', '1'], ['l', '2']),
		};
		const result = await run(server, 'oAuth2Api', clientCredentials(server), { parameters });
		expect(result.json(NODE)[0]).toMatchObject({
			method: 'POST',
			url: '/echo?q=x%20y&l%5B0%5D=1&l%5B1%5D=2',
			body: '{"a":{"b":1}}',
			headers: { authorization: 'Bearer token-1', 'content-type': 'application/json' },
		});
	});

	test('keeps to what a service wants otherwise', async () => {
		const server = await serve(echo);
		const token = { access_token: 'bot', authed_user: { access_token: 'user' }, token_type: 'bot' };
		const slack = await run(server, 'slackOAuth2Api', { grantType: 'authorizationCode', oauthTokenData: token }, { parameters: predefined('slackOAuth2Api') });
		expect((slack.json(NODE)[0] as unknown as Echo).headers.authorization).toBe('Bearer user');
		const shopify = await run(server, 'shopifyOAuth2Api', { grantType: 'authorizationCode', oauthTokenData: token }, { parameters: predefined('shopifyOAuth2Api') });
		expect((shopify.json(NODE)[0] as unknown as Echo).headers['x-shopify-access-token']).toBe('bot');
	});

	test('gives its token to no other origin, and renews it for none', async () => {
		const server = await oauth2();
		const target = await serve((request, response) => void response.writeHead(401).end(request.headers.authorization ?? 'none'));
		const redirecting = await serve((_request, response) => void response.writeHead(302, { location: `${target.url}/` }).end());
		const result = await run(redirecting, 'oAuth2Api', clientCredentials(server), {
			parameters: { options: { response: { response: { neverError: true, responseFormat: 'text' } } } },
		});
		expect(result.json(NODE)).toEqual([{ data: 'none' }]);
		expect(server.grants).toHaveLength(1);
	});

	test('leaves failures of the network to the retries', async () => {
		const server = await oauth2();
		let calls = 0;
		const api = await serve((request, response, body) => {
			calls += 1;
			if (calls === 1) return void request.socket.destroy();
			echo(request, response, body);
		});
		const result = await run(api, 'oAuth2Api', clientCredentials(server), { parameters: { options: { includeTrace: true } } });
		expect(result.error).toBeUndefined();
		expect(result.json(NODE)[0]).toMatchObject({ _fastpath: { attempts: 2 } });
	});
});

describe('OAuth1', () => {
	const escape = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

	/** The signature that the server comes to by itself (RFC 5849 section 3.4). */
	function expectedSignature({ method, url, headers, body }: Echo, origin: string): string {
		const fields = [...(headers.authorization ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decodeURIComponent(value)]);
		const target = new URL(url, origin);
		const form = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true ? [...new URLSearchParams(body)] : [];
		const pairs = [...fields.filter(([name]) => name !== 'oauth_signature'), ...target.searchParams, ...form]
			.map(([name = '', value = '']) => [escape(name), escape(value)])
			.sort(([a = '', x = ''], [b = '', y = '']) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1));
		const text = pairs.map(([name, value]) => `${name}=${value}`).join('&');
		const base = [method, escape(target.origin + target.pathname), escape(text)].join('&');
		return createHmac('sha256', `${escape('consumer s')}&${escape('token s')}`).update(base).digest('base64');
	}

	const data = {
		consumerKey: 'ck',
		consumerSecret: 'consumer s',
		signatureMethod: 'HMAC-SHA256',
		oauthTokenData: { oauth_token: 'tk', oauth_token_secret: 'token s' },
	};

	test.each([
		['a plain request', {}],
		['a query', { sendQuery: true, queryParameters: rows(['q', 'x y&z'], ['list', '2'], ['list', '1']) }],
		[
			'a form',
			{ method: 'POST', sendBody: true, contentType: 'form-urlencoded', bodyParameters: rows(['status', 'Hello Ladies + Gentlemen'], ['a', 'ü']) },
		],
		['a JSON body, which is not signed', { method: 'POST', sendBody: true, bodyParameters: rows(['a', 1]) }],
	])('signs %s as the server reads it', async (_what, parameters) => {
		const server = await serve(echo);
		const result = await run(server, 'oAuth1Api', data, {
			parameters: { ...parameters, sendHeaders: true, headerParameters: rows(['X-Mine', '1']) },
		});
		expect(result.error).toBeUndefined();
		const seen = result.json(NODE)[0] as unknown as Echo;
		const signature = /oauth_signature="([^"]+)"/.exec(seen.headers.authorization ?? '')?.[1] ?? '';
		expect(decodeURIComponent(signature)).toBe(expectedSignature(seen, server.url));
		expect(seen.headers['x-mine']).toBe('1');
	});

	test('signs each attempt anew', async () => {
		const seen: string[] = [];
		const server = await serve((request, response, body) => {
			seen.push(request.headers.authorization ?? '');
			if (seen.length === 1) return void response.writeHead(503, { 'retry-after': '0' }).end();
			echo(request, response, body);
		});
		expect((await run(server, 'oAuth1Api', data)).error).toBeUndefined();
		expect(seen).toHaveLength(2);
		expect(seen[0]).not.toBe(seen[1]);
	});
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { NODE, runHttp, type HttpRun } from '../helpers/http-node.mts';
import { startServer, type Answer, type TestServer } from '../helpers/with-server.mts';

let engine: Engine;
let server: TestServer;
let answer: Answer;
let path = '';
let tests = 0;

beforeAll(async () => {
	engine = await createEngine();
	server = await startServer((request, response, body) => answer(request, response, body));
});

afterAll(async () => await server.close());

const cacheOption = (cache: Record<string, unknown> = {}) => ({ responseCache: { cache } });

/** The answer says which request it is of those to this test's own address. */
function fresh(headers: Record<string, string>, status = 200): { requests: () => number; seen: Array<Record<string, unknown>> } {
	path = `/${(tests += 1)}`;
	const seen: Array<Record<string, unknown>> = [];
	answer = (request, response) => {
		seen.push({ method: request.method, ...request.headers });
		for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
		response.setHeader('content-type', 'application/json');
		response.statusCode = status;
		response.end(JSON.stringify({ number: seen.length }));
	};
	return { requests: () => seen.length, seen };
}

interface Given {
	number?: number;
	_fastpath: { cache: string; attempts: number; coalesced: boolean };
}

async function get(parameters: Record<string, unknown> = {}, more: Partial<HttpRun> = {}): Promise<Given[]> {
	const { options, ...others } = parameters;
	const result = await runHttp({
		engine,
		workflowId: 'one-workflow',
		parameters: {
			url: `${server.url}${path}`,
			options: { includeTrace: true, maxRetries: 0, ...cacheOption(), ...(options as object) },
			...others,
		},
		...more,
	});
	if (result.error) throw result.error;
	return result.json(NODE) as unknown as Given[];
}

const statuses = (given: Given[]) => given.map(({ _fastpath }) => _fastpath.cache);

describe('the response cache of Pooled HTTP', () => {
	test('is off unless it is asked for', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		await get({ options: { responseCache: undefined } });
		expect(statuses(await get({ options: { responseCache: undefined } }))).toEqual(['bypass']);
		expect(requests()).toBe(2);
	});

	test('a second run sends nothing while the answer is fresh', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		expect(statuses(await get())).toEqual(['miss']);
		const [second] = await get();
		expect(second).toMatchObject({ number: 1, _fastpath: { cache: 'hit', attempts: 0 } });
		expect(requests()).toBe(1);
	});

	test('an ETag is asked about, and a 304 gives the stored body', async () => {
		const { seen } = fresh({ 'cache-control': 'no-cache', etag: '"v1"' });
		const whole = answer;
		await get();
		answer = (request, response, body) => {
			if (request.headers['if-none-match'] !== '"v1"') return whole(request, response, body);
			seen.push(request.headers);
			response.statusCode = 304;
			response.end();
		};
		const [second] = await get();
		expect(second).toMatchObject({ number: 1, _fastpath: { cache: 'revalidated', attempts: 1 } });
		expect(seen).toHaveLength(2);
		expect(seen[1]).toMatchObject({ 'if-none-match': '"v1"' });
	});

	test('what varies by a header is kept apart', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60', vary: 'accept-language' });
		const language = async (value: string) =>
			(await get({ sendHeaders: true, headerParameters: { parameters: [{ name: 'accept-language', value }] } }))[0]?.number;
		expect([await language('de'), await language('fr'), await language('de'), await language('fr')]).toEqual([1, 2, 1, 2]);
		expect(requests()).toBe(2);
	});

	test('no-store is obeyed', async () => {
		const { requests } = fresh({ 'cache-control': 'no-store' });
		await get();
		await get();
		expect(requests()).toBe(2);
	});

	test('two credentials never share an answer, nor do two keys in a header of the user', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		const authentication = { authentication: 'genericCredentialType', genericAuthType: 'httpHeaderAuth' };
		const data = { name: 'x-api-key', value: 'secret' };
		await get();
		await get(authentication, { credential: { type: 'httpHeaderAuth', data } });
		expect(statuses(await get(authentication, { credential: { type: 'httpHeaderAuth', data } }))).toEqual(['hit']);
		const keyed = async (value: string) =>
			await get({ sendHeaders: true, headerParameters: { parameters: [{ name: 'x-api-key', value }] } });
		await keyed('one');
		await keyed('two');
		expect(statuses(await keyed('one'))).toEqual(['hit']);
		expect(requests()).toBe(4);
	});

	test.each([
		['httpBearerAuth', { token: 'tenant one' }, { token: 'tenant two' }],
		// Nothing of it is in the request before the server asks.
		['httpDigestAuth', { user: 'one', password: 'x' }, { user: 'two', password: 'x' }],
	])('one credential of %s that holds something else than before gets nothing of what it got before', async (type, one, two) => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		const as = async (data: Record<string, unknown>) =>
			await get({ authentication: 'genericCredentialType', genericAuthType: type }, { credential: { type, data } });
		await as(one);
		expect(statuses(await as(two))).toEqual(['miss']);
		expect(statuses(await as(one))).toEqual(['hit']);
		expect(requests()).toBe(2);
	});

	test('a credential that is limited to other domains gets nothing from the cache either', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		const authentication = { authentication: 'genericCredentialType', genericAuthType: 'httpHeaderAuth' };
		const data = { name: 'x-api-key', value: 'secret' };
		const limits = { allowedHttpRequestDomains: 'domains', allowedDomains: 'api.example.com' };
		await get(authentication, { credential: { type: 'httpHeaderAuth', data } });
		const limited = get(authentication, { credential: { type: 'httpHeaderAuth', data: { ...data, ...limits } } });
		await expect(limited).rejects.toThrow(/not allowed/);
		expect(requests()).toBe(1);
	});

	test('many items that ask for the same at once are answered by one request', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		const given = await get({}, { input: Array.from({ length: 50 }, () => ({})) });
		expect(given.map(({ number }) => number)).toEqual(given.map(() => 1));
		expect([given.length, requests()]).toEqual([50, 1]);
	});

	test('a POST to the address ends what is stored for it', async () => {
		const { seen } = fresh({ 'cache-control': 'max-age=60' });
		await get();
		await get({ method: 'POST', sendBody: true, jsonBody: '{}', specifyBody: 'json' });
		expect(statuses(await get())).toEqual(['miss']);
		expect(seen.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
	});

	test('a stale answer stands in for a server that is out, where it says so', async () => {
		fresh({ 'cache-control': 'max-age=0, stale-if-error=60' });
		await get();
		answer = (_request, response) => {
			response.statusCode = 503;
			response.end();
		};
		expect((await get())[0]).toMatchObject({ number: 1, _fastpath: { cache: 'stale' } });
	});

	test('for a fixed time the answer of a server that forbids it is used again, and a POST ends it', async () => {
		const { requests } = fresh({ 'cache-control': 'no-store' });
		const options = cacheOption({ mode: 'fixed', ttlSeconds: 60 });
		await get({ options });
		expect(statuses(await get({ options }))).toEqual(['hit']);
		await get({ options, method: 'POST' });
		expect(statuses(await get({ options }))).toEqual(['miss']);
		expect(requests()).toBe(3);
	});

	test('a custom key keeps answers apart, for each item', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		const options = cacheOption({ cacheScope: 'custom', cacheScopeKey: '={{ $json.customer }}' });
		const input = [{ customer: 'a' }, { customer: 'b' }, { customer: 'a' }];
		expect((await get({ options }, { input })).map(({ number }) => number).sort()).toEqual([1, 1, 2]);
		expect(requests()).toBe(2);
	});

	test('an answer of 10 MB is given and not stored', async () => {
		path = `/${(tests += 1)}`;
		let requests = 0;
		answer = (_request, response) => {
			requests += 1;
			response.setHeader('cache-control', 'max-age=60');
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify({ text: 'x'.repeat(10_000_000) }));
		};
		await get();
		expect(statuses(await get())).toEqual(['miss']);
		expect(requests).toBe(2);
	});

	test('a mode that does not exist is refused by name', async () => {
		fresh({});
		await expect(get({ options: cacheOption({ mode: 'always' }) })).rejects.toThrow(/Response Cache/);
	});

	test('the run says how many were answered from the cache', async () => {
		fresh({ 'cache-control': 'max-age=60' });
		await get();
		const result = await runHttp({ engine, workflowId: 'one-workflow', parameters: { url: `${server.url}${path}`, options: cacheOption() } });
		expect(JSON.stringify(result)).toContain('answered from the cache');
	});
});

describe('identical requests in flight', () => {
	const input = Array.from({ length: 20 }, () => ({}));
	const slow = () => {
		const counted = fresh({});
		const inner = answer;
		answer = (request, response, body) => void setTimeout(() => inner(request, response, body), 50);
		return counted;
	};

	test('are each sent, as HTTP Request does', async () => {
		const { requests } = slow();
		await get({ options: { responseCache: undefined } }, { input });
		expect(requests()).toBe(20);
	});

	test('are sent once where that is asked for, and each item has a body of its own', async () => {
		const { requests } = slow();
		const given = await get({ options: { responseCache: undefined, shareInFlight: true } }, { input });
		expect(given.map(({ number }) => number)).toEqual(input.map(() => 1));
		expect(given.filter(({ _fastpath }) => _fastpath.coalesced)).toHaveLength(19);
		expect(requests()).toBe(1);
	});

	test('are each sent where they may change something', async () => {
		const { requests } = slow();
		await get({ method: 'POST', options: { responseCache: undefined, shareInFlight: true } }, { input });
		expect(requests()).toBe(20);
	});
});

describe('the scope of the response cache', () => {
	test('is the workflow, or what the user chooses', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		await get();
		expect(statuses(await get({}, { workflowId: 'another' }))).toEqual(['miss']);
		const instance = { options: cacheOption({ cacheScope: 'instance' }) };
		await get(instance);
		expect(statuses(await get(instance, { workflowId: 'another' }))).toEqual(['hit']);
		expect(requests()).toBe(3);
	});

	test('holds apart what was fetched with and without a look at certificates', async () => {
		const { requests } = fresh({ 'cache-control': 'max-age=60' });
		await get({ options: { allowUnauthorizedCerts: true } });
		expect(statuses(await get())).toEqual(['miss']);
		expect(requests()).toBe(2);
	});
});

import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { echo, NODE, runHttp } from '../helpers/http-node.mts';
import { startServer, type Answer, type ServerSettings, type TestServer } from '../helpers/with-server.mts';

let engine: Engine;
const servers: TestServer[] = [];

beforeAll(async () => {
	engine = await createEngine({ credentialTypes: { httpHeaderAuth: {} } });
});

afterEach(async () => {
	await Promise.all(servers.splice(0).map(async (server) => await server.close()));
});

async function serve(answer: Answer, settings?: ServerSettings): Promise<TestServer> {
	const server = await startServer(answer, settings);
	servers.push(server);
	return server;
}

const items = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
const alternatives = (...others: Array<string | { url: string; weight: number }>) => ({
	alternativeOrigins: { origin: others.map((other) => (typeof other === 'string' ? { origin: other, weight: 1 } : { origin: other.url, weight: other.weight })) },
});
const slow = (ms: number): Answer => (...request) => void setTimeout(() => echo(...request), ms);
const traces = (json: Array<Record<string, unknown>>) => json.map(({ _fastpath }) => _fastpath as Record<string, unknown>);

describe('several origins', () => {
	test('share the calls, and each item says where it went', async () => {
		const three = await Promise.all([serve(echo), serve(echo), serve(echo)]);
		const [first, ...others] = three.map(({ url }) => url);
		const options = { ...alternatives(...others), includeTrace: true };
		const result = await runHttp({ engine, parameters: { url: `=${first}/{{ $json.id }}?q=1`, options }, input: items(30) });
		expect(result.error).toBeUndefined();
		expect(three.map(({ count }) => count.requests)).toEqual([10, 10, 10]);
		expect(result.json(NODE).map((json) => json.url)).toEqual(items(30).map(({ id }) => `/${id}?q=1`));
		for (const [index, json] of result.json(NODE).entries()) {
			const trace = traces([json])[0];
			expect(trace).toMatchObject({ attempts: 1, origins: [trace?.origin] });
			expect((json.headers as { host: string }).host, `item ${index}`).toBe(new URL(String(trace?.origin)).host);
		}
	});

	test('one of which dies lose no item; the dead one is left alone after a few failures', async () => {
		const three = await Promise.all([serve(echo), serve(echo), serve(echo)]);
		const [first, ...others] = three.map(({ url }) => url);
		const parameters = { url: `=${first}/{{ $json.id }}`, options: { ...alternatives(...others), includeTrace: true, concurrency: 3, retryBudgetPercent: 0 } };
		await runHttp({ engine, parameters, input: items(9) });
		await three[1]?.close();
		const result = await runHttp({ engine, parameters, input: items(60) });
		expect(result.error).toBeUndefined();
		expect(result.json(NODE).map((json) => json.url)).toEqual(items(60).map(({ id }) => `/${id}`));
		const failed = traces(result.json(NODE)).filter(({ attempts }) => attempts !== 1);
		expect(failed.length).toBeGreaterThan(0);
		expect(failed.length).toBeLessThanOrEqual(8);
		for (const trace of failed) {
			expect(trace.origins).toEqual([three[1]?.url, trace.origin]);
			expect(trace.origin).not.toBe(three[1]?.url);
		}
	});

	test.each(['inOrder', 'latency', 'leastConnections', 'random', 'roundRobin', 'weighted'])('one of which dies under way lose no item: %s', async (loadBalancing) => {
		let answered = 0;
		const dying: TestServer = await serve((...request) => {
			if ((answered += 1) === 5) void dying.close();
			else echo(...request);
		});
		const others = await Promise.all([serve(echo), serve(echo)]);
		const options = { ...alternatives(...others.map(({ url }) => url)), loadBalancing, concurrency: 6, retryBudgetPercent: 0 };
		const result = await runHttp({ engine, parameters: { url: `=${dying.url}/{{ $json.id }}`, options }, input: items(60) });
		expect(result.error).toBeUndefined();
		expect(result.json(NODE).map((json) => json.url)).toEqual(items(60).map(({ id }) => `/${id}`));
		expect(answered).toBeGreaterThanOrEqual(5);
	});

	test('one of which fails every POST after taking it: no POST is sent twice', async () => {
		const seen = new Map<string, number>();
		const counted = (answer: Answer): Answer => (request, response, body) => {
			seen.set(String(request.url), (seen.get(String(request.url)) ?? 0) + 1);
			answer(request, response, body);
		};
		const [good, bad] = await Promise.all([serve(counted(echo)), serve(counted((request) => void request.socket.destroy()))]);
		const parameters = { method: 'POST', url: `=${good.url}/{{ $json.id }}`, options: alternatives(bad.url) };
		const result = await runHttp({ engine, node: { onError: 'continueRegularOutput' }, parameters, input: items(10) });
		expect([...seen.values()]).toEqual(Array.from({ length: 10 }, () => 1));
		expect(result.json(NODE).filter((json) => 'error' in json)).toHaveLength(bad.count.requests);
	});

	test('are passed over while their circuit is open, which is each one\'s own', async () => {
		const good = await serve(echo);
		const bad = await serve((_request, response) => void response.writeHead(500).end());
		const options = { ...alternatives(bad.url), circuitFailures: 2, maxRetries: 0, concurrency: 1 };
		const result = await runHttp({ engine, node: { onError: 'continueRegularOutput' }, parameters: { url: good.url, options }, input: items(12) });
		expect(bad.count.requests).toBe(2);
		expect(result.json(NODE).filter((json) => 'error' in json)).toHaveLength(2);
		expect(good.count.requests).toBe(10);
	});

	test('get shares after their weight', async () => {
		const [one, other] = await Promise.all([serve(echo), serve(echo)]);
		const options = { ...alternatives({ url: other.url, weight: 3 }), loadBalancing: 'weighted' };
		await runHttp({ engine, parameters: { url: one.url, options }, input: items(40) });
		expect([one.count.requests, other.count.requests]).toEqual([10, 30]);
	});

	test('are probed on their path, without credentials, and left out while they are not well', async () => {
		const asked: Array<string | undefined> = [];
		const sick = await serve((request, response, body) => {
			if (request.url !== '/health') return echo(request, response, body);
			asked.push(request.headers['x-key'] as string | undefined);
			response.writeHead(503).end();
		});
		const well = await serve(echo);
		const credential = { type: 'httpHeaderAuth', data: { name: 'x-key', value: 's3cret' } };
		const parameters = {
			url: `${well.url}/x`, authentication: 'genericCredentialType', genericAuthType: 'httpHeaderAuth',
			options: { ...alternatives(sick.url), healthCheckPath: '/health', healthCheckSeconds: 60 },
		};
		await runHttp({ engine, parameters, credential });
		await sick.until(() => asked.length > 0);
		await expect.poll(async () => {
			const before = sick.count.requests;
			await runHttp({ engine, parameters, credential, input: items(4) });
			return sick.count.requests - before;
		}).toBe(0);
		expect(asked).toEqual([undefined]);
	});

	test('that the credential does not allow are sent nothing, and say so', async () => {
		const [allowed, other] = await Promise.all([serve(echo), serve(echo)]);
		const credential = {
			type: 'httpHeaderAuth',
			data: { name: 'x-key', value: 's3cret', allowedHttpRequestDomains: 'domains', allowedDomains: '127.0.0.1' },
		};
		const parameters = {
			url: `${allowed.url}/x`, authentication: 'genericCredentialType', genericAuthType: 'httpHeaderAuth',
			options: alternatives(`http://localhost:${other.port}`),
		};
		const result = await runHttp({ engine, node: { onError: 'continueRegularOutput' }, parameters, credential, input: items(4) });
		expect(allowed.count.requests).toBe(2);
		expect(other.count.connections).toBe(0);
		expect(result.json(NODE).filter((json) => 'error' in json)).toHaveLength(2);
		expect(JSON.stringify(result.json(NODE).filter((json) => 'error' in json))).not.toContain('s3cret');
	});

	test.each([
		['a path', 'https://a.test/v1', 'scheme, host and port alone'],
		['another scheme', 'ftp://a.test', 'http:// or https://'],
	])('with %s are refused', async (_what, origin, message) => {
		const server = await serve(echo);
		const result = await runHttp({ engine, parameters: { url: server.url, options: alternatives(origin) } });
		expect(result.error?.message).toContain(message);
		expect(server.count.requests).toBe(0);
	});
});

describe('a hedged request', () => {
	test('is answered by the faster origin, and the slower one sees its request end', async () => {
		const [lame, quick] = await Promise.all([serve(() => {}), serve(echo)]);
		const options = { ...alternatives(quick.url), loadBalancing: 'inOrder', hedgedRequests: 'fixed', hedgeAfter: 30, includeTrace: true };
		const result = await runHttp({ engine, parameters: { url: lame.url, options } });
		expect(traces(result.json(NODE))).toMatchObject([{ hedged: true, attempts: 2, origin: quick.url, origins: [lame.url, quick.url] }]);
		await lame.until(() => lame.sockets.size === 0);
	});

	test('goes to the same origin where there is no other; a POST does not', async () => {
		let requests = 0;
		const server = await serve((...request) => ((requests += 1) === 1 ? slow(300) : echo)(...request));
		const options = { hedgedRequests: 'fixed', hedgeAfter: 30, includeTrace: true };
		const got = await runHttp({ engine, parameters: { url: server.url, options } });
		expect(traces(got.json(NODE))[0]).toMatchObject({ hedged: true, attempts: 2 });
		requests = 0;
		const posted = await runHttp({ engine, parameters: { method: 'POST', url: server.url, options } });
		expect([requests, traces(posted.json(NODE))[0]?.attempts]).toEqual([1, 1]);
	});
});

describe('a rate limit', () => {
	test('holds at the server, in every window of a second', async () => {
		const arrivals: number[] = [];
		const server = await serve((...request) => {
			arrivals.push(performance.now());
			slow(20)(...request);
		});
		// So that the calls need not open connections, which takes longer for one than for the next.
		await runHttp({ engine, parameters: { url: server.url }, input: items(25) });
		arrivals.length = 0;
		const options = { requestsPerSecond: 10, includeTrace: true };
		const result = await runHttp({ engine, parameters: { url: server.url, options }, input: items(25) });
		expect(result.error).toBeUndefined();
		// The way to the server still takes its time, and not always the same.
		for (const from of arrivals) expect(arrivals.filter((at) => at >= from && at < from + 900).length).toBeLessThanOrEqual(10);
		expect(Math.max(...traces(result.json(NODE)).map(({ waitedMs }) => Number(waitedMs)))).toBeGreaterThan(1900);
	});

	test('that lets a call go only after its deadline fails it at once', async () => {
		const server = await serve(echo);
		const options = { requestsPerMinute: 2, totalTimeoutSeconds: 5 };
		const started = performance.now();
		const result = await runHttp({ engine, node: { onError: 'continueRegularOutput' }, parameters: { url: server.url, options }, input: items(3) });
		expect(result.json(NODE)[2]?.error).toContain('after its deadline');
		expect(performance.now() - started).toBeLessThan(4000);
		expect(server.count.requests).toBe(2);
	});
});

describe('of an outage', () => {
	test('the server is sent at most a fifth more than the calls', async () => {
		const server = await serve((_request, response) => void response.writeHead(503, { 'retry-after': '0' }).end());
		const options = { circuitBreaker: false };
		const result = await runHttp({ engine, node: { onError: 'continueRegularOutput' }, parameters: { url: server.url, options }, input: items(100) });
		expect(server.count.requests).toBeLessThanOrEqual(120);
		expect(server.count.requests).toBeGreaterThanOrEqual(110);
		expect(result.json(NODE).every((json) => String(json.error).includes('status 503'))).toBe(true);
	});
});

describe('the times of an attempt', () => {
	test.each([
		['firstByteTimeout', /^No response began within 60 ms/, () => {}],
		['bodyIdleTimeout', /^The response stalled within 60 ms/, (_request, response) => void response.writeHead(200).write('x')],
	] as Array<[string, RegExp, Answer]>)('have a bound each: %s', async (name, message, answer) => {
		const server = await serve(answer);
		const result = await runHttp({ engine, parameters: { url: server.url, options: { [name]: 60, maxRetries: 0 } } });
		expect(result.error?.message).toMatch(message);
	});

	test('are told in the trace', async () => {
		const server = await serve(slow(30));
		const result = await runHttp({ engine, parameters: { url: server.url, options: { includeTrace: true } } });
		const [trace] = traces(result.json(NODE));
		expect(trace).toMatchObject({ connectionReused: false, attempts: 1 });
		expect(Number(trace?.connectMs)).toBeGreaterThan(0);
		expect(Number(trace?.firstByteMs)).toBeGreaterThanOrEqual(29);
		expect(Number(trace?.totalMs)).toBeGreaterThanOrEqual(Number(trace?.firstByteMs));
	});

	test('tell name resolution and the TLS handshake apart, where a connection was opened', async () => {
		const server = await serve(echo, { https: true });
		const parameters = { url: `https://localhost:${server.port}`, options: { includeTrace: true, allowUnauthorizedCerts: true, concurrency: 1 } };
		const [opened, reused] = traces((await runHttp({ engine, parameters, input: items(2) })).json(NODE));
		expect(Number(opened?.tlsMs)).toBeGreaterThan(0);
		expect(Number(opened?.dnsMs) + Number(opened?.tlsMs)).toBeLessThanOrEqual(Number(opened?.connectMs) + 0.2);
		expect(reused).toMatchObject({ connectMs: 0, connectionReused: true });
		expect(reused).not.toHaveProperty('tlsMs');
	});
});

import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { echo, NODE, rows, runHttp } from '../helpers/http-node.mts';
import { startServer, type Answer, type ServerSettings, type TestServer } from '../helpers/with-server.mts';

let engine: Engine;
const servers: TestServer[] = [];

beforeAll(async () => {
	engine = await createEngine();
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

/** Answers the first requests in turn, and all later ones with an echo. */
const first = (...answers: Answer[]): Answer => {
	const left = [...answers];
	return (...request) => (left.shift() ?? echo)(...request);
};

const status =
	(code: number, headers: Record<string, string> = {}): Answer =>
	(_request, response) =>
		void response.writeHead(code, headers).end();

const reset: Answer = (request) => void request.socket.destroy();

describe('connections', () => {
	test('200 https items are answered over at most 50 connections, in order', async () => {
		const server = await serve(echo, { https: true });
		const parameters = { url: `=${server.url}/{{ $json.id }}`, options: { allowUnauthorizedCerts: true } };
		const result = await runHttp({ engine, parameters, input: items(200) });
		expect(result.error).toBeUndefined();
		expect(result.json(NODE).map((json) => json.url)).toEqual(items(200).map(({ id }) => `/${id}`));
		expect(result.items(NODE).map((item) => item.pairedItem)).toEqual(items(200).map(({ id }) => ({ item: id })));
		expect(server.count.connections).toBeLessThanOrEqual(50);
		expect(result.hints.map((hint) => hint.message)).toEqual([
			expect.stringMatching(/^200 requests sent: 1\d\d found their connection open, 0 were retries\.$/),
		]);
	});

	test('are found open by the next execution', async () => {
		const server = await serve(echo);
		const parameters = { url: `${server.url}/`, options: { concurrency: 1, includeTrace: true } };
		await runHttp({ engine, parameters, input: items(3) });
		const again = await runHttp({ engine, parameters, input: items(3) });
		expect(server.count.connections).toBe(1);
		expect(again.json(NODE).map((json) => json._fastpath)).toEqual(
			items(3).map(() => expect.objectContaining({ connectionReused: true, attempts: 1 })),
		);
	});

	test('no more items are under way at once than allowed', async () => {
		let open = 0;
		let most = 0;
		const server = await serve((...request) => {
			most = Math.max(most, (open += 1));
			setTimeout(() => {
				open -= 1;
				echo(...request);
			}, 10);
		});
		await runHttp({ engine, parameters: { url: server.url, options: { concurrency: 4 } }, input: items(20) });
		expect(most).toBe(4);
	});

	test('a certificate that is not trusted is refused, unless the user accepts it', async () => {
		const server = await serve(echo, { https: true });
		const refused = await runHttp({ engine, parameters: { url: server.url } });
		expect(refused.error?.message).toContain("the server's certificate is not trusted");
		const accepted = await runHttp({ engine, parameters: { url: server.url, options: { allowUnauthorizedCerts: true } } });
		expect(accepted.error).toBeUndefined();
	});

	test('a proxy of the user is gone through', async () => {
		const server = await serve(echo);
		const seen: unknown[] = [];
		const proxy = await serve((request, ...rest) => {
			seen.push(request.url);
			echo(request, ...rest);
		});
		const result = await runHttp({ engine, parameters: { url: `${server.url}/x`, options: { proxy: proxy.url } } });
		expect(result.error).toBeUndefined();
		expect(seen).toEqual([`${server.url}/x`]);
		expect(server.count.requests).toBe(0);
	});
});

describe('a failure that may pass', () => {
	test('is tried again after the time that the server asks for', async () => {
		const server = await serve(first(status(503, { 'retry-after': '1' })));
		const started = performance.now();
		const result = await runHttp({ engine, parameters: { url: server.url, options: { includeTrace: true } } });
		expect(result.json(NODE)[0]?._fastpath).toMatchObject({ attempts: 2 });
		expect(performance.now() - started).toBeGreaterThanOrEqual(990);
		expect(result.hints[0]?.message).toContain('1 were retries');
	});

	test('is tried as often as set and then told', async () => {
		const server = await serve(status(503, { 'retry-after': '0' }));
		const result = await runHttp({ engine, parameters: { url: server.url, options: { maxRetries: 3 } } });
		expect(result.error).toMatchObject({ httpCode: '503' });
		expect(server.count.requests).toBe(4);
	});

	test('is tried again with Never Error too, before it becomes a response', async () => {
		const server = await serve(status(503, { 'retry-after': '0' }));
		const response = { response: { neverError: true, fullResponse: true } };
		const result = await runHttp({ engine, parameters: { url: server.url, options: { maxRetries: 1, response } } });
		expect(result.json(NODE)).toMatchObject([{ statusCode: 503 }]);
		expect(server.count.requests).toBe(2);
	});

	test('of a POST is not tried again when the connection was reset, of a GET it is', async () => {
		const posted = await serve(first(reset));
		const post = await runHttp({ engine, parameters: { method: 'POST', url: posted.url, options: { maxRetries: 2 } } });
		expect(post.error?.message).toContain('was closed before a response began');
		expect(posted.count.requests).toBe(1);
		const got = await serve(first(reset));
		expect((await runHttp({ engine, parameters: { url: got.url } })).error).toBeUndefined();
		expect(got.count.requests).toBe(2);
	});

	test('of a POST with an Idempotency-Key is tried again', async () => {
		const server = await serve(first(reset));
		const parameters = { method: 'POST', url: server.url, sendHeaders: true, headerParameters: rows(['Idempotency-Key', 'k']) };
		expect((await runHttp({ engine, parameters })).error).toBeUndefined();
		expect(server.count.requests).toBe(2);
	});

	test('that is not going to pass is not tried again', async () => {
		const server = await serve(status(401));
		await runHttp({ engine, parameters: { url: server.url } });
		expect(server.count.requests).toBe(1);
	});

	test('opens the circuit when it does not pass, and then nothing is sent', async () => {
		const server = await serve(status(500));
		const options = { maxRetries: 0, circuitFailures: 3, concurrency: 1 };
		const node = { onError: 'continueRegularOutput' as const };
		const result = await runHttp({ engine, node, parameters: { url: server.url, options }, input: items(6) });
		expect(server.count.requests).toBe(3);
		expect(result.json(NODE)[5]?.error).toContain('is open after repeated failures');
	});
});

describe('an end', () => {
	test('is put to a request that takes longer than its timeout', async () => {
		const server = await serve(() => {});
		const result = await runHttp({ engine, parameters: { url: server.url, options: { timeout: 60, maxRetries: 0 } } });
		expect(result.error?.message).toMatch(/within 60 ms$/);
		await server.until(() => server.sockets.size === 0);
	});

	test('is put to all requests when the execution is stopped, and the server sees it', async () => {
		const server = await serve(() => {});
		const running = runHttp({ engine, parameters: { url: server.url }, input: items(10) });
		await server.until(() => server.count.requests === 10);
		running.cancel();
		await server.until(() => server.sockets.size === 0);
		expect((await running).status).toBe('canceled');
		expect(server.count.requests).toBe(10);
	});

	test('of one item ends the others, where nothing is to go on', async () => {
		const server = await serve((request, response, body) => {
			if (request.url === '/3') echo(request, response, body);
			if (request.url === '/5') status(404)(request, response, body);
		});
		const result = await runHttp({ engine, parameters: { url: `=${server.url}/{{ $json.id }}` }, input: items(8) });
		expect(result.error).toMatchObject({ httpCode: '404', context: { itemIndex: 5 } });
		await server.until(() => server.sockets.size <= 2);
	});
});

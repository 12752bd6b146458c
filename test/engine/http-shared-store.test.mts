import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startEngineProcess, type EngineProcess, type EngineReply } from '../helpers/engine-process.mts';
import type { HttpRun } from '../helpers/http-node.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { startServer, type Answer, type TestServer } from '../helpers/with-server.mts';

describe.skipIf(redisIsMissing())('the HTTP nodes of two processes with one shared store', () => {
	let redis: RedisServer;
	let server: TestServer;
	let workers: EngineProcess[];
	let answer: Answer;
	let path = '';
	let tests = 0;

	beforeAll(async () => {
		redis = await RedisServer.start();
		server = await startServer((request, response, body) => answer(request, response, body));
		workers = await Promise.all([startEngineProcess(), startEngineProcess()]);
	});

	beforeEach(() => {
		path = `/${(tests += 1)}`;
		server.count.requests = 0;
	});

	afterAll(async () => {
		await Promise.all(workers.map(async (worker) => await worker.stop()));
		await server.close();
		await redis.stop();
	});

	/** Answers with the number of the request, `delayMs` after it came. */
	const numbered = (headers: Record<string, string>, delayMs = 0): Answer => {
		let number = 0;
		return (_request, response) => {
			const body = JSON.stringify({ number: (number += 1), text: 'kept as it is: \u00e9' });
			setTimeout(() => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body), delayMs);
		};
	};

	async function run(worker: number, { options, ...parameters }: Record<string, unknown> = {}, more: Partial<HttpRun> = {}): Promise<EngineReply> {
		const process = workers[worker] ?? expect.unreachable();
		const reply = await process.run({
			workflowId: 'one-workflow',
			store: { host: redis.host, port: redis.port, prefix: 'fastpath', database: 0 },
			parameters: {
				url: `${server.url}${path}`,
				options: { includeTrace: true, responseCache: { cache: { mode: 'server' } }, ...(options as object) },
				...parameters,
			},
			...more,
		});
		expect(reply.error).toBeUndefined();
		return reply;
	}

	const traces = ({ items }: EngineReply) => items.map(({ _fastpath }) => _fastpath as Record<string, unknown>);

	test('share responses, body and headers as they were, and say where they found them', async () => {
		answer = numbered({ 'cache-control': 'max-age=60', 'x-of': 'the first' });
		const full = { response: { response: { fullResponse: true } } };
		const first = await run(0, { options: full });
		const second = await run(1, { options: full });
		const again = await run(1, { options: full });
		expect(server.count.requests).toBe(1);
		expect(traces(first)).toEqual([expect.objectContaining({ cache: 'miss', store: 'shared', attempts: 1 })]);
		expect(second.items[0]).toMatchObject({ body: { number: 1, text: 'kept as it is: \u00e9' }, headers: { 'x-of': 'the first' }, statusCode: 200 });
		expect(traces(second)).toEqual([expect.objectContaining({ cache: 'hit', cachedIn: 'shared', attempts: 0 })]);
		expect(traces(again)).toEqual([expect.objectContaining({ cache: 'hit', cachedIn: 'memory', attempts: 0 })]);
	});

	test('Batch Request finds what Pooled HTTP has stored', async () => {
		answer = numbered({ 'cache-control': 'max-age=60' });
		await run(0);
		const batch = await run(1, {}, { node: { type: 'n8n-nodes-fastpath.batchRequest' }, input: [{}, {}] });
		expect(batch.items.map(({ number }) => number)).toEqual([1, 1]);
		expect(server.count.requests).toBe(1);
	});

	test('revalidate what another process has stored', async () => {
		const whole = numbered({ 'cache-control': 'no-cache', etag: '"one"' });
		answer = (request, response, body) =>
			request.headers['if-none-match'] === '"one"' ? void response.writeHead(304, { etag: '"one"' }).end() : whole(request, response, body);
		await run(0);
		const second = await run(1);
		expect(second.items[0]).toMatchObject({ number: 1 });
		expect(traces(second)).toEqual([expect.objectContaining({ cache: 'revalidated', attempts: 1 })]);
	});

	test('forget what an unsafe request of another process has made invalid', async () => {
		answer = numbered({ 'cache-control': 'max-age=60' });
		await run(0);
		await run(1);
		await run(1, { method: 'POST' });
		await expect.poll(async () => (await run(0)).items[0]?.number, { timeout: 10_000, interval: 200 }).toBe(3);
	});

	test('ask once for what both want at the same time', async () => {
		answer = numbered({ 'cache-control': 'max-age=60' }, 300);
		const replies = await Promise.all([0, 1].flatMap((worker) => [run(worker), run(worker), run(worker)]));
		expect(replies.flatMap(({ items }) => items.map(({ number }) => number))).toEqual([1, 1, 1, 1, 1, 1]);
		expect(server.count.requests).toBe(1);
	});

	test('do not wait for each other where the response may not be stored', async () => {
		let [open, most] = [0, 0];
		const held: Array<() => void> = [];
		answer = (_request, response) => {
			most = Math.max(most, (open += 1));
			held.push(() => {
				open -= 1;
				response.writeHead(200, { 'cache-control': 'no-store' }).end('{}');
			});
		};
		const answerAll = async (count: number) => {
			await server.until(() => held.length === count);
			for (const give of held.splice(0)) give();
		};
		// Who is first finds out, and who waited for it learns so.
		const first = [run(0), run(1)];
		await answerAll(1);
		await answerAll(1);
		await Promise.all(first);
		const second = [run(0), run(1)];
		await answerAll(2);
		await Promise.all(second);
		expect(most).toBe(2);
	});

	test('share nothing across scopes, and nothing with who keeps to the memory of its process', async () => {
		answer = numbered({ 'cache-control': 'max-age=60' });
		await run(0);
		await run(1, {}, { workflowId: 'another-workflow' });
		const alone = await workers[1]?.run({
			workflowId: 'one-workflow',
			parameters: { url: `${server.url}${path}`, options: { responseCache: { cache: { mode: 'server' } } } },
		});
		expect(alone?.items[0]).toMatchObject({ number: 3 });
	});

	test('keep nothing readable as a name', async () => {
		answer = numbered({ 'cache-control': 'max-age=60' });
		await run(0, { url: `${server.url}${path}/secret-address` });
		const names = await redis.command('KEYS', '*');
		expect(names).toContain('fastpath:value:');
		expect(names).not.toMatch(/secret-address|127\.0\.0\.1|one-workflow/);
	});

	test('warn each other of a circuit that opens: the other one lets a single request go ahead', async () => {
		let failing = false;
		const held: Array<() => void> = [];
		answer = (_request, response) => {
			if (failing) response.writeHead(503).end();
			else held.push(() => response.end('{}'));
		};
		const options = { responseCache: undefined, circuitFailures: 3, maxRetries: 0, concurrency: 5 };
		const input = [{}, {}, {}, {}, {}];
		// Both know the circuit.
		const known = [run(0, { options }), run(1, { options })];
		await server.until(() => held.length === 2);
		for (const give of held.splice(0)) give();
		await Promise.all(known);
		failing = true;
		await run(0, { options: { ...options, concurrency: 1 } }, { input, node: { onError: 'continueRegularOutput' } });
		failing = false;
		const reply = run(1, { options }, { input });
		await server.until(() => held.length > 0);
		const ahead = held.length;
		held.shift()?.();
		await server.until(() => held.length === 4);
		for (const give of held) give();
		expect([ahead, (await reply).items.length]).toEqual([1, 5]);
	});

	test('answer every item while the store is dead, and tell of it', async () => {
		answer = numbered({ 'cache-control': 'max-age=60' });
		await redis.kill();
		const input = Array.from({ length: 10 }, (_, id) => ({ id }));
		const during = await run(0, { url: `=${server.url}${path}/{{ $json.id }}` }, { input });
		expect(during.items).toHaveLength(10);
		const later = await run(0, { url: `=${server.url}${path}/{{ $json.id }}` }, { input });
		expect(later.hints.join()).toContain('does not answer');
		expect(traces(later).map(({ cache }) => cache)).toEqual(input.map(() => 'hit'));
	});
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEngineProcess, type EngineProcess } from '../helpers/engine-process.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { startServer, type TestServer } from '../helpers/with-server.mts';

const PER_SECOND = 20;
const EACH = 60;
/**
 * What the server stamps is when a request came to be read, not when it left. On a busy machine the two lie apart, and not always equally
 * far: requests that left further apart may be read this much closer together.
 */
const JITTER_MS = 150;

describe.skipIf(redisIsMissing())('requests per second of two processes with one shared store', () => {
	let redis: RedisServer;
	let server: TestServer;
	let workers: EngineProcess[];
	const stamps: number[] = [];

	beforeAll(async () => {
		redis = await RedisServer.start();
		server = await startServer((_request, response) => {
			stamps.push(performance.now());
			response.end('{}');
		});
		workers = await Promise.all([startEngineProcess(), startEngineProcess()]);
	});

	afterAll(async () => {
		await Promise.all(workers.map(async (worker) => await worker.stop()));
		await server.close();
		await redis.stop();
	});

	const run = async (worker: EngineProcess, count: number, options: Record<string, unknown> = {}) =>
		await worker.run({
			store: { host: redis.host, port: redis.port, prefix: 'fastpath', database: 0 },
			parameters: { url: `${server.url}/`, options: { requestsPerSecond: PER_SECOND, concurrency: 50, includeTrace: true, ...options } },
			input: Array.from({ length: count }, (_, id) => ({ id })),
		});

	const rates = (reply: Awaited<ReturnType<typeof run>>) => new Set(reply.items.map(({ _fastpath }) => (_fastpath as { rate?: string }).rate));

	test('are never more than the limit in any sliding second at the server', async () => {
		const replies = await Promise.all(workers.map(async (worker) => await run(worker, EACH)));
		expect(replies.map(({ error, items }) => [error, items.length])).toEqual(workers.map(() => [undefined, EACH]));
		expect(replies.map(rates)).toEqual(workers.map(() => new Set(['shared'])));
		expect(stamps).toHaveLength(2 * EACH);
		const most = Math.max(...stamps.map((from) => stamps.filter((at) => at >= from && at < from + 1000 - JITTER_MS).length));
		expect(most).toBeLessThanOrEqual(PER_SECOND);
		expect((stamps.at(-1) ?? 0) - (stamps[0] ?? 0)).toBeGreaterThan(((2 * EACH) / PER_SECOND - 1) * 1000 - JITTER_MS);
		expect(await redis.command('KEYS', '*')).not.toMatch(/127\.0\.0\.1|http/);
	});

	test('are counted by each process for itself while the store is out, and the run says so', async () => {
		await redis.kill();
		const [worker] = workers;
		if (!worker) expect.unreachable();
		stamps.length = 0;
		// Finds out that it is out.
		await run(worker, 5);
		const reply = await run(worker, 2 * PER_SECOND);
		expect([reply.error, reply.items.length, rates(reply)]).toEqual([undefined, 2 * PER_SECOND, new Set(['process'])]);
		expect(reply.hints.filter((hint) => hint.includes('does not answer'))).toHaveLength(1);
		expect((stamps.at(-1) ?? 0) - (stamps[0] ?? 0)).toBeGreaterThan(1000);
	});
});

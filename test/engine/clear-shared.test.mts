import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEngineProcess, type EngineProcess, type EngineReply } from '../helpers/engine-process.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { startServer, type TestServer } from '../helpers/with-server.mts';

describe.skipIf(redisIsMissing())('Clear Cache with a shared store, in two processes', () => {
	let redis: RedisServer;
	let server: TestServer;
	let workers: EngineProcess[];
	let number = 0;
	let delayMs = 0;

	beforeAll(async () => {
		redis = await RedisServer.start();
		server = await startServer((_request, response) => {
			const body = JSON.stringify({ number: (number += 1) });
			setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(body), delayMs);
		});
		workers = await Promise.all([startEngineProcess(), startEngineProcess()]);
	});

	afterAll(async () => {
		await Promise.all(workers.map(async (worker) => await worker.stop()));
		await server.close();
		await redis.stop();
	});

	const run = async (worker: number, parameters: Record<string, unknown>, workflowId = 'w1'): Promise<EngineReply> => {
		const reply = await (workers[worker] ?? expect.unreachable()).run({
			workflowId,
			store: { host: redis.host, port: redis.port, prefix: 'fastpath', database: 0 },
			parameters,
		});
		expect(reply.error).toBeUndefined();
		return reply;
	};
	const options = (cache: Record<string, unknown> = {}) => ({ includeTrace: true, store: 'shared', responseCache: { cache: { mode: 'fixed', ttlSeconds: 600, ...cache } } });
	const ask = async (worker: number, path: string, cache?: Record<string, unknown>, workflowId?: string) => {
		const [item] = (await run(worker, { url: `${server.url}${path}`, options: options(cache) }, workflowId)).items;
		return { number: item?.number, trace: item?._fastpath as Record<string, unknown> };
	};
	const clear = async (worker: number, parameters: Record<string, unknown>) =>
		await run(worker, { operation: 'clear', options: { store: 'shared' }, ...parameters });
	/** What a worker answers with once the news has reached it. */
	const soonOther = async (worker: number, path: string, before: unknown, cache?: Record<string, unknown>) =>
		await expect.poll(async () => (await ask(worker, path, cache)).number, { timeout: 10_000, interval: 20 }).not.toBe(before);

	test('what one process clears, the memory of the other serves no more', async () => {
		const first = await ask(0, '/a', { cacheTags: 'people' });
		expect((await ask(1, '/a', { cacheTags: 'people' })).number).toBe(first.number);
		expect((await ask(1, '/a', { cacheTags: 'people' })).trace).toMatchObject({ cache: 'hit', cachedIn: 'memory' });
		const other = await ask(1, '/b');
		expect((await clear(0, { clear: 'tag', clearTags: 'peo*' })).items).toEqual([{ cleared: 'tag', of: ['peo*'], removed: null, store: 'shared' }]);
		await soonOther(1, '/a', first.number, { cacheTags: 'people' });
		expect((await ask(1, '/b')).number).toBe(other.number);
	});

	test('nor where the signal gets lost', async () => {
		const first = await ask(0, '/lost');
		await ask(1, '/lost');
		await redis.command('ACL', 'SETUSER', 'default', 'resetchannels');
		await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
		const cleared = await clear(0, { clear: 'url', clearUrl: `${server.url}/lost` });
		await soonOther(1, '/lost', first.number);
		await redis.command('ACL', 'SETUSER', 'default', 'allchannels');
		expect(cleared.items[0]).toMatchObject({ cleared: 'url' });
	});

	test('a call that one process has under way while the other clears is served to nobody afterwards', async () => {
		delayMs = 500;
		const before = number;
		const early = ask(0, '/slow');
		await expect.poll(() => number, { interval: 5 }).toBeGreaterThan(before);
		await clear(1, { clear: 'workflow' });
		const { number: old } = await early;
		delayMs = 0;
		await soonOther(0, '/slow', old);
		expect((await ask(1, '/slow')).number).not.toBe(old);
	});

	test('everything is counted and gone from the store at once, and what else is kept there stays', async () => {
		await redis.command('SET', 'fastpath:value:journal:1', 'kept');
		const first = await ask(0, '/all');
		const { items } = await clear(1, { clear: 'all' });
		expect(items[0]).toMatchObject({ cleared: 'all', store: 'shared' });
		expect(items[0]?.removed).toBeGreaterThanOrEqual(2);
		expect(await redis.command('KEYS', 'fastpath:value:answers:*')).toMatch(/^\*0/);
		expect(await redis.command('GET', 'fastpath:value:journal:1')).toContain('kept');
		await soonOther(0, '/all', first.number);
	});

	test('while the store is out, a process clears its own memory, says so, and tells the others later', async () => {
		const first = await ask(0, '/out');
		await ask(1, '/out');
		redis.pause();
		try {
			// The guard gives up after three commands without an answer.
			const { items, hints } = await clear(0, { clear: 'url', clearUrl: `${server.url}/out` });
			expect(items[0]).toMatchObject({ cleared: 'url', removed: null, store: 'process' });
			expect(hints.join()).toContain('others will be told when the store is back');
			expect((await ask(0, '/out')).number).not.toBe(first.number);
		} finally {
			redis.resume();
		}
		await soonOther(1, '/out', first.number);
	});
});

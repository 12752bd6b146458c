import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/core/clock.ts';
import { RedisBackend } from '../../lib/shared/redis.ts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';

const HOUR_MS = 3_600_000;

describe.skipIf(redisIsMissing())('the size of a Redis store', () => {
	let server: RedisServer;
	let store: RedisBackend;

	const counted = async () => await expect.poll(async () => await store.size(), { timeout: 8000, interval: 20 });
	const fill = async (count: number) => {
		for (let index = 0; index < count; index += 1) await store.set(`key ${index}`, Buffer.alloc(100), HOUR_MS);
	};

	beforeAll(async () => {
		server = await RedisServer.start();
	});

	beforeEach(async () => {
		await server.command('FLUSHALL');
		store = new RedisBackend({ topology: 'single', nodes: [server], connectTimeoutMs: 2000, commandTimeoutMs: 2000 }, 'p', systemClock);
		await store.connect();
		return async () => await store.dispose();
	});

	afterAll(async () => await server.stop());

	test('is counted once, and then known without a walk through the database', async () => {
		await fill(50);
		await (await counted()).toEqual({ entries: 50, bytes: 50 * 100 + 10 * 5 + 40 * 6 });
		await server.command('CONFIG', 'RESETSTAT');
		await fill(60);
		await store.delete(['key 0']);
		expect((await store.size()).entries).toBe(59);
		expect(await server.command('INFO', 'commandstats')).not.toContain('cmdstat_scan');
	});

	test('is of those that begin with the prefix alone', async () => {
		await server.command('SET', 'of:others', 'x');
		await fill(3);
		await (await counted()).toMatchObject({ entries: 3 });
	});

	test('is counted anew where the server has dropped values by itself', async () => {
		await fill(10);
		await (await counted()).toMatchObject({ entries: 10 });
		// One process counts at most once a minute.
		await server.command('DEL', '{p:book}:counting');
		await server.command('DEL', 'p:value:key 3');
		expect(await store.size()).toEqual({ entries: null, bytes: null });
		await (await counted()).toEqual({ entries: 9, bytes: 9 * 105 });
	});

	test.each(['ends', 'sizes'])('is counted anew where the server has dropped the %s of the book, and after all was flushed', async (half) => {
		await fill(10);
		await (await counted()).toMatchObject({ entries: 10 });
		await server.command('DEL', '{p:book}:counting', `{p:book}:${half}`);
		await fill(5);
		expect(await store.size()).toEqual({ entries: null, bytes: null });
		await (await counted()).toEqual({ entries: 10, bytes: 10 * 105 });
		await server.command('FLUSHALL');
		await (await counted()).toEqual({ entries: 0, bytes: 0 });
	});

	test('is counted anew where others left something in the place of the book, and without what they left among the values', async () => {
		await server.command('SET', '{p:book}:sizes', 'theirs');
		await server.command('HSET', 'p:value:theirs', 'a', 'b');
		await fill(3);
		await (await counted()).toEqual({ entries: 3, bytes: 3 * 105 });
	});

	test('is unknown, and not counted again and again, where values keep being dropped', async () => {
		await fill(10);
		await (await counted()).toMatchObject({ entries: 10 });
		await server.command('CONFIG', 'RESETSTAT');
		await server.command('DEL', 'p:value:key 3');
		for (let look = 0; look < 5; look += 1) expect(await store.size()).toEqual({ entries: null, bytes: null });
		expect(await server.command('INFO', 'commandstats')).not.toContain('cmdstat_scan');
	});

	test('of a thousand that end at the same time is right at once', async () => {
		await store.size();
		await Promise.all(Array.from({ length: 1200 }, async (_, index) => await store.set(`brief ${index}`, Buffer.from('x'), 300)));
		await fill(2);
		await (await counted()).toMatchObject({ entries: 2 });
	});
});

describe.skipIf(redisIsMissing())('a Redis store behind sentinels', () => {
	test('is found by the name of its group', async () => {
		const master = await RedisServer.start();
		const sentinel = await RedisServer.sentinelOf(master);
		const settings = { topology: 'sentinel', nodes: [sentinel], masterName: 'mymaster', connectTimeoutMs: 5000, commandTimeoutMs: 2000 } as const;
		const store = new RedisBackend(settings, 'p', systemClock);
		await store.connect();
		await store.set('key', Buffer.from('kept'), HOUR_MS);
		expect((await store.get('key'))?.toString()).toBe('kept');
		expect(await master.command('GET', 'p:value:key')).toContain('kept');
		await store.dispose();
		await sentinel.stop();
		await master.stop();
	});
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as sqlite from 'node:sqlite';
import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock } from '../../lib/core/clock.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { RedisBackend } from '../../lib/shared/redis.ts';
import { SqliteBackend } from '../../lib/shared/sqlite.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { sharedContract } from './shared.suite.mts';

sharedContract('the memory of one process', async () => {
	const clock = new FakeClock();
	const one = new MemoryBackend(clock);
	return { one, two: one, pass: async (ms) => await clock.advance(ms), close: async () => await one.dispose(), news: true };
});

sharedContract('SQLite', async () => {
	const clock = new FakeClock();
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-sqlite-'));
	const settings = { path: path.join(folder, 'store.db'), maxBytes: 16 * 1_048_576 };
	const one = new SqliteBackend(settings, { sqlite, clock });
	const two = new SqliteBackend(settings, { sqlite, clock });
	return {
		one,
		two,
		pass: async (ms) => await clock.advance(ms),
		close: async () => {
			await one.dispose();
			await two.dispose();
			rmSync(folder, { recursive: true });
		},
		news: true,
	};
});

const pass = async (ms: number) => await new Promise<void>((resolve) => setTimeout(resolve, ms));

describe.skipIf(redisIsMissing())('with a real server', () => {
	let server: RedisServer;
	let round = 0;

	beforeAll(async () => {
		server = await RedisServer.start();
	});

	afterAll(async () => {
		await server.stop();
	});

	sharedContract('Redis', async () => {
		const prefix = `test*[${(round += 1)}]`;
		const settings = { topology: 'single', nodes: [server], connectTimeoutMs: 2000, commandTimeoutMs: 1000 } as const;
		const one = new RedisBackend(settings, prefix, systemClock);
		const two = new RedisBackend(settings, prefix, systemClock);
		return {
			one,
			two,
			pass,
			close: async () => {
				await one.dispose();
				await two.dispose();
			},
			news: true,
		};
	});
});

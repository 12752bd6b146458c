import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as sqlite from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/core/clock.ts';
import type { SharedBackend } from '../../lib/core/shared.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { RedisBackend } from '../../lib/shared/redis.ts';
import { deriveKeys, SealedBackend } from '../../lib/shared/sealed.ts';
import { SqliteBackend } from '../../lib/shared/sqlite.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { sharedContract } from './shared.suite.mts';

/** Derived once: that is made slow on purpose. */
const keys = deriveKeys({ secret: 'a secret for the contract', earlier: ['the one before it'] });
const HOW = [
	['', (backend: SharedBackend) => backend],
	[', compressed', (backend: SharedBackend) => new SealedBackend(backend)],
	[', compressed and encrypted', (backend: SharedBackend) => new SealedBackend(backend, keys)],
] as const;

for (const [how, dress] of HOW) {
	sharedContract(`the memory of one process${how}`, async () => {
		const clock = new FakeClock();
		const one = dress(new MemoryBackend(clock));
		return { one, two: one, pass: async (ms) => await clock.advance(ms), close: async () => await one.dispose(), news: true };
	});

	sharedContract(`SQLite${how}`, async () => {
		const clock = new FakeClock();
		const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-sqlite-'));
		const settings = { path: path.join(folder, 'store.db'), maxBytes: 16 * 1_048_576 };
		const one = dress(new SqliteBackend(settings, { sqlite, clock }));
		const two = dress(new SqliteBackend(settings, { sqlite, clock }));
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
}

const pass = async (ms: number) => await new Promise<void>((resolve) => setTimeout(resolve, ms));

describe.skipIf(redisIsMissing())('with a real server', () => {
	let server: RedisServer;
	/** Of one node, to which all keys belong; commands over several keys are refused all the same. */
	let cluster: RedisServer;
	let round = 0;
	const open = (prefix: string, node = server) => {
		const topology = node === server ? 'single' : 'cluster';
		return new RedisBackend({ topology, nodes: [node], connectTimeoutMs: 20_000, commandTimeoutMs: 10_000 }, prefix, systemClock);
	};

	beforeAll(async () => {
		[server, cluster] = await Promise.all([RedisServer.start(), RedisServer.start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')]);
		await cluster.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
		await until(async () => (await cluster.command('CLUSTER', 'INFO')).includes('cluster_state:ok'));
	});

	afterAll(async () => {
		await server?.stop();
		await cluster?.stop();
	});

	const topologies = { Redis: () => server, 'a Redis cluster': () => cluster };
	for (const [name, node] of Object.entries(topologies)) {
		for (const [how, dress] of HOW) {
			sharedContract(`${name}${how}`, async () => {
				const prefix = `test*[${(round += 1)}]`;
				const one = dress(open(prefix, node()));
				const two = dress(open(prefix, node()));
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
		}
	}

	test('what others left at a key of ours makes room', async () => {
		const backend = open('theirs');
		await backend.connect();
		for (const kind of ['value', 'lease', 'window', 'list']) await server.command('HSET', `theirs:${kind}:k`, 'a', 'b');
		await server.command('SET', 'theirs:counter:k', 'many');
		expect(await backend.get('k')).toBeUndefined();
		expect(await backend.renew('k', 'mine', 1000)).toBe(false);
		expect(await backend.acquire('k', 'mine', 1000)).toBe(true);
		expect(await backend.add('k', 2, 1000)).toBe(2);
		expect(await backend.take('k', 1, 1000)).toEqual({ granted: true, waitMs: 0 });
		await backend.append('k', Buffer.from('x'), { ttlMs: 1000, max: 5 });
		expect((await backend.list('k')).map(String)).toEqual(['x']);
		await backend.dispose();
	});

	test('who listens hears again after the connection was lost', async () => {
		const backend = open('heard');
		const heard: string[] = [];
		await backend.connect();
		await backend.subscribe('news', (message) => heard.push(message));
		await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
		await expect
			.poll(async () => {
				await backend.publish('news', 'again');
				return heard.length;
			})
			.toBeGreaterThan(0);
		await backend.dispose();
	});
});

async function until(condition: () => Promise<boolean>): Promise<void> {
	for (let attempt = 0; attempt < 200 && !(await condition()); attempt += 1) await pass(25);
}

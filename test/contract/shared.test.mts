import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as sqlite from 'node:sqlite';
import { afterAll, beforeAll, describe } from 'vitest';
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
				const topology = name === 'Redis' ? 'single' : 'cluster';
				const settings = { topology, nodes: [node()], connectTimeoutMs: 2000, commandTimeoutMs: 10_000 } as const;
				const one = dress(new RedisBackend(settings, prefix, systemClock));
				const two = dress(new RedisBackend(settings, prefix, systemClock));
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
});

async function until(condition: () => Promise<boolean>): Promise<void> {
	for (let attempt = 0; attempt < 200 && !(await condition()); attempt += 1) await pass(25);
}

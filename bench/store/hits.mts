/** Reading from a shared store: an answer, a hundred together, by Redis and by SQLite, plain and encrypted, beside the bare client. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { SharedStore, SharedStoreSettings } from '../../lib/runtime/index.ts';
import { RedisServer } from '../../test/helpers/redis-server.mts';
import type { Contender } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import { ANSWER } from '../micro/payloads.mts';

const HOUR = { ttlMs: 3_600_000, keepMs: 3_600_000 };
const BATCH = 100;
const ENCRYPTION = { secret: 'for the benchmark alone', earlier: [] };
const require = createRequire(import.meta.url);

export default async function hits(bench: Bench): Promise<void> {
	const redis = await RedisServer.start();
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-bench-store-'));
	const inRedis: SharedStoreSettings = {
		type: 'redis', prefix: 'bench',
		redis: { topology: 'single', nodes: [{ host: redis.host, port: redis.port }], connectTimeoutMs: 2000, commandTimeoutMs: 2000 },
	};
	const stores: Record<string, SharedStoreSettings> = {
		Redis: inRedis,
		'Redis, encrypted': { ...inRedis, prefix: 'sealed', encryption: ENCRYPTION },
		SQLite: { type: 'sqlite', sqlite: { path: path.join(folder, 'store.sqlite'), maxBytes: 2 ** 28 } },
		'SQLite, encrypted': { type: 'sqlite', sqlite: { path: path.join(folder, 'sealed.sqlite'), maxBytes: 2 ** 28 }, encryption: ENCRYPTION },
	};
	try {
		await reads(bench, stores, redis);
		await together(bench, inRedis);
	} finally {
		await redis.stop();
		rmSync(folder, { recursive: true, force: true });
	}
}

async function reads(bench: Bench, stores: Readonly<Record<string, SharedStoreSettings>>, redis: RedisServer): Promise<void> {
	const { Runtime } = bench.lib('runtime/runtime') as typeof import('../../lib/runtime/runtime.ts');
	const keys = bench.pick({ smoke: 100, default: 1000, full: 3000 });
	const keyOf = (index: number) => index.toString(16).padStart(64, '0');
	const runtime = new Runtime();
	const held = Object.entries(stores).map(([name, settings]) => [name, runtime.sharedStores.obtain(settings)] as const);
	for (const [, { store }] of held) await store.get('connected');
	for (const [, shared] of held) {
		while (shared.status.state !== 'up') await new Promise((resolve) => setTimeout(resolve, 20));
		for (let index = 0; index < keys; index += 1) await shared.store.set(keyOf(index), ANSWER, HOUR);
	}
	const { Redis } = require('ioredis') as typeof import('ioredis');
	const bare = new Redis({ host: redis.host, port: redis.port });
	const text = JSON.stringify(ANSWER);
	for (let index = 0; index < keys; index += 1) await bare.set(`bare:${keyOf(index)}`, text);
	/** What is in front is let go, so that each read goes to the store. */
	const forget = async () => await runtime.store.clear();
	const one = (name: string, read: (key: string) => Promise<unknown>): Contender => ({
		name,
		round: async () => {
			await forget();
			return await perRead(keys, async () => {
				for (let index = 0; index < keys; index += 1) await read(keyOf(index));
			});
		},
	});
	const many = (name: string, read: (batch: readonly string[]) => Promise<unknown>): Contender => ({
		name,
		round: async () => {
			await forget();
			return await perRead(keys / BATCH, async () => {
				for (let start = 0; start < keys; start += BATCH) await read(Array.from({ length: BATCH }, (_key, index) => keyOf(start + index)));
			});
		},
	});
	const memory = runtime.store;
	const head = { unit: 'µs', compare: 'cost' as const };
	await bench.compare({ id: 'one', title: 'one answer', baseline: 'ioredis GET and JSON.parse', ...head }, [
		one('ioredis GET and JSON.parse', async (key) => JSON.parse((await bare.get(`bare:${key}`)) ?? '')),
		...held.map(([name, { store }]) => one(name, async (key) => await found(store, key))),
	]);
	await bench.compare({ id: 'batch', title: `${BATCH} answers together`, baseline: 'ioredis MGET and JSON.parse', ...head }, [
		many('ioredis MGET and JSON.parse', async (batch) => (await bare.mget(batch.map((key) => `bare:${key}`))).map((value) => JSON.parse(value ?? ''))),
		...held.map(([name, { store }]) => many(name, async (batch) => await Promise.all(batch.map(async (key) => await found(store, key))))),
	]);
	await memory.set('near', ANSWER, HOUR);
	await bench.time({ id: 'memory', title: 'the memory in front' }, [{ name: 'get a hit', run: () => memory.get('near') }]);
	bare.disconnect();
	await runtime.dispose();
}

async function found(store: SharedStore['store'], key: string): Promise<void> {
	if ((await store.get(key)) === undefined) throw new Error(`The store lost ${key}`);
}

/** Microseconds on the clock for each, and of processor time. */
async function perRead(count: number, work: () => Promise<void>) {
	const before = process.cpuUsage();
	const startedAt = performance.now();
	await work();
	const value = ((performance.now() - startedAt) * 1000) / count;
	const { user, system } = process.cpuUsage(before);
	return { value, also: { 'CPU µs': (user + system) / count } };
}

/** Two processes that ask for the same at the same moment; the model takes 50 ms. */
async function together(bench: Bench, settings: SharedStoreSettings): Promise<void> {
	const questions = bench.pick({ smoke: 2, default: 50, full: 200 });
	let round = 0;
	const asked = async (shared: boolean) => {
		const started = { round: (round += 1), questions, root: bench.root, ...(shared ? { settings } : {}) };
		const children = [1, 2].map(() => spawn(process.execPath, [path.join(import.meta.dirname, 'asker.mts'), JSON.stringify(started)], { stdio: ['pipe', 'pipe', 'inherit'] }));
		const lines = children.map((child) => createInterface(child.stdout)[Symbol.asyncIterator]());
		const next = async () => (await Promise.all(lines.map(async (line) => await line.next()))).map(({ value }) => String(value));
		await next();
		const startedAt = performance.now();
		for (const child of children) child.stdin.end('go\n');
		const calls = (await next()).map(Number);
		const value = performance.now() - startedAt;
		await Promise.all(children.map(async (child) => child.exitCode ?? (await once(child, 'exit'))));
		return { value, also: { 'asked of the model': calls.reduce((sum, count) => sum + count, 0) } };
	};
	const turns = { rounds: bench.pick({ smoke: 1, default: 3, full: 5 }), warmUp: 0 };
	await bench.compare({ id: 'two', title: `two processes, ${questions} questions each, the same`, unit: 'ms', baseline: 'each for itself', compare: 'cost' }, [
		{ name: 'each for itself', round: async () => await asked(false) },
		{ name: 'with a shared Redis', round: async () => await asked(true) },
	], turns);
}

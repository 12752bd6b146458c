import { createRequire } from 'node:module';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { aiWorkflow, answers } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';

const { getRuntime, Runtime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;

describe.skipIf(redisIsMissing())('the traffic with a shared store', () => {
	let server: RedisServer;

	beforeAll(async () => {
		server = await RedisServer.start();
	});

	beforeEach(async () => {
		await getRuntime().store.clear();
		await server.command('FLUSHALL');
	});

	afterAll(async () => await server.stop());

	async function run(parameters: Record<string, unknown>, input: Array<Record<string, unknown>>, store: Record<string, unknown> = {}) {
		const { nodes, ...rest } = aiWorkflow({ workflowId: 'w', parameters: { store: 'shared', ...parameters } });
		const credentials = (node: (typeof nodes)[number]) => ({ ...node.credentials, fastpathStoreApi: { id: 'store-1', name: 'store' } });
		const result = await engine.run({
			workflow: { ...rest, nodes: nodes.map((node) => (node.credentials ? { ...node, credentials: credentials(node) } : node)) },
			credentials: [
				{ name: 'key', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1` } },
				{ name: 'store', type: 'fastpathStoreApi', data: { host: server.host, port: server.port, prefix: 'fastpath', database: 0, ...store } },
			],
			input,
		});
		expect(result.error).toBeUndefined();
		return answers(result);
	}

	/** Commands since the last reset, by name. */
	async function commands(): Promise<Record<string, number>> {
		const lines = (await server.command('INFO', 'commandstats')).matchAll(/cmdstat_(\w+):calls=(\d+)/g);
		return Object.fromEntries([...lines].map(([, name = '', calls]) => [name, Number(calls)]));
	}

	const embed = { operation: 'embed', text: '={{ $json.text }}', model: { __rl: true, mode: 'id', value: 'text-embedding-3-small' } };
	const texts = (count: number) => Array.from({ length: count }, (_, index) => ({ text: `text number ${index}` }));

	test('one read for all texts of a run that other processes have embedded', async () => {
		await run(embed, texts(60));
		await getRuntime().store.clear();
		await server.command('CONFIG', 'RESETSTAT');
		const found = await run(embed, texts(60));
		expect(found.map(({ cached }) => cached)).toEqual(found.map(() => true));
		const { mget, get } = await commands();
		expect({ mget, get }).toEqual({ mget: 1, get: undefined });
	});

	test('what is written in batches is there for the others a moment later', async () => {
		const prompt = { prompt: '=tag this package: {{ $json.text }}' };
		const store = { writeBehind: true };
		await run(prompt, texts(30), store);
		await expect.poll(async () => await server.command('DBSIZE')).toMatch(/:3\d/);
		await getRuntime().store.clear();
		expect((await run(prompt, texts(30), store)).filter(({ cached }) => cached === true)).toHaveLength(30);
	});

	test('answers that stay the same live longer, also in another process', async () => {
		const asked = { prompt: 'tag this package: adaptive', contentType: 'custom', ttlSeconds: 1, options: { includeTrace: true, adaptiveTtlSeconds: 600 } };
		const ask = async () => (await run(asked, [{}]))[0]?._fastpath as { adaptive?: { confirmed: number; ttlMs: number } };
		expect((await ask()).adaptive).toEqual({ confirmed: 0, ttlMs: 1000 });
		await expect.poll(async () => (await ask()).adaptive, { timeout: 10_000 }).toEqual({ confirmed: 1, ttlMs: 2000 });
		await getRuntime().store.clear();
		expect((await ask()).adaptive).toEqual({ confirmed: 1, ttlMs: 2000 });
	});

	test('a run that only warms up puts out what became of each call, and those after it are answered', async () => {
		const warm = { prompt: '=tag this package: {{ $json.text }}', options: { warmUp: true } };
		const first = await run(warm, [...texts(3), ...texts(1)]);
		expect(first.map(({ warmUp }) => warmUp)).toEqual(['stored', 'stored', 'stored', 'present']);
		expect(Object.keys(first[0] ?? {}).sort()).toEqual(['costUsd', 'key', 'warmUp']);
		expect((await run(warm, texts(4))).map(({ warmUp }) => warmUp)).toEqual(['present', 'present', 'present', 'stored']);
		expect((await run({ prompt: warm.prompt }, texts(4))).map(({ cached }) => cached)).toEqual([true, true, true, true]);
		expect((await run({ ...warm, cacheMode: 'off', store: 'memory' }, texts(1)))[0]?.warmUp).toBe('notStored');
		expect((await run({ ...embed, options: { warmUp: true } }, texts(2))).map(({ warmUp }) => warmUp)).toEqual(['stored', 'stored']);
	});

	test('a process that starts has in memory what was used most', async () => {
		const settings = { type: 'redis' as const, prefix: 'warm', redis: { topology: 'single' as const, nodes: [{ host: server.host, port: server.port }] as const, connectTimeoutMs: 2000, commandTimeoutMs: 1000 } };
		const minute = { ttlMs: 60_000, keepMs: 60_000 };
		const before = new Runtime();
		const { store } = before.sharedStores.obtain(settings);
		for (const key of ['often', 'seldom', 'never']) await store.set(key, `answer ${key}`, minute);
		for (const key of ['often', 'often', 'seldom']) await store.get(key);
		await before.dispose();
		const after = new Runtime();
		const warm = after.sharedStores.obtain(settings).store;
		await expect.poll(async () => after.stats().store.entries).toBe(2);
		expect([(await warm.get('often'))?.tier, (await warm.get('seldom'))?.tier, (await warm.get('never'))?.tier]).toEqual(['memory', 'memory', 'shared']);
		await after.dispose();
	});
});

import { createRequire } from 'node:module';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { aiWorkflow, answers } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';

const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;

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
});

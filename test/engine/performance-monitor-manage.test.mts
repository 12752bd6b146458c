/** The operations of Performance Monitor that change something: caches, connections, circuits. */
import { createRequire } from 'node:module';
import { beforeEach, describe, expect, test } from 'vitest';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { MONITOR, runMonitor, type MonitorRun } from '../helpers/monitor-node.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { startServer } from '../helpers/with-server.mts';

const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;
const CHAT = 'POST /v1/chat/completions';

type Parameters = Record<string, unknown>;

const ask = async (prompt: string, parameters: Parameters = {}, run: Partial<AiRun> = {}) =>
	answers(await runAi({ engine, standIn, workflowId: 'w1', parameters: { prompt: `tag this package: ${prompt}`, options: { includeTrace: true }, ...parameters }, ...run }))[0] ?? {};
const keyOf = (answer: Parameters) => (answer._fastpath as { key: string }).key;
const monitor = async (parameters: Parameters, run: Partial<MonitorRun> = {}) => await runMonitor({ engine, workflowId: 'w2', parameters, ...run });
const shown = async (parameters: Parameters, run: Partial<MonitorRun> = {}) => {
	const result = await monitor(parameters, run);
	expect(result.error).toBeUndefined();
	return result.json(MONITOR);
};
const failure = async (parameters: Parameters) => (await monitor(parameters)).error as { message: string } | undefined;
const calls = () => standIn.counters().calls[CHAT] ?? 0;

beforeEach(async () => await getRuntime().store.clear());

describe('Invalidate Cache', () => {
	// Where an expression chooses, n8n wants all fields filled.
	const filled = { clearWorkflow: 'w1', clearTags: 'x', clearKey: 'x', clearUrl: 'x', clearNode: 'x' };
	const invalidate = async (parameters: Parameters, run: Partial<MonitorRun> = {}) => await shown({ operation: 'invalidateCache', ...parameters }, run);

	test('clears by tag what any workflow has stored, after a dry run that said so and cleared nothing', async () => {
		const key = keyOf(await ask('one', { cacheTags: 'prices-1' }));
		await ask('two', { cacheTags: 'other' });
		const foreseen = await invalidate({ clear: 'tag', clearTags: 'prices-*', dryRun: true });
		expect(foreseen).toEqual([{ wouldClear: 'tag', of: ['prices-*'], inMemory: 1, inStore: null, keys: [key], store: 'process' }]);
		expect((await ask('one', { cacheTags: 'prices-1' })).cached).toBe(true);
		expect(await invalidate({ clear: 'tag', clearTags: 'prices-*' })).toEqual([{ cleared: 'tag', of: ['prices-*'], removed: 1, store: 'process' }]);
		expect([(await ask('one')).cached, (await ask('two')).cached]).toEqual([false, true]);
	});

	test('clears what another workflow, or a node of it, has stored', async () => {
		await ask('one');
		await ask('one', {}, { workflowId: 'w3' });
		const workflow = { __rl: true, mode: 'list', value: 'w1' };
		expect((await invalidate({ clear: 'workflow', clearWorkflow: workflow }))[0]).toMatchObject({ removed: 1 });
		expect((await invalidate({ clear: 'node', clearWorkflow: '=w3', clearNode: 'AI' }))[0]).toMatchObject({ removed: 1 });
		expect((await invalidate({ ...filled, clear: '={{ "all" }}', dryRun: true }))[0]).toMatchObject({ inMemory: 0 });
	});

	test.each([
		[{ clear: 'tag', clearTags: '={{ $json.nothing }}' }, 'Tags to Clear'],
		[{ clear: 'key', clearKey: ' ' }, 'Key'],
		[{ clear: 'workflow', clearWorkflow: { __rl: true, mode: 'id', value: '={{ $json.nothing }}' } }, 'Workflow'],
		[{ clear: 'node', clearWorkflow: '={{ $json.nothing }}', clearNode: 'AI' }, 'Workflow'],
		[{ clear: 'regex' }, 'Clear'],
		[{ ...filled, clear: '={{ $json.nothing }}' }, 'Clear'],
		[{ clear: 'all', dryRun: '={{ "yes" }}' }, 'Dry Run'],
	])('%j is refused, and clears nothing', async (parameters, name) => {
		await ask('one');
		expect((await failure({ operation: 'invalidateCache', ...parameters }))?.message).toContain(name);
		expect((await ask('one')).cached).toBe(true);
	});

	test.skipIf(redisIsMissing())('tells of a shared store how many answers have a key, and clears them', async () => {
		const redis = await RedisServer.start();
		try {
			const store = { host: redis.host, port: redis.port, prefix: 'fastpath', database: 0 };
			const keys = [keyOf(await ask('one', { cacheTags: 'x' }, { store })), keyOf(await ask('two', {}, { store }))];
			const dry = async (parameters: Parameters) => (await invalidate({ ...parameters, dryRun: true }, { store }))[0];
			expect(await dry({ clear: 'key', clearKey: keys[0] })).toEqual({ wouldClear: 'key', of: [keys[0]], inMemory: 1, inStore: 1, keys: [keys[0]], store: 'shared' });
			expect(await dry({ clear: 'key', clearKey: `${keys[1]?.slice(0, 8)}*` })).toMatchObject({ inMemory: 1, inStore: 1, keys: [keys[1]] });
			expect(await dry({ clear: 'all' })).toMatchObject({ inMemory: 2, inStore: 2 });
			expect(await dry({ clear: 'tag', clearTags: 'x' })).toMatchObject({ inMemory: 1, inStore: null });
			expect((await invalidate({ clear: 'all' }, { store }))[0]).toMatchObject({ removed: 2, store: 'shared' });
			expect(await dry({ clear: 'all' })).toMatchObject({ inMemory: 0, inStore: 0 });
		} finally {
			await redis.stop();
		}
	});
});

describe('Warm Cache', () => {
	const warm = { operation: 'warmCache', warmModel: 'gpt-4o-mini', warmTtlSeconds: 60 };

	test('stores an answer under the key that Explain Only puts out, and the call is not made', async () => {
		const explained = await ask('known', { options: { explain: true } });
		expect(explained).toMatchObject({ cache: 'miss', wouldSend: true });
		const stored = await shown({ ...warm, warmKey: explained.key, warmAnswer: 'Tags: known', warmTags: 'imported' });
		expect(stored).toEqual([{ key: explained.key, stored: true, ttlSeconds: 60, store: 'process' }]);
		expect(await ask('known')).toMatchObject({ text: 'Tags: known', model: 'gpt-4o-mini', cached: true, usage: null });
		expect(calls()).toBe(0);
		expect(await shown({ operation: 'invalidateCache', clear: 'tag', clearTags: 'imported' })).toMatchObject([{ removed: 1 }]);
		expect((await ask('known')).cached).toBe(false);
	});

	test('parses what a call that asks for JSON gets', async () => {
		const { key } = await ask('json', { outputFormat: 'json', options: { explain: true } });
		await shown({ ...warm, warmKey: key, warmAnswer: '{"tags":["a"]}', warmFormat: 'json' });
		expect(await ask('json', { outputFormat: 'json' })).toMatchObject({ data: { tags: ['a'] }, cached: true });
	});

	test.each([
		[{ warmKey: 'not-a-key', warmAnswer: 'x' }, 'Key'],
		[{ warmKey: 'a'.repeat(64), warmAnswer: '={{ $json.nothing }}' }, 'Answer'],
		[{ warmKey: 'a'.repeat(64), warmAnswer: 'no json', warmFormat: 'json' }, 'not valid JSON'],
		[{ warmKey: 'a'.repeat(64), warmAnswer: 'x', warmModel: '={{ $json.nothing }}' }, 'Model Name'],
		[{ warmKey: 'a'.repeat(64), warmAnswer: 'x', warmTtlSeconds: 0 }, 'Time to Live'],
	])('%j is refused, and stores nothing', async (parameters, name) => {
		expect((await failure({ ...warm, ...parameters }))?.message).toContain(name);
		expect(getRuntime().store.stats().entries).toBe(0);
	});
});

describe('Warm Cache with a list', () => {
	const warm = async (entries: unknown) => await monitor({ operation: 'warmCache', warmFrom: 'list', warmEntries: JSON.stringify(entries) });
	const entry = { key: 'a'.repeat(64), answer: 'A', model: 'm' };

	test('stores all of it', async () => {
		const result = await warm([entry, { key: 'b'.repeat(64), answer: '{}', model: 'm', format: 'json', ttlSeconds: 9, tags: 'x,y' }]);
		expect(result.json(MONITOR)).toEqual([
			{ answers: [{ key: entry.key, stored: true, ttlSeconds: 1800 }, { key: 'b'.repeat(64), stored: true, ttlSeconds: 9 }], store: 'process' },
		]);
		expect(getRuntime().store.stats().entries).toBe(2);
	});

	test.each([
		[[entry, { ...entry, key: 'no' }], 'Answers[1] Key'],
		[[entry, { ...entry, model: 7 }], 'Answers[1] Model Name'],
		[[entry, null], 'Answers[1]'],
		[[], 'Answers'],
		[entry, 'Answers'],
	])('%j is refused as a whole', async (entries, name) => {
		expect((await warm(entries)).error?.message).toContain(name);
		expect(getRuntime().store.stats().entries).toBe(0);
	});
});

describe('Pre-Warm Connections', () => {
	test('opens connections that the next request uses, and asks nothing', async () => {
		const server = await startServer((_request, response) => void response.end('{}'));
		try {
			const open = { operation: 'prewarmConnections', urls: `${server.url}/some/path, ${server.url}/other`, connections: 2 };
			expect(await shown(open)).toEqual([{ origin: server.url, opened: 2, pools: 1, failedPools: 0 }]);
			await server.until(() => server.count.connections === 2);
			expect(await shown(open)).toMatchObject([{ opened: 0 }]);
			const request = await engine.run({
				workflow: {
					nodes: [
						{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
						{ name: 'HTTP', type: 'n8n-nodes-fastpath.pooledHttp', parameters: { url: server.url, options: { includeTrace: true } } },
					],
					connections: { Trigger: { main: [[{ node: 'HTTP', type: 'main', index: 0 }]] } },
				},
			});
			expect(request.json('HTTP')[0]?._fastpath).toMatchObject({ connectMs: 0 });
			expect(server.count).toMatchObject({ connections: 2, requests: 1 });
		} finally {
			await server.close();
		}
	});

	test('warms the pools that are in use for the server, of other credentials too', async () => {
		await ask('a call with a credential');
		expect(await shown({ operation: 'prewarmConnections', urls: standIn.url, connections: 3 })).toEqual([{ origin: standIn.url, opened: 2, pools: 1, failedPools: 0 }]);
	});

	test.each([
		[{ urls: 'ftp://a.test' }, 'URLs'],
		[{ urls: '={{ $json.nothing }}' }, 'URLs'],
		[{ urls: 'http://127.0.0.1:1', connections: 11 }, 'Connections'],
		[{ urls: 'http://127.0.0.1:1' }, '127.0.0.1:1'],
	])('%j fails, and says why', async (parameters, text) => {
		expect((await failure({ operation: 'prewarmConnections', connections: 1, ...parameters }))?.message).toContain(text);
	});
});

describe('Reset Breaker', () => {
	const options = { circuitFailures: 1, maxRetries: 0, includeTrace: true };

	test('closes an open circuit, so that the next call is sent', async () => {
		standIn.setBehaviour({ failNext: { status: 503, count: 1 } });
		const failing = await runAi({ engine, standIn, parameters: { prompt: 'fails', options } });
		expect(failing.error).toBeDefined();
		standIn.setBehaviour();
		const again = await runAi({ engine, standIn, parameters: { prompt: 'again', options } });
		expect(again.error?.message).toContain('circuit');
		expect(await shown({ operation: 'resetBreaker', breakerUrl: 'http://127.0.0.1:1' })).toEqual([{ origin: 'http://127.0.0.1:1', reset: [], told: 'this process' }]);
		expect(await shown({ operation: 'resetBreaker', breakerUrl: `${standIn.url}/v1` })).toEqual([
			{ origin: standIn.url, reset: [{ origin: standIn.url, was: 'open' }], told: 'this process' },
		]);
		expect(answers(await runAi({ engine, standIn, parameters: { prompt: 'again', options } }))).toHaveLength(1);
	});

	test('an address that is none is refused', async () => {
		expect((await failure({ operation: 'resetBreaker', breakerUrl: 'openai' }))?.message).toContain('URL of the Server');
	});
});

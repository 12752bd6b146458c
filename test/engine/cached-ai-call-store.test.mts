import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type * as StoreModule from '../../lib/n8n/store.ts';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { aiWorkflow, answers } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';

const CHAT = 'POST /v1/chat/completions';
const calls = () => standIn.counters().calls[CHAT] ?? 0;
const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;

async function run(store: Record<string, unknown>, parameters: Record<string, unknown> = {}, input = [{}]) {
	const { nodes, ...rest } = aiWorkflow({
		workflowId: 'one-workflow',
		parameters: { prompt: 'tag this package: kept by all', store: 'shared', options: { includeTrace: true }, ...parameters },
	});
	return await engine.run({
		workflow: {
			...rest,
			nodes: nodes.map((node) =>
				node.credentials ? { ...node, credentials: { ...node.credentials, fastpathStoreApi: { id: 'store-1', name: 'store' } } } : node,
			),
		},
		credentials: [
			{ name: 'key', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1` } },
			{ name: 'store', type: 'fastpathStoreApi', data: store },
		],
		input,
	});
}

describe.skipIf(redisIsMissing())('a shared store', () => {
	let server: RedisServer;
	let settings: Record<string, unknown>;

	beforeAll(async () => {
		server = await RedisServer.start();
		settings = { host: server.host, port: server.port, prefix: 'fastpath', database: 0 };
	});

	beforeEach(async () => {
		await getRuntime().store.clear();
		await server.command('FLUSHALL');
	});

	afterAll(async () => await server.stop());

	test('answers after the memory of the process is gone, as for another worker', async () => {
		const first = await run(settings);
		expect(first.error).toBeUndefined();
		await getRuntime().store.clear();
		const second = await run(settings);
		expect(answers(second)[0]).toMatchObject({ text: answers(first)[0]?.text, cached: true, _fastpath: { cache: 'hit', store: 'shared', attempts: 0 } });
		expect(calls()).toBe(1);
	});

	test('is not asked for what is kept in the memory of the process alone, and the trace says which of them it was', async () => {
		const alone = await run(settings, { store: 'memory' });
		expect(answers(alone)[0]).toMatchObject({ _fastpath: { store: 'process' } });
		await getRuntime().store.clear();
		await run(settings);
		expect(calls()).toBe(2);
	});

	test('that is killed is not noticed by the items, is told of once, and is found again by itself', async () => {
		const prompts = (word: string) => Array.from({ length: 10 }, (_, index) => ({ text: `${word} ${index}` }));
		const many = { prompt: '=tag this package: {{ $json.text }}' };
		await run(settings, many, prompts('before'));
		await server.kill();
		const during = await run(settings, many, prompts('during'));
		expect(during.error).toBeUndefined();
		expect(answers(during)).toHaveLength(10);
		const later = await run(settings, many, prompts('later'));
		expect(JSON.stringify(later.hints)).toContain('does not answer');
		expect(answers(later)[0]).toMatchObject({ _fastpath: { store: 'process' } });

		await server.start();
		await expect
			.poll(
				async () => {
					await getRuntime().store.clear();
					await run(settings, { prompt: 'tag this package: after' });
					return await server.command('DBSIZE');
				},
				{ timeout: 8000, interval: 200 },
			)
			.toMatch(/:[1-9]/);
	});

	test('that is paused costs each call no more than its bound, and nothing once it is known', async () => {
		await run(settings, { prompt: 'tag this package: awake' });
		server.pause();
		const input = Array.from({ length: 20 }, (_, index) => ({ text: `paused ${index}` }));
		const result = await run(settings, { prompt: '=tag this package: {{ $json.text }}' }, input);
		expect(result.error).toBeUndefined();
		expect(answers(result)).toHaveLength(20);
		expect(calls()).toBe(21);
		server.resume();
	});
});

describe('a store in a file', () => {
	const folder = path.join(process.env.N8N_USER_FOLDER ?? '', '.n8n', 'fastpath');
	const settings = { type: 'sqlite', file: 'engine/store.db', maxMegabytes: 16 };

	beforeEach(async () => {
		await getRuntime().sharedStores.dispose();
		rmSync(folder, { recursive: true, force: true });
		await getRuntime().store.clear();
	});

	test('answers after the process has ended, as far as one can tell from within', async () => {
		const first = await run(settings);
		expect(first.error).toBeUndefined();
		await getRuntime().sharedStores.dispose();
		await getRuntime().store.clear();
		const second = await run(settings);
		expect(answers(second)[0]).toMatchObject({ text: answers(first)[0]?.text, cached: true, _fastpath: { cache: 'hit', attempts: 0 } });
		expect(calls()).toBe(1);
		expect(readdirSync(path.join(folder, 'engine'))).toContain('store.db');
	});

	test('that belongs to another program is left alone, told of, and stops nothing', async () => {
		mkdirSync(path.join(folder, 'engine'), { recursive: true });
		const other = new DatabaseSync(path.join(folder, settings.file));
		other.exec('CREATE TABLE theirs (x)');
		other.close();
		await run(settings);
		const result = await run(settings);
		expect(answers(result)).toHaveLength(1);
		expect(JSON.stringify(result.hints)).toContain('database of another program');
		expect(await testWith(settings)).toMatchObject({ status: 'Error', message: 'The file is the database of another program' });
	});

	test('is refused with the name of the field where this Node.js has no SQLite', async () => {
		const { getBuiltinModule } = process;
		process.getBuiltinModule = ((id: string) => (id === 'node:sqlite' ? undefined : getBuiltinModule(id))) as typeof getBuiltinModule;
		const result = await run(settings).finally(() => (process.getBuiltinModule = getBuiltinModule));
		expect(result.error?.message).toBe(`Invalid Type: expected another one than SQLite File, as this Node.js was built or started without SQLite, got "${process.version}"`);
	});

	test('is read and written by the test of the credential', async () => {
		expect(await testWith(settings)).toMatchObject({ status: 'OK' });
		expect(await testWith({ ...settings, file: '/etc/store.db' })).toMatchObject({ status: 'Error', message: expect.stringContaining('Invalid File') });
	});
});

const { testStore } = createRequire(import.meta.url)('../../dist/lib/n8n/store.js') as typeof StoreModule;

async function testWith(data: Record<string, unknown>) {
	return await testStore.call({} as never, { id: '1', name: 'store', type: 'fastpathStoreApi', data: data as never });
}

describe.skipIf(redisIsMissing())('the test of the credential', () => {
	test('reads and writes, and says what is wrong where it cannot', async () => {
		const server = await RedisServer.start();
		const data = { host: server.host, port: server.port, prefix: 'p', database: 0 };
		expect(await testWith(data)).toMatchObject({ status: 'OK' });
		await server.command('CONFIG', 'SET', 'requirepass', 'secret-word');
		const refused = await testWith({ ...data, password: 'another-word' });
		expect(refused.status).toBe('Error');
		expect(refused.message).not.toContain('another-word');
		await server.kill();
		expect(await testWith(data)).toMatchObject({ status: 'Error', message: expect.stringMatching(/ECONNREFUSED|closed/) });
		expect(await testWith({ ...data, port: 'x' })).toMatchObject({ status: 'Error', message: expect.stringContaining('Invalid Port') });
		await server.stop();
	});
});

test.each([
	['host', { host: '  ', port: 6379, prefix: 'p' }, /Invalid Host/],
	['port', { host: 'localhost', port: 0, prefix: 'p' }, /Invalid Port: expected a whole number from 1 to 65535, got 0/],
	['prefix', { host: 'localhost', port: 6379, prefix: '' }, /Invalid Key Prefix/],
])('a store without a good %s is refused clearly', async (_field, store, message) => {
	const result = await run(store);
	expect(result.error?.message).toMatch(message);
});

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aiWorkflow } from '../helpers/ai-node.mts';
import { createUserFolder, packPackage, startN8n, type N8nInstance } from '../helpers/n8n-instance.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { startStandIn, type StandIn } from '../stand-in/ai-provider.mts';

const CHAT = 'POST /v1/chat/completions';
const WORKERS = 2;
const EXECUTIONS = 40;

describe.skipIf(redisIsMissing())('n8n in queue mode, with two workers', () => {
	let queue: RedisServer;
	let store: RedisServer;
	let standIn: StandIn;
	let userFolder: string;
	let main: N8nInstance;
	const processes: N8nInstance[] = [];
	const credentials: Record<string, { id: string; name: string }> = {};

	beforeAll(async () => {
		const tarball = await packPackage();
		userFolder = await createUserFolder({ tarball });
		await rm(path.dirname(tarball), { recursive: true, force: true });
		[queue, store, standIn] = await Promise.all([RedisServer.start(), RedisServer.start(), startStandIn()]);
		const env = {
			EXECUTIONS_MODE: 'queue',
			QUEUE_BULL_REDIS_HOST: queue.host,
			QUEUE_BULL_REDIS_PORT: String(queue.port),
			N8N_ENCRYPTION_KEY: 'only-for-this-test',
		};
		main = await startN8n({ userFolder, env });
		processes.push(main);
		for (let worker = 0; worker < WORKERS; worker += 1) processes.push(await startN8n({ userFolder, env, role: 'worker' }));
		credentials.openAiApi = await main.createCredential({
			name: 'Stand-in',
			type: 'openAiApi',
			data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false },
		});
		credentials.fastpathStoreApi = await main.createCredential({
			name: 'Store',
			type: 'fastpathStoreApi',
			data: { host: store.host, port: store.port, prefix: 'fastpath', database: 0 },
		});
	}, 240_000);

	beforeEach(() => {
		standIn.reset();
		standIn.setBehaviour({ delayMs: 1500 });
	});

	afterAll(async () => {
		for (const instance of processes.reverse()) await instance.stop();
		await Promise.all([standIn?.close(), queue?.stop(), store?.stop()]);
		if (userFolder) await rm(userFolder, { recursive: true, force: true });
	}, 120_000);

	const calls = () => standIn.counters().calls[CHAT] ?? 0;

	async function publish(name: string, parameters: Record<string, unknown>): Promise<string> {
		const { nodes, connections } = aiWorkflow({ parameters: { prompt: `tag this package: ${name}`, ...parameters } });
		const [, ai] = nodes;
		const id = await main.importWorkflow({
			name,
			connections,
			nodes: [
				{
					id: `${name}-0`,
					name: 'Trigger',
					type: 'n8n-nodes-base.webhook',
					typeVersion: 2,
					webhookId: name,
					position: [0, 0],
					parameters: { path: name, httpMethod: 'POST', responseMode: 'lastNode', options: {} },
				},
				{ ...ai, id: `${name}-1`, typeVersion: 1, position: [240, 0], credentials },
			],
		});
		await main.activate(id);
		return id;
	}

	/**
	 * SQLite admits one writer, and three processes write: n8n then fails executions of its own accord (SQLITE_BUSY in its
	 * log). Those are asked for again; any other failure is one.
	 */
	async function call(name: string): Promise<{ status: number; body: string }> {
		for (let attempt = 1; ; attempt += 1) {
			const response = await fetch(`${main.url}/webhook/${name}`, { method: 'POST' });
			const body = await response.text();
			const busy = response.status === 500 && processes.some((instance) => instance.logs().includes('SQLITE_BUSY'));
			if (attempt === 8 || !busy) return { status: response.status, body };
			await delay(200 * attempt);
		}
	}

	/** What the processes said of errors, for a failure's message. */
	const troubles = () =>
		processes
			.flatMap((instance) => instance.logs().split('\n'))
			.filter((line) => /SQLITE|locked|timeout/i.test(line))
			.slice(-5)
			.join('\n');

	async function burst(name: string): Promise<string[]> {
		return await Promise.all(
			Array.from({ length: EXECUTIONS }, async () => {
				const { status, body } = await call(name);
				expect(status, `${body} ${troubles()}`).toBe(200);
				return (JSON.parse(body) as { text: string }).text;
			}),
		);
	}

	test('forty executions at once with one prompt make one call over all workers with a shared store', async () => {
		await publish('shared', { store: 'shared' });
		expect(new Set(await burst('shared')).size).toBe(1);
		expect(calls()).toBe(1);
	});

	test('and at most one for each process without', async () => {
		await publish('apart', { store: 'memory' });
		expect(new Set(await burst('apart')).size).toBe(1);
		expect(calls()).toBeGreaterThanOrEqual(1);
		expect(calls()).toBeLessThanOrEqual(WORKERS);
	});

	test('a store that dies while executions run is not noticed by any of them', async () => {
		await publish('dying', { store: 'shared', prompt: '=tag this package: {{ $now.toMillis() }}' });
		standIn.setBehaviour({ delayMs: 200 });
		const answers = burst('dying');
		await store.kill();
		expect((await answers).every((text) => typeof text === 'string')).toBe(true);
		await store.start();
	});
});

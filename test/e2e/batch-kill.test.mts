import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createUserFolder, packPackage, startN8n, type ExecutionResult, type N8nInstance } from '../helpers/n8n-instance.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { startServer, type Answer, type TestServer } from '../helpers/with-server.mts';

const ITEMS = 2000;
const CONCURRENCY = 20;
const PATIENT = 600_000;

const items = Array.from({ length: ITEMS }, (_item, id) => ({ id }));
/** Requests that were begun, per item. */
const sent = new Map<string, number>();

const working: Answer = (request, response) => {
	const url = request.url ?? '';
	response.setHeader('content-type', 'application/json');
	if (url === '/items') {
		response.end(JSON.stringify(items));
		return;
	}
	sent.set(url, (sent.get(url) ?? 0) + 1);
	setTimeout(() => response.end(JSON.stringify({ done: url })), 5);
};

describe.skipIf(redisIsMissing())('an n8n that is killed in the middle of a batch', () => {
	let server: TestServer;
	let redis: RedisServer;
	let userFolder: string;
	let instance: N8nInstance;
	const stores: Record<string, { id: string; name: string }> = {};

	beforeAll(async () => {
		[server, redis] = await Promise.all([startServer(working), RedisServer.start()]);
		const tarball = await packPackage();
		userFolder = await createUserFolder({ tarball });
		await rm(path.dirname(tarball), { recursive: true, force: true });
		instance = await startN8n({ userFolder });
		const kept = { prefix: 'fastpath' };
		const where = {
			redis: { ...kept, type: 'redis', deployment: 'single', host: redis.host, port: redis.port, database: 0 },
			sqlite: { ...kept, type: 'sqlite', file: 'journal.db' },
		};
		for (const [name, data] of Object.entries(where)) stores[name] = await instance.createCredential({ name, type: 'fastpathStoreApi', data });
	}, PATIENT);

	beforeEach(() => sent.clear());

	afterAll(async () => {
		await instance?.stop();
		await Promise.all([server?.close(), redis?.stop()]);
		if (userFolder) await rm(userFolder, { recursive: true, force: true });
	}, 120_000);

	/** A workflow that a webhook of the same name starts: n8n can only retry executions that are not manual. */
	async function publishBatch(resume: string, store: string): Promise<string> {
		const node = (name: string, type: string, parameters: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
			id: `${resume}-${name}`,
			name,
			type,
			typeVersion: 1,
			position: [0, 0],
			parameters,
			...more,
		});
		const to = (name: string) => ({ main: [[{ node: name, type: 'main', index: 0 }]] });
		const options = { store: 'shared', concurrency: CONCURRENCY, summaryOutput: true };
		const id = await instance.importWorkflow({
			name: resume,
			nodes: [
				node('Start', 'n8n-nodes-base.webhook', { path: resume, httpMethod: 'POST', responseMode: 'onReceived', options: {} }, { typeVersion: 2, webhookId: resume }),
				node('Items', 'n8n-nodes-base.httpRequest', { url: `${server.url}/items`, options: {} }, { typeVersion: 4.2 }),
				node(
					'Batch',
					'n8n-nodes-fastpath.batchRequest',
					{ method: 'POST', url: `=${server.url}/work/{{ $json.id }}`, resume, options },
					{ credentials: { fastpathStoreApi: stores[store] } },
				),
			],
			connections: { Start: to('Items'), Items: to('Batch') },
		});
		await instance.activate(id);
		return id;
	}

	async function latest(workflowId: string): Promise<string> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const { results } = (await instance.api('GET', `/rest/executions?filter=${filter}&limit=1`)) as { results: Array<{ id: string }> };
		return String(results[0]?.id);
	}

	async function start(resume: string): Promise<void> {
		const response = await fetch(`${instance.url}/webhook/${resume}`, { method: 'POST' });
		expect(response.status).toBe(200);
	}

	/** Starts the batch, kills n8n when a good part of it is done, and starts n8n again. Gives the number of the execution. */
	async function killed(resume: string, workflowId: string): Promise<string> {
		await start(resume);
		await server.until(() => sent.size >= 700);
		const execution = await latest(workflowId);
		await instance.kill();
		expect(sent.size).toBeLessThan(ITEMS);
		instance = await startN8n({ userFolder });
		await expect.poll(async () => (await instance.execution(execution)).status, { timeout: 120_000, interval: 500 }).toBe('crashed');
		return execution;
	}

	async function ended(execution: string): Promise<ExecutionResult> {
		await expect.poll(async () => (await instance.execution(execution)).status, { timeout: 120_000, interval: 500 }).toMatch(/success|error|canceled/);
		return await instance.execution(execution);
	}

	function expectEachDone({ status, error, nodes }: ExecutionResult): void {
		expect([status, error]).toEqual(['success', undefined]);
		const [done = [], summary = []] = nodes.Batch?.at(-1)?.data ?? [];
		expect(done.length).toBe(ITEMS);
		expect(done.every(({ json }, index) => json.done === `/work/${index}`)).toBe(true);
		const times = [...sent.values()];
		const twice = times.filter((each) => each > 1).length;
		const resumed = Number(summary[0]?.json.resumed);
		expect([times.length, Math.max(...times)]).toEqual([ITEMS, twice > 0 ? 2 : 1]);
		expect(resumed + twice).toBeGreaterThanOrEqual(700);
		expect(twice).toBeLessThanOrEqual(CONCURRENCY);
		console.log(`${resumed} of ${ITEMS} items from the journal, ${twice} sent twice with ${CONCURRENCY} at once`);
	}

	test('sends no item again that the journal in Redis holds, when the execution is retried', async () => {
		const crashed = await killed('retries', await publishBatch('retries', 'redis'));
		const { id } = (await instance.api('POST', `/rest/executions/${crashed}/retry`, { loadWorkflow: false })) as { id: string };
		expectEachDone(await ended(String(id)));
	}, PATIENT);

	test('nor one that the journal in a file holds, when the workflow is simply started again, until all are done', async () => {
		const workflowId = await publishBatch('unfinished', 'sqlite');
		await killed('unfinished', workflowId);
		await start('unfinished');
		expectEachDone(await ended(await latest(workflowId)));
		sent.clear();
		await start('unfinished');
		await ended(await latest(workflowId));
		expect(sent.size).toBe(ITEMS);
	}, PATIENT);
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SeriesFacts, Snapshot } from '../../lib/core/snapshot.ts';
import { aiWorkflow } from '../helpers/ai-node.mts';
import type { N8nInstance } from '../helpers/n8n-instance.mts';
import { postgresIsMissing } from '../helpers/postgres-server.mts';
import { startQueueN8n, type QueueN8n } from '../helpers/queue-n8n.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { CALLED, calling, row, set, webhook } from '../helpers/twenty-nodes.mts';
import { startStandIn, type StandIn } from '../stand-in/ai-provider.mts';

const CHAT = 'POST /v1/chat/completions';
const WORKERS = 2;
const EXECUTIONS = 300;

interface Answer {
	readonly status: number;
	readonly body: string;
	readonly text?: string;
	readonly _fastpath?: Record<string, unknown>;
}

describe.skipIf([redisIsMissing(), postgresIsMissing()].includes(true))('n8n in queue mode: main, webhook process, two workers, Postgres', () => {
	let n8n: QueueN8n;
	let store: RedisServer;
	let standIn: StandIn;
	const credentials: Record<string, { id: string; name: string }> = {};
	let sharedId = '';

	beforeAll(async () => {
		[n8n, store, standIn] = await Promise.all([
			startQueueN8n({ workers: WORKERS, executionsPerWorker: EXECUTIONS / WORKERS }),
			RedisServer.start(),
			startStandIn({ items: [{ name: 'package-0' }, { name: 'package-1' }] }),
		]);
		credentials.openAiApi = await n8n.main.createCredential({
			name: 'Stand-in',
			type: 'openAiApi',
			data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false },
		});
		credentials.fastpathStoreApi = await n8n.main.createCredential({
			name: 'Store',
			type: 'fastpathStoreApi',
			data: { host: store.host, port: store.port, prefix: 'fastpath', database: 0 },
		});
	}, 480_000);

	beforeEach(() => {
		standIn.reset();
		standIn.setBehaviour();
	});

	afterAll(async () => {
		await Promise.all([n8n?.close(), standIn?.close(), store?.stop()]);
	}, 120_000);

	const calls = () => standIn.counters().calls[CHAT] ?? 0;

	async function publish(name: string, parameters: Record<string, unknown>): Promise<string> {
		const { nodes, connections } = aiWorkflow({
			parameters: { prompt: `tag this package: ${name}`, options: { includeTrace: true }, ...parameters },
		});
		const [, ai] = nodes;
		return await publishNode(name, { ...ai, typeVersion: 1 }, connections);
	}

	/** Behind a webhook, with our credentials. */
	async function publishNode(name: string, node: Record<string, unknown>, connections: unknown): Promise<string> {
		const id = await n8n.main.importWorkflow({
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
				{ ...node, id: `${name}-1`, position: [240, 0], credentials },
			],
		});
		await n8n.main.activate(id);
		return id;
	}

	async function call(name: string): Promise<Answer> {
		const response = await fetch(`${n8n.webhook.url}/webhook/${name}`, { method: 'POST' });
		const body = await response.text();
		return { status: response.status, body, ...(response.ok ? (JSON.parse(body) as Pick<Answer, 'text' | '_fastpath'>) : {}) };
	}

	const burst = async (name: string, size: number) => await Promise.all(Array.from({ length: size }, async () => await call(name)));

	/** Executions that a worker says it has begun. */
	function startedBy(worker: N8nInstance): Set<string> {
		return new Set([...worker.logs().matchAll(/Worker started execution (\d+)/g)].map(([, id]) => String(id)));
	}
	const startedByAll = () => n8n.workers.reduce((sum, worker) => sum + startedBy(worker).size, 0);

	/** A burst whose calls get no answer before all of it runs. */
	async function heldBurst(name: string): Promise<Answer[]> {
		let letGo = () => {};
		standIn.setBehaviour({ until: new Promise<void>((resolve) => (letGo = resolve)) });
		const before = startedByAll();
		const answers = burst(name, EXECUTIONS);
		await expect.poll(() => startedByAll() - before, { timeout: 120_000, interval: 100 }).toBe(EXECUTIONS);
		letGo();
		return await answers;
	}

	function expectOneText(answers: readonly Answer[]): void {
		expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
		expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
	}

	const stores = (answers: readonly Answer[]) => [...new Set(answers.map(({ _fastpath }) => _fastpath?.store))];

	test('three hundred executions at once with one prompt make one call over all workers with a shared store', async () => {
		sharedId = await publish('shared', { store: 'shared' });
		const answers = await heldBurst('shared');
		expectOneText(answers);
		expect(calls()).toBe(1);
		expect(stores(answers)).toEqual(['shared']);
		for (const worker of n8n.workers) expect(startedBy(worker).size).toBeGreaterThan(0);
	});

	test('Performance Monitor tells of the calls of all workers together, whichever of them runs it', async () => {
		const parameters = { operation: 'getMetrics', view: 'snapshot', store: 'shared' };
		const monitor = { name: 'Monitor', type: 'n8n-nodes-fastpath.performanceMonitor', typeVersion: 1, parameters };
		await publishNode('monitor', monitor, { Trigger: { main: [[{ node: 'Monitor', type: 'main', index: 0 }]] } });
		const look = async () => {
			const { windows, processes } = JSON.parse((await call('monitor')).body) as Snapshot;
			const series = windows['24h'].series.filter(({ workflowId }) => workflowId === sharedId);
			const sum = (read: (one: SeriesFacts) => number) => series.reduce((total, one) => total + read(one), 0);
			return { calls: sum((one) => one.calls), requests: sum((one) => one.attempts), pids: processes.filter(({ kind }) => kind === 'worker').map(({ pid }) => pid).sort() };
		};
		const all = { calls: EXECUTIONS, requests: 1, pids: n8n.workers.map(({ pid }) => pid).sort() };
		// Each tells the others every few seconds; then it is all the same who is asked.
		const looks = async () => [await look(), await look(), await look(), await look()];
		await expect.poll(looks, { timeout: 60_000, interval: 1000 }).toEqual([all, all, all, all]);
	});

	test('and at most one for each process without, which the trace tells', async () => {
		await publish('apart', { store: 'memory' });
		const answers = await heldBurst('apart');
		expectOneText(answers);
		expect(calls()).toBeGreaterThanOrEqual(1);
		expect(calls()).toBeLessThanOrEqual(WORKERS);
		expect(stores(answers)).toEqual(['process']);
	});

	test('a store that dies while executions run is not noticed by any of them, and is found again', async () => {
		await publish('dying', { store: 'shared', prompt: '=tag this package: {{ $now.toMillis() }}' });
		standIn.setBehaviour({ delayMs: 200 });
		const answers = burst('dying', 40);
		await store.kill();
		for (const { status, body, text } of await answers) expect([status, typeof text], body).toEqual([200, 'string']);
		await store.start();
		await expect.poll(async () => stores(await burst('dying', 10)), { timeout: 30_000, interval: 500 }).toEqual(['shared']);
	});

	test('what fails in workers raises one alert, for which the main process starts a workflow once', async () => {
		const alerts = await n8n.main.importWorkflow({
			name: 'alerts',
			nodes: [
				{
					id: 'alerts-0', name: 'Alerts', type: 'n8n-nodes-fastpath.performanceAlertTrigger', typeVersion: 1, position: [0, 0],
					parameters: { events: ['raised'], kinds: ['errorRate'], store: 'shared', options: { everySeconds: 5 } }, credentials: { fastpathStoreApi: credentials.fastpathStoreApi },
				},
				{ id: 'alerts-1', name: 'Then', type: 'n8n-nodes-base.noOp', typeVersion: 1, position: [240, 0], parameters: {} },
			],
			connections: { Alerts: { main: [[{ node: 'Then', type: 'main', index: 0 }]] } },
		});
		await n8n.main.activate(alerts);
		const started = async () => {
			const { results } = (await n8n.main.api('GET', `/rest/executions?filter=${encodeURIComponent(JSON.stringify({ workflowId: alerts }))}`)) as { results: Array<{ id: string; status: string }> };
			return results.filter(({ status }) => status === 'success');
		};
		// A model of its own: what the tests before have asked counts for five minutes.
		const model = { __rl: true, mode: 'id', value: 'gpt-4.1-mini' };
		await publish('failing', { store: 'shared', model, prompt: '=tag this package: {{ $execution.id }}', options: { maxRetries: 0, circuitBreaker: false } });
		standIn.setBehaviour({ failRatio: { status: 400, ratio: 1 } });
		const answers = await burst('failing', 40);
		expect(answers.filter(({ status }) => status === 200)).toEqual([]);
		await expect.poll(async () => (await started()).length, { timeout: 60_000, interval: 500 }).toBe(1);
		const [first] = await started();
		const { nodes } = await n8n.main.execution(first?.id ?? '');
		expect(nodes.Then?.[0]?.data[0]).toMatchObject([{ json: { event: 'raised', rule: 'errorRate', value: 1, says: expect.stringContaining('gpt-4.1-mini') as string } }]);
		// It stands for longer than a few looks, and nothing is started for it again.
		await new Promise((resolve) => setTimeout(resolve, 16_000));
		expect(await started()).toHaveLength(1);
	}, 150_000);
	test('a sub-workflow is read and cached in the workers, too, and one that is stopped there is not kept', async () => {
		const path = 'sub-workflow';
		const packages = { name: 'Fetch', type: 'n8n-nodes-fastpath.pooledHttp', typeVersion: 4.2, parameters: { operation: 'request', url: `${standIn.url}/api/packages/1`, options: {} } };
		const steps = (colour: string) => row('looked-up', [CALLED, packages, set('Colour', 'colour', colour)]);
		const sub = await n8n.main.importWorkflow({ ...steps('red') });
		await n8n.main.activate(sub);
		const cached = { ...calling(sub, { store: 'shared', keyFrom: 'fields', keyFields: 'headers.none' }), credentials };
		const main = await n8n.main.importWorkflow({ ...row(path, [webhook(path), cached]) });
		await n8n.main.activate(main);
		const executions = async (workflowId: string): Promise<Array<{ id: string; status: string }>> =>
			(await n8n.main.api('GET', `/rest/executions?filter=${encodeURIComponent(JSON.stringify({ workflowId }))}&limit=100`)).results;
		const edit = async (colour: string) => {
			const { versionId } = await n8n.main.api('GET', `/rest/workflows/${sub}`);
			await n8n.main.api('PATCH', `/rest/workflows/${sub}`, { versionId, nodes: steps(colour).nodes });
		};
		const answersOf = async (size: number) => (await burst(path, size)).map(({ body }) => (JSON.parse(body) as Array<{ colour: string; _fastpath: Record<string, unknown> }>)[0]);

		expect((await answersOf(20)).every((answer) => answer?.colour === 'red')).toBe(true);
		expect(await executions(sub)).toHaveLength(1);
		await edit('blue');
		expect((await answersOf(4)).map((answer) => answer?._fastpath.cache)).toEqual(['hit', 'hit', 'hit', 'hit']);
		await n8n.main.activate(sub);
		expect((await answersOf(20)).every((answer) => answer?.colour === 'blue')).toBe(true);
		expect(await executions(sub)).toHaveLength(2);

		standIn.setBehaviour({ hang: true });
		await edit('green');
		await n8n.main.activate(sub);
		const left = call(path);
		await expect.poll(() => standIn.counters().inFlight, { timeout: 20_000 }).toBe(1);
		const [running] = (await executions(sub)).filter(({ status }) => status === 'running');
		await n8n.main.stopExecution(running?.id ?? '');
		expect((await left).status).toBe(500);
		expect((await executions(sub)).map(({ status }) => status).sort()).toEqual(['canceled', 'success', 'success']);
		const [failed] = (await executions(main)).filter(({ status }) => status === 'error');
		expect(JSON.stringify((await n8n.main.execution(failed?.id ?? '')).error)).toContain('The sub-workflow failed: ');
		standIn.setBehaviour();
		expect((await answersOf(1))[0]).toMatchObject({ colour: 'green', _fastpath: { cache: 'miss', store: 'shared' } });
	});

	// The last one: a worker is missing afterwards.
	test('a worker that is killed while it asks is stood in for by the other, and only its own executions are lost', async () => {
		await publish('killed', { store: 'shared' });
		standIn.setBehaviour({ hang: true, times: 1 });
		const before = new Map(n8n.workers.map((worker) => [worker, startedBy(worker)]));
		const since = (worker: N8nInstance) => [...startedBy(worker)].filter((id) => !before.get(worker)?.has(id));
		let asked = 0;
		const answers: Answer[] = [];
		const ask = () => {
			asked += 1;
			void call('killed').then((answer) => answers.push(answer));
		};
		ask();
		await expect.poll(calls, { timeout: 20_000 }).toBe(1);
		const [leader, other] = [...n8n.workers].sort((a, b) => since(b).length - since(a).length);
		if (!leader || !other) throw new Error('There are two workers');
		await expect.poll(() => (ask(), since(other).length), { timeout: 20_000 }).toBeGreaterThanOrEqual(5);
		await expect.poll(() => since(leader).length + since(other).length, { timeout: 20_000 }).toBe(asked);
		expect(answers).toEqual([]);

		await leader.kill();
		await expect.poll(() => answers.filter(({ status }) => status === 200).length, { timeout: 30_000 }).toBe(since(other).length);
		expectOneText(answers.filter(({ status }) => status === 200));
		expect(calls()).toBe(2);
		// n8n itself finds out about the dead worker, and repeats nothing that it had begun.
		await expect.poll(() => answers.length, { timeout: 150_000 }).toBe(asked);
		const lost = await Promise.all(since(leader).map(async (id) => (await n8n.main.execution(id)).status));
		expect(lost.filter((status) => status !== 'error' && status !== 'crashed')).toEqual([]);
	}, 300_000);
});

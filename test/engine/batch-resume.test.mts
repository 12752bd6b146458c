import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { INode } from 'n8n-workflow';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { startStandIn } from '../stand-in/ai-provider.mts';
import { createEngine, type Engine, type EngineWorkflow, type RunResult } from '../helpers/engine.mts';
import { echo, NODE } from '../helpers/http-node.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { startServer, type Answer, type TestServer } from '../helpers/with-server.mts';

const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;
let engine: Engine;
let server: TestServer;
/** Requests per path, and the idempotency keys that they came with. */
const seen = new Map<string, string[]>();
/** Paths that are refused. */
const bad = new Set<string>();
const badOnce = new Set<string>();
let body: string | undefined;

const answering: Answer = (request, response, sent) => {
	const url = request.url ?? '';
	seen.set(url, [...(seen.get(url) ?? []), String(request.headers['idempotency-key'] ?? request.headers['x-once'] ?? '')]);
	if (bad.has(url) || badOnce.delete(url)) response.statusCode = 400;
	if (body === undefined) return echo(request, response, sent);
	response.setHeader('content-type', 'text/plain');
	response.end(body);
};

beforeAll(async () => {
	engine = await createEngine();
	server = await startServer(answering);
});

afterAll(async () => await server.close());

let workflows = 0;

beforeEach(() => {
	seen.clear();
	bad.clear();
	body = undefined;
	workflows += 1;
});

const items = (count: number) => Array.from({ length: count }, (_item, id) => ({ id }));
const sent = () => [...seen.values()].reduce((sum, each) => sum + each.length, 0);
const CONTINUE = { onError: 'continueRegularOutput' } as const;

interface Try {
	parameters?: Record<string, unknown>;
	options?: Record<string, unknown>;
	input?: Array<Record<string, unknown>>;
	node?: Partial<INode>;
	execution?: string;
	retryOf?: string;
	signal?: AbortSignal;
	/** Data of the Fastpath Store credential. */
	store?: Record<string, unknown>;
}

/** One try of the same workflow; without an execution's number it is an execution of its own. */
async function tryOf({ parameters, options, input = items(10), node, execution, retryOf, signal, store }: Try): Promise<RunResult> {
	return await engine.run({
		workflow: {
			id: `resume-${workflows}`,
			nodes: [
				{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
				{
					name: NODE,
					id: 'node-of-batch',
					type: 'n8n-nodes-fastpath.batchRequest',
					parameters: { method: 'POST', url: `=${server.url}/{{ $json.id }}`, resume: 'retries', ...parameters, options: { maxRetries: 0, ...options } } as INode['parameters'],
					...node,
				},
			],
			connections: { Trigger: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
		},
		input,
		credentials: store ? [{ name: 'store', type: 'fastpathStoreApi', data: store }] : [],
		...(signal ? { signal } : {}),
		...(execution === undefined ? {} : { executionId: execution }),
		...(retryOf === undefined ? {} : { retryOf }),
	});
}

describe('Retry On Fail', () => {
	test('sends the failed items again, and those alone', async () => {
		badOnce.add('/3');
		const result = await tryOf({ node: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 } });
		expect(result.error).toBeUndefined();
		expect(result.json(NODE).map(({ url }) => url)).toEqual(items(10).map(({ id }) => `/${id}`));
		expect(seen.get('/3')).toHaveLength(2);
		expect(sent()).toBe(11);
		expect(result.hints.at(-1)?.message).toMatch(/^10 of 10 items done, .* 9 from the journal\./);
	});
});

test.each([
	['off', true],
	['retries', false],
])('with Resume on "%s", a node with Retry On Fail is warned of: %s', async (resume, warned) => {
	const result = await tryOf({ parameters: { resume }, input: items(1), node: { retryOnFail: true } });
	expect(JSON.stringify(result.hints).includes('switch Resume on')).toBe(warned);
});

describe('a retried execution', () => {
	test('answers what is done from the journal, says so, and sends the rest', async () => {
		bad.add('/3').add('/7');
		const first = await tryOf({ execution: '100' });
		expect(first.error?.message).toContain('400');
		bad.clear();
		const options = { includeTrace: true, summaryOutput: true };
		const second = await tryOf({ execution: '101', retryOf: '100', options });
		expect(second.error).toBeUndefined();
		expect(second.json(NODE).map(({ url }) => url)).toEqual(items(10).map(({ id }) => `/${id}`));
		expect(second.json(NODE).map(({ _fastpath }) => (_fastpath as { journal?: boolean }).journal === true)).toEqual(
			items(10).map(({ id }) => id !== 3 && id !== 7),
		);
		expect(second.json(NODE, 1)).toMatchObject([{ items: 10, ok: 10, resumed: 8, requests: 2 }]);
		expect(sent()).toBe(12);
	});

	test('of a retried execution still knows what the first had done', async () => {
		bad.add('/3').add('/7');
		await tryOf({ execution: '200' });
		bad.delete('/3');
		await tryOf({ execution: '201', retryOf: '200' });
		bad.clear();
		expect((await tryOf({ execution: '202', retryOf: '201' })).error).toBeUndefined();
		expect([seen.get('/0')?.length, seen.get('/3')?.length, seen.get('/7')?.length]).toEqual([1, 2, 3]);
	});

	test('is the only thing that goes on: a new execution sends all items', async () => {
		bad.add('/3');
		await tryOf({ execution: '300' });
		await tryOf({ execution: '301' });
		expect(sent()).toBe(20);
	});
});

describe('until all are done', () => {
	test('each execution sends what is left over, and the one after a complete one sends all', async () => {
		const parameters = { resume: 'unfinished' };
		const counts = [];
		for (const refused of [['/3', '/7'], ['/7'], [], []]) {
			bad.clear();
			for (const url of refused) bad.add(url);
			const before = sent();
			await tryOf({ parameters, node: CONTINUE });
			counts.push(sent() - before);
		}
		expect(counts).toEqual([10, 2, 1, 10]);
	});

	test('what Stop left over is left over, and what was done before is not sent again', async () => {
		const stop = new AbortController();
		const parameters = { resume: 'unfinished' };
		const running = tryOf({ parameters, input: items(500), options: { concurrency: 5 }, signal: stop.signal });
		await server.until(() => sent() >= 100);
		stop.abort();
		await running;
		const atStop = sent();
		expect(atStop).toBeLessThan(500);
		await tryOf({ parameters, input: items(500) });
		expect(seen.size).toBe(500);
		expect(sent() - 500).toBeLessThanOrEqual(5);
	});

	test('an answer is shown as the options of this run say, whatever those of the run that got it', async () => {
		const parameters = { resume: 'unfinished', method: 'GET' };
		bad.add('/1');
		await tryOf({ parameters, input: items(2), node: CONTINUE });
		const response = { response: { response: { fullResponse: true, responseFormat: 'file' } } };
		const result = await tryOf({ parameters, input: items(2), options: response, node: CONTINUE });
		expect(seen.get('/0')).toHaveLength(1);
		expect(result.items(NODE)[0]).toMatchObject({ json: { statusCode: 200 }, binary: { data: { mimeType: 'application/json' } } });
	});
});

describe('with the same batch key', () => {
	const keyed = (batchKey: string, more: Record<string, unknown> = {}) => ({ resume: 'key', batchKey, ...more });

	test('nothing that is done is sent again, in any run of this node', async () => {
		await tryOf({ parameters: keyed('november') });
		const again = await tryOf({ parameters: keyed('november'), input: items(12) });
		expect(again.json(NODE).map(({ url }) => url)).toEqual(items(12).map(({ id }) => `/${id}`));
		expect(sent()).toBe(12);
		await tryOf({ parameters: keyed('december') });
		expect(sent()).toBe(22);
	});

	test('items that ask alike are told apart, and counted', async () => {
		const same = (count: number) => Array.from({ length: count }, () => ({ id: 1 }));
		await tryOf({ parameters: keyed('a'), input: same(3) });
		expect(sent()).toBe(3);
		await tryOf({ parameters: keyed('a'), input: same(5) });
		expect(sent()).toBe(5);
	});

	test('an Item Key says what is the same, where the request does not', async () => {
		const options = { itemKey: '={{ $json.id }}' };
		const varying = (time: string) => keyed('a', { sendBody: true, contentType: 'json', specifyBody: 'json', jsonBody: JSON.stringify({ time }) });
		await tryOf({ parameters: varying('first'), options });
		await tryOf({ parameters: varying('second'), options });
		expect(sent()).toBe(10);
		await tryOf({ parameters: varying('third') });
		expect(sent()).toBe(20);
	});

	test('an answer that was too large to keep is asked for again only where that does no harm', async () => {
		body = 'x'.repeat(1_100_000);
		await tryOf({ parameters: keyed('posts'), input: items(1), node: CONTINUE });
		const posts = await tryOf({ parameters: keyed('posts'), input: items(1), node: CONTINUE });
		expect(sent()).toBe(1);
		expect(posts.json(NODE)).toMatchObject([{ error: expect.stringContaining('not kept'), details: { code: 'ERR_ANSWER_NOT_KEPT', attempts: 0 } }]);
		const reads = keyed('reads', { method: 'GET' });
		await tryOf({ parameters: reads, input: items(1) });
		const again = await tryOf({ parameters: reads, input: items(1) });
		expect(again.error).toBeUndefined();
		expect(sent()).toBe(3);
	});

	test('a key that is empty is refused', async () => {
		expect((await tryOf({ parameters: keyed(' ') })).error?.message).toContain('Invalid Batch Key');
		expect(sent()).toBe(0);
	});
});

describe('gathered items', () => {
	const gather = { operation: 'gather', gatherItem: '={{ $json.id }}', listInBody: '', resultsInAnswer: '', resume: 'unfinished', maxItemsPerRequest: 5, gatherOptions: { errorInResult: 'error' } };

	test('are answered from the journal too, and only what is left over is sent, whoever was with it', async () => {
		const lists: number[][] = [];
		const refused = new Set([3, 7]);
		const list: Answer = (_request, response, sentBody) => {
			const ids = JSON.parse(sentBody.toString()) as number[];
			lists.push(ids);
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify(ids.map((id) => (refused.has(id) ? { error: 'no' } : { id }))));
		};
		const listing = await startServer(list);
		try {
			const parameters = { ...gather, url: listing.url };
			await tryOf({ parameters, node: CONTINUE });
			refused.clear();
			const second = await tryOf({ parameters, options: { includeTrace: true, summaryOutput: true, response: { response: {} } } });
			expect(second.error).toBeUndefined();
			expect(second.json(NODE).map(({ id }) => id)).toEqual(items(10).map(({ id }) => id));
			expect(second.json(NODE, 1)).toMatchObject([{ ok: 10, resumed: 8, requests: 1 }]);
			expect(lists.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 3, 4, 5, 6, 7, 7, 8, 9]);
		} finally {
			await listing.close();
		}
	});
});

describe.skipIf(redisIsMissing())('a journal in the shared store', () => {
	let redis: RedisServer;

	beforeAll(async () => {
		redis = await RedisServer.start();
	});

	afterAll(async () => await redis.stop());

	/** What another process would find: nothing in memory. */
	async function inStore(facts: Try): Promise<RunResult> {
		await getRuntime().journals.dispose();
		const { options, ...rest } = facts;
		const node = { ...facts.node, credentials: { fastpathStoreApi: { id: 'store-1', name: 'store' } } };
		return await tryOf({ ...rest, node, options: { store: 'shared', ...options }, store: { host: redis.host, port: redis.port, prefix: 'test', database: 0 } });
	}

	test('serves a process that begins anew', async () => {
		bad.add('/3');
		await inStore({ execution: '500' });
		bad.clear();
		const result = await inStore({ execution: '501', retryOf: '500' });
		expect(result.error).toBeUndefined();
		expect(sent()).toBe(11);
	});

	test('serves an execution that is run again although it was complete, as when a later node brought the process down', async () => {
		await inStore({ execution: '510' });
		await inStore({ execution: '511', retryOf: '510' });
		await inStore({ parameters: { resume: 'unfinished' }, execution: '520' });
		await inStore({ parameters: { resume: 'unfinished' }, execution: '521', retryOf: '520' });
		expect(sent()).toBe(20);
		await inStore({ parameters: { resume: 'unfinished' }, execution: '530' });
		expect(sent()).toBe(30);
	});

	test('that dies fails nothing: the memory goes on, and the run says so', async () => {
		const parameters = { resume: 'unfinished' };
		bad.add('/150');
		const options = { concurrency: 5 };
		const running = inStore({ parameters, options, input: items(200), node: CONTINUE });
		await server.until(() => sent() >= 50);
		await redis.kill();
		const first = await running;
		expect(first.json(NODE)).toHaveLength(200);
		expect(JSON.stringify(first.hints)).toContain('did not always answer');
		bad.clear();
		const node = { ...CONTINUE, credentials: { fastpathStoreApi: { id: 'store-1', name: 'store' } } };
		const store = { host: redis.host, port: redis.port, prefix: 'test', database: 0 };
		await tryOf({ parameters, options: { ...options, store: 'shared' }, input: items(200), node, store });
		// What had gone to the store before it died cannot be known, and was sent again; what came after is in memory.
		expect(sent()).toBeLessThanOrEqual(201 + 60);
		await redis.start();
	});
});

describe('an idempotency key', () => {
	const options = { idempotencyKey: true };
	const keys = () => new Map([...seen].map(([url, each]) => [url, new Set(each)]));

	test.each([
		['retries', { resume: 'retries' }],
		['off', { resume: 'off' }],
	])('is the same in a retried execution, with Resume on "%s", and another in a new one', async (_name, parameters) => {
		for (const { id } of items(10)) bad.add(`/${id}`);
		await tryOf({ parameters, options, execution: '400', node: CONTINUE });
		await tryOf({ parameters, options, execution: '401', retryOf: '400', node: CONTINUE });
		expect(sent()).toBe(20);
		expect([...keys().values()].map(({ size }) => size)).toEqual(items(10).map(() => 1));
		expect(new Set([...seen.values()].flat()).size).toBe(10);
		await tryOf({ parameters, options, execution: '402', node: CONTINUE });
		expect([...keys().values()].map(({ size }) => size)).toEqual(items(10).map(() => 2));
	});

	test('goes by the name that is wanted, makes a POST repeatable, and leaves one alone that is there', async () => {
		const failing: Answer = (request, response, sentBody) => {
			if (!seen.has(request.url ?? '')) request.socket.destroy();
			answering(request, response, sentBody);
		};
		const shaky = await startServer(failing);
		try {
			const header = { idempotencyKey: true, idempotencyHeader: 'X-Once', maxRetries: 2 };
			const result = await tryOf({ parameters: { url: `=${shaky.url}/{{ $json.id }}` }, options: header, input: items(1) });
			expect(result.error).toBeUndefined();
			expect(seen.get('/0')).toHaveLength(2);
			expect(keys().get('/0')?.size).toBe(1);
			expect(seen.get('/0')?.[0]).toMatch(/^[0-9a-f]{32}$/);
		} finally {
			await shaky.close();
		}
		const headers = { sendHeaders: true, specifyHeaders: 'keypair', headerParameters: { parameters: [{ name: 'idempotency-key', value: 'mine' }] } };
		await tryOf({ parameters: headers, options, input: [{ id: 'own' }] });
		expect(seen.get('/own')).toEqual(['mine']);
	});
});

test('the example workflow asks for 200 packages, and after a failure for the failed one alone', async () => {
	const standIn = await startStandIn({ items: Array.from({ length: 200 }, (_item, index) => ({ index, name: `package-${index}` })) });
	try {
		const text = await readFile(path.resolve(import.meta.dirname, '../../workflows/batch-resume.json'), 'utf8');
		const runWith = async (missing: number) => {
			const workflow = JSON.parse(
				text.replaceAll('http://127.0.0.1:8080', standIn.url).replace('packages/{{ $json.index }}', `packages/{{ $json.index === ${missing} ? 1000 : $json.index }}`),
			) as EngineWorkflow;
			const nodes = workflow.nodes.filter(({ type }) => !type.endsWith('stickyNote')).map((node) => (node.name === 'Packages' ? { ...node, type: 'n8n-nodes-fastpath.pooledHttp' } : node));
			return await engine.run({ workflow: { ...workflow, id: 'example', nodes } });
		};
		const first = await runWith(7);
		expect(first.json('Batch Request', 1)).toMatchObject([{ items: 200, ok: 199, failed: 1, resumed: 0, cost: 0.2 }]);
		const second = await runWith(-1);
		expect(second.json('Batch Request', 1)).toMatchObject([{ items: 200, ok: 200, failed: 0, resumed: 199, requests: 1, cost: 0.001 }]);
		expect(second.json('Batch Request').map(({ index }) => index)).toEqual(Array.from({ length: 200 }, (_item, index) => index));
	} finally {
		await standIn.close();
	}
});

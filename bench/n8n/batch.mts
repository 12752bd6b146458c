/** Batch Request in n8n's engine, in this process, against a server in a process of its own: requests that fail, a bare loop beside it, memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { INodeExecutionData } from 'n8n-workflow';
import { Pool } from 'undici';
import { createEngine, type Engine, type RunResult } from '../../test/helpers/engine.mts';
import { NODE, runHttp } from '../../test/helpers/http-node.mts';
import type { Contender, Sample } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';

const CONCURRENCY = 50;
const DELAYS_MS = [20, 100];
const BARE = 'bare undici loop';
const BARE_ITEMS = 'as many bare items of n8n';
const MEGABYTE = 2 ** 20;

interface Counts {
	readonly requests: number;
	readonly done: number;
	readonly doneTwice: number;
}

interface Server {
	readonly url: string;
	/** Since it was last asked. */
	counts(): Promise<Counts>;
	stop(): void;
}

/** What the node's second output says. */
interface Summary {
	readonly ok: number;
	readonly failed: number;
	readonly cancelled: number;
	readonly okPerSecond: number;
}

interface Batch {
	readonly items: number;
	readonly parameters: Readonly<Record<string, unknown>>;
	readonly options?: Readonly<Record<string, unknown>>;
}

type Run = (batch: Batch) => Promise<RunResult>;

export default async function batch(bench: Bench): Promise<void> {
	const engine = await createEngine({ root: bench.root });
	const server = await startServer();
	try {
		const run: Run = async (one) => await runBatch(engine, one);
		await troubled(bench, server, run);
		for (const delayMs of DELAYS_MS) await goodput(bench, server, run, delayMs);
		await many(bench, server, run);
	} finally {
		server.stop();
	}
}

async function startServer(): Promise<Server> {
	const child = spawn(process.execPath, [path.join(import.meta.dirname, 'batch-server.mts')], { stdio: ['pipe', 'pipe', 'inherit'] });
	const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
	const url = `http://127.0.0.1:${port}`;
	return { url, counts: async () => (await (await fetch(`${url}/__counts`)).json()) as Counts, stop: () => child.stdin.end() };
}

async function runBatch(engine: Engine, { items, parameters, options }: Batch): Promise<RunResult> {
	const result = await runHttp({
		engine,
		input: Array.from({ length: items }, (_item, id) => ({ id })),
		node: { type: 'n8n-nodes-fastpath.batchRequest', onError: 'continueRegularOutput' },
		parameters: { ...parameters, options: { concurrency: CONCURRENCY, summaryOutput: true, circuitBreaker: false, identicalRequests: 'each', ...options } },
	});
	if (result.error) throw result.error;
	return result;
}

function summaryOf(result: RunResult): Summary {
	return result.json(NODE, 1)[0] as unknown as Summary;
}

/** What V8 holds after a collection. */
function heap(): number {
	globalThis.gc?.();
	return process.memoryUsage().heapUsed;
}

/** One request in ten fails. */
async function troubled(bench: Bench, server: Server, run: Run): Promise<void> {
	const items = bench.pick({ smoke: 50, default: 1000, full: 10_000 });
	const contender = (method: string): Contender => ({
		name: method,
		round: async () => {
			const before = heap();
			const result = await run({ items, parameters: { method, url: `=${server.url}/troubled/{{ $json.id }}` } });
			const growth = heap() - before;
			const ended = result.items(NODE);
			if (!areInOrder(ended)) throw new Error(`${method}: the items came out of order`);
			const { ok, failed } = summaryOf(result);
			const { requests, doneTwice } = await server.counts();
			return { value: requests / items, also: { 'items ended': ended.length, ok, failed, 'done more than once': doneTwice, 'bytes of heap per item': growth / items } };
		},
	});
	await bench.compare(
		{ id: 'troubled', title: `${items.toLocaleString('en-US')} items, one request in ten fails`, unit: 'requests per item at the server' },
		['GET', 'POST'].map(contender),
		bench.pick({ smoke: { rounds: 1, warmUp: 0 }, default: { rounds: 1, warmUp: 1 }, full: { rounds: 3, warmUp: 1 } }),
	);
}

function areInOrder(items: readonly INodeExecutionData[]): boolean {
	return items.every(({ pairedItem }, index) => (pairedItem as { item: number }).item === index);
}

async function goodput(bench: Bench, server: Server, run: Run, delayMs: number): Promise<void> {
	const items = bench.pick({ smoke: 50, default: 1000, full: 10_000 });
	const ours = (name: string, url: string, parameters: object = {}): Contender => ({
		name,
		round: async () =>
			await timed(items, async () => {
				const result = await run({ items, parameters: { url, ...parameters } });
				return { ok: summaryOf(result).ok, ms: result.nodes[NODE]?.[0]?.executionTime ?? NaN };
			}),
	});
	const each = `=${server.url}/wait/${delayMs}/{{ $json.id }}`;
	await bench.compare(
		{
			id: `goodput-${delayMs}`, title: `${items.toLocaleString('en-US')} items, ${CONCURRENCY} at once, ${delayMs} ms at the server`,
			unit: 'successful items per second', baseline: BARE, more: true,
		},
		[
			{ name: BARE, round: async () => await timed(items, async () => await bareLoop(server.url, items, delayMs)) },
			ours('Batch Request, the same URL for all', `${server.url}/wait/${delayMs}/1`),
			ours('Batch Request, a field of the item in the URL', each),
			ours('the same with a journal (Resume)', each, { resume: 'retries' }),
			ours('Batch Request, any other expression in the URL', `=${server.url}/wait/${delayMs}/{{ $json.id * 1 }}`),
		],
		{ rounds: bench.pick({ smoke: 1, default: 3, full: 3 }), warmUp: bench.pick({ smoke: 0, default: 1, full: 1 }) },
	);
}

async function timed(items: number, work: () => Promise<{ readonly ok: number; readonly ms: number }>): Promise<Sample> {
	const before = process.cpuUsage();
	const { ok, ms } = await work();
	const { user, system } = process.cpuUsage(before);
	return { value: ok / (ms / 1000), also: { 'CPU ms per item': (user + system) / 1000 / items } };
}

/** What a person would write who wants nothing but the answers. */
async function bareLoop(url: string, items: number, delayMs: number): Promise<{ ok: number; ms: number }> {
	const pool = new Pool(url, { connections: CONCURRENCY });
	const answers = new Array<unknown>(items);
	let next = 0;
	let ok = 0;
	const startedAt = performance.now();
	const worker = async () => {
		while (next < items) {
			const id = (next += 1) - 1;
			const { statusCode, body } = await pool.request({ method: 'GET', path: `/wait/${delayMs}/${id}` });
			answers[id] = await body.json();
			if (statusCode === 200) ok += 1;
		}
	};
	await Promise.all(Array.from({ length: CONCURRENCY }, worker));
	const ms = performance.now() - startedAt;
	await pool.close();
	return { ok, ms };
}

/** What an item takes while input and output are held. */
async function many(bench: Bench, server: Server, run: Run): Promise<void> {
	const items = bench.pick({ smoke: 100, default: 10_000, full: 100_000 });
	await bench.compare(
		{ id: 'many', title: `memory per item, ${items.toLocaleString('en-US')} items`, unit: 'bytes of heap', baseline: BARE_ITEMS, compare: 'cost' },
		[
			{
				name: BARE_ITEMS,
				round: async () => {
					const before = heap();
					const held = Array.from({ length: items }, (_item, id) => ({ json: { id }, pairedItem: { item: id } }));
					return { value: (heap() - before) / held.length };
				},
			},
			{
				name: 'Batch Request, input and output',
				round: async () => {
					const before = heap();
					let peak = before;
					const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().heapUsed)), 50);
					const result = await run({ items, parameters: { url: `=${server.url}/wait/0/{{ $json.id }}` } });
					clearInterval(watch);
					const growth = heap() - before;
					const { ok, okPerSecond } = summaryOf(result);
					return { value: growth / items, also: { ok, 'ok per second': okPerSecond, 'highest on the way with garbage, MB': (peak - before) / MEGABYTE } };
				},
			},
		],
		bench.pick({ smoke: { rounds: 1, warmUp: 0 }, default: { rounds: 3, warmUp: 1 }, full: { rounds: 3, warmUp: 1 } }),
	);
}

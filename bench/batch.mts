/**
 * Batch Request in n8n's real engine against a server in a process of its own. Needs the build.
 *
 *   npx node24 --expose-gc bench/batch.mts [--only troubled,goodput,many] [--resume] [--items 10000] [--rounds 3] [--delay 20,100] [--many 100000]
 *
 * troubled: one request in ten fails; what becomes of the items, and what the server has counted.
 * goodput:  successful items per second against a bare undici loop with as many requests at once, for each delay at the server;
 *           closed loops, in turns. CPU is of this process alone: where the machine is busy, it is what the ratio hangs on.
 * many:     memory per item. Heap is what V8 holds after a collection, the result of the run included.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { createEngine, type Engine, type RunResult } from '../test/helpers/engine.mts';

const { values } = parseArgs({
	options: {
		only: { type: 'string', default: 'troubled,goodput,many' },
		resume: { type: 'boolean', default: false },
		items: { type: 'string', default: '10000' },
		rounds: { type: 'string', default: '3' },
		delay: { type: 'string', default: '20,100' },
		many: { type: 'string', default: '100000' },
		concurrency: { type: 'string', default: '50' },
	},
});
const count = Number(values.items);
const concurrency = Number(values.concurrency);
const TYPE = 'n8n-nodes-fastpath.batchRequest';

interface Counts {
	readonly requests: number;
	readonly done: number;
	readonly doneTwice: number;
}

async function startServer() {
	const child = spawn(process.execPath, [path.join(import.meta.dirname, 'batch-server.mts')], { stdio: ['pipe', 'pipe', 'inherit'] });
	const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
	const url = `http://127.0.0.1:${port}`;
	return { url, counts: async () => (await (await fetch(`${url}/__counts`)).json()) as Counts, stop: () => child.stdin.end() };
}

async function run(engine: Engine, items: number, parameters: Record<string, unknown>, options: Record<string, unknown> = {}): Promise<RunResult> {
	const result = await engine.run({
		input: Array.from({ length: items }, (_item, id) => ({ id })),
		workflow: {
			nodes: [
				{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
				{
					name: 'Batch',
					type: TYPE,
					onError: 'continueRegularOutput',
					parameters: {
						...parameters,
						resume: values.resume ? 'retries' : 'off',
						options: { concurrency, summaryOutput: true, circuitBreaker: false, ...options },
					} as never,
				},
			],
			connections: { Trigger: { main: [[{ node: 'Batch', type: 'main', index: 0 }]] } },
		},
	});
	if (result.error) throw result.error;
	return result;
}

const megabytes = (bytes: number) => (bytes / 1_048_576).toFixed(1);

function heap(): number {
	globalThis.gc?.();
	return process.memoryUsage().heapUsed;
}

async function troubled(engine: Engine, server: Awaited<ReturnType<typeof startServer>>): Promise<void> {
	for (const method of ['GET', 'POST']) {
		const before = heap();
		const result = await run(engine, count, { method, url: `=${server.url}/troubled/{{ $json.id }}` }, { identicalRequests: 'each' });
		const growth = heap() - before;
		const [summary] = result.json('Batch', 1);
		const inOrder = result.items('Batch').every(({ pairedItem }, index) => (pairedItem as { item: number }).item === index);
		const { requests, done, doneTwice } = await server.counts();
		console.log(
			`troubled ${method}: ${count} items, ${result.items('Batch').length} ended (ok ${summary?.ok}, failed ${summary?.failed}, cancelled ${summary?.cancelled}), ` +
				`${inOrder ? 'in order' : 'OUT OF ORDER'}\n  the server saw ${requests} requests (${(requests / count).toFixed(3)} per item), ${done} items done, ${doneTwice} of them more than once` +
				`\n  ${summary?.okPerSecond} items per second, heap growth ${megabytes(growth)} MB with the result, ${(growth / count).toFixed(0)} bytes per item`,
		);
	}
}

interface Round {
	readonly perSecond: number;
	readonly cpuMsPerItem: number;
}

async function timed(work: () => Promise<number>): Promise<Round> {
	const before = process.cpuUsage();
	const ms = await work();
	const { user, system } = process.cpuUsage(before);
	return { perSecond: count / (ms / 1000), cpuMsPerItem: (user + system) / 1000 / count };
}

/** What a person would write who wants nothing but the answers. Gives milliseconds. */
async function bareLoop(url: string, delay: string): Promise<number> {
	const pool = new Pool(url, { connections: concurrency });
	const answers = new Array<unknown>(count);
	let next = 0;
	const started = performance.now();
	const worker = async () => {
		while (next < count) {
			const id = (next += 1) - 1;
			const { body } = await pool.request({ method: 'GET', path: `/wait/${delay}/${id}` });
			answers[id] = await body.json();
		}
	};
	await Promise.all(Array.from({ length: concurrency }, worker));
	const ms = performance.now() - started;
	await pool.close();
	return ms;
}

function median(list: readonly number[]): number {
	return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
}

async function goodput(engine: Engine, server: Awaited<ReturnType<typeof startServer>>, delay: string): Promise<void> {
	const bare: Round[] = [];
	const ours: Round[] = [];
	const literal: Round[] = [];
	const batch = async (url: string) => {
		const result = await run(engine, count, { url }, { identicalRequests: 'each' });
		return result.nodes.Batch?.[0]?.executionTime ?? NaN;
	};
	for (let round = 0; round <= Number(values.rounds); round += 1) {
		const bareRound = await timed(async () => await bareLoop(server.url, delay));
		const ourRound = await timed(async () => await batch(`=${server.url}/wait/${delay}/{{ $json.id }}`));
		const literalRound = await timed(async () => await batch(`${server.url}/wait/${delay}/1`));
		// The first is there to warm up.
		if (round === 0) continue;
		bare.push(bareRound);
		ours.push(ourRound);
		literal.push(literalRound);
	}
	await server.counts();
	const shown = (list: readonly Round[]) =>
		`${list.map(({ perSecond }) => perSecond.toFixed(0)).join(' ')} items per second, ${median(list.map(({ cpuMsPerItem }) => cpuMsPerItem)).toFixed(2)} ms of CPU per item`;
	const against = (list: readonly Round[]) => {
		const ratios = list.map(({ perSecond }, index) => perSecond / (bare[index]?.perSecond ?? NaN));
		return `ratio of each round ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}, median ${median(ratios).toFixed(2)}`;
	};
	console.log(
		`goodput: ${count} items, ${concurrency} at once, ${delay} ms at the server, ${bare.length} rounds\n  bare undici loop                      ${shown(bare)}\n` +
			`  Batch Request, expression in the URL  ${shown(ours)}; ${against(ours)}\n  Batch Request, the same URL for all   ${shown(literal)}; ${against(literal)}`,
	);
}

async function many(engine: Engine, server: Awaited<ReturnType<typeof startServer>>): Promise<void> {
	const items = Number(values.many);
	await run(engine, 1000, { url: `=${server.url}/wait/0/{{ $json.id }}` });
	const before = heap();
	let peak = 0;
	const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().heapUsed)), 50);
	const result = await run(engine, items, { url: `=${server.url}/wait/0/{{ $json.id }}` });
	clearInterval(timer);
	const [summary] = result.json('Batch', 1);
	const after = heap();
	const bare = Array.from({ length: items }, (_item, id) => ({ json: { id }, pairedItem: { item: id } }));
	const plain = heap() - after;
	console.log(
		`many: ${items} items, ${summary?.ok} ok, ${summary?.okPerSecond} per second\n` +
			`  heap ${megabytes(after - before)} MB more with input and output held (${((after - before) / items).toFixed(0)} bytes per item); ` +
			`highest on the way ${megabytes(peak - before)} MB, garbage included\n  as many bare items of n8n take ${megabytes(plain)} MB (${(plain / bare.length).toFixed(0)} bytes per item)`,
	);
}

const server = await startServer();
try {
	const engine = await createEngine();
	const wanted = values.only.split(',');
	if (wanted.includes('troubled')) await troubled(engine, server);
	for (const delay of wanted.includes('goodput') ? values.delay.split(',') : []) await goodput(engine, server, delay);
	if (wanted.includes('many')) await many(engine, server);
} finally {
	server.stop();
}
process.exit(0);

/**
 * HTTP Request and Pooled HTTP on the same items, in n8n's real engine, one process, in turns; the server is a process of
 * its own. Needs the build and `npm run n8n:install`. Closed loop: a slow answer delays the requests after it.
 *
 *   node bench/http-nodes.mts [--items 500] [--delay 20] [--rounds 7] [--many 10000]
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { INodeType, IVersionedNodeType } from 'n8n-workflow';
import type * as Runtime from '../lib/runtime/index.ts';
import { startStandInProcess } from '../test/demo/stand-in-process.mts';
import { createEngine, type Engine } from '../test/helpers/engine.mts';

const { values } = parseArgs({
	options: {
		items: { type: 'string', default: '500' },
		delay: { type: 'string', default: '20' },
		rounds: { type: 'string', default: '7' },
		many: { type: 'string', default: '10000' },
	},
});

const HTTP_REQUEST = '../.n8n/app/node_modules/n8n-nodes-base/dist/nodes/HttpRequest/HttpRequest.node.js';
const THEIRS = 'n8n-nodes-base.httpRequest';
const OURS = 'n8n-nodes-fastpath.pooledHttp';
const CONCURRENCY = 50;

function loadHttpRequest(): IVersionedNodeType {
	const require = createRequire(import.meta.url);
	const { HttpRequest } = require(path.resolve(import.meta.dirname, HTTP_REQUEST)) as { HttpRequest: new () => IVersionedNodeType };
	return new HttpRequest();
}

async function nodeTime(engine: Engine, type: string, url: string, count: number): Promise<number> {
	const result = await engine.run({
		input: Array.from({ length: count }, (_, index) => ({ index })),
		workflow: {
			nodes: [
				{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
				{
					name: 'Http',
					type,
					typeVersion: type === THEIRS ? 4.2 : 1,
					parameters: { url, options: { allowUnauthorizedCerts: true, ...(type === OURS ? { concurrency: CONCURRENCY } : {}) } },
				},
			],
			connections: { Trigger: { main: [[{ node: 'Http', type: 'main', index: 0 }]] } },
		},
	});
	if (result.error) throw result.error;
	const [run] = result.nodes.Http ?? [];
	if (run?.data[0]?.length !== count) throw new Error(`${type} put out ${run?.data[0]?.length} of ${count} items`);
	return run.executionTime;
}

function quantile(list: readonly number[], share: number): number {
	const sorted = [...list].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

const items = Number(values.items);
const rounds = Number(values.rounds);
const standIn = await startStandInProcess({});
try {
	const engine = await createEngine({ nodeTypes: { [THEIRS]: loadHttpRequest() as unknown as INodeType } });
	const url = `${standIn.httpsUrl}/slow/${values.delay}`;
	const times: Record<string, number[]> = { [THEIRS]: [], [OURS]: [] };
	const connections: Record<string, number[]> = { [THEIRS]: [], [OURS]: [] };
	for (let round = 0; round <= rounds; round += 1) {
		for (const type of [THEIRS, OURS]) {
			await standIn.reset();
			const ms = await nodeTime(engine, type, url, items);
			const seen = await standIn.counters();
			connections[type]?.push(seen.connections.https.opened);
			if (round > 0) times[type]?.push(ms);
		}
	}
	console.log(`${items} HTTPS items, ${values.delay} ms at the server, ${rounds} rounds after one to warm up; node time in ms\n`);
	for (const type of [THEIRS, OURS]) {
		const list = times[type] ?? [];
		console.log(
			`${type.padEnd(28)} median ${quantile(list, 0.5)}  min ${Math.min(...list)}  max ${Math.max(...list)}  connections ${connections[type]?.join(' ')}`,
		);
	}
	console.log(`ratio of the medians ${(quantile(times[THEIRS] ?? [], 0.5) / quantile(times[OURS] ?? [], 0.5)).toFixed(1)}`);

	const { getRuntime } = createRequire(import.meta.url)('../dist/lib/runtime/index.js') as typeof Runtime;
	const { windows } = await getRuntime().snapshot();
	const { p50, p95, p99, max } = windows['24h'].total.durationMs;
	const [median, high, highest, worst] = [p50, p95, p99, max].map((ms) => ms.toFixed(0));
	console.log(`one call of ours, waiting included: p50 ${median}  p95 ${high}  p99 ${highest}  max ${worst} ms`);

	const many = Number(values.many);
	const heap: number[] = [];
	for (let round = 0; round < 4; round += 1) {
		await nodeTime(engine, OURS, `${standIn.url}/slow/0`, many);
		globalThis.gc?.();
		heap.push(Math.round(process.memoryUsage().heapUsed / 1_048_576));
	}
	console.log(`\n${many} items through ${OURS}, four times; heap after each in MB (exact with --expose-gc): ${heap.join(' ')}`);
} finally {
	await standIn.stop();
}
process.exit(0);

/** A sub-workflow of 20 nodes, called by n8n's own node and by Cached Workflow: the same inputs again, and inputs after Zipf's law. */
import { startInstalledN8n, type InstalledN8n } from '../../test/helpers/installed-n8n.mts';
import { seeded } from '../../test/helpers/seeded.mts';
import { calling, callingUncached, items, MANUAL, row, twentyNodes, webhook, type Importable } from '../../test/helpers/twenty-nodes.mts';
import type { Contender } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import { median } from '../harness/stats.mts';

const PACKAGES = Array.from({ length: 20 }, (_, index) => ({ name: `package-${index}` }));
/** What a server in the same city takes. */
const SERVER_MS = 20;
const SEED = 8;
const CALL = 'Call';

type Call = ReturnType<typeof calling>;

export default async function cachedWorkflow(bench: Bench): Promise<void> {
	const n8n = await startInstalledN8n({ standIn: { items: PACKAGES } });
	try {
		n8n.standIn.setBehaviour({ delayMs: SERVER_MS });
		const sub = await publish(n8n, twentyNodes('twenty nodes', n8n.standIn.url));
		await sameInputs(bench, n8n, sub);
		await zipf(bench, n8n, sub);
	} finally {
		await n8n.close();
	}
}

async function publish({ instance }: InstalledN8n, workflow: Importable): Promise<string> {
	const id = await instance.importWorkflow({ ...workflow });
	await instance.activate(id);
	return id;
}

async function sameInputs(bench: Bench, n8n: InstalledN8n, sub: string): Promise<void> {
	const count = bench.pick({ smoke: 2, default: 20, full: 50 });
	const clear = await n8n.instance.importWorkflow({ ...row('clear', [MANUAL, calling(sub, { operation: 'clear', clear: 'tag', clearTags: 'first' })]) });
	const contender = async (name: string, call: Call, before?: () => Promise<unknown>): Promise<Contender> => {
		const id = await n8n.instance.importWorkflow({ ...row(name, [MANUAL, ...items(count), call]) });
		return {
			name,
			round: async () => {
				await before?.();
				n8n.standIn.reset();
				const result = await n8n.instance.run(id, { timeoutMs: 600_000 });
				const [run] = result.nodes[CALL] ?? [];
				if (run?.data[0]?.length !== count) throw new Error(`${name} put out ${run?.data[0]?.length} of ${count} items: ${JSON.stringify(result.error)}`);
				return { value: Math.max(run.executionTime, 0.5), also: { requests: n8n.standIn.counters().requests } };
			},
		};
	};
	await bench.compare(
		{ id: 'same-inputs', title: `${count} items, each through 20 nodes with 4 requests of ${SERVER_MS} ms`, unit: 'ms', baseline: 'Execute Sub-workflow' },
		[
			await contender('Execute Sub-workflow', callingUncached(sub)),
			await contender('Cached Workflow, cache off', calling(sub, { cacheMode: 'off' })),
			await contender('Cached Workflow, first run', calling(sub, { cacheTags: 'first' }), async () => await n8n.instance.run(clear)),
			await contender('Cached Workflow, later runs', calling(sub)),
		],
		{ rounds: bench.pick({ smoke: 1, default: 5, full: 9 }), warmUp: 1 },
	);
}

/** Executions that come by a webhook, each with some inputs, of which a few are wanted often and most hardly ever. */
async function zipf(bench: Bench, n8n: InstalledN8n, sub: string): Promise<void> {
	const { executions, perExecution, distinct } = bench.pick({
		smoke: { executions: 2, perExecution: 3, distinct: 4 },
		default: { executions: 40, perExecution: 10, distinct: 200 },
		full: { executions: 100, perExecution: 20, distinct: 1000 },
	});
	const draw = zipfNumbers(distinct);
	const stream = Array.from({ length: executions }, () => Array.from({ length: perExecution }, () => ({ package: String(draw()) })));
	const replay = async (name: string, call: Call) => {
		const split = { name: 'Items', type: 'n8n-nodes-base.splitOut', typeVersion: 1, parameters: { fieldToSplitOut: 'body.items', options: {} } };
		await publish(n8n, row(name, [webhook(name), split, call]));
		const times: number[] = [];
		const counts = { hit: 0, shared: 0, executed: 0 };
		for (const inputs of stream) {
			const startedAt = performance.now();
			const response = await fetch(`${n8n.instance.url}/webhook/${name}`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ items: inputs }),
			});
			const results = (await response.json()) as Array<{ _fastpath?: { cache: string; coalesced: boolean } }>;
			times.push(performance.now() - startedAt);
			if (results.length !== inputs.length) throw new Error(`An execution put out ${results.length} of ${inputs.length} items`);
			for (const { _fastpath: trace } of results) counts[trace?.coalesced ? 'shared' : trace?.cache === 'hit' ? 'hit' : 'executed'] += 1;
		}
		const inputs = executions * perExecution;
		const totalMs = times.reduce((sum, time) => sum + time, 0);
		const percent = (count: number) => Math.round((1000 * count) / inputs) / 10;
		return { totalMs, row: { name, median: median(times), low: Math.min(...times), high: Math.max(...times), also: { 'hits, %': percent(counts.hit), 'shared, %': percent(counts.shared), 'total, s': Math.round(totalMs / 100) / 10 } } };
	};
	const without = await replay('cache-off', calling(sub, { cacheMode: 'off' }));
	const withCache = await replay('cached', calling(sub));
	const less = Math.round(100 * (1 - withCache.totalMs / without.totalMs));
	bench.add({
		id: 'zipf',
		title: `${executions} executions of ${perExecution} inputs out of ${distinct}, Zipf (s = 1), from an empty cache: time of an execution (lowest to highest); ${less} % less in all`,
		unit: 'ms',
		rounds: 1,
		rows: [without.row, withCache.row],
	});
}

/** Number k comes 1/k times as often as number 1. */
function zipfNumbers(distinct: number): () => number {
	const random = seeded(SEED);
	const sums: number[] = [];
	for (let rank = 1; rank <= distinct; rank += 1) sums.push((sums.at(-1) ?? 0) + 1 / rank);
	const all = sums.at(-1) ?? 1;
	return () => {
		const point = random.next() * all;
		return sums.findIndex((sum) => sum >= point);
	};
}

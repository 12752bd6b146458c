/** Mixed load in one n8n for a while: what grows, what stays open, how long the event loop is late. */
import { readdirSync, readlinkSync } from 'node:fs';
import { cachedChatModel } from '../../test/helpers/ai-workflow.mts';
import type { Contender } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import { slope, spread } from '../harness/stats.mts';
import { startMeasuredN8n, type MeasuredN8n } from '../n8n/fixture.mts';
import { createCollector } from './collector.mts';

const SAMPLE_MS = 1000;
/** The heap goes up and down with its collections: at every so many samples all garbage is collected, and what is left counts. */
const SAMPLES_PER_FLOOR = 5;
const MEGABYTE = 2 ** 20;

type Point = readonly [seconds: number, mb: number];

interface Moment {
	readonly seconds: number;
	readonly heapMb: number;
	readonly rssMb: number;
	readonly handles: number;
	readonly sockets: number;
	readonly loopP99Ms: number;
}

export default async function soak(bench: Bench): Promise<void> {
	const seconds = bench.pick({ smoke: 6, default: 60, full: 600 });
	const collector = await createCollector();
	const n8n = await startMeasuredN8n({ N8N_METRICS: 'true', EXECUTIONS_DATA_PRUNE_MAX_COUNT: '100', ...collector.env });
	try {
		await collector.open(n8n.instance.pid);
		const workflows = await mixedWorkflows(n8n);
		for (const { round } of workflows) await round();
		const endsAt = performance.now() + seconds * 1000;
		let done = 0;
		let failed = 0;
		const load = async (offset: number) => {
			for (let turn = offset; performance.now() < endsAt; turn += 1) {
				await workflows[turn % workflows.length]?.round().then(() => (done += 1), () => (failed += 1));
			}
		};
		const moments: Moment[] = [];
		const floors: Point[] = [];
		const since = () => seconds - (endsAt - performance.now()) / 1000;
		const watch = async () => {
			while (performance.now() < endsAt) {
				if (moments.length % SAMPLES_PER_FLOOR === 0) floors.push([since(), (await collector.collect()) / MEGABYTE]);
				moments.push(await look(n8n, since()));
				await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
			}
		};
		await Promise.all([load(0), load(1), load(2), watch()]);
		report(bench, moments, floors, { done, failed, seconds });
	} finally {
		collector.close();
		await n8n.close();
	}
}

/** HTTP with an address each, a batch, prompts of which half are known, an agent. */
async function mixedWorkflows(n8n: MeasuredN8n): Promise<Contender[]> {
	const { instance, server } = n8n;
	const openAiApi = await instance.createCredential({ name: 'OpenAI', type: 'openAiApi', data: { apiKey: server.apiKey, url: `${server.url}/v1`, header: false } });
	await server.setBehaviour({ delayMs: 2, jitterMs: 10, seed: 1 });
	const https = { url: `=${server.httpsUrl}/api/packages/{{ $json.index }}`, options: { allowUnauthorizedCerts: true } };
	return [
		await n8n.contender('pooled', { type: 'n8n-nodes-fastpath.pooledHttp', typeVersion: 4.2, parameters: https }, 50),
		await n8n.contender('batch', { type: 'n8n-nodes-fastpath.batchRequest', parameters: https }, 100),
		await n8n.contender('prompts', {
			type: 'n8n-nodes-fastpath.cachedAiCall',
			parameters: {
				operation: 'chat', provider: 'openAi', model: { __rl: true, mode: 'id', value: 'gpt-4o-mini' }, promptType: 'text', cacheMode: 'readWrite', options: {},
				prompt: '=tag {{ $json.index % 2 ? $json.name : $json.name + Math.random() }}',
			},
			credentials: { openAiApi },
		}, 40),
		await n8n.contender('agent', { type: 'agent', typeVersion: 3, parameters: { promptType: 'define', text: '=tag {{ $json.name }}', options: {} } }, 2, [
			cachedChatModel('Node'),
			{ name: 'Model', type: 'lmChatOpenAi', typeVersion: 1.2, parameters: { model: { mode: 'list', value: 'gpt-4o-mini' }, options: { maxRetries: 0 } }, credentials: { openAiApi }, to: [['Cached', 'ai_languageModel']] },
		]),
	];
}

/** By n8n's own metrics, and by what its process has open. */
async function look({ instance }: MeasuredN8n, seconds: number): Promise<Moment> {
	const text = await (await fetch(`${instance.url}/metrics`)).text();
	const metric = (name: string) => Number(new RegExp(`^n8n_${name}(?:{[^}]*})? (\\S+)`, 'm').exec(text)?.[1] ?? NaN);
	return {
		seconds,
		heapMb: metric('nodejs_heap_size_used_bytes') / MEGABYTE,
		rssMb: metric('process_resident_memory_bytes') / MEGABYTE,
		handles: metric('nodejs_active_handles_total'),
		sockets: socketsOf(instance.pid),
		loopP99Ms: metric('nodejs_eventloop_lag_p99_seconds') * 1000,
	};
}

/** NaN where there is no /proc. */
function socketsOf(pid: number): number {
	try {
		const folder = `/proc/${pid}/fd`;
		return readdirSync(folder).filter((name) => {
			try {
				return readlinkSync(`${folder}/${name}`).startsWith('socket:');
			} catch {
				// Closed meanwhile.
				return false;
			}
		}).length;
	} catch {
		return NaN;
	}
}

function report(bench: Bench, moments: readonly Moment[], floors: readonly Point[], { done, failed, seconds }: { done: number; failed: number; seconds: number }): void {
	// The first third warms up: code is compiled, caches fill.
	const settled = floors.slice(Math.floor(floors.length / 3));
	const late = moments.slice(Math.floor(moments.length / 3));
	const row = (name: string, values: readonly number[]) => ({ name, ...spread(values), also: { first: values[0] ?? NaN, last: values.at(-1) ?? NaN, most: Math.max(...values) } });
	const one = (name: string, value: number) => ({ name, median: value, low: value, high: value });
	bench.add({
		id: 'soak', title: `${seconds} seconds of mixed load, three executions at once`, unit: 'over the time after the first third', rounds: 1,
		rows: [
			one('executions that ended well, per second', done / seconds),
			one('executions that failed', failed),
			one('slope of the heap after collections, MB per minute', settled.length > 1 ? slope(settled) * 60 : 0),
			row('heap after collections, MB', settled.map(([, heapMb]) => heapMb)),
			row('heap, MB', late.map(({ heapMb }) => heapMb)),
			row('resident memory, MB', late.map(({ rssMb }) => rssMb)),
			row('handles', late.map(({ handles }) => handles)),
			row('sockets', late.map(({ sockets }) => sockets)),
			row('99th percentile of the event loop\'s delay, ms', late.map(({ loopP99Ms }) => loopP99Ms)),
		],
	});
	const over = (pick: (moment: Moment) => number) => moments.map((moment) => [moment.seconds, pick(moment)] as const);
	bench.plot({ id: 'memory', title: 'Mixed load in one n8n', x: 'seconds', y: 'MB', series: [{ name: 'heap in use', points: over(({ heapMb }) => heapMb) }, { name: 'after collections', points: floors }] });
	bench.plot({ id: 'open', title: 'Mixed load in one n8n', x: 'seconds', y: 'number', series: [{ name: 'sockets', points: over(({ sockets }) => sockets) }, { name: 'handles', points: over(({ handles }) => handles) }] });
}

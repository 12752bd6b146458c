/** The same requests through other clients, and through n8n's own helper as its nodes call it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { IHttpRequestOptions, INodeType } from 'n8n-workflow';
import type { Bench } from '../harness/bench.mts';
import type * as Http from '../../lib/http/index.ts';
import { createEngine } from '../../test/helpers/engine.mts';
import { startStandInProcess } from '../../test/demo/stand-in-process.mts';
import { callContext, requestTo } from '../micro/requests.mts';
import { peer, versionOf } from './install.mts';

/** Fetches an address and reads the JSON that comes back. */
type Get = (url: string) => Promise<unknown>;

interface Client {
	readonly name: string;
	readonly get: Get;
}

interface Scenario {
	readonly scheme: 'http' | 'https';
	readonly serverMs: number;
	readonly atOnce: number;
	readonly http2?: boolean;
}

const THEIRS = 'n8n helpers.httpRequest';
const ROUND_TRIP_MS = 20;

const SHORT: readonly Scenario[] = [
	...[1, 10, 50].map((atOnce) => ({ scheme: 'https' as const, serverMs: 0, atOnce })),
	{ scheme: 'http', serverMs: 0, atOnce: 1 },
	{ scheme: 'http', serverMs: 0, atOnce: 50 },
	{ scheme: 'https', serverMs: 5, atOnce: 50 },
	{ scheme: 'https', serverMs: 50, atOnce: 50 },
	{ scheme: 'https', serverMs: 50, atOnce: 50, http2: true },
];
const ALL: readonly Scenario[] = [
	...(['https', 'http'] as const).flatMap((scheme) => [0, 5, 50].flatMap((serverMs) => [1, 10, 50].map((atOnce) => ({ scheme, serverMs, atOnce })))),
	...[0, 50].map((serverMs) => ({ scheme: 'https' as const, serverMs, atOnce: 50, http2: true })),
];

export default async function http(bench: Bench): Promise<void> {
	process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
	process.removeAllListeners('warning');
	for (const name of ['axios', 'got', 'undici']) bench.used(name, versionOf(name));
	const server = await startStandInProcess({});
	const multiplexed = await startBeside('h2-server.mts');
	try {
		const helper = await n8nHelper();
		const plot: Record<string, Array<readonly [number, number]>> = {};
		for (const scenario of bench.pick({ smoke: SHORT.slice(-2), default: SHORT, full: ALL })) {
			const { scheme, serverMs, atOnce, http2 } = scenario;
			const base = http2 ? multiplexed.base : scheme === 'https' ? server.httpsUrl : server.url;
			const clients = [...(http2 ? [] : [{ name: THEIRS, get: helper }]), ...(await clientsFor(bench, base, scenario))];
			const table = await measure(bench, `${base}/slow/${serverMs}`, clients, scenario);
			if (scheme !== 'https' || serverMs > 0) continue;
			for (const { name, median } of table.rows) (plot[name] ??= []).push([atOnce, median]);
		}
		const series = Object.entries(plot).map(([name, points]) => ({ name, points }));
		if (series.length > 0) bench.plot({ id: 'at-once', title: 'https, the server answers at once', x: 'requests at once', y: 'requests per second', logX: true, logY: true, series });
		await farAway(bench, server.httpsUrl, helper);
	} finally {
		multiplexed.stop();
		await server.stop();
	}
}

async function measure(bench: Bench, url: string, clients: readonly Client[], { scheme, serverMs, atOnce, http2 }: Scenario) {
	const roundMs = bench.pick({ smoke: 20, default: 300, full: 1000 });
	const title = `${http2 ? 'HTTP/2' : scheme}, ${serverMs} ms at the server, ${atOnce} at once`;
	return await bench.compare(
		{ id: `${http2 ? 'h2' : scheme}-${serverMs}-${atOnce}`, title, unit: 'requests per second', more: true, baseline: http2 ? 'undici Pool' : THEIRS },
		clients.map(({ name, get }) => ({ name, round: async () => await load(get, url, atOnce, lasting(roundMs)) })),
		// Compiled code is what is compared: a client in a process that has run for a while.
		{ rounds: bench.pick({ smoke: 2, default: 5, full: 9 }), warmUp: bench.pick({ smoke: 1, default: 4, full: 4 }) },
	);
}

/** Whether to send one more, after so many. */
type More = (sent: number) => boolean;

const lasting = (ms: number) => (): More => {
	const endsAt = performance.now() + ms;
	return () => performance.now() < endsAt;
};

/** A closed loop. */
async function load(get: Get, url: string, atOnce: number, begin: () => More) {
	let sent = 0;
	const more = begin();
	const before = process.cpuUsage();
	const startedAt = performance.now();
	await Promise.all(Array.from({ length: atOnce }, async () => {
		while (more(sent)) {
			sent += 1;
			await get(url);
		}
	}));
	const seconds = (performance.now() - startedAt) / 1000;
	const { user, system } = process.cpuUsage(before);
	return { value: sent / seconds, also: { 'CPU µs per request': (user + system) / sent } };
}

async function clientsFor(bench: Bench, base: string, { atOnce, http2 }: Scenario): Promise<Client[]> {
	const { Pool } = (await peer('undici')) as typeof import('undici');
	const pool = new Pool(base, { connections: http2 ? 1 : atOnce, ...(http2 ? { pipelining: 100 } : {}), allowH2: http2 === true, connect: { rejectUnauthorized: false } });
	const bare: Client = {
		name: 'undici Pool',
		get: async (url) => {
			const { body } = await pool.request({ method: 'GET', path: new URL(url).pathname, headers: { accept: 'application/json' } });
			return await body.json();
		},
	};
	const ours = oursFor(bench, base, { atOnce, http2: http2 === true });
	if (http2) return [bare, ...ours];
	const { default: axios } = (await peer('axios')) as { default: { get(url: string, options: object): Promise<{ data: unknown }> } };
	const { default: got } = (await peer('got')) as { default: (url: string, options: object) => { json(): Promise<unknown> } };
	const keepAlive = { httpAgent: new HttpAgent({ keepAlive: true, maxSockets: atOnce }), httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: atOnce, rejectUnauthorized: false }) };
	const agent = { http: keepAlive.httpAgent, https: keepAlive.httpsAgent };
	return [
		{ name: 'axios, a new agent each', get: async (url) => (await axios.get(url, { httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent({ rejectUnauthorized: false }) })).data },
		{ name: 'axios, keep-alive', get: async (url) => (await axios.get(url, keepAlive)).data },
		{ name: 'got, keep-alive', get: async (url) => await got(url, { agent, https: { rejectUnauthorized: false }, retry: { limit: 0 } }).json() },
		{ name: 'global fetch', get: async (url) => await (await fetch(url)).json() },
		bare,
		...ours,
	];
}

/** The transport by itself, and behind trace, deadline, retry, breaker, limiter and metrics. */
function oursFor(bench: Bench, base: string, { atOnce, http2 }: { atOnce: number; http2: boolean }): Client[] {
	const { Runtime } = bench.lib('runtime/runtime') as typeof import('../../lib/runtime/runtime.ts');
	const { openEgress } = bench.lib('http/index') as typeof Http;
	const runtime = new Runtime();
	const newContext = callContext(bench);
	const scope = { credential: 'none', origin: base };
	const lane = runtime.lane({
		source: 'bench', scope, maxConcurrent: atOnce, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000,
		retry: { maxRetries: 3, baseMs: 100, maxMs: 1000 }, breaker: { failureThreshold: 5, failureWindowMs: 60_000, openMs: 60_000 },
	});
	const { signal } = new AbortController();
	const options = { maxConnections: atOnce, http2, egress: openEgress };
	const send = async (url: string, context: Parameters<typeof runtime.transport.send>[1]) => {
		const { body } = await runtime.transport.send(requestTo(url, options), context);
		return JSON.parse(body.toString('utf8')) as unknown;
	};
	return [
		{ name: 'our transport', get: async (url) => await send(url, newContext()) },
		{
			name: 'our whole pipeline',
			get: async (url) => {
				const outcome = await lane.run(async (context) => await send(url, context), { signal, idempotent: true });
				if (!outcome.ok) throw outcome.error;
				return outcome.value;
			},
		},
	];
}

/** One at a time, with a round trip in between. Three round trips for a new connection and its request, one for a kept one: 3 is the limit. */
async function farAway(bench: Bench, httpsUrl: string, helper: Get): Promise<void> {
	const { base, stop } = await startBeside('far.mts', new URL(httpsUrl).port, String(ROUND_TRIP_MS));
	const clients = [{ name: THEIRS, get: helper }, ...oursFor(bench, base, { atOnce: 1, http2: false })];
	const requests = bench.pick({ smoke: 2, default: 10, full: 20 });
	await bench.compare(
		{ id: 'far', title: `https, ${ROUND_TRIP_MS} ms away, one at a time`, unit: 'ms per request', baseline: THEIRS },
		clients.map(({ name, get }) => ({ name, round: async () => ({ value: 1000 / (await load(get, `${base}/slow/0`, 1, () => (sent) => sent < requests)).value }) })),
		{ rounds: bench.pick({ smoke: 2, default: 5, full: 9 }), warmUp: 1 },
	);
	stop();
}

/** A program of this folder that prints its port. */
async function startBeside(file: string, ...args: string[]): Promise<{ readonly base: string; stop(): void }> {
	const child = spawn(process.execPath, [path.join(import.meta.dirname, file), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
	const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
	return { base: `https://127.0.0.1:${port}`, stop: () => child.stdin.end() };
}

/** The function itself, taken out of a node that n8n's engine ran. */
async function n8nHelper(): Promise<Get> {
	let helper: ((options: IHttpRequestOptions) => Promise<unknown>) | undefined;
	const node = {
		description: { displayName: 'Bench', name: 'bench', group: ['transform'], version: 1, description: '', defaults: { name: 'Bench' }, inputs: ['main'], outputs: ['main'], properties: [] },
		async execute() {
			helper = (this as unknown as { helpers: { httpRequest(options: IHttpRequestOptions): Promise<unknown> } }).helpers.httpRequest;
			return [[]];
		},
	} as unknown as INodeType;
	const engine = await createEngine({ nodeTypes: { 'bench.helper': node } });
	await engine.run({ workflow: { nodes: [{ name: 'Start', type: 'n8n-nodes-base.manualTrigger' }, { name: 'Bench', type: 'bench.helper' }], connections: { Start: { main: [[{ node: 'Bench', type: 'main', index: 0 }]] } } } });
	if (!helper) throw new Error('n8n did not run the node');
	const request = helper;
	return async (url) => await request({ url, method: 'GET', json: true, skipSslCertificateValidation: true });
}

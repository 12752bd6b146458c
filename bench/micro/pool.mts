/** The connection pool: its bookkeeping by itself, and what warm connections are worth over https on the same machine. */
import type { Bench } from '../harness/bench.mts';
import type * as Http from '../../lib/http/index.ts';
import { startStandInProcess } from '../../test/demo/stand-in-process.mts';
import { callContext, requestTo } from './requests.mts';

const AT_ONCE = 50;
const POOLS = [10, 100];
const PREWARMED = [5, 10, 25];
const REUSED = [0.2, 0.5, 0.8, 0.95];

export default async function pool(bench: Bench): Promise<void> {
	const server = await startStandInProcess({});
	try {
		await bookkeeping(bench, server.url);
		await overview(bench, server.url);
		await warmth(bench, server.httpsUrl);
		await reuse(bench, server.httpsUrl);
	} finally {
		await server.stop();
	}
}

function parts(bench: Bench) {
	const { createTransport } = bench.lib('http/index') as typeof Http;
	const { systemClock: clock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const context = callContext(bench);
	const transport = () => createTransport({ clock });
	return { clock, transport, send: async (over: Http.Transport, url: string, scope = '') => await over.send(requestTo(url, { scope }), context()) };
}

/** Finding the pool, taking a connection that is open, giving it back; no request is sent. */
async function bookkeeping(bench: Bench, url: string): Promise<void> {
	const { Pools } = bench.lib('http/pools') as typeof import('../../lib/http/pools.ts');
	const { parseTarget } = bench.lib('http/target') as typeof import('../../lib/http/target.ts');
	const { clock } = parts(bench);
	const pools = new Pools(clock, 200, 3);
	const [request, target] = [requestTo(`${url}/slow/0`), parseTarget(url)];
	const open = pools.for(target, request);
	await open.prewarm(AT_ONCE, 5000);
	await bench.time({ id: 'bookkeeping', title: 'bookkeeping' }, [
		{ name: 'find the pool', run: () => pools.for(target, request) },
		{
			name: 'find the pool, take a connection, give it back',
			run: () => {
				const found = pools.for(target, request);
				const connection = found.take(true, clock.now());
				if (connection) found.release(connection);
			},
		},
		{
			name: `take ${AT_ONCE} at once, give them back; each`,
			operations: AT_ONCE,
			run: () => {
				const taken = Array.from({ length: AT_ONCE }, () => open.take(true, clock.now()));
				for (const connection of taken) if (connection) open.release(connection);
			},
		},
		{ name: 'note a use', run: () => open.begin(clock.now()) },
	]);
	pools.retire();
}

async function overview(bench: Bench, url: string): Promise<void> {
	const { transport, send } = parts(bench);
	const over = transport();
	const operations = [];
	for (const count of POOLS) {
		for (let index = over.stats().length; index < count; index += 1) await send(over, `${url}/slow/0`, `credential ${index}`);
		const filled = transport();
		for (let index = 0; index < count; index += 1) await send(filled, `${url}/slow/0`, `credential ${index}`);
		operations.push({ name: `stats of ${count} pools, each`, operations: count, run: () => filled.stats() });
		operations.push({ name: `the five most used of ${count}`, run: () => filled.ranking(5) });
	}
	await bench.time({ id: 'stats', title: 'asked for' }, operations);
}

/** Milliseconds on the clock. The server is another process. */
async function warmth(bench: Bench, url: string): Promise<void> {
	const { transport, send } = parts(bench);
	const timed = async (work: () => Promise<unknown>) => {
		const startedAt = performance.now();
		await work();
		return performance.now() - startedAt;
	};
	let scope = 0;
	const over = transport();
	const steady = transport();
	await bench.compare({ id: 'prewarm', title: 'https, same machine', unit: 'ms', baseline: 'call on a used connection', compare: 'cost' }, [
		{
			name: 'call on a used connection',
			round: async () => {
				await send(steady, `${url}/slow/0`);
				return { value: await timed(() => send(steady, `${url}/slow/0`)) };
			},
		},
		{
			name: 'first call after pre-warming',
			round: async () => {
				const name = `warm ${(scope += 1)}`;
				await over.prewarm(requestTo(`${url}/slow/0`, { scope: name }), 1);
				return { value: await timed(() => send(over, `${url}/slow/0`, name)) };
			},
		},
		{ name: 'first call without', round: async () => ({ value: await timed(() => send(over, `${url}/slow/0`, `cold ${(scope += 1)}`)) }) },
		...PREWARMED.map((count) => ({
			name: `opening ${count} connections ahead`,
			round: async () => {
				const once = transport();
				let opened = 0;
				const value = await timed(async () => (opened = await once.prewarm(requestTo(`${url}/slow/0`), count)));
				await once.dispose();
				return { value, also: { connections: opened } };
			},
		})),
	]);
}

/** A request on a connection that is open, or on one that has to be opened, in these shares. */
async function reuse(bench: Bench, url: string): Promise<void> {
	const { transport, send } = parts(bench);
	const requests = bench.pick({ smoke: 20, default: 100, full: 400 });
	const { rows } = await bench.compare({ id: 'reuse', title: 'requests over used connections', unit: 'ms per request', baseline: '20 %' }, REUSED.map((share) => ({
		name: `${share * 100} %`,
		round: async () => {
			const over = transport();
			await send(over, `${url}/slow/0`);
			const startedAt = performance.now();
			const before = process.cpuUsage();
			for (let index = 1; index <= requests; index += 1) {
				const reused = Math.floor(index * share) > Math.floor((index - 1) * share);
				await send(over, `${url}/slow/0`, reused ? '' : `new ${index}`);
			}
			const { user, system } = process.cpuUsage(before);
			const value = (performance.now() - startedAt) / requests;
			const opened = over.stats().reduce((sum, { connectionsOpened }) => sum + connectionsOpened, -1);
			await over.dispose();
			return { value, also: { 'CPU ms per request': (user + system) / 1000 / requests, 'connections opened': opened } };
		},
	})));
	bench.plot({
		id: 'reuse', title: 'https requests, by the share that finds a connection open', x: '% on used connections', y: 'ms per request',
		series: [{ name: 'one at a time', points: rows.map(({ median }, index) => [(REUSED[index] ?? 0) * 100, median] as const) }],
	});
}

// What a shared store adds to a call while it is up, dead and paused, the latter two after the guard has found out:
// `npm run build && node bench/shared-store.mts [calls]`. Needs redis-server. The model answers at once, so that what is
// left is ours; printed are medians and 95th percentiles of a call in microseconds, and what the median has more than without a store.
import { createRequire } from 'node:module';
import type { Lane, SharedStoreSettings } from '../lib/runtime/index.ts';
import { RedisServer } from '../test/helpers/redis-server.mts';

const require = createRequire(import.meta.url);
const { Runtime } = require('../dist/lib/runtime/runtime.js') as typeof import('../lib/runtime/runtime.ts');

const calls = Number(process.argv[2] ?? 2000);
const answer = { text: 'word '.repeat(80), usage: { input: 210, output: 80 } };
const runtime = new Runtime();
const another = new Runtime();
const redis = await RedisServer.start();
const settings: SharedStoreSettings = {
	type: 'redis',
	prefix: 'bench',
	redis: { topology: 'single', nodes: [{ host: redis.host, port: redis.port }], connectTimeoutMs: 2000, commandTimeoutMs: 250 },
};
const stateOf = (owner: typeof runtime) => owner.sharedStores.obtain(settings).status.state;

function laneOf(owner: typeof runtime, shares: boolean): Lane {
	return owner.lane({
		source: 'bench', scope: { credential: 'c1', origin: 'https://api.test' }, maxConcurrent: 50, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000,
		retry: { maxRetries: 0, baseMs: 100, maxMs: 1000 },
		cache: {
			mode: 'readWrite', ttlMs: 600_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000,
		},
		...(shares ? { shared: owner.sharedStores.obtain(settings) } : {}),
	});
}

async function ask(lane: Lane, key: string): Promise<void> {
	const outcome = await lane.run(async () => answer, { signal: new AbortController().signal, key, idempotent: true });
	if (!outcome.ok) throw outcome.error;
}

/** Microseconds of each call, sorted. */
async function measure(lane: Lane, keyOf: (call: number) => string): Promise<number[]> {
	const times: number[] = [];
	for (let call = 0; call < calls; call += 1) {
		const startedAt = process.hrtime.bigint();
		await ask(lane, keyOf(call));
		times.push(Number(process.hrtime.bigint() - startedAt) / 1000);
	}
	return times.sort((a, b) => a - b);
}

let round = 0;
const newKeys = () => {
	const name = `new ${(round += 1)}`;
	return (call: number) => `${name} ${call}`;
};
const base = new Map<string, number>();

function print(what: string, state: string, times: readonly number[], comparedTo = what): void {
	const median = times[Math.floor(times.length / 2)] ?? NaN;
	const p95 = times[Math.floor(times.length * 0.95)] ?? NaN;
	const before = base.get(comparedTo) ?? median;
	base.set(comparedTo, before);
	console.log(`${what.padEnd(34)}${state.padEnd(16)}${median.toFixed(0).padStart(8)}${p95.toFixed(0).padStart(8)}${`+${Math.max(0, median - before).toFixed(0)}`.padStart(10)}`);
}

async function both(state: string, shares: boolean): Promise<void> {
	const lane = laneOf(runtime, shares);
	await ask(lane, 'hot');
	print('answered from the own memory', state, await measure(lane, () => 'hot'));
	print('a new question', state, await measure(lane, newKeys()));
}

/** Calls, until the guard has found out. */
async function until(state: string): Promise<void> {
	for (let call = 0; stateOf(runtime) !== state; call += 1) {
		await Promise.all(Array.from({ length: 3 }, async (_, index) => await ask(laneOf(runtime, true), `${state} ${call} ${index}`)));
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

console.log(`Node ${process.version}, ${calls} calls each, one after the other\n`);
console.log(`${''.padEnd(34)}${'shared store'.padEnd(16)}${'median'.padStart(8)}${'p95'.padStart(8)}${'added'.padStart(10)}   (µs)`);
await measure(laneOf(runtime, false), newKeys());
await both('none', false);
await until('up');
await both('up', true);
const written = newKeys();
for (let call = 0; call < calls; call += 1) await ask(laneOf(runtime, true), written(call));
await ask(laneOf(another, true), 'connected');
print('answered from the shared store', 'up', await measure(laneOf(another, true), written), 'answered from the own memory');
await redis.kill();
await until('down');
await both('dead', true);
await redis.start();
await until('up');
redis.pause();
await until('down');
await both('paused', true);

await runtime.dispose();
await another.dispose();
await redis.stop();

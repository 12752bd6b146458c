/** What a shared store adds to a call while it is up, dead and paused; the latter two after the guard has found out. */
import type { Lane, SharedStoreSettings } from '../../lib/runtime/index.ts';
import { RedisServer } from '../../test/helpers/redis-server.mts';
import type { Bench } from '../harness/bench.mts';
import { quantile } from '../harness/stats.mts';
import { ANSWER, SCOPE } from '../micro/payloads.mts';

type Way = 'no store' | 'store';

export default async function states(bench: Bench): Promise<void> {
	const { Runtime } = bench.lib('runtime/runtime') as typeof import('../../lib/runtime/runtime.ts');
	const runtime = new Runtime();
	const redis = await RedisServer.start();
	const settings: SharedStoreSettings = {
		type: 'redis', prefix: 'bench',
		redis: { topology: 'single', nodes: [{ host: redis.host, port: redis.port }], connectTimeoutMs: 2000, commandTimeoutMs: 250 },
	};
	const calls = bench.pick({ smoke: 20, default: 500, full: 2000 });
	const lane = (way: Way): Lane => runtime.lane({
		source: 'bench', scope: SCOPE, maxConcurrent: 50, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000, retry: { maxRetries: 0, baseMs: 100, maxMs: 1000 },
		cache: { mode: 'readWrite', ttlMs: 600_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000 },
		...(way === 'store' ? { shared: runtime.sharedStores.obtain(settings) } : {}),
	});
	const { signal } = new AbortController();
	const ask = async (over: Lane, key: string) => {
		const outcome = await over.run(async () => ANSWER, { signal, key, idempotent: true });
		if (!outcome.ok) throw outcome.error;
	};
	let fresh = 0;
	/** Microseconds of a call, one after the other. */
	const round = async (way: Way, keyOf: () => string) => {
		const over = lane(way);
		await ask(over, keyOf());
		const times: number[] = [];
		for (let call = 0; call < calls; call += 1) {
			const startedAt = performance.now();
			await ask(over, keyOf());
			times.push((performance.now() - startedAt) * 1000);
		}
		return { value: quantile(times, 0.5), also: { 'p95, µs': quantile(times, 0.95) } };
	};
	const turns = { rounds: bench.pick({ smoke: 1, default: 5, full: 9 }), warmUp: 1 };
	const measure = async (state: string) => {
		for (const [what, keyOf] of [['kept in this process', () => 'hot'], ['a new question', () => `new ${(fresh += 1)}`]] as const) {
			await bench.compare({ id: `${state}-${what.replaceAll(' ', '-')}`, title: `${what}, store ${state}`, unit: 'µs', baseline: 'no store', compare: 'cost' },
				(['no store', 'store'] as const).map((way) => ({ name: way, round: async () => await round(way, keyOf) })), turns);
		}
	};
	/** Calls, until the guard has found out. */
	const until = async (state: 'up' | 'down') => {
		for (let call = 0; runtime.sharedStores.obtain(settings).status.state !== state; call += 1) {
			await Promise.all([0, 1, 2].map(async (index) => await ask(lane('store'), `${state} ${call} ${index}`)));
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	};
	try {
		await until('up');
		await measure('up');
		await redis.kill();
		await until('down');
		await measure('dead');
		await redis.start();
		await until('up');
		redis.pause();
		await until('down');
		await measure('paused');
	} finally {
		await runtime.dispose();
		await redis.stop();
	}
}

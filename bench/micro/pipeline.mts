/** What the stages cost by themselves, without a network. */
import { hash } from 'node:crypto';
import type { Bench } from '../harness/bench.mts';
import { ANSWER, REQUEST, SCOPE } from './payloads.mts';

const MINUTE = { ttlMs: 60_000, keepMs: 60_000 };

export default async function pipeline(bench: Bench): Promise<void> {
	const { cacheKey } = bench.lib('cache/key') as typeof import('../../lib/cache/key.ts');
	const { isolate } = bench.lib('cache/isolate') as typeof import('../../lib/cache/isolate.ts');
	const { MemoryStore } = bench.lib('cache/memory-store') as typeof import('../../lib/cache/memory-store.ts');
	const { KeyvStore } = bench.lib('cache/keyv-store') as typeof import('../../lib/cache/keyv-store.ts');
	const { systemClock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const { Runtime } = bench.lib('runtime/runtime') as typeof import('../../lib/runtime/runtime.ts');

	const memory = new MemoryStore({ clock: systemClock, maxEntries: 10_000 });
	const full = new MemoryStore({ clock: systemClock, maxEntries: 10_000 });
	const keyv = new KeyvStore({ clock: systemClock, adapter: new Map() });
	const runtime = new Runtime();
	const { signal } = new AbortController();
	const kilobyte = JSON.stringify(REQUEST);
	const withImage = { ...REQUEST, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'QUJD'.repeat(2 ** 18)}` } }] }] };
	const answerAtOnce = async () => ANSWER;
	const lane = (cached: boolean) =>
		runtime.lane({
			source: 'bench', scope: SCOPE, maxConcurrent: 50, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000,
			retry: { maxRetries: 3, baseMs: 100, maxMs: 1000 },
			breaker: { failureThreshold: 5, failureWindowMs: 60_000, openMs: 60_000 },
			cache: cached ? { mode: 'readWrite', ttlMs: MINUTE.ttlMs, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000 } : undefined,
		});
	const cached = lane(true);
	const uncached = lane(false);
	let counter = 0;

	await memory.set('hot', ANSWER, MINUTE);
	await keyv.set('hot', ANSWER, MINUTE);
	await cached.run(answerAtOnce, { signal, key: 'hot', idempotent: true });
	const floor = 'SHA-256 of 1 KB';
	await bench.time({ id: 'stages', title: 'stage', baseline: floor, compare: 'cost' }, [
		{ name: floor, run: () => hash('sha256', kilobyte) },
		{ name: 'key of a 1 KB request', run: () => cacheKey(SCOPE, REQUEST) },
		{ name: 'isolating an answer', run: () => isolate(ANSWER) },
		{ name: 'memory, get a hit', run: () => memory.get('hot') },
		{ name: 'memory, set over an entry', run: () => memory.set('hot', ANSWER, MINUTE) },
		{ name: 'memory, set that evicts at 10,000', run: () => full.set(`k${(counter += 1)}`, ANSWER, MINUTE) },
		{ name: 'Keyv over a Map, get a hit', run: () => keyv.get('hot') },
		{ name: 'Keyv over a Map, set', run: () => keyv.set('hot', ANSWER, MINUTE) },
		{ name: 'pipeline, hit, key not included', run: () => cached.run(answerAtOnce, { signal, key: 'hot', idempotent: true }) },
		{ name: 'pipeline, hit with its key', run: () => cached.run(answerAtOnce, { signal, key: cacheKey(SCOPE, REQUEST), idempotent: true }) },
		{ name: 'pipeline, hit with an image of 1 MB', run: () => cached.run(answerAtOnce, { signal, key: cacheKey(SCOPE, withImage), idempotent: true }) },
		{ name: 'pipeline, miss and store', run: () => cached.run(answerAtOnce, { signal, key: `m${(counter += 1)}`, idempotent: true }) },
		{ name: 'pipeline without a cache', run: () => uncached.run(answerAtOnce, { signal, idempotent: true }) },
	]);
	await runtime.dispose();
}

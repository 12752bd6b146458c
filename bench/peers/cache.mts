/** The same cache work through other libraries: look up, keep, ask once for many. */
import type { Operation } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import { ANSWER, REQUEST, SCOPE } from '../micro/payloads.mts';
import { peer, versionOf } from './install.mts';

const HOUR_MS = 3_600_000;
const KEYS = 1000;

type Ask = () => Promise<unknown>;

/** What all of them can do; those that only answer or ask have no `get` and `set`. */
interface Subject {
	readonly name: string;
	readonly get?: (key: string) => unknown;
	readonly set?: (key: string, value: unknown) => unknown;
	/** The answer, from `ask` where it is not there. A key is made of the request, as the library does it or as its readme advises. */
	readonly obtain?: (request: unknown, ask: Ask) => unknown;
}

export default async function caches(bench: Bench): Promise<void> {
	const ours = pipelineOf(bench);
	const subjects = [memoryOf(bench), ...(await libraries(bench)), ours];
	await lookUps(bench, subjects);
	await askOrAnswer(bench, subjects);
	await stampede(bench, subjects);
}

function memoryOf(bench: Bench): Subject {
	const { MemoryStore } = bench.lib('cache/memory-store') as typeof import('../../lib/cache/memory-store.ts');
	const { systemClock: clock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const store = new MemoryStore({ clock, maxEntries: KEYS });
	return { name: 'our memory tier', get: (key) => store.get(key), set: (key, value) => store.set(key, value, { ttlMs: HOUR_MS, keepMs: HOUR_MS }) };
}

function pipelineOf(bench: Bench): Subject {
	const { cacheKey } = bench.lib('cache/key') as typeof import('../../lib/cache/key.ts');
	const { Runtime } = bench.lib('runtime/runtime') as typeof import('../../lib/runtime/runtime.ts');
	const lane = new Runtime().lane({
		source: 'bench', scope: SCOPE, maxConcurrent: 5000, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000, retry: { maxRetries: 3, baseMs: 100, maxMs: 1000 },
		cache: { mode: 'readWrite', ttlMs: HOUR_MS, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000 },
	});
	const { signal } = new AbortController();
	return {
		name: 'our whole pipeline',
		obtain: async (request, ask) => {
			const outcome = await lane.run(ask, { signal, key: cacheKey(SCOPE, request), idempotent: true });
			if (!outcome.ok) throw outcome.error;
			return outcome.value;
		},
	};
}

async function libraries(bench: Bench): Promise<Subject[]> {
	const { LRUCache } = (await peer('lru-cache')) as { LRUCache: new (options: object) => { get(key: string): unknown; set(key: string, value: unknown): void } };
	const { Cacheable } = (await peer('cacheable')) as {
		Cacheable: new (options: object) => { get(key: string): unknown; set(key: string, value: unknown): unknown; getOrSet(key: string, ask: Ask, options: object): unknown };
	};
	const { createCache } = (await peer('cache-manager')) as {
		createCache(options: object): { get(key: string): unknown; set(key: string, value: unknown): unknown; wrap(key: string, ask: Ask): unknown };
	};
	const dedupe = (await peer('async-cache-dedupe')) as {
		createCache(options: object): { define(name: string, ask: (request: unknown) => unknown): { ask(request: unknown): unknown } };
	};
	const { BentoCache, bentostore } = (await peer('bentocache')) as {
		BentoCache: new (options: object) => {
			get(options: object): unknown; set(options: object): unknown; getOrSet(options: object): unknown;
		};
		bentostore(): { useL1Layer(driver: unknown): unknown };
	};
	const { memoryDriver } = (await peer('bentocache', 'bentocache/drivers/memory')) as { memoryDriver(options: object): unknown };
	for (const name of ['lru-cache', 'cacheable', 'cache-manager', 'async-cache-dedupe', 'bentocache']) bench.used(name, versionOf(name));

	const map = new Map<string, unknown>();
	const lru = new LRUCache({ max: KEYS, ttl: HOUR_MS });
	const cacheable = new Cacheable({ ttl: HOUR_MS });
	const manager = createCache({ ttl: HOUR_MS });
	const bento = new BentoCache({ default: 'memory', stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: KEYS })) } });
	const asks: { ask: Ask } = { ask: async () => ANSWER };
	const once = dedupe.createCache({ ttl: 3600, storage: { type: 'memory', options: { size: KEYS } } }).define('ask', async () => await asks.ask());
	return [
		{ name: 'Map', get: (key) => map.get(key), set: (key, value) => map.set(key, value) },
		{ name: 'lru-cache', get: (key) => lru.get(key), set: (key, value) => lru.set(key, value) },
		{
			name: 'cacheable',
			get: (key) => cacheable.get(key),
			set: (key, value) => cacheable.set(key, value),
			obtain: (request, ask) => cacheable.getOrSet(JSON.stringify(request), ask, { ttl: HOUR_MS }),
		},
		{ name: 'cache-manager', get: (key) => manager.get(key), set: (key, value) => manager.set(key, value), obtain: (request, ask) => manager.wrap(JSON.stringify(request), ask) },
		{
			name: 'async-cache-dedupe',
			obtain: (request, ask) => {
				asks.ask = ask;
				return once.ask(request);
			},
		},
		{
			name: 'bentocache',
			get: (key) => bento.get({ key }),
			set: (key, value) => bento.set({ key, value, ttl: HOUR_MS }),
			obtain: (request, ask) => bento.getOrSet({ key: JSON.stringify(request), factory: ask, ttl: HOUR_MS }),
		},
	];
}

/** Keys are texts that are there already. */
async function lookUps(bench: Bench, subjects: readonly Subject[]): Promise<void> {
	const keys = Array.from({ length: KEYS }, (_key, index) => `key ${index}`);
	for (const { set } of subjects) for (const key of keys) await set?.(key, ANSWER);
	let counter = 0;
	const next = () => keys[(counter = (counter + 7) % KEYS)] ?? '';
	const operations = (name: 'get' | 'set') =>
		subjects.flatMap(({ name: subject, get, set }): Operation[] => {
			if (!get || !set) return [];
			return [{ name: subject, run: name === 'get' ? () => get(next()) : () => set(next(), ANSWER) }];
		});
	await bench.time({ id: 'get', title: 'get a hit', baseline: 'our memory tier', compare: 'cost' }, operations('get'));
	await bench.time({ id: 'set', title: 'set', baseline: 'our memory tier', compare: 'cost' }, operations('set'));
}

/** The key is made of a request of 1 KB; the answer is there. */
async function askOrAnswer(bench: Bench, subjects: readonly Subject[]): Promise<void> {
	await bench.time({ id: 'obtain', title: 'answer or ask: it is there', baseline: 'our whole pipeline', compare: 'cost' }, subjects.flatMap(({ name, obtain }): Operation[] =>
		obtain ? [{ name, run: () => obtain(REQUEST, async () => ANSWER) }] : []));
}

/** How many requests go out where many want the same answer at once; none is there yet. */
async function stampede(bench: Bench, subjects: readonly Subject[]): Promise<void> {
	const callers = bench.pick({ smoke: 10, default: 1000, full: 1000 });
	let round = 0;
	await bench.compare({ id: 'stampede', title: `${callers.toLocaleString('en-US')} callers want what takes 20 ms`, unit: 'µs of CPU per caller', baseline: 'our whole pipeline', compare: 'cost' }, subjects.flatMap(({ name, obtain }) => {
		if (!obtain) return [];
		return [{
			name,
			round: async () => {
				const request = { ...REQUEST, user: `${name} ${(round += 1)}` };
				let asked = 0;
				const ask = async () => {
					asked += 1;
					await new Promise((resolve) => setTimeout(resolve, 20));
					return ANSWER;
				};
				const before = process.cpuUsage();
				await Promise.all(Array.from({ length: callers }, () => obtain(request, ask)));
				const { user, system } = process.cpuUsage(before);
				return { value: (user + system) / callers, also: { 'requests sent': asked } };
			},
		}];
	}));
}

// What the stages cost by themselves, without a network: `npm run build && node bench/micro.mts [rounds]`.
// Rounds of all cases alternate in one process; printed are the median and the spread of the rounds, in ns per
// operation, and the ratio to the SHA-256 of a 1 KB request, which no cache with honest keys can avoid.
import { hash } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const dist = process.env.FASTPATH_DIST ?? '../dist';
const { cacheKey } = require(`${dist}/lib/cache/key.js`) as typeof import('../lib/cache/key.ts');
const { isolate } = require(`${dist}/lib/cache/isolate.js`) as typeof import('../lib/cache/isolate.ts');
const { MemoryStore } = require(`${dist}/lib/cache/memory-store.js`) as typeof import('../lib/cache/memory-store.ts');
const { KeyvStore } = require(`${dist}/lib/cache/keyv-store.js`) as typeof import('../lib/cache/keyv-store.ts');
const { systemClock } = require(`${dist}/lib/core/clock.js`) as typeof import('../lib/core/clock.ts');
const { newTrace } = require(`${dist}/lib/core/trace.js`) as typeof import('../lib/core/trace.ts');
const { FlightDeck } = require(`${dist}/lib/flight/single-flight.js`) as typeof import('../lib/flight/single-flight.ts');
const { ConcurrencyLimiter } = require(`${dist}/lib/limit/concurrency.js`) as typeof import('../lib/limit/concurrency.ts');
const { Histogram } = require(`${dist}/lib/metrics/histogram.js`) as typeof import('../lib/metrics/histogram.ts');
const { Runtime } = require(`${dist}/lib/runtime/runtime.js`) as typeof import('../lib/runtime/runtime.ts');

const scope = { credential: 'c1', origin: 'https://api.test', partition: 'workflow 7' };
const request = {
	model: 'gpt-4o-mini', temperature: 0, max_tokens: 500,
	messages: [{ role: 'system', content: 'You are terse.' }, { role: 'user', content: 'Summarise this: '.padEnd(800, 'lorem ipsum ') }],
};
const answer = { id: 'x', model: 'gpt-4o-mini', choices: [{ message: { role: 'assistant', content: 'word '.repeat(80) }, finish_reason: 'stop' }], usage: { prompt_tokens: 210, completion_tokens: 80 } };
const kilobyte = JSON.stringify(request);
const minute = { ttlMs: 60_000, keepMs: 60_000 };
const { signal } = new AbortController();

const memory = new MemoryStore({ clock: systemClock, maxEntries: 10_000 });
const full = new MemoryStore({ clock: systemClock, maxEntries: 10_000 });
const keyv = new KeyvStore({ clock: systemClock, adapter: new Map() });
const runtime = new Runtime();
const deck = new FlightDeck(systemClock);
const histogram = new Histogram();

const lane = (cached: boolean) =>
	runtime.lane({
		source: 'bench', scope, maxConcurrent: 50, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000,
		retry: { maxRetries: 3, baseMs: 100, maxMs: 1000 },
		breaker: { failureThreshold: 5, failureWindowMs: 60_000, openMs: 60_000 },
		cache: cached ? { mode: 'readWrite', ...minute, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000 } : undefined,
	});
const cached = lane(true);
const uncached = lane(false);
const noop = async () => answer;
let counter = 0;

/** Each case runs one operation, or says how many it runs. */
const cases: Record<string, { run: () => unknown; operations?: number; perRound: number }> = {
	'SHA-256 of 1 KB (the floor)': { run: () => hash('sha256', kilobyte), perRound: 20_000 },
	'cacheKey of a 1 KB request': { run: () => cacheKey(scope, request), perRound: 10_000 },
	'isolate an answer': { run: () => isolate(answer), perRound: 20_000 },
	'MemoryStore get, hit': { run: async () => await memory.get('hot'), perRound: 20_000 },
	'MemoryStore set, overwriting': { run: async () => await memory.set('hot', answer, minute), perRound: 20_000 },
	'MemoryStore set, evicting at 10,000': { run: async () => await full.set(`k${(counter += 1)}`, answer, minute), perRound: 20_000 },
	'KeyvStore get over a Map, hit': { run: async () => await keyv.get('hot'), perRound: 3000 },
	'KeyvStore set over a Map': { run: async () => await keyv.set('hot', answer, minute), perRound: 3000 },
	'pipeline, cache hit (key not included)': { run: async () => await cached.run(noop, { signal, key: 'hot', idempotent: true }), perRound: 5000 },
	'pipeline, cache hit with its key': { run: async () => await cached.run(noop, { signal, key: cacheKey(scope, request), idempotent: true }), perRound: 5000 },
	'pipeline, miss and store': { run: async () => await cached.run(noop, { signal, key: `m${(counter += 1)}`, idempotent: true }), perRound: 5000 },
	'pipeline without cache, no-op call': { run: async () => await uncached.run(noop, { signal, idempotent: true }), perRound: 5000 },
	'flight, per caller of 1,000': {
		run: async () => {
			const options = { boundMs: 60_000, lane: 'a', isolate: <T,>(value: T) => value };
			await Promise.all(callers(1000).map(async (context) => await deck.join('k', noop, context, options)));
		},
		operations: 1000, perRound: 20,
	},
	'limiter, per call of 10,000 queued': {
		run: async () => {
			const limiter = new ConcurrencyLimiter({ maxConcurrent: 1 }, systemClock);
			await Promise.all(callers(10_000).map(async (context) => await limiter.execute(noop, context)));
		},
		operations: 10_000, perRound: 1,
	},
	'histogram record': { run: () => histogram.record((counter += 1) % 5000), perRound: 100_000 },
};

/** Each with a signal of its own, as behind a deadline: thousands of listeners on one would be measured instead. */
function callers(count: number) {
	return Array.from({ length: count }, () => ({ signal: new AbortController().signal, trace: newTrace(), idempotent: true }));
}

async function measure({ run, operations = 1, perRound }: { run: () => unknown; operations?: number; perRound: number }): Promise<number> {
	const startedAt = process.hrtime.bigint();
	for (let index = 0; index < perRound; index += 1) await run();
	return Number(process.hrtime.bigint() - startedAt) / perRound / operations;
}

await memory.set('hot', answer, minute);
await keyv.set('hot', answer, minute);
await cached.run(noop, { signal, key: 'hot', idempotent: true });
await cached.run(noop, { signal, key: cacheKey(scope, request), idempotent: true });

const rounds = Number(process.argv[2] ?? 9);
const results = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
for (let round = -2; round < rounds; round += 1) {
	for (const [name, one] of Object.entries(cases)) {
		const ns = await measure(one);
		if (round >= 0) results.get(name)?.push(ns);
	}
}
await runtime.dispose();

console.log(`Node ${process.version}, ${rounds} rounds; ns per operation\n`);
const floor = median(results.get('SHA-256 of 1 KB (the floor)') ?? []);
for (const [name, times] of results) {
	const middle = median(times);
	const spread = `${Math.round(Math.min(...times))}–${Math.round(Math.max(...times))}`;
	console.log(`${name.padEnd(42)}${String(Math.round(middle)).padStart(9)}  ${spread.padEnd(16)} ${(middle / floor).toFixed(2)}×`);
}

function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

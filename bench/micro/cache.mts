/** The cache's own work: on GoFlow's payloads, evicting, clearing, expiring, asked for by many at once, and hit more or less often. */
import type { Operation } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import { ANSWER, FOUND, INPUTS, item, KNOWN_INPUTS, LARGE_INPUTS, NESTED_INPUTS, OUTPUTS, SCOPE, UNKNOWN_INPUTS } from './payloads.mts';

const HOUR = { ttlMs: 3_600_000, keepMs: 3_600_000 };
const LARGE = { maxBytes: 2 ** 31, maxEntryBytes: 2 ** 24 };
const HIT_SHARES = [0.2, 0.5, 0.8, 0.95, 1];
const EXPIRED = [100, 500, 1000];
const AT_ONCE = [1, 10, 100, 1000];

/**
 * GoFlow in Go 1.23 on the same payloads, taken on 2026-11-21 on two cores, not by this command. Of n8n's items, which are not GoFlow's, only
 * Go 1.19 was at hand: 45, 40, 8,400 and 8,800 µs. Its small get took 1.7 times as long there, so these are divided by that.
 */
const inGo = (ns: number) => ({ 'GoFlow in Go, ns': ns });

export default async function cache(bench: Bench): Promise<void> {
	await payloads(bench);
	await crowded(bench);
	await patterns(bench);
	await atOnce(bench);
	await expired(bench);
	await decisions(bench);
}

function parts(bench: Bench) {
	const { cacheKey } = bench.lib('cache/key') as typeof import('../../lib/cache/key.ts');
	const { MemoryStore } = bench.lib('cache/memory-store') as typeof import('../../lib/cache/memory-store.ts');
	const { systemClock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const memory = (maxEntries = 10_000, clock = systemClock) => new MemoryStore({ clock, maxEntries, ...LARGE });
	return { keyOf: (inputs: unknown) => cacheKey(SCOPE, inputs), memory, systemClock };
}

/** Each with its key: the canonical form, its SHA-256, the look-up and a copy of the value. */
async function payloads(bench: Bench): Promise<void> {
	const { keyOf, memory } = parts(bench);
	const store = memory();
	const [one, many] = [[item(1)], Array.from({ length: 200 }, (_item, index) => item(index))];
	await store.set(keyOf(INPUTS), FOUND, HOUR);
	for (const [result, inputs] of KNOWN_INPUTS.entries()) await store.set(keyOf(inputs), { result }, HOUR);
	for (const items of [one, many]) await store.set(keyOf(items), items, HOUR);
	const overwritten = memory();
	let counter = 0;
	await bench.time({ id: 'payloads', title: 'with its key' }, [
		{ name: 'get a hit, small inputs', also: inGo(2250), run: () => store.get(keyOf(INPUTS)) },
		{ name: 'set, small inputs', also: inGo(3050), run: () => overwritten.set(keyOf(INPUTS), OUTPUTS, HOUR) },
		{ name: 'get, 60 % hits', also: inGo(1700), run: () => store.get(keyOf(KNOWN_INPUTS[(counter += 1) % 5] ?? UNKNOWN_INPUTS)) },
		{ name: 'set, nested inputs', also: inGo(3060), run: () => overwritten.set(keyOf(NESTED_INPUTS), FOUND, HOUR) },
		{ name: 'set, 1 KB of bytes as inputs', also: inGo(3860), run: () => overwritten.set(keyOf(LARGE_INPUTS), FOUND, HOUR) },
		{ name: 'get, an n8n item as inputs and value', also: inGo(26_000), run: () => store.get(keyOf(one)) },
		{ name: 'set, an n8n item as inputs and value', also: inGo(23_500), run: () => overwritten.set(keyOf(one), one, HOUR) },
		{ name: 'get, 200 n8n items', also: inGo(4_900_000), run: () => store.get(keyOf(many)) },
		{ name: 'set, 200 n8n items', also: inGo(5_100_000), run: () => overwritten.set(keyOf(many), many, HOUR) },
	]);
}

/** Among many other entries. As in GoFlow, each with its key where its figure stands beside. */
async function crowded(bench: Bench): Promise<void> {
	const { keyOf, memory, systemClock } = parts(bench);
	const { ClearableStore } = bench.lib('cache/clearable-store') as typeof import('../../lib/cache/clearable-store.ts');
	const { OwnRules } = bench.lib('cache/own-rules') as typeof import('../../lib/cache/own-rules.ts');
	let counter = 0;
	const operations: Operation[] = [];
	for (const entries of [100, 1000, 10_000] as const) {
		const store = memory(entries, systemClock);
		const setNext = async () => await store.set(keyOf({ index: (counter += 1) }), { result: counter }, HOUR);
		for (let index = 0; index < entries; index += 1) await setNext();
		operations.push({ name: `set that evicts, at ${entries.toLocaleString('en-US')}`, also: inGo({ 100: 4000, 1000: 18_600, 10_000: 125_000 }[entries]), run: setNext });
	}
	const hot = memory();
	for (let index = 0; index < 10_000; index += 1) await hot.set(`k${index}`, ANSWER, HOUR);
	operations.push({ name: 'set over the hot one of 10,000', run: () => hot.set('k7', ANSWER, HOUR) });
	for (const entries of [1000, 10_000] as const) {
		const rules = new OwnRules();
		const store = new ClearableStore(memory(entries + 10, systemClock), rules);
		for (let index = 0; index < entries; index += 1) await store.set(keyOf({ index }), OUTPUTS, { ...HOUR, marks: { workflow: 'w', node: `n${index % 50}` } });
		const rule = { kind: 'node', workflow: 'w', node: 'cleared' } as const;
		const marks = { workflow: 'w', node: 'cleared' };
		operations.push({
			name: `set and clear its node, ${entries.toLocaleString('en-US')} others`,
			also: inGo({ 1000: 11_700, 10_000: 88_000 }[entries]),
			run: async () => {
				const key = keyOf(INPUTS);
				await store.set(key, OUTPUTS, { ...HOUR, marks });
				rules.issue(rule);
				return await store.get(key, marks);
			},
		});
	}
	await bench.time({ id: 'crowded', title: 'among many' }, operations);
}

/** Through the whole pipeline, keys included; what is not there is asked for and kept. */
async function patterns(bench: Bench): Promise<void> {
	const { cacheKey } = bench.lib('cache/key') as typeof import('../../lib/cache/key.ts');
	const { runtime, lane, signal } = cachedLane(bench);
	const ask = async () => ANSWER;
	let counter = 0;
	const table = await bench.time({ id: 'hit-shares', title: 'share of hits' }, HIT_SHARES.map((share) => ({
		name: `${share * 100} %`,
		run: () => {
			counter += 1;
			const hits = Math.floor(counter * share) > Math.floor((counter - 1) * share);
			return lane.run(ask, { signal, key: cacheKey(SCOPE, hits ? INPUTS : { ...INPUTS, id: -counter }), idempotent: true });
		},
	})));
	bench.plot({
		id: 'hit-shares', title: 'A cached call that answers at once, by the share of hits', x: '% of hits', y: 'ns per call',
		series: [{ name: 'pipeline with key', points: table.rows.map(({ median }, index) => [(HIT_SHARES[index] ?? 0) * 100, median] as const) }],
	});
	await runtime.dispose();
}

async function atOnce(bench: Bench): Promise<void> {
	const { runtime, lane, signal } = cachedLane(bench);
	await lane.run(async () => ANSWER, { signal, key: 'hot', idempotent: true });
	await bench.time({ id: 'at-once', title: 'hits asked for at once, per call' }, AT_ONCE.flatMap((callers) =>
		(['one key', 'keys of their own'] as const).map((kind) => ({
			name: `${callers.toLocaleString('en-US')}, ${kind}`,
			operations: callers,
			run: () => Promise.all(Array.from({ length: callers }, (_caller, index) =>
				lane.run(async () => ANSWER, { signal, key: kind === 'one key' ? 'hot' : `hot ${index % 900}`, idempotent: true }))),
		})),
	));
	await runtime.dispose();
}

function cachedLane(bench: Bench) {
	const { Runtime } = bench.lib('runtime/runtime') as typeof import('../../lib/runtime/runtime.ts');
	const runtime = new Runtime();
	const lane = runtime.lane({
		source: 'bench', scope: SCOPE, maxConcurrent: 1000, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000, retry: { maxRetries: 3, baseMs: 100, maxMs: 1000 },
		cache: { mode: 'readWrite', ttlMs: HOUR.ttlMs, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000 },
	});
	return { runtime, lane, signal: new AbortController().signal };
}

/** A sweep that finds so many expired entries among 10,000 that stay. */
async function expired(bench: Bench): Promise<void> {
	const { memory, systemClock } = parts(bench);
	let now = 0;
	const store = memory(20_000, { ...systemClock, now: () => now });
	for (let index = 0; index < 10_000; index += 1) await store.set(`k${index}`, ANSWER, { ttlMs: 1e15, keepMs: 1e15 });
	await bench.compare({ id: 'expired', title: 'sweep of expired entries, 10,000 others stay', unit: 'µs' }, EXPIRED.map((count) => ({
		name: String(count),
		round: async () => {
			for (let index = 0; index < count; index += 1) await store.set(`short ${index}`, ANSWER, { ttlMs: 1, keepMs: 1 });
			now += 10;
			const startedAt = performance.now();
			store.sweep();
			const value = (performance.now() - startedAt) * 1000;
			return { value, also: { 'entries left': store.stats().entries ?? NaN } };
		},
	})));
}

/** Whether an answer may be kept: of a model, and of a server by RFC 9111. */
async function decisions(bench: Bench): Promise<void> {
	const { isCacheable } = bench.lib('../nodes/CachedAiCall/operations/chat') as typeof import('../../nodes/CachedAiCall/operations/chat.ts');
	const { isStorable, lifetimeMs } = bench.lib('cache/rfc9111') as typeof import('../../lib/cache/rfc9111.ts');
	const answer = { text: 'word '.repeat(80), finishReason: 'stop', usage: { inputTokens: 210, outputTokens: 80 } };
	const headers = { 'content-type': 'application/json', 'cache-control': 'private, max-age=600', date: new Date().toUTCString(), vary: 'Accept' };
	const now = Date.now();
	await bench.time({ id: 'should-cache', title: 'may it be kept?' }, [
		{ name: 'answer of a model', run: () => isCacheable(answer) },
		{ name: 'response, by RFC 9111', run: () => isStorable({ accept: '*/*' }, 200, headers) },
		{ name: 'and for how long', run: () => lifetimeMs(200, headers, now) },
	]);
}

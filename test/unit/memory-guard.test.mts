import { getHeapStatistics } from 'node:v8';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { ByteBound } from '../../lib/core/byte-bound.ts';
import { DEFAULT_LIMITS, feel, NO_PRESSURE, readPressureLimits, type Pressure } from '../../lib/core/pressure.ts';
import { flagsOf, heapLimitBytes } from '../../lib/metrics/heap.ts';
import { MemoryGuard } from '../../lib/runtime/memory-guard.ts';
import { Runtime } from '../../lib/runtime/runtime.ts';
import { SimilarIndex } from '../../lib/similar/index.ts';
import { VectorIndex } from '../../lib/similar/vectors.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const SECOND = 1000;
const KEEP = { ttlMs: 1e9, keepMs: 1e9 };

describe('the pressure of a heap', () => {
	/** The level after each look, five seconds apart, and an `h` where caches let go of half. */
	const run = (percents: readonly number[]) => {
		let pressure: Pressure = NO_PRESSURE;
		return percents.map((percent, index) => {
			const next = feel(pressure, percent / 100, index * 5 * SECOND, DEFAULT_LIMITS);
			pressure = next.pressure;
			return `${pressure.level}${next.halve ? ' h' : ''}`;
		});
	};
	const times = (count: number, percent: number) => Array.from({ length: count }, () => percent);

	test('rises at once, and falls one level at a time, each after a minute well below', () => {
		expect(run([50, 80, 81, 91])).toEqual(['none', 'none', 'high', 'critical h']);
		const fall = run([95, ...times(30, 40)]);
		expect([fall.indexOf('high'), fall.indexOf('none')]).toEqual([13, 26]);
	});

	test('does not fall where memory is only a little below, or comes back', () => {
		expect(run([85, ...times(30, 75)]).at(-1)).toBe('high');
		expect(run([95, ...times(30, 85)]).at(-1)).toBe('critical');
		expect(run([85, ...times(11, 60), 72, ...times(11, 60)]).at(-1)).toBe('high');
	});

	test('halves again every half minute for as long as it is critical', () => {
		expect(run(times(14, 95)).flatMap((level, index) => (level.endsWith('h') ? [index * 5] : []))).toEqual([0, 30, 60]);
	});

	test('has limits that make sense', () => {
		expect(readPressureLimits({ shrinkCachesPercent: 60 })).toEqual({ shrinkCachesPercent: 60, stopCachesPercent: 90 });
		expect(() => readPressureLimits({ shrinkCachesPercent: 95 })).toThrow('Invalid stopCachesPercent: expected at least 95, as shrinkCachesPercent, or 0, got 90');
		expect(() => readPressureLimits({ shrinkCachesPercent: 500 })).toThrow('Invalid shrinkCachesPercent: expected a number from 0 to 100, got 500');
	});

	test('is none where no limit is set, and only high where caches are never stopped', () => {
		const level = (shrinkCachesPercent: number, stopCachesPercent: number) => feel(NO_PRESSURE, 0.99, 0, { shrinkCachesPercent, stopCachesPercent }).pressure.level;
		expect([level(0, 0), level(80, 0), level(0, 90), level(80, 90)]).toEqual(['none', 'high', 'critical', 'critical']);
	});
});

/** Each with the same hundred things in it; the first is the oldest. */
const CACHES = {
	answers: () => {
		const store = new MemoryStore({ clock: new FakeClock(), maxBytes: 100_000 });
		const put = (name: string) => void store.set(name, 'x'.repeat(100), KEEP);
		return { bound: store.bound, put, has: async (name: string) => (await store.get(name)) !== undefined, stats: () => store.stats() };
	},
	prompts: () => {
		const index = new SimilarIndex({ clock: new FakeClock(), maxBytes: 100_000 });
		const text = (name: string) => `the prompt that is called ${name}`;
		return { bound: index.bound, put: (name: string) => index.add('s', text(name), name, 1e9), has: async (name: string) => index.find('s', text(name), 0.99, 1)[0]?.key === name, stats: () => index.stats() };
	},
	vectors: () => {
		const index = new VectorIndex({ clock: new FakeClock(), maxBytes: 100_000 });
		const vector = (name: string) => Array.from({ length: 16 }, (_, at) => Math.sin(Number(name) * 7 + at * at));
		return { bound: index.bound, put: (name: string) => index.add('s', 'p', vector(name), name, 1e9), has: async (name: string) => index.find('s', vector(name), 0.999, 1)[0]?.key === name, stats: () => index.stats() };
	},
};

describe.each(Object.entries(CACHES))('a cache of %s', (_name, make) => {
	const filled = () => {
		const cache = make();
		for (let name = 0; name < 300; name += 1) cache.put(String(name));
		return cache;
	};

	test('fits into less, the oldest leaving first, and never holds more than it may', async () => {
		const cache = filled();
		cache.bound.allow({ share: 0.25, writes: true });
		expect(cache.stats().bytes).toBeLessThanOrEqual(25_000);
		expect([await cache.has('299'), await cache.has('100')]).toEqual([true, false]);
		for (let name = 300; name < 600; name += 1) {
			cache.put(String(name));
			expect(cache.stats().bytes).toBeLessThanOrEqual(25_000);
		}
		expect(await cache.has('599')).toBe(true);
	});

	test('takes nothing new where it may not, and gives what it has', async () => {
		const cache = filled();
		cache.bound.allow({ share: 1, writes: false });
		const { entries } = cache.stats();
		cache.put('1000');
		expect([await cache.has('1000'), await cache.has('299'), cache.stats().entries]).toEqual([false, true, entries]);
	});

	test('lets go of its cold half, and takes all again when it may', async () => {
		const cache = filled();
		const { bytes, entries } = cache.stats();
		cache.bound.dropColdHalf();
		expect(cache.stats().bytes).toBeLessThanOrEqual((bytes ?? 0) / 2);
		expect(cache.stats().entries).toBeGreaterThan((entries ?? 0) * 0.4);
		expect(await cache.has('299')).toBe(true);
		cache.bound.allow({ share: 0.1, writes: false });
		cache.bound.allow({ share: 1, writes: true });
		for (let name = 0; name < 300; name += 1) cache.put(String(name));
		expect(cache.stats().entries).toBe(entries);
	});
});

describe('the memory guard', () => {
	const made: Runtime[] = [];
	afterEach(async () => {
		for (const runtime of made.splice(0)) await runtime.dispose();
	});

	test('looks every five seconds from the first use on, shrinks, stops and gives back, and says so', async () => {
		const clock = new FakeClock();
		const logged: string[] = [];
		let percent = 50;
		const runtime = new Runtime({ clock, random: seeded(1), log: (message) => logged.push(message), readHeap: () => ({ usedBytes: percent, limitBytes: 100 }) });
		made.push(runtime);
		const lane = runtime.lane({
			source: 'test', scope: { credential: 'none', origin: 'https://a.test' }, attemptTimeoutMs: 1000, totalTimeoutMs: 1000, maxConcurrent: 1, retry: { maxRetries: 0, baseMs: 1, maxMs: 1 },
			cache: { mode: 'readWrite', ttlMs: 1e9, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000 },
		});
		const ask = async (key: string) => (await lane.run(async () => 'x'.repeat(1000), { signal: new AbortController().signal, key, idempotent: true })).trace.cache;
		for (let name = 0; name < 10; name += 1) await ask(String(name));
		const full = runtime.stats().store;

		percent = 85;
		await clock.advance(5 * SECOND);
		expect(runtime.stats()).toMatchObject({ memory: { level: 'high', heapShare: 0.85, share: 0.5, writes: true, shrunk: 1 }, store: { entries: 10, maxBytes: 32 * 1_048_576 } });

		percent = 93;
		await clock.advance(5 * SECOND);
		expect(runtime.stats()).toMatchObject({ memory: { level: 'critical', writes: false, stopped: 1, halved: 1 }, store: { entries: 5 } });
		expect([await ask('9'), await ask('0'), await ask('0')]).toEqual(['hit', 'miss', 'miss']);

		percent = 50;
		await clock.advance(70 * SECOND);
		expect(runtime.stats().memory.level).toBe('high');
		await clock.advance(70 * SECOND);
		expect(runtime.stats()).toMatchObject({ memory: { level: 'none', share: 1, writes: true }, store: { maxBytes: full.maxBytes } });
		expect([await ask('0'), await ask('0')]).toEqual(['miss', 'hit']);
		expect(logged).toEqual([
			'The heap is 85 % full: caches may use half of their memory.',
			'The heap is 93 % full: caches let go of half of what they hold and take nothing new.',
			'The heap is 50 % full: caches may use half of their memory.',
			'The heap is 50 % full: caches may use all of their memory again.',
		]);
	});

	test('reads the heap of this process where nothing else is said', () => {
		const guard = new MemoryGuard({ clock: new FakeClock(), caches: [] });
		guard.look();
		expect(guard.stats().heapShare).toBeGreaterThan(0);
		expect(guard.stats().heapShare).toBeLessThan(1);
	});

	test('knows that a process dies when its old space is full, which is less than the limit of V8', () => {
		const { heap_size_limit: most } = getHeapStatistics();
		expect(heapLimitBytes([])).toBe(most);
		expect(heapLimitBytes(['--max-old-space-size=100'])).toBe(100 * 1_048_576);
		expect(heapLimitBytes(flagsOf('--no-warnings "--max-old-space-size=100"', ['--max_old_space_size=200']))).toBe(200 * 1_048_576);
		expect(heapLimitBytes(['--max-old-space-size=9999999', '--max-semi-space-size=1'])).toBe(most);
		expect(heapLimitBytes(['--max-old-space-size=0'])).toBe(most);
	});

	test('never collects garbage unasked', () => {
		let collected = 0;
		const place = globalThis as { gc?: unknown };
		const before = place.gc;
		place.gc = () => (collected += 1);
		try {
			const bound = new ByteBound(100, () => 100, () => {});
			const critical = () => new MemoryGuard({ clock: new FakeClock(), caches: [bound], read: () => ({ usedBytes: 95, limitBytes: 100 }) });
			critical().look();
			expect(collected).toBe(0);
			const asked = critical();
			expect(asked.configure({ collectGarbage: true })).toEqual({ ...DEFAULT_LIMITS, collectGarbage: true });
			asked.look();
			expect(collected).toBe(1);
		} finally {
			place.gc = before;
		}
	});

	test('is configured with what else is watched, and nothing is changed where a limit makes no sense', async () => {
		const runtime = new Runtime({ clock: new FakeClock(), readHeap: () => ({ usedBytes: 70, limitBytes: 100 }) });
		made.push(runtime);
		await runtime.oversight.configure({ shrinkCachesPercent: 60 });
		await expect(runtime.oversight.configure({ stopCachesPercent: 50 })).rejects.toThrow('Invalid stopCachesPercent');
		runtime.memoryGuard.look();
		expect(runtime.stats().memory.level).toBe('high');
	});

	test('leaves no timer behind', () => {
		const clock = new FakeClock();
		const guard = new MemoryGuard({ clock, caches: [] });
		guard.start();
		guard.start();
		expect(clock.timers).toBe(1);
		guard.stop();
		expect(clock.timers).toBe(0);
	});
});

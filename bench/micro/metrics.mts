/** What it costs to measure: the time of a recorded call, the memory of a series, and what watching the process takes from it. */
import { setTimeout } from 'node:timers/promises';
import type { Contender } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import { ANSWER, SCOPE } from './payloads.mts';

const SLOT_MS = 5000;
const DAY_MS = 86_400_000;
const MINUTE = { ttlMs: 60_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000 };

export default async function metrics(bench: Bench): Promise<void> {
	const { systemClock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const { newTrace } = bench.lib('core/trace') as typeof import('../../lib/core/trace.ts');
	const { Histogram } = bench.lib('metrics/histogram') as typeof import('../../lib/metrics/histogram.ts');
	const { MetricsRegistry } = bench.lib('metrics/registry') as typeof import('../../lib/metrics/registry.ts');
	const { LoadMonitor } = bench.lib('metrics/load') as typeof import('../../lib/metrics/load.ts');
	const { Runtime } = bench.lib('runtime/runtime') as typeof import('../../lib/runtime/runtime.ts');

	const labels = (node: number) => ({ source: 'cachedAiCall', workflowId: 'AbCdEfGhIjKlMnOp', node: `Ask the model ${node}`, origin: SCOPE.origin, model: 'gpt-4o-mini' });
	const trace = { ...newTrace(), cache: 'miss', attempts: 1, upstreamMs: 800, connectionReused: true, costUsd: 0.001 } as const;
	const durations = Array.from({ length: 1024 }, (_none, index) => 800 + ((index * 7919) % 1024));
	let turn = 0;
	const next = () => durations[(turn += 1) & 1023] ?? 0;

	// First, as nothing else is held yet.
	await memory(bench, MetricsRegistry, LoadMonitor, (node) => labels(node), (index) => ({ trace, durationMs: durations[index & 1023] ?? 0 }));

	const hit = { ...trace, cache: 'hit', attempts: 0 } as const;
	let at = systemClock.now();
	const histogram = new Histogram();
	const registry = new MetricsRegistry({ clock: systemClock });
	const off = new MetricsRegistry({ clock: systemClock, enabled: false });
	const meter = registry.meter(labels(0));
	const idle = off.meter(labels(0));
	const runtime = new Runtime();
	const silent = new Runtime();
	silent.measurements.enabled = false;
	const laneOf = (of: InstanceType<typeof Runtime>) =>
		of.lane({
			source: 'bench', scope: SCOPE, maxConcurrent: 50, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000,
			retry: { maxRetries: 3, baseMs: 100, maxMs: 1000 }, cache: { mode: 'readWrite', ...MINUTE },
		});
	const [measured, unmeasured] = [laneOf(runtime), laneOf(silent)];
	const { signal } = new AbortController();
	const answer = async () => ANSWER;
	for (const lane of [measured, unmeasured]) await lane.run(answer, { signal, key: 'hot', idempotent: true });

	const calls = bench.pick({ smoke: 1000, default: 300_000, full: 1_000_000 });
	await bench.compare({ id: 'recording', title: 'recording a call, processor time', unit: 'ns' }, [
		spent('a time in a histogram', calls, () => histogram.record(next())),
		spent('a call that went upstream', calls, () => meter.record({ trace, durationMs: next(), inputTokens: 210, outputTokens: 80 }, (at += 0.01))),
		spent('a call from the cache', calls, () => meter.record({ trace: hit, durationMs: next() / 1e4 }, (at += 0.01))),
		spent('a call while measuring is off', calls, () => idle.record({ trace, durationMs: next() }, at)),
	]);
	const without = 'a cache hit, not measured';
	await bench.compare({ id: 'pipeline', title: 'a whole call, processor time', unit: 'ns', baseline: without, compare: 'cost' }, [
		spent(without, calls / 50, async () => await unmeasured.run(answer, { signal, key: 'hot', idempotent: true })),
		spent('a cache hit, measured', calls / 50, async () => await measured.run(answer, { signal, key: 'hot', idempotent: true })),
	]);

	const many = new MetricsRegistry({ clock: systemClock });
	for (let call = 0; call < 20_000; call += 1) many.meter(labels(call % 200)).record({ trace, durationMs: next() });
	for (let node = 0; node < 200; node += 1) runtime.measurements.calls.meter(labels(node)).record({ trace, durationMs: next() });
	await bench.compare({ id: 'reading', title: 'reading, processor time', unit: 'ns' }, [
		spent('all windows of 200 series, as others merge them', bench.pick({ smoke: 1, default: 20, full: 50 }), () => many.written()),
		spent('a snapshot with 200 series', bench.pick({ smoke: 1, default: 20, full: 50 }), async () => await runtime.snapshot()),
	]);
	await runtime.dispose();
	await silent.dispose();

	await watching(bench, LoadMonitor);
}

/** A contender whose value is nanoseconds of processor time per operation: a busy machine does not change it much. */
function spent(name: string, times: number, run: () => unknown): Contender {
	return {
		name,
		async round() {
			const before = process.cpuUsage();
			for (let index = 0; index < times; index += 1) {
				const ran = run();
				if (ran instanceof Promise) await ran;
			}
			const { user, system } = process.cpuUsage(before);
			return { value: (1000 * (user + system)) / times };
		},
	};
}

/** After a whole day in which every slot had calls, so that no window can hold more. */
async function memory(
	bench: Bench,
	Registry: typeof import('../../lib/metrics/registry.ts').MetricsRegistry,
	Load: typeof import('../../lib/metrics/load.ts').LoadMonitor,
	labels: (node: number) => Parameters<InstanceType<typeof import('../../lib/metrics/registry.ts').MetricsRegistry>['meter']>[0],
	call: (index: number) => import('../../lib/metrics/tally.ts').CallRecord,
): Promise<void> {
	const day = bench.pick({ smoke: 600_000, default: DAY_MS, full: DAY_MS });
	const count = bench.pick({ smoke: 4, default: 10, full: 10 });
	let now = 0;
	const clock = { now: () => now, wallNow: () => now, sleep: async () => {}, after: () => () => {} };
	const grown = async (make: () => (index: number) => void) => {
		const before = await held();
		const work = make();
		for (now = 0; now < day; now += SLOT_MS) work(now / SLOT_MS);
		return (await held()) - before;
	};
	const kept: unknown[] = [];
	const load = await grown(() => {
		const monitor = new Load(clock);
		monitor.start();
		kept.push(monitor);
		return () => monitor.sample();
	});
	const series = async (many: number) =>
		await grown(() => {
			const registry = new Registry({ clock });
			const meters = Array.from({ length: many }, (_none, node) => registry.meter(labels(node)));
			kept.push(registry);
			return (index) => {
				for (const meter of meters) for (let times = 0; times < 3; times += 1) meter.record(call(index * 3 + times));
				registry.settle();
			};
		});
	await series(1);
	const few = await series(count);
	const each = ((await series(2 * count)) - few) / count;
	const row = (name: string, bytes: number) => ({ name, median: Math.round(bytes), low: Math.round(bytes), high: Math.round(bytes) });
	bench.add({
		id: 'memory', title: 'what is held after a day', unit: 'bytes', rounds: 1,
		rows: [row('a series with calls in every 5 s', each), row('the minutes of a day, of all series together', few - count * each), row('the load of a day', load)],
	});
	kept.length = 0;
}

/** The memory of buffers is given back a moment after the collection that finds them. */
async function held(): Promise<number> {
	for (let times = 0; times < 5; times += 1) {
		globalThis.gc?.();
		await setTimeout(20);
	}
	const { heapUsed, arrayBuffers } = process.memoryUsage();
	return heapUsed + arrayBuffers;
}

/** Processor time of a process that does nothing, in turns with and without. */
async function watching(bench: Bench, Load: typeof import('../../lib/metrics/load.ts').LoadMonitor): Promise<void> {
	const { systemClock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const seconds = bench.pick({ smoke: 0.05, default: 1, full: 3 });
	const idle = async () => {
		const before = process.cpuUsage();
		await setTimeout(seconds * 1000);
		const { user, system } = process.cpuUsage(before);
		return { value: (user + system) / seconds };
	};
	const watched = async () => {
		const load = new Load(systemClock);
		load.start();
		const sample = await idle();
		load.sample();
		load.stop();
		return sample;
	};
	await bench.compare({ id: 'watching', title: 'processor time of an idle second', unit: 'µs' }, [
		{ name: 'not watched', round: idle },
		{ name: 'watched', round: watched },
	]);
}

import { expect, test } from 'vitest';
import type { Gauges } from '../../lib/metrics/gauges.ts';
import { watchProcess } from '../../lib/metrics/gauges.ts';
import { Histogram } from '../../lib/metrics/histogram.ts';
import { LoadMonitor, worst } from '../../lib/metrics/load.ts';
import { Runtime } from '../../lib/runtime/index.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

const MB = 1_048_576;

/** A process that says what the test told it to say. */
class Told implements Gauges {
	watched = true;
	heapMb = 100;
	readonly next = { cpuMs: 0, loopActiveMs: 0, gcMs: 0, delayMs: 0 };

	levels() {
		return { heapUsedBytes: this.heapMb * MB, heapLimitBytes: 4096 * MB, rssBytes: 200 * MB, externalBytes: MB, fileDescriptors: null };
	}

	passed(delays: Histogram) {
		const { delayMs, ...passed } = this.next;
		delays.record(delayMs, 250);
		return passed;
	}

	stop() {
		this.watched = false;
	}
}

async function interval(clock: FakeClock, load: LoadMonitor, told: Told, facts: Partial<Told['next']>): Promise<void> {
	await clock.advance(5000);
	Object.assign(told.next, facts);
	load.sample();
}

test('a load is what passed by the time it took, and the highest of what was held', async () => {
	const clock = new FakeClock();
	const told = new Told();
	const load = new LoadMonitor(clock, () => told);
	load.start();
	told.heapMb = 300;
	await interval(clock, load, told, { cpuMs: 7500, loopActiveMs: 4000, gcMs: 100, delayMs: 2 });
	told.heapMb = 120;
	await interval(clock, load, told, { cpuMs: 500, loopActiveMs: 1000, gcMs: 20, delayMs: 200 });
	expect(load.now()).toMatchObject({ heapUsedBytes: 120 * MB, cpu: 0.1, loopUtilization: 0.2, gcMs: 20, fileDescriptors: null });
	const { '1m': minute } = load.windows();
	expect(minute).toMatchObject({ heapUsedBytes: 300 * MB, cpu: 0.8, loopUtilization: 0.5, gcMs: 120 });
	// Half of the firings were late by 200 ms: so is the p99 of all, and no average is taken.
	expect(Math.abs(minute.loopDelayP99Ms / 200 - 1)).toBeLessThan(0.01);
	await clock.advance(120_000);
	expect(load.windows()['1m']).toMatchObject({ cpu: 0, heapUsedBytes: 0 });
	expect(load.minutes()).toHaveLength(1);
	load.stop();
	expect(told.watched).toBe(false);
});

test('of several processes the worst of each counts', () => {
	const [one, other] = [new Told(), new Told()].map((told) => ({ ...told.levels(), cpu: 0, loopDelayP99Ms: 0, loopUtilization: 0, gcMs: 0 }));
	const loads = [{ ...one!, cpu: 0.9, fileDescriptors: 12 }, { ...other!, heapUsedBytes: 500 * MB }];
	expect(worst(loads)).toMatchObject({ cpu: 0.9, heapUsedBytes: 500 * MB, fileDescriptors: 12 });
	expect(worst(loads.slice(1)).fileDescriptors).toBeNull();
});

test('a process that is watched tells of itself', async () => {
	const gauges = watchProcess();
	try {
		// Blocks the event loop now and then, each time for as long as that takes on the processor; between them, timers fire.
		let blocks = 0;
		const block = () => {
			for (const spent = process.cpuUsage(); process.cpuUsage(spent).user < 60_000; );
			return (blocks += 1);
		};
		await expect.poll(block, { timeout: 20_000 }).toBe(6);
		const delays = new Histogram();
		expect(gauges.passed(delays).cpuMs).toBeGreaterThan(300);
		expect(delays.max).toBeGreaterThan(20);
		expect(gauges.levels().heapUsedBytes).toBeGreaterThan(MB);
		expect(gauges.levels().heapLimitBytes).toBeGreaterThan(gauges.levels().heapUsedBytes);
		if (process.platform === 'linux') expect(gauges.levels().fileDescriptors).toBeGreaterThan(2);
	} finally {
		gauges.stop();
	}
});

test('a runtime begins to watch when it is used, and ends with it', async () => {
	const clock = new FakeClock();
	const runtime = new Runtime({ clock });
	expect(clock.timers).toBe(1);
	const { processes, resources, windows } = await runtime.snapshot();
	expect(clock.timers).toBe(2);
	expect(processes).toMatchObject([{ pid: process.pid, startedAt: clock.wallNow() }]);
	expect(processes[0]?.now.rssBytes).toBeGreaterThan(MB);
	expect(resources.caches).toMatchObject([{ process: processes[0]?.id, name: 'memory', entries: 0, maxBytes: 64 * MB, state: 'up' }]);
	expect(windows['24h'].total.calls).toBe(0);
	await clock.advance(70_000);
	expect((await runtime.snapshot()).history).toHaveLength(2);
	await runtime.dispose();
	expect(clock.timers).toBe(0);
	await runtime.snapshot();
	expect(clock.timers).toBe(0);
});

test('a runtime that is told not to measure sets no timer and counts nothing, until it is told to', async () => {
	process.env.N8N_FASTPATH_METRICS = 'false';
	try {
		const clock = new FakeClock();
		const runtime = new Runtime({ clock });
		const lane = runtime.lane({
			source: 'pooledHttp', scope: { credential: 'none', origin: 'https://a.test' }, place: { workflowId: 'w', nodeName: 'Fetch' },
			retry: { maxRetries: 0, baseMs: 0, maxMs: 0 }, maxConcurrent: 1, attemptTimeoutMs: 1000, totalTimeoutMs: 1000,
		});
		const run = async () => await lane.run(async () => 'x', { signal: new AbortController().signal, idempotent: true });
		await run();
		const { windows, processes } = await runtime.snapshot();
		expect(windows['1m'].total.calls).toBe(0);
		// What is held can be looked up at any time.
		expect(processes[0]?.now.heapLimitBytes).toBeGreaterThan(MB);
		// Those of the sweep and of the memory guard.
		expect(clock.timers).toBe(2);
		runtime.measurements.enabled = true;
		await run();
		expect((await runtime.snapshot()).windows['1m'].series).toMatchObject([{ workflowId: 'w', node: 'Fetch', calls: 1 }]);
		await runtime.dispose();
	} finally {
		delete process.env.N8N_FASTPATH_METRICS;
	}
});

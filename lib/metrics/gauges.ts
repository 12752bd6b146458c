import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks';
import { heapLimitBytes as limitOf } from './heap';
import type { Histogram } from './histogram';

/** What a process can tell of itself at a moment. */
export interface Levels {
	readonly heapUsedBytes: number;
	readonly heapLimitBytes: number;
	readonly rssBytes: number;
	readonly externalBytes: number;
	/** Null where the platform cannot tell. */
	readonly fileDescriptors: number | null;
}

/** What has passed since it was asked before, in milliseconds; delays of the event loop are recorded where they are wanted. */
export interface Passed {
	readonly cpuMs: number;
	readonly loopActiveMs: number;
	readonly gcMs: number;
}

export interface Gauges {
	levels(): Levels;
	passed(delays: Histogram): Passed;
	stop(): void;
}

/** A timer fires so often to see how late it is. */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** Watches this process from now on, without keeping it alive. */
export function watchProcess(): Gauges {
	const loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
	loopDelay.enable();
	const heapLimitBytes = limitOf();
	let gcMs = 0;
	const observer = new PerformanceObserver((list) => {
		for (const { duration } of list.getEntries()) gcMs += duration;
	});
	observer.observe({ entryTypes: ['gc'] });
	let cpu = process.cpuUsage();
	let loop = performance.eventLoopUtilization();

	return {
		levels: () => levelsNow(heapLimitBytes),
		passed(delays) {
			const spent = process.cpuUsage(cpu);
			const busy = performance.eventLoopUtilization(loop);
			cpu = process.cpuUsage();
			loop = performance.eventLoopUtilization();
			// Each step of the percentiles stands for the firings since the one before; each fires a period after the last, and late by the rest.
			let before = 0;
			for (const [percentile, ns] of loopDelay.percentiles) {
				const firings = Math.round((percentile / 100) * loopDelay.count);
				if (firings > before) delays.record(Math.max(0, ns / NS_PER_MS - RESOLUTION_MS), firings - before);
				before = Math.max(before, firings);
			}
			loopDelay.reset();
			const passed = { cpuMs: (spent.user + spent.system) / 1000, loopActiveMs: busy.active, gcMs };
			gcMs = 0;
			return passed;
		},
		stop() {
			loopDelay.disable();
			observer.disconnect();
		},
	};
}

/** Of this process, also while nobody watches it. */
export function levelsNow(heapLimitBytes = limitOf()): Levels {
	const { heapUsed, rss, external } = process.memoryUsage();
	return { heapUsedBytes: heapUsed, heapLimitBytes, rssBytes: rss, externalBytes: external, fileDescriptors: countDescriptors() };
}

/** Linux lists them in a folder, the one that reads it among them. */
function countDescriptors(): number | null {
	try {
		return readdirSync('/proc/self/fd').length - 1;
	} catch {
		return null;
	}
}

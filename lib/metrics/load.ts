import type { Clock } from '../core/clock';
import { WINDOW_NAMES, type LoadFacts, type WindowName } from '../core/snapshot';
import { ByteReader, ByteWriter } from './bytes';
import { levelsNow, watchProcess, type Gauges, type Levels, type Passed } from './gauges';
import { Histogram } from './histogram';
import { forEachWindow, minutesOf, ringsOf } from './windows';

/** What was seen in a stretch of time: the highest levels, and the sum of what passed. */
interface Stretch extends Levels, Passed {
	readonly ms: number;
	/** Of the event loop, as a histogram writes itself. */
	readonly delays: Uint8Array;
}

/** How hard this process works, sampled in short intervals, over each window and each minute of the last day. */
export class LoadMonitor {
	readonly #clock: Clock;
	readonly #watch: () => Gauges;
	readonly #windows = ringsOf(together);
	readonly #minutes = minutesOf(together);
	#gauges: Gauges | undefined;
	#sampledAt = 0;
	#last: Stretch | undefined;

	/** @param watch begins to watch the process */
	constructor(clock: Clock, watch: () => Gauges = watchProcess) {
		this.#clock = clock;
		this.#watch = watch;
	}

	/** Nothing is watched before. */
	start(): void {
		if (this.#gauges) return;
		this.#gauges = this.#watch();
		this.#sampledAt = this.#clock.now();
	}

	/** Ends an interval. */
	sample(): void {
		const now = this.#clock.now();
		if (!this.#gauges || now <= this.#sampledAt) return;
		const delays = new Histogram();
		const passed = this.#gauges.passed(delays);
		const stretch = { ...this.#gauges.levels(), ...passed, ms: now - this.#sampledAt, delays: bytesOf(delays) };
		this.#last = stretch;
		for (const name of WINDOW_NAMES) this.#windows[name].add(this.#sampledAt, stretch);
		this.#minutes.add(this.#clock.wallNow() - stretch.ms, stretch);
		this.#sampledAt = now;
	}

	/** Of the last interval, with the levels of this moment. */
	now(): LoadFacts {
		if (!this.#last) this.sample();
		const levels = this.#gauges?.levels() ?? levelsNow();
		return { ...factsOf(this.#last), ...levels };
	}

	windows(): Record<WindowName, LoadFacts> {
		const now = this.#clock.now();
		return forEachWindow((name) => factsOf(sumOf(this.#windows[name].until(now).map(({ value }) => value))));
	}

	/** Oldest first, each under the beginning of its minute. */
	minutes(): Array<{ readonly at: number; readonly load: LoadFacts }> {
		return this.#minutes.until(this.#clock.wallNow()).map(({ at, value }) => ({ at, load: factsOf(value) }));
	}

	stop(): void {
		this.#gauges?.stop();
		this.#gauges = undefined;
	}
}

export const NO_LOAD: LoadFacts = {
	heapUsedBytes: 0, heapLimitBytes: 0, rssBytes: 0, externalBytes: 0, cpu: 0, loopDelayP99Ms: 0, loopUtilization: 0, gcMs: 0, fileDescriptors: null,
};

/** The highest of each. */
export function worst(loads: readonly LoadFacts[]): LoadFacts {
	const top = (read: (load: LoadFacts) => number) => Math.max(0, ...loads.map(read));
	return {
		heapUsedBytes: top(({ heapUsedBytes }) => heapUsedBytes),
		heapLimitBytes: top(({ heapLimitBytes }) => heapLimitBytes),
		rssBytes: top(({ rssBytes }) => rssBytes),
		externalBytes: top(({ externalBytes }) => externalBytes),
		cpu: top(({ cpu }) => cpu),
		loopDelayP99Ms: top(({ loopDelayP99Ms }) => loopDelayP99Ms),
		loopUtilization: top(({ loopUtilization }) => loopUtilization),
		gcMs: top(({ gcMs }) => gcMs),
		fileDescriptors: loads.some(({ fileDescriptors }) => fileDescriptors !== null) ? top(({ fileDescriptors }) => fileDescriptors ?? 0) : null,
	};
}

function together(before: Stretch, more: Stretch): Stretch {
	const known = [before.fileDescriptors, more.fileDescriptors].filter((count) => count !== null);
	return {
		ms: before.ms + more.ms,
		heapUsedBytes: Math.max(before.heapUsedBytes, more.heapUsedBytes),
		heapLimitBytes: more.heapLimitBytes,
		rssBytes: Math.max(before.rssBytes, more.rssBytes),
		externalBytes: Math.max(before.externalBytes, more.externalBytes),
		fileDescriptors: known.length > 0 ? Math.max(...known) : null,
		cpuMs: before.cpuMs + more.cpuMs,
		loopActiveMs: before.loopActiveMs + more.loopActiveMs,
		gcMs: before.gcMs + more.gcMs,
		delays: bytesOf(delaysOf(before.delays, more.delays)),
	};
}

function sumOf(stretches: readonly Stretch[]): Stretch | undefined {
	const [first, ...rest] = stretches;
	return first && rest.reduce(together, first);
}

function factsOf(stretch: Stretch | undefined): LoadFacts {
	if (!stretch) return NO_LOAD;
	const { ms, cpuMs, loopActiveMs, delays, ...levels } = stretch;
	return { ...levels, cpu: cpuMs / ms, loopUtilization: Math.min(1, loopActiveMs / ms), loopDelayP99Ms: delaysOf(delays).quantile(0.99) };
}

function bytesOf(histogram: Histogram): Uint8Array {
	const writer = new ByteWriter();
	histogram.write(writer);
	return writer.finish();
}

function delaysOf(...written: readonly Uint8Array[]): Histogram {
	const histogram = new Histogram();
	for (const bytes of written) histogram.read(new ByteReader(bytes));
	return histogram;
}

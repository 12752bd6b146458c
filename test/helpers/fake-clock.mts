import { sleepOn, systemClock, type Clock } from '../../lib/core/clock.ts';

interface Timer {
	readonly at: number;
	readonly callback: () => void;
}

/** Lets everything that is ready run: all microtasks, and what they start. */
export async function settle(): Promise<void> {
	await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A clock whose hands the test turns. Counts the timers that are set, so that a test sees one left behind. */
export class FakeClock implements Clock {
	#now: number;
	readonly #wallOffset: number;
	readonly #timers = new Set<Timer>();

	constructor(now = 0, wall = Date.UTC(2026, 0, 1)) {
		this.#now = now;
		this.#wallOffset = wall - now;
	}

	now(): number {
		return this.#now;
	}

	wallNow(): number {
		return this.#wallOffset + this.#now;
	}

	after(ms: number, callback: () => void): () => void {
		const timer: Timer = { at: this.#now + Math.max(ms, 0), callback };
		this.#timers.add(timer);
		return () => {
			this.#timers.delete(timer);
		};
	}

	async sleep(ms: number, signal?: AbortSignal): Promise<void> {
		await sleepOn((wait, callback) => this.after(wait, callback), ms, signal);
	}

	/** Timers that are set and have neither fired nor been cancelled. */
	get timers(): number {
		return this.#timers.size;
	}

	/** Turns the hands, firing what falls due on the way at its own time and in its own order. */
	async advance(ms: number): Promise<void> {
		const end = this.#now + ms;
		await settle();
		for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
			this.#now = next.at;
			this.#timers.delete(next);
			next.callback();
			await settle();
		}
		this.#now = end;
		await settle();
	}

	#nextUntil(end: number): Timer | undefined {
		let next: Timer | undefined;
		for (const timer of this.#timers) {
			if (timer.at <= end && timer.at < (next?.at ?? Infinity)) next = timer;
		}
		return next;
	}
}

/** A clock that runs that many times as fast as the real one, for what takes long and meets real servers. */
export function hurriedClock(times: number): Clock {
	const after: Clock['after'] = (ms, callback) => systemClock.after(ms / times, callback);
	return {
		now: () => systemClock.now() * times,
		wallNow: () => systemClock.wallNow(),
		after,
		sleep: async (ms, signal) => await sleepOn(after, ms, signal),
	};
}

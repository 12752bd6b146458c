import { abortReason } from './signal';

/** The only source of time and of timers, so that tests can turn the hands. */
export interface Clock {
	/** Monotonic milliseconds; for every measurement, expiry and deadline. */
	now(): number;
	/** Milliseconds since the epoch; only for what is shown or stored. */
	wallNow(): number;
	/** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
	/** Runs `callback` once after `ms`, without keeping the process alive. Returns what cancels it. */
	after(ms: number, callback: () => void): () => void;
}

/** setTimeout fires at once for anything longer than this (2^31 - 1 ms, about 24 days). */
const LONGEST_TIMER_MS = 2_147_483_647;

function after(ms: number, callback: () => void): () => void {
	const timer = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
	timer.unref();
	return () => clearTimeout(timer);
}

export const systemClock: Clock = {
	now: () => performance.now(),
	wallNow: () => Date.now(),
	after,
	sleep: async (ms, signal) => await sleepOn(after, ms, signal),
};

/** A cancellable wait on top of any `after`; the listener never outlives the wait. */
export async function sleepOn(
	schedule: Clock['after'],
	ms: number,
	signal?: AbortSignal,
): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		if (signal?.aborted) return reject(abortReason(signal));
		const onAbort = () => {
			cancel();
			reject(abortReason(signal));
		};
		const cancel = schedule(ms, () => {
			signal?.removeEventListener('abort', onAbort);
			resolve();
		});
		signal?.addEventListener('abort', onAbort, { once: true });
	});
}

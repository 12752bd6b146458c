import type { Clock } from './clock';
import { TimeoutError } from './errors';
import { abortReason, ChildController, onAbort } from './signal';

/**
 * Settles like `promise`, or rejects with a TimeoutError of an attempt after `ms`; the promise itself goes on. A process that was
 * busy fires its timers before it reads what has come in meanwhile: an answer that lies there already is not late.
 */
export async function bounded<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T> {
	return await new Promise<T>((resolve, reject) => {
		const expire = () => reject(new TimeoutError('attempt', ms));
		let cancel = clock.after(ms, () => {
			cancel = clock.after(0, expire);
		});
		// In both ways by itself: a `finally` would make two more promises for each command of a store.
		promise.then(
			(value) => {
				cancel();
				resolve(value);
			},
			(error: unknown) => {
				cancel();
				reject(error);
			},
		);
	});
}

export interface TimeBound {
	readonly clock: Clock;
	readonly phase: 'attempt' | 'total';
	readonly ms: number;
	/** Whose abort ends the work as well. */
	readonly parent: AbortSignal;
}

/** Settles like the work, but no later than the abort of the signal that it is given: with a TimeoutError after `ms`, or with the parent's reason. */
export async function within<T>({ clock, phase, ms, parent }: TimeBound, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
	const controller = new ChildController();
	return await new Promise<T>((resolve, reject) => {
		const stop = (reason: Error) => {
			end();
			controller.abort(reason);
			reject(reason);
		};
		const cancel = clock.after(ms, () => stop(new TimeoutError(phase, ms)));
		let release = () => {};
		const end = () => {
			cancel();
			release();
		};
		release = onAbort(parent, () => stop(abortReason(parent)));
		work(controller.signal).then(
			(value) => {
				end();
				resolve(value);
			},
			(error: unknown) => {
				end();
				reject(error);
			},
		);
	});
}

import { CancelledError, isFastpathError } from './errors';

/** What a wait that was cut short rejects with: our own error where one was given as the reason. */
export function abortReason(signal?: AbortSignal): Error {
	const reason: unknown = signal?.reason;
	return isFastpathError(reason) ? reason : new CancelledError({ cause: reason });
}

export function throwIfAborted(signal: AbortSignal): void {
	if (signal.aborted) throw abortReason(signal);
}

/** Under which a signal keeps who waits for it. A WeakMap of the signals would take twice as long. */
const WATCH = Symbol('watch');

/** Who waits for one signal: the platform looks through all listeners of a signal for each one that is added, so each has one at most. */
class Watch {
	readonly #listeners = new Set<{ readonly call: () => void }>();

	/** @param signal whose own event is listened to; undefined where `fire` is called without it */
	constructor(private readonly signal?: AbortSignal) {}

	readonly fire = (): void => {
		for (const entry of this.#listeners) {
			this.#listeners.delete(entry);
			entry.call();
		}
	};

	add(call: () => void): () => void {
		const entry = { call };
		if (this.#listeners.size === 0) this.signal?.addEventListener('abort', this.fire, { once: true });
		this.#listeners.add(entry);
		return () => {
			if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.signal?.removeEventListener('abort', this.fire);
		};
	}
}

type Watched = AbortSignal & { [WATCH]?: Watch };

/** Calls `listener` once on abort, at once if it has happened already. Returns what removes it. Thousands may wait for the same signal. */
export function onAbort(signal: Watched, listener: () => void): () => void {
	if (signal.aborted) {
		listener();
		return () => {};
	}
	return (signal[WATCH] ??= new Watch(signal)).add(listener);
}

/** Tells who waits for its signal itself: listening for an event of the platform's takes longer than all the rest of it. */
export class ChildController extends AbortController {
	readonly #watch = new Watch();

	constructor() {
		super();
		(this.signal as Watched)[WATCH] = this.#watch;
	}

	override abort(reason?: unknown): void {
		super.abort(reason);
		this.#watch.fire();
	}
}

/**
 * A controller that follows its parents. `release()` must be called when the work is over: parents
 * may live for as long as the process, and would keep the listener.
 */
export function childController(...parents: readonly AbortSignal[]): {
	controller: AbortController;
	release(): void;
} {
	const controller = new ChildController();
	const removers = parents.map((parent) =>
		onAbort(parent, () => controller.abort(abortReason(parent))),
	);
	return {
		controller,
		release: () => {
			for (const remove of removers) remove();
		},
	};
}

/** Settles like `promise`, but no later than the abort of `signal`. The promise itself goes on. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	return await new Promise<T>((resolve, reject) => {
		const remove = onAbort(signal, () => reject(abortReason(signal)));
		promise.then(
			(value) => {
				remove();
				resolve(value);
			},
			(error: unknown) => {
				remove();
				reject(error);
			},
		);
	});
}

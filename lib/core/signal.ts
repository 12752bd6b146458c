import { CancelledError, isFastpathError } from './errors';

/** What a wait that was cut short rejects with: our own error where one was given as the reason. */
export function abortReason(signal?: AbortSignal): Error {
	const reason: unknown = signal?.reason;
	return isFastpathError(reason) ? reason : new CancelledError({ cause: reason });
}

export function throwIfAborted(signal: AbortSignal): void {
	if (signal.aborted) throw abortReason(signal);
}

interface Watch {
	readonly listeners: Set<{ readonly call: () => void }>;
	readonly fire: () => void;
}

/** The platform looks through all listeners of a signal for each one that is added; here each signal has one at most. */
const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `listener` once on abort, at once if it has happened already. Returns what removes it. Thousands may wait for the same signal. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
	if (signal.aborted) {
		listener();
		return () => {};
	}
	const watch = watches.get(signal) ?? newWatch(signal);
	if (watch.listeners.size === 0) signal.addEventListener('abort', watch.fire, { once: true });
	const entry = { call: listener };
	watch.listeners.add(entry);
	return () => {
		if (watch.listeners.delete(entry) && watch.listeners.size === 0) signal.removeEventListener('abort', watch.fire);
	};
}

function newWatch(signal: AbortSignal): Watch {
	const listeners: Watch['listeners'] = new Set();
	const fire = () => {
		for (const entry of listeners) {
			listeners.delete(entry);
			entry.call();
		}
	};
	const watch = { listeners, fire };
	watches.set(signal, watch);
	return watch;
}

/**
 * A controller that follows its parents. `release()` must be called when the work is over: parents
 * may live for as long as the process, and would keep the listener.
 */
export function childController(...parents: readonly AbortSignal[]): {
	controller: AbortController;
	release(): void;
} {
	const controller = new AbortController();
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

import { CancelledError, isFastpathError } from './errors';

/** What a wait that was cut short rejects with: our own error where one was given as the reason. */
export function abortReason(signal?: AbortSignal): Error {
	const reason: unknown = signal?.reason;
	return isFastpathError(reason) ? reason : new CancelledError({ cause: reason });
}

export function throwIfAborted(signal: AbortSignal): void {
	if (signal.aborted) throw abortReason(signal);
}

/** Calls `listener` once on abort, at once if it has happened already. Returns what removes it. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
	if (signal.aborted) {
		listener();
		return () => {};
	}
	signal.addEventListener('abort', listener, { once: true });
	return () => signal.removeEventListener('abort', listener);
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

import { getEventListeners } from 'node:events';
import { HttpStatusError, NetworkError, type HeaderMap } from '../../lib/core/errors.ts';
import type { CallContext } from '../../lib/core/policy.ts';
import { newTrace } from '../../lib/core/trace.ts';

export function newContext(facts: Partial<CallContext> = {}): CallContext {
	return { signal: new AbortController().signal, trace: newTrace(), idempotent: true, ...facts };
}

export interface Deferred<T> {
	readonly promise: Promise<T>;
	resolve(value: T): void;
	reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
	let resolve!: (value: T) => void;
	let reject!: (error: unknown) => void;
	const promise = new Promise<T>((onValue, onError) => {
		resolve = onValue;
		reject = onError;
	});
	return { promise, resolve, reject };
}

export function status(code: number, headers: HeaderMap = {}): HttpStatusError {
	return new HttpStatusError({ status: code, headers, body: null });
}

export function outage(): NetworkError {
	return new NetworkError('Connection reset', { systemCode: 'ECONNRESET', unprocessed: false });
}

/** How many listeners wait for the abort of a signal. */
export function listeners(signal: AbortSignal): number {
	return getEventListeners(signal, 'abort').length;
}

/** The error that a promise rejects with; fails where it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
	const outcome = await promise.then(
		(value) => ({ value }),
		(error: unknown) => ({ error }),
	);
	if ('error' in outcome) return outcome.error;
	throw new Error(`Resolved with ${String(outcome.value)} where it was to reject`);
}

/** An upstream that a test answers by hand, and that counts how often it is asked. */
export class Upstream<T> {
	readonly calls: Array<Deferred<T> & { readonly context: CallContext }> = [];

	readonly call = async (context: CallContext): Promise<T> => {
		const answer = { ...deferred<T>(), context };
		this.calls.push(answer);
		return await answer.promise;
	};

	get count(): number {
		return this.calls.length;
	}

	at(index: number): Deferred<T> & { readonly context: CallContext } {
		const call = this.calls.at(index);
		if (!call) throw new Error(`There was no call ${index}`);
		return call;
	}
}

import { isFastpathError, hasCode } from '../core/errors';
import { abortReason, childController } from '../core/signal';
import { requireInteger } from '../core/validate';

export type Settled<T> =
	| { readonly status: 'ok'; readonly value: T }
	| { readonly status: 'failed'; readonly error: unknown }
	/** Never started, or stopped on the way, because the run was cancelled or another item failed. */
	| { readonly status: 'cancelled' };

export interface RunOptions {
	readonly concurrency: number;
	readonly signal: AbortSignal;
	/** The first failure aborts what is under way and starts nothing more. */
	readonly stopOnFailure: boolean;
	/** Asked before each item; false starts nothing more, and what is under way goes on. */
	readonly mayStart?: (() => boolean) | undefined;
	/** Told of each item as it ends; those that were never started do not end. */
	readonly onSettled?: ((status: Settled<unknown>['status']) => void) | undefined;
	/** Asked after each failure; true aborts what is under way and starts nothing more. */
	readonly stopWhen?: ((counts: RunCounts) => boolean) | undefined;
}

/** Thrown by work that has done nothing, as it is not to be done: its item is cancelled. */
export class SkippedError extends Error {}

/** Items that have ended, apart from cancelled ones. */
export interface RunCounts {
	readonly ok: number;
	readonly failed: number;
}

/**
 * Works on all items, at most `concurrency` at once, and answers in the order of the items. Items are
 * taken one by one, so a hundred thousand of them never stand in a queue of promises. Never rejects.
 */
export async function runOrdered<I, O>(
	items: readonly I[],
	options: RunOptions,
	work: (item: I, index: number, signal: AbortSignal) => Promise<O>,
): Promise<Array<Settled<O>>> {
	requireInteger('concurrency', options.concurrency, { min: 1 });
	const results = new Array<Settled<O>>(items.length).fill({ status: 'cancelled' });
	const { controller, release } = childController(options.signal);
	const queue = items.entries();
	const counts = { ok: 0, failed: 0 };
	const mayGoOn = ({ status }: Settled<O>) => {
		if (status === 'ok') counts.ok += 1;
		if (status !== 'failed') return true;
		counts.failed += 1;
		return !options.stopOnFailure && options.stopWhen?.(counts) !== true;
	};
	const worker = async () => {
		for (const [index, item] of queue) {
			if (controller.signal.aborted || options.mayStart?.() === false) return;
			const result = await settle(work, item, index, controller.signal);
			results[index] = result;
			options.onSettled?.(result.status);
			if (!mayGoOn(result)) controller.abort(abortReason());
		}
	};
	await Promise.all(Array.from({ length: Math.min(options.concurrency, items.length) }, worker));
	release();
	return results;
}

async function settle<I, O>(
	work: (item: I, index: number, signal: AbortSignal) => Promise<O>,
	item: I,
	index: number,
	signal: AbortSignal,
): Promise<Settled<O>> {
	try {
		return { status: 'ok', value: await work(item, index, signal) };
	} catch (error) {
		if (error instanceof SkippedError) return { status: 'cancelled' };
		const cancelled = signal.aborted && (hasCode(error, 'ERR_CANCELLED') || !isFastpathError(error));
		return cancelled ? { status: 'cancelled' } : { status: 'failed', error };
	}
}

import type { Clock } from '../core/clock';
import { CancelledError } from '../core/errors';
import { abortable, throwIfAborted } from '../core/signal';
import { requireInteger } from '../core/validate';

export type Gathered<O> = { readonly ok: true; readonly value: O } | { readonly ok: false; readonly error: unknown };

export interface GatherOptions<I, O> {
	/** Items per batch. */
	readonly maxItems: number;
	/** Sum of `weigh` per batch; an item that is heavier still makes a batch of its own. */
	readonly maxWeight: number;
	readonly weigh: (item: I) => number;
	/** How long the first item of a batch waits for company. */
	readonly maxWaitMs: number;
	/** One result per item, in their order. */
	readonly send: (items: readonly I[], signal: AbortSignal) => Promise<ReadonlyArray<Gathered<O>>>;
}

interface Batch<I, O> {
	readonly items: I[];
	readonly controller: AbortController;
	readonly results: Promise<ReadonlyArray<Gathered<O>>>;
	readonly start: () => void;
	weight: number;
	waiters: number;
}

/**
 * Makes batches of items that come one by one: a batch leaves when it is full, or when its first item has waited long
 * enough. Who aborts leaves alone; when the last one has left, the batch is aborted.
 */
export class Gatherer<I, O> {
	#open: Batch<I, O> | undefined;

	constructor(
		private readonly options: GatherOptions<I, O>,
		private readonly clock: Clock,
	) {
		requireInteger('maxItems', options.maxItems, { min: 1 });
		requireInteger('maxWaitMs', options.maxWaitMs);
	}

	/** The result of this item; rejects with its own error, or with the abort of `signal`. */
	async add(item: I, signal: AbortSignal): Promise<O> {
		throwIfAborted(signal);
		const weight = this.options.weigh(item);
		if (this.#open && this.#open.weight + weight > this.options.maxWeight) this.#open.start();
		const batch = (this.#open ??= this.#begin());
		const index = batch.items.push(item) - 1;
		batch.weight += weight;
		batch.waiters += 1;
		if (batch.items.length >= this.options.maxItems) batch.start();
		try {
			const result = (await abortable(batch.results, signal))[index];
			if (!result) throw new CancelledError();
			if (!result.ok) throw result.error;
			return result.value;
		} finally {
			batch.waiters -= 1;
			if (batch.waiters === 0) this.#abandon(batch);
		}
	}

	#begin(): Batch<I, O> {
		const items: I[] = [];
		const controller = new AbortController();
		let leave = () => {};
		const started = new Promise<void>((resolve) => (leave = resolve));
		const cancelTimer = this.clock.after(this.options.maxWaitMs, () => batch.start());
		const batch: Batch<I, O> = {
			items,
			controller,
			results: started.then(async () => await this.options.send(items, controller.signal)),
			start: () => {
				cancelTimer();
				if (this.#open === batch) this.#open = undefined;
				leave();
			},
			weight: 0,
			waiters: 0,
		};
		return batch;
	}

	/** After the results are there this changes nothing. A batch that has not left yet leaves to find that nobody waits. */
	#abandon(batch: Batch<I, O>): void {
		batch.controller.abort(new CancelledError());
		batch.start();
		batch.results.catch(() => {});
	}
}

export interface SplitOptions<I, O> {
	readonly send: (items: readonly I[]) => Promise<readonly O[]>;
	/** Whether an error may be the fault of one item among good ones. */
	readonly isItems: (error: unknown) => boolean;
	/** Bound of the requests that the search for the bad ones may cost. */
	readonly maxSends: number;
}

/**
 * Sends a batch. If it is refused for what one of its items is, halves of it are sent until the bad item stands alone, so
 * that the others are answered: about two requests per doubling of the batch and bad item.
 */
export async function sendSplitting<I, O>(items: readonly I[], options: SplitOptions<I, O>): Promise<Array<Gathered<O>>> {
	let sends = 0;
	const attempt = async (part: readonly I[]): Promise<Array<Gathered<O>>> => {
		sends += 1;
		try {
			return (await options.send(part)).map((value) => ({ ok: true, value }));
		} catch (error) {
			if (part.length === 1 || sends >= options.maxSends || !options.isItems(error)) {
				return part.map(() => ({ ok: false, error }));
			}
			const middle = Math.ceil(part.length / 2);
			return [...(await attempt(part.slice(0, middle))), ...(await attempt(part.slice(middle)))];
		}
	};
	return await attempt(items);
}

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
	/** Two items of the same name never share a batch. Without it, or where it gives none, any may. */
	readonly nameOf?: (item: I) => string | undefined;
	/** How long the first item of a batch waits for company. */
	readonly maxWaitMs: number;
	/** One result per item, in their order. Given only those that nobody has cancelled by then. */
	readonly send: (items: readonly I[], signal: AbortSignal) => Promise<ReadonlyArray<Gathered<O>>>;
}

interface Entry<I> {
	readonly item: I;
	readonly weight: number;
	readonly name: string | undefined;
	/** Among those that left together. */
	place: number;
}

interface Batch<I, O> {
	/** Who waits: for company first, then for the results. */
	readonly entries: Set<Entry<I>>;
	readonly names: Set<string>;
	readonly controller: AbortController;
	readonly results: Promise<ReadonlyArray<Gathered<O>>>;
	readonly start: () => void;
	weight: number;
}

/**
 * Makes batches of items that come one by one: a batch leaves when it is full, or when its first item has waited long
 * enough. Who aborts leaves alone, and is not sent if the batch has not left; when the last one has left, the batch is aborted.
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

	/** Whether somebody waits for company. */
	get waiting(): boolean {
		return this.#open !== undefined;
	}

	/** The result of this item; rejects with its own error, or with the abort of `signal`. */
	async add(item: I, signal: AbortSignal): Promise<O> {
		throwIfAborted(signal);
		const entry: Entry<I> = { item, weight: this.options.weigh(item), name: this.options.nameOf?.(item), place: 0 };
		if (this.#open && !this.#fits(entry, this.#open)) this.#open.start();
		const batch = (this.#open ??= this.#begin());
		batch.entries.add(entry);
		batch.weight += entry.weight;
		if (entry.name !== undefined) batch.names.add(entry.name);
		if (batch.entries.size >= this.options.maxItems) batch.start();
		try {
			const result = (await abortable(batch.results, signal))[entry.place];
			if (!result) throw new CancelledError();
			if (!result.ok) throw result.error;
			return result.value;
		} finally {
			this.#leave(entry, batch);
		}
	}

	/** The open batch leaves now. */
	flush(): void {
		this.#open?.start();
	}

	#fits({ weight, name }: Entry<I>, batch: Batch<I, O>): boolean {
		return batch.weight + weight <= this.options.maxWeight && !(name !== undefined && batch.names.has(name));
	}

	#begin(): Batch<I, O> {
		const entries = new Set<Entry<I>>();
		const controller = new AbortController();
		let leave: (items: readonly I[]) => void = () => {};
		const left = new Promise<readonly I[]>((resolve) => (leave = resolve));
		const cancelTimer = this.clock.after(this.options.maxWaitMs, () => batch.start());
		const batch: Batch<I, O> = {
			entries,
			names: new Set(),
			controller,
			results: left.then(async (items) => (items.length === 0 ? [] : await this.options.send(items, controller.signal))),
			start: () => {
				if (this.#open !== batch) return;
				this.#open = undefined;
				cancelTimer();
				leave(Array.from(entries, (entry, place) => {
					entry.place = place;
					return entry.item;
				}));
			},
			weight: 0,
		};
		return batch;
	}

	#leave(entry: Entry<I>, batch: Batch<I, O>): void {
		batch.entries.delete(entry);
		batch.weight -= entry.weight;
		if (entry.name !== undefined) batch.names.delete(entry.name);
		if (batch.entries.size === 0) this.#abandon(batch);
	}

	/** After the results are there this changes nothing. A batch that has not left yet leaves empty, and sends nothing. */
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

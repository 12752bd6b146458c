import type { Clock } from '../core/clock';
import type { CallTrace } from '../core/trace';
import { Gatherer, type Gathered, type GatherOptions } from './gather';

/** An item's part of a request, and how the request is made that it goes out with. */
export interface Fragment {
	/** What stands for the item in the request. */
	readonly value: unknown;
	readonly bytes: number;
	/** What it counts under a limit of tokens per minute, where it says. */
	readonly tokens: number | undefined;
	/** Tells the item's answer from those to others; undefined where its position does. */
	readonly key: string | undefined;
	/** Sends a request for itself and for others of its window. */
	readonly send: (fragments: readonly Fragment[], signal: AbortSignal) => Promise<readonly Part[]>;
}

/** What became of one item of a request. */
export interface Part {
	readonly answer: Gathered<unknown>;
	/** Of the request, which all of its items share. */
	readonly trace: CallTrace;
	/** Only with the one item that the request is counted with: results in its answer that belong to no item. */
	readonly request: { readonly surplus: number } | undefined;
}

export type WindowOptions = Pick<GatherOptions<Fragment, Part>, 'maxItems' | 'maxWeight' | 'maxWaitMs'>;

/** More open at once than this are not shared any more; each still works for the item that opened it. */
const MAX_WINDOWS = 10_000;

/**
 * Where items of all executions of the process meet for requests that they share. Only those come together that give
 * the same `name`, so it must hold everything in which requests may differ, who makes them above all. A request is
 * made by the first of its items that is still wanted.
 */
export class Windows {
	readonly #gatherers = new Map<string, Gatherer<Fragment, Part>>();

	constructor(
		private readonly clock: Clock,
		private readonly maxWindows = MAX_WINDOWS,
	) {}

	/** Windows in which somebody waits. */
	get size(): number {
		return this.#gatherers.size;
	}

	/** What became of the fragment; rejects with the abort of `signal`, or with what `send` throws. */
	async add(name: string, options: WindowOptions, fragment: Fragment, signal: AbortSignal): Promise<Part> {
		const gatherer = this.#gatherers.get(name) ?? this.#create(name, options);
		const part = gatherer.add(fragment, signal);
		// It left at once, by being the last one that fitted.
		if (!gatherer.waiting) this.#forget(name, gatherer);
		try {
			return await part;
		} finally {
			if (!gatherer.waiting) this.#forget(name, gatherer);
		}
	}

	#create(name: string, options: WindowOptions): Gatherer<Fragment, Part> {
		const gatherer = new Gatherer<Fragment, Part>(
			{
				...options,
				weigh: ({ bytes }) => bytes,
				nameOf: ({ key }) => key,
				send: async (fragments, signal) => {
					const [first] = fragments;
					const parts = (await first?.send(fragments, signal)) ?? [];
					return parts.map((value) => ({ ok: true, value }));
				},
			},
			this.clock,
		);
		if (this.#gatherers.size < this.maxWindows) this.#gatherers.set(name, gatherer);
		return gatherer;
	}

	#forget(name: string, gatherer: Gatherer<Fragment, Part>): void {
		if (this.#gatherers.get(name) === gatherer) this.#gatherers.delete(name);
	}
}

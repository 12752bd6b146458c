interface Waiting<I, O> {
	readonly item: I;
	readonly resolve: (value: O) => void;
	readonly reject: (error: unknown) => void;
}

/**
 * Commits in groups: one group is under way at a time, and the next one takes all that has come meanwhile. A lone item waits
 * for nothing, and a thousand at once cost two round trips instead of a thousand.
 */
export class Together<I, O> {
	#waiting: Array<Waiting<I, O>> = [];
	#busy = false;

	/** @param send one result per item, in their order; what it throws, all of the group are told */
	constructor(
		private readonly send: (items: readonly I[]) => Promise<readonly O[]>,
		private readonly maxItems: number,
	) {}

	async add(item: I): Promise<O> {
		const result = new Promise<O>((resolve, reject) => this.#waiting.push({ item, resolve, reject }));
		if (!this.#busy) void this.#drain();
		return await result;
	}

	async #drain(): Promise<void> {
		this.#busy = true;
		while (this.#waiting.length > 0) {
			const group = this.#waiting.splice(0, this.maxItems);
			try {
				const results = await this.send(group.map(({ item }) => item));
				group.forEach(({ resolve }, index) => resolve(results[index] as O));
			} catch (error) {
				for (const { reject } of group) reject(error);
			}
		}
		this.#busy = false;
	}
}

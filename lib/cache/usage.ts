/** Keys that are remembered; of more, all counts are halved and those that were asked for least leave. */
const MAX_KEYS = 2000;

/** How often answers were asked for of late, roughly and bounded. */
export class Usage {
	readonly #counts = new Map<string, number>();

	constructor(private readonly maxKeys = MAX_KEYS) {}

	get size(): number {
		return this.#counts.size;
	}

	count(key: string, times = 1): void {
		this.#counts.set(key, (this.#counts.get(key) ?? 0) + times);
		while (this.#counts.size > this.maxKeys) this.fade();
	}

	/** The most used, most first. */
	top(limit: number): Array<readonly [key: string, count: number]> {
		return [...this.#counts].sort(([, one], [, other]) => other - one).slice(0, limit);
	}

	/** What was used lately counts more than what was used before. */
	fade(): void {
		for (const [key, count] of this.#counts) {
			if (count >= 2) this.#counts.set(key, Math.floor(count / 2));
			else this.#counts.delete(key);
		}
	}
}

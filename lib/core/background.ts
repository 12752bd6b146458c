/**
 * Work that nobody waits for: refreshes of stale answers, pre-warming. At most one task per key and
 * `maxTasks` in all; failures are counted and reported, never swallowed, never thrown.
 */
export class Background {
	readonly #running = new Map<string, Promise<void>>();
	#failures = 0;

	constructor(
		private readonly maxTasks: number,
		private readonly onFailure: (key: string, error: unknown) => void = () => {},
	) {}

	/** Starts `task` unless one of that key is running or the bound is reached; says whether it did. */
	start(key: string, task: () => Promise<void>): boolean {
		if (this.#running.has(key) || this.#running.size >= this.maxTasks) return false;
		const settled = task()
			.catch((error: unknown) => {
				this.#failures += 1;
				this.onFailure(key, error);
			})
			.finally(() => this.#running.delete(key));
		this.#running.set(key, settled);
		return true;
	}

	get running(): number {
		return this.#running.size;
	}

	get failures(): number {
		return this.#failures;
	}

	/** Resolves when all that runs now has ended. */
	async drain(): Promise<void> {
		await Promise.all(this.#running.values());
	}
}

import type { Marks, StoredAnswer, StoreOptions, StoreStats, WalkableStore } from './store';

/** A part of a store that others use too: its keys begin with its name. */
export class StorePart implements WalkableStore {
	readonly name: string;
	readonly #prefix: string;

	constructor(
		private readonly whole: WalkableStore,
		part: string,
	) {
		this.name = whole.name;
		this.#prefix = `${part} `;
	}

	async get(key: string): Promise<StoredAnswer | undefined> {
		return await this.whole.get(this.#prefix + key);
	}

	async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		return await this.whole.set(this.#prefix + key, value, options);
	}

	async delete(key: string): Promise<boolean> {
		return await this.whole.delete(this.#prefix + key);
	}

	async clear(): Promise<void> {
		this.deleteWhere(() => true);
	}

	deleteWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): number {
		const start = this.#prefix.length;
		return this.whole.deleteWhere((key, marks) => key.startsWith(this.#prefix) && isChosen(key.slice(start), marks));
	}

	/** Of the whole. */
	stats(): StoreStats {
		return this.whole.stats();
	}

	sweep(): void {
		this.whole.sweep();
	}

	/** The whole stays. */
	async dispose(): Promise<void> {
		await this.clear();
	}
}

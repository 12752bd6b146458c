import type { Marks, StoredAnswer, StoreOptions, WalkableStore } from './store';
import { StoreOver } from './store-over';

/** A part of a store that others use too: its keys begin with its name. */
export class StorePart extends StoreOver implements WalkableStore {
	readonly #prefix: string;

	constructor(
		private readonly whole: WalkableStore,
		part: string,
	) {
		super(whole);
		this.#prefix = `${part} `;
	}

	override async get(key: string): Promise<StoredAnswer | undefined> {
		return await super.get(this.#prefix + key);
	}

	override async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		return await super.set(this.#prefix + key, value, options);
	}

	override async delete(key: string): Promise<boolean> {
		return await super.delete(this.#prefix + key);
	}

	override async clear(): Promise<void> {
		this.deleteWhere(() => true);
	}

	deleteWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): number {
		const start = this.#prefix.length;
		return this.whole.deleteWhere((key, marks) => key.startsWith(this.#prefix) && isChosen(key.slice(start), marks));
	}

	/** The whole stays. */
	override async dispose(): Promise<void> {
		await this.clear();
	}
}

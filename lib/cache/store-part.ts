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

	override get(key: string): Promise<StoredAnswer | undefined> {
		return super.get(this.#prefix + key);
	}

	override set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		return super.set(this.#prefix + key, value, options);
	}

	override async delete(key: string): Promise<boolean> {
		return await super.delete(this.#prefix + key);
	}

	override async clear(): Promise<void> {
		this.deleteWhere(() => true);
	}

	keysWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): string[] {
		return this.whole.keysWhere(this.#within(isChosen)).map((key) => key.slice(this.#prefix.length));
	}

	deleteWhere(isChosen: (key: string, marks: Marks | undefined) => boolean): number {
		return this.whole.deleteWhere(this.#within(isChosen));
	}

	#within(isChosen: (key: string, marks: Marks | undefined) => boolean): typeof isChosen {
		return (key, marks) => key.startsWith(this.#prefix) && isChosen(key.slice(this.#prefix.length), marks);
	}

	/** The whole stays. */
	override async dispose(): Promise<void> {
		await this.clear();
	}
}

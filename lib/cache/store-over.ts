import type { Marks, Store, StoredAnswer, StoreOptions, StoreStats } from './store';

/**
 * A store in front of another, to which it passes on whatever its subclass does not do in a way of its own. An answer goes through several of
 * them, so the promise of the innermost is handed on as it is: each `async` in between would cost a promise and a turn of its own.
 */
export class StoreOver implements Store {
	readonly name: string;

	constructor(protected readonly inner: Store) {
		this.name = inner.name;
	}

	get(key: string, asker?: Marks): Promise<StoredAnswer | undefined> {
		return this.inner.get(key, asker);
	}

	set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		return this.inner.set(key, value, options);
	}

	async delete(key: string): Promise<boolean> {
		return await this.inner.delete(key);
	}

	async clear(): Promise<void> {
		await this.inner.clear();
	}

	stats(): StoreStats {
		return this.inner.stats();
	}

	sweep(): void {
		this.inner.sweep();
	}

	async dispose(): Promise<void> {
		await this.inner.dispose();
	}
}

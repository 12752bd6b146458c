import type { FrontNews } from './front-news';
import type { Marks, Store, StoredAnswer, StoreOptions, StoreStats, Tier } from './store';

/**
 * Memory in front, a shared store behind. What is written goes to both; what is only behind is taken to the
 * front with the age that it has. Of the two, the front alone is disposed of with the process: others may use it too.
 */
export class TieredStore implements Store {
	constructor(
		/** Tells stores apart: callers of different stores never share a flight. */
		readonly name: string,
		private readonly front: Store,
		private readonly behind: Store,
		/** Without it, other processes do not learn what was deleted. */
		private readonly news?: FrontNews,
		/** Told of each key whose answer was found. */
		private readonly used: (key: string) => void = () => {},
	) {}

	get generation(): number {
		return this.front.generation ?? 0;
	}

	async get(key: string, asker?: Marks): Promise<StoredAnswer | undefined> {
		this.news?.listen();
		const found = await this.#find(key, asker);
		if (found) this.used(key);
		return found;
	}

	async #find(key: string, asker: Marks | undefined): Promise<StoredAnswer | undefined> {
		const near = from('memory', await this.front.get(key, asker));
		if (near && near.ageMs < near.ttlMs) return near;
		// Another process may have renewed what is stale here.
		const far = await this.behind.get(key, asker);
		if (!far || (near && near.ageMs <= far.ageMs)) return near;
		await this.front.set(key, far.value, far);
		return from('shared', far);
	}

	async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		const kept = await Promise.all([this.front.set(key, value, options), this.behind.set(key, value, options)]);
		return kept.includes(true);
	}

	async delete(key: string): Promise<boolean> {
		const deleted = await Promise.all([this.front.delete(key), this.behind.delete(key)]);
		this.news?.deleted(key);
		return deleted.includes(true);
	}

	async clear(): Promise<void> {
		await Promise.all([this.front.clear(), this.behind.clear()]);
	}

	stats(): StoreStats {
		return this.front.stats();
	}

	sweep(): void {
		this.behind.sweep();
	}

	async dispose(): Promise<void> {
		await this.behind.dispose();
	}
}

function from(tier: Tier, answer: StoredAnswer | undefined): StoredAnswer | undefined {
	return answer && { ...answer, tier };
}

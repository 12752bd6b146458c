import type { Store, StoredAnswer, StoreOptions, StoreStats } from '../../lib/cache/store.ts';

export type ChaosMode = 'well' | 'throws' | 'hangs';

/** A storage adapter for Keyv over a Map, that fails or hangs when told to. */
export class ChaosAdapter {
	readonly capabilities = { expires: true };
	readonly texts = new Map<string, string>();
	namespace: string | undefined;
	mode: ChaosMode = 'well';
	commands = 0;

	async get(key: string): Promise<unknown> {
		return await this.#run(() => this.texts.get(key));
	}

	async set(key: string, value: string): Promise<boolean> {
		return await this.#run(() => this.texts.set(key, value).has(key));
	}

	async delete(key: string): Promise<boolean> {
		return await this.#run(() => this.texts.delete(key));
	}

	async has(key: string): Promise<boolean> {
		return await this.#run(() => this.texts.has(key));
	}

	async clear(): Promise<void> {
		await this.#run(() => this.texts.clear());
	}

	async disconnect(): Promise<void> {
		await this.#run(() => undefined);
	}

	async #run<T>(command: () => T): Promise<T> {
		this.commands += 1;
		if (this.mode === 'throws') throw new Error('The connection is closed');
		if (this.mode === 'hangs') return await new Promise<never>(() => {});
		return command();
	}
}

/** A store that counts what is asked of it and keeps what it is given, of the age that the test says. */
export class CountingStore implements Store {
	readonly name = 'counting';
	readonly answers = new Map<string, StoredAnswer>();
	readonly written: StoreOptions[] = [];
	gets = 0;

	async get(key: string): Promise<StoredAnswer | undefined> {
		this.gets += 1;
		return this.answers.get(key);
	}

	async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		this.written.push(options);
		this.answers.set(key, { value, ageMs: 0, ttlMs: options.ttlMs, keepMs: options.keepMs });
		return true;
	}

	async delete(key: string): Promise<boolean> {
		return this.answers.delete(key);
	}

	async clear(): Promise<void> {
		this.answers.clear();
	}

	stats(): StoreStats {
		return { entries: this.answers.size, bytes: null, evictions: 0, expired: 0, maxBytes: null };
	}

	sweep(): void {}

	async dispose(): Promise<void> {}
}

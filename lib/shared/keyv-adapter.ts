import type { SharedValues } from '../core/shared';

/** A storage adapter for Keyv over the values of a shared store, whose keys begin with the namespace. Texts only: whoever uses Keyv brings the serializer. */
export class KeyvAdapter {
	readonly capabilities = { expires: true };
	namespace: string | undefined;

	constructor(private readonly values: SharedValues) {}

	async get(key: string): Promise<string | undefined> {
		return (await this.values.get(this.#place(key)))?.toString('utf8');
	}

	async getMany(keys: readonly string[]): Promise<Array<string | undefined>> {
		const values = await this.values.getMany(keys.map((key) => this.#place(key)));
		return values.map((value) => value?.toString('utf8'));
	}

	/** @param ttl milliseconds; without it nothing is kept, as everything here has its end */
	async set(key: string, text: string, ttl?: number): Promise<boolean> {
		if (ttl === undefined) return false;
		await this.values.set(this.#place(key), Buffer.from(text, 'utf8'), ttl);
		return true;
	}

	async delete(key: string): Promise<boolean> {
		return (await this.values.delete([this.#place(key)])) > 0;
	}

	async has(key: string): Promise<boolean> {
		return (await this.values.get(this.#place(key))) !== undefined;
	}

	async clear(): Promise<void> {
		await this.values.deleteByPrefix(this.#place(''));
	}

	#place(key: string): string {
		return this.namespace === undefined ? key : `${this.namespace}:${key}`;
	}
}

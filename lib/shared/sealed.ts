import type { SharedBackend, SharedSize, WindowGrant } from '../core/shared';
import { open, seal, type Opened } from './envelope';
import { SealKey, splitPrefix } from './seal-key';

export interface Encryption {
	readonly secret: string;
	/** What was encrypted with them can still be read. */
	readonly earlier: readonly string[];
}

/** Takes some 100 ms for each secret, beside the thread of everybody. */
export async function deriveKeys({ secret, earlier }: Encryption): Promise<readonly SealKey[]> {
	return await Promise.all([secret, ...earlier].map(SealKey.derive));
}

type Kind = 'value' | 'list' | 'news';

interface Found {
	readonly kind: Kind;
	readonly name: string;
	readonly sealed: Buffer;
	/** What it may be encrypted with. */
	readonly keys: readonly SealKey[];
	/** Where a value lies that is to be deleted when it cannot be opened. */
	readonly at?: string | undefined;
}

/** Of names that begin with the beginning of a part, and so can only be told apart when they are shown. */
const MAX_WALK = 100_000;
const DELETE_AT_ONCE = 500;

/**
 * A store in which nothing lies as it was given: contents are compressed, and with a secret contents and names are encrypted. What cannot be
 * opened is a miss, is counted, and is deleted. Limits and leases are those of the current secret: while the processes change it one after the
 * other, each half keeps its own.
 */
export class SealedBackend implements SharedBackend {
	readonly name: string;
	readonly #keys: Promise<readonly SealKey[]>;
	#unreadable = 0;

	/** @param keys the current one first; none: nothing is encrypted */
	constructor(
		private readonly backend: SharedBackend,
		keys: Promise<readonly SealKey[]> = Promise.resolve([]),
	) {
		this.name = backend.name;
		this.#keys = keys;
		// Told of where they are needed.
		keys.catch(() => {});
	}

	/** Contents that were found and could not be opened. */
	get unreadable(): number {
		return this.#unreadable;
	}

	async connect(): Promise<void> {
		await this.#keys;
		await this.backend.connect();
	}

	async probe(write: boolean): Promise<void> {
		await this.backend.probe(write);
	}

	isRefusal(error: unknown): boolean {
		return this.backend.isRefusal(error);
	}

	reconnect(): void {
		this.backend.reconnect();
	}

	async get(key: string): Promise<Buffer | undefined> {
		const keys = await this.#keys;
		const [name = key, ...earlier] = namesOf(key, keys);
		if (earlier.length > 0) return (await this.getMany([key]))[0];
		const sealed = await this.backend.get(name);
		return sealed && (await this.#open({ kind: 'value', name: key, sealed, keys, at: name }));
	}

	/** What lies under the name of an earlier secret is fetched with the rest. */
	async getMany(names: readonly string[]): Promise<Array<Buffer | undefined>> {
		const keys = await this.#keys;
		const places = names.flatMap((name) => namesOf(name, keys));
		const found = await this.backend.getMany(places);
		const ages = Math.max(1, keys.length);
		return await Promise.all(
			names.map((name, index) => {
				for (let place = index * ages; place < (index + 1) * ages; place += 1) {
					const sealed = found[place];
					if (sealed) return this.#open({ kind: 'value', name, sealed, keys, at: places[place] });
				}
				return undefined;
			}),
		);
	}

	async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
		const [name = key, ...earlier] = await this.#names(key);
		const sealed = await this.#seal('value', key, value);
		// What was there before is older than what cannot be kept, or now lies under another name.
		const old = sealed ? earlier : [name, ...earlier];
		if (old.length > 0) await this.backend.delete(old);
		if (sealed) await this.backend.set(name, sealed, ttlMs);
	}

	async delete(names: readonly string[]): Promise<number> {
		const keys = await this.#keys;
		return await this.backend.delete(names.flatMap((name) => namesOf(name, keys)));
	}

	async deleteByPrefix(prefix: string): Promise<number> {
		const { rest } = splitPrefix(prefix);
		let deleted = 0;
		if ((await this.#keys).length === 0 || rest === '') {
			for (const hidden of await this.#names(prefix)) deleted += await this.backend.deleteByPrefix(hidden);
			return deleted;
		}
		const found = await this.scan(prefix, MAX_WALK);
		for (let start = 0; start < found.length; start += DELETE_AT_ONCE) deleted += await this.delete(found.slice(start, start + DELETE_AT_ONCE));
		return deleted;
	}

	async scan(prefix: string, limit: number): Promise<string[]> {
		const keys = await this.#keys;
		if (keys.length === 0) return await this.backend.scan(prefix, limit);
		const { whole, rest } = splitPrefix(prefix);
		const found = new Set<string>();
		for (const hidden of new Set(keys.map((key) => key.hide(whole)))) {
			for (const name of await this.backend.scan(hidden, rest === '' ? limit : MAX_WALK)) {
				const shown = shownBy(keys, name);
				if (shown?.startsWith(prefix) && found.size < limit) found.add(shown);
			}
		}
		return [...found];
	}

	/** As they lie in the store. */
	async size(): Promise<SharedSize> {
		return await this.backend.size();
	}

	async acquire(name: string, token: string, ttlMs: number): Promise<boolean> {
		return await this.backend.acquire(await this.#hidden(name), token, ttlMs);
	}

	async renew(name: string, token: string, ttlMs: number): Promise<boolean> {
		return await this.backend.renew(await this.#hidden(name), token, ttlMs);
	}

	async release(name: string, token: string): Promise<boolean> {
		return await this.backend.release(await this.#hidden(name), token);
	}

	async add(name: string, amount: number, ttlMs: number): Promise<number> {
		return await this.backend.add(await this.#hidden(name), amount, ttlMs);
	}

	async take(name: string, limit: number, windowMs: number): Promise<WindowGrant> {
		return await this.backend.take(await this.#hidden(name), limit, windowMs);
	}

	async append(name: string, value: Buffer, bounds: { readonly ttlMs: number; readonly max: number }): Promise<void> {
		const sealed = await this.#seal('list', name, value);
		if (sealed) await this.backend.append(await this.#hidden(name), sealed, bounds);
	}

	/** What was added under an earlier secret is older. */
	async list(name: string): Promise<Buffer[]> {
		const keys = await this.#keys;
		const lists = await Promise.all(namesOf(name, keys).reverse().map(async (hidden) => await this.backend.list(hidden)));
		const opened = await Promise.all(lists.flat().map((sealed) => this.#open({ kind: 'list', name, sealed, keys })));
		return opened.filter((value) => value !== undefined);
	}

	async publish(channel: string, message: string): Promise<void> {
		const [key] = await this.#keys;
		if (!key) return await this.backend.publish(channel, message);
		const sealed = await this.#seal('news', channel, Buffer.from(message));
		if (sealed) await this.backend.publish(key.hide(channel), sealed.toString('base64'));
	}

	async subscribe(channel: string, listener: (message: string) => void): Promise<() => void> {
		const keys = await this.#keys;
		const [key] = keys;
		if (!key) return await this.backend.subscribe(channel, listener);
		return await this.backend.subscribe(key.hide(channel), (news) => {
			const opened = this.#open({ kind: 'news', name: channel, sealed: Buffer.from(news, 'base64'), keys });
			void Promise.resolve(opened).then((message) => message && listener(message.toString()));
		});
	}

	async dispose(): Promise<void> {
		await this.backend.dispose();
	}

	async #seal(kind: Kind, name: string, bytes: Buffer): Promise<Buffer | undefined> {
		const [key] = await this.#keys;
		return await seal(bytes, `${kind} ${name}`, key);
	}

	#open({ kind, name, sealed, keys, at }: Found): Opened {
		const opened = open(sealed, `${kind} ${name}`, keys);
		return Buffer.isBuffer(opened) ? opened : this.#openedOrGone(opened, at);
	}

	async #openedOrGone(opened: Opened, at: string | undefined): Promise<Buffer | undefined> {
		const bytes = await opened;
		if (bytes) return bytes;
		this.#unreadable += 1;
		if (at !== undefined) await this.backend.delete([at]);
		return undefined;
	}

	/** Under the current secret. */
	async #hidden(name: string): Promise<string> {
		const [hidden = name] = await this.#names(name);
		return hidden;
	}

	async #names(name: string): Promise<string[]> {
		return namesOf(name, await this.#keys);
	}
}

/** What a name is called in the store: under the current secret first, then under the earlier ones. */
function namesOf(name: string, keys: readonly SealKey[]): string[] {
	return keys.length === 0 ? [name] : keys.map((key) => key.hide(name));
}

function shownBy(keys: readonly SealKey[], hidden: string): string | undefined {
	for (const key of keys) {
		const shown = key.show(hidden);
		if (shown !== undefined) return shown;
	}
	return undefined;
}

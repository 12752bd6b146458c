import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock';
import { TimeoutError } from '../core/errors';
import type { SharedBackend, SharedSize, WindowGrant } from '../core/shared';
import { Cluster } from '../vendor';
import type { Redis } from '../vendor';
import { RedisBook, type BookEntry } from './redis-book';
import { createRedisClient, isForeign, type RedisClient, type RedisSettings } from './redis-client';
import { ACQUIRE, ADD, APPEND, RELEASE, RENEW, TAKE } from './redis-scripts';
import { Topics } from './topics';

const SCAN_COUNT = 500;

/** A Redis or Valkey, single, clustered or behind sentinels. Every key begins with the prefix and the kind of what it holds. */
export class RedisBackend implements SharedBackend {
	readonly name = 'redis';
	readonly #client: RedisClient;
	readonly #book: RedisBook;
	readonly #topics = new Topics();
	#subscriber: RedisClient | undefined;
	#connecting: Promise<void> | undefined;

	constructor(
		private readonly settings: RedisSettings,
		private readonly prefix: string,
		private readonly clock: Clock,
	) {
		this.#client = this.#create();
		this.#book = new RedisBook(this.#client, prefix, { count: async (keys) => await this.#count(keys), walk: () => this.#walk() });
	}

	async connect(): Promise<void> {
		if (this.#client.status === 'ready') return;
		this.#connecting ??= this.#open(this.#client).finally(() => (this.#connecting = undefined));
		await this.#connecting;
	}

	async probe(write: boolean): Promise<void> {
		if (write) await this.#client.set(this.#key('probe', ''), '1', 'PX', 1000);
		else await this.#client.get(this.#key('probe', ''));
	}

	isRefusal(error: unknown): boolean {
		return error instanceof Error && /^(OOM|READONLY|MISCONF|NOREPLICAS|NOPERM)\b/.test(error.message);
	}

	reconnect(): void {
		// One that is being made has bounds of its own.
		for (const client of [this.#client, this.#subscriber]) if (client?.status === 'ready') client.disconnect(true);
	}

	async get(key: string): Promise<Buffer | undefined> {
		return (await this.#own('value', key, async (place) => await this.#client.getBuffer(place))) ?? undefined;
	}

	async getMany(keys: readonly string[]): Promise<Array<Buffer | undefined>> {
		if (keys.length === 0) return [];
		// The keys of one MGET would have to lie on one node of the cluster.
		if (this.#client instanceof Cluster) return await Promise.all(keys.map(async (key) => await this.get(key)));
		const found = await this.#client.mgetBuffer(keys.map((key) => this.#key('value', key)));
		return found.map((value) => value ?? undefined);
	}

	async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
		// Sent together: the second does not wait for the first.
		await Promise.all([
			this.#client.set(this.#key('value', key), value, 'PX', whole(ttlMs)),
			this.#book.enter([{ key, bytes: Buffer.byteLength(key) + value.length, ttlMs: whole(ttlMs) }]),
		]);
	}

	async delete(keys: readonly string[]): Promise<number> {
		if (keys.length === 0) return 0;
		const [deleted] = await Promise.all([this.#unlink(this.#client, keys.map((key) => this.#key('value', key))), this.#book.strike(keys)]);
		return deleted;
	}

	async deleteByPrefix(prefix: string): Promise<number> {
		let deleted = 0;
		for await (const [node, keys] of this.#batches(prefix)) {
			const [count] = await Promise.all([this.#unlink(node, keys), this.#book.strike(keys.map((key) => this.#nameOf(key)))]);
			deleted += count;
		}
		return deleted;
	}

	async scan(prefix: string, limit: number): Promise<string[]> {
		const found = new Set<string>();
		for await (const [, keys] of this.#batches(prefix)) {
			for (const key of keys) if (found.size < limit) found.add(this.#nameOf(key));
			if (found.size >= limit) break;
		}
		return [...found];
	}

	async size(): Promise<SharedSize> {
		return await this.#book.read();
	}

	async acquire(name: string, token: string, ttlMs: number): Promise<boolean> {
		return (await this.#own('lease', name, async (key) => await this.#client.eval(ACQUIRE, 1, key, token, whole(ttlMs)))) === 1;
	}

	async renew(name: string, token: string, ttlMs: number): Promise<boolean> {
		return (await this.#own('lease', name, async (key) => await this.#client.eval(RENEW, 1, key, token, whole(ttlMs)))) === 1;
	}

	async release(name: string, token: string): Promise<boolean> {
		return (await this.#own('lease', name, async (key) => await this.#client.eval(RELEASE, 1, key, token))) === 1;
	}

	async add(name: string, amount: number, ttlMs: number): Promise<number> {
		return Number(await this.#own('counter', name, async (key) => await this.#client.eval(ADD, 1, key, amount, whole(ttlMs))));
	}

	async take(name: string, limit: number, windowMs: number): Promise<WindowGrant> {
		const take = async (key: string) => await this.#client.eval(TAKE, 1, key, limit, whole(windowMs), randomUUID());
		const waitMs = Number(await this.#own('window', name, take));
		return { granted: waitMs === 0, waitMs };
	}

	async append(name: string, value: Buffer, bounds: { readonly ttlMs: number; readonly max: number }): Promise<void> {
		await this.#own('list', name, async (key) => await this.#client.eval(APPEND, 1, key, value, whole(bounds.ttlMs), bounds.max));
	}

	async list(name: string): Promise<Buffer[]> {
		return await this.#own('list', name, async (key) => await this.#client.lrangeBuffer(key, 0, -1));
	}

	async publish(channel: string, message: string): Promise<void> {
		await this.#client.publish(this.#key('news', channel), message);
	}

	/** Listening takes a connection of its own, made with the first listener. */
	async subscribe(channel: string, listener: (message: string) => void): Promise<() => void> {
		const name = this.#key('news', channel);
		const { first, remove } = this.#topics.add(name, listener);
		try {
			const subscriber = await this.#listening();
			if (first) await subscriber.subscribe(name);
			return () => {
				if (remove()) subscriber.unsubscribe(name).catch(() => {});
			};
		} catch (error) {
			remove();
			throw error;
		}
	}

	async dispose(): Promise<void> {
		this.#topics.clear();
		for (const client of [this.#client, this.#subscriber]) client?.disconnect();
	}

	#create(): RedisClient {
		const client = createRedisClient(this.settings);
		// Without a listener an error would end the process. Commands fail by themselves and are counted there.
		client.on('error', () => {});
		return client;
	}

	/** The client goes on trying by itself after the first attempt, whether or not that one came through. */
	async #open(client: RedisClient): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			let last: unknown;
			const onReady = () => finish(resolve);
			const onError = (error: unknown) => (last = error);
			const onGone = () => finish(() => reject(last ?? new Error('The connection was closed')));
			const cancel = this.clock.after(this.settings.connectTimeoutMs, () =>
				finish(() => reject(last ?? new TimeoutError('connect', this.settings.connectTimeoutMs))),
			);
			const finish = (settle: () => void) => {
				cancel();
				client.off('ready', onReady).off('error', onError).off('close', onGone);
				settle();
			};
			client.on('ready', onReady).on('error', onError).on('close', onGone);
			if (client.status === 'wait') client.connect().catch(onError);
		});
	}

	async #listening(): Promise<RedisClient> {
		if (!this.#subscriber) {
			const subscriber = this.#create();
			subscriber.on('message', (name: string, message: string) => this.#topics.emit(name, message));
			subscriber.on('ready', () => {
				const names = this.#topics.names();
				// Where it fails the connection is gone, and the next one will be ready too.
				if (names.length > 0) subscriber.subscribe(...names).catch(() => {});
			});
			this.#subscriber = subscriber;
		}
		if (this.#subscriber.status !== 'ready') await this.#open(this.#subscriber);
		return this.#subscriber;
	}

	async *#batches(prefix: string): AsyncGenerator<[Redis, string[]]> {
		const nodes = this.#client instanceof Cluster ? this.#client.nodes('master') : [this.#client];
		const pattern = `${escapeGlob(this.#key('value', prefix))}*`;
		for (const node of nodes) {
			let cursor = '0';
			do {
				const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
				cursor = next;
				if (keys.length > 0) yield [node, keys];
			} while (cursor !== '0');
		}
	}

	async #count(keys: readonly string[]): Promise<number> {
		const there = await Promise.all(keys.map(async (key) => await this.#client.exists(this.#key('value', key))));
		return there.reduce((sum, one) => sum + one, 0);
	}

	async *#walk(): AsyncGenerator<readonly BookEntry[]> {
		for await (const [node, keys] of this.#batches('')) {
			const facts = await Promise.all(keys.map(async (key) => await Promise.all([node.strlen(key).catch(lengthOfForeign), node.pttl(key)])));
			const entries = keys.map((key, index): BookEntry => {
				const [length = 0, ttlMs = 0] = facts[index] ?? [];
				const name = this.#nameOf(key);
				return { key: name, bytes: Buffer.byteLength(name) + length, ttlMs };
			});
			yield entries.filter(({ ttlMs }) => ttlMs > 0);
		}
	}

	async #unlink(client: RedisClient, keys: readonly string[]): Promise<number> {
		if (!(this.#client instanceof Cluster)) return await client.unlink(...keys);
		const counts = await Promise.all(keys.map(async (key) => await client.unlink(key)));
		return counts.reduce((sum, count) => sum + count, 0);
	}

	#nameOf(key: string): string {
		return key.slice(this.#key('value', '').length);
	}

	/** What another program left at one of our keys is of no use to anybody: it makes room, and the command runs again. */
	async #own<T>(kind: string, name: string, command: (key: string) => Promise<T>): Promise<T> {
		const key = this.#key(kind, name);
		try {
			return await command(key);
		} catch (error) {
			if (!isForeign(error)) throw error;
			await this.#client.unlink(key);
			return await command(key);
		}
	}

	#key(kind: string, name: string): string {
		return `${this.prefix}:${kind}:${name}`;
	}
}

/** Redis refuses fractions, and a time of 0. */
function whole(ms: number): number {
	return Math.max(1, Math.ceil(ms));
}

function escapeGlob(text: string): string {
	return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** What another program left at one of our keys takes no place among our values. */
function lengthOfForeign(error: unknown): number {
	if (isForeign(error)) return 0;
	throw error;
}

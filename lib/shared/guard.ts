import { bounded } from '../core/bounded';
import type { Clock } from '../core/clock';
import { isFastpathError } from '../core/errors';
import type { SharedBackend, SharedSize, SureShared, WindowGrant } from '../core/shared';
import { MemoryBackend } from './memory';

/** up: reads and writes. readOnly: takes nothing new. down: does not answer. */
export type SharedState = 'up' | 'readOnly' | 'down';

export interface GuardOptions {
	/** What the log calls the store; no secrets. */
	readonly label: string;
	readonly clock: Clock;
	/** Bound of one command; a slow store is worse than a dead one. Default 250 ms. */
	readonly commandTimeoutMs?: number;
	/** Told once per change of state. */
	readonly log?: ((message: string) => void) | undefined;
	readonly onChange?: ((state: SharedState) => void) | undefined;
}

export interface SharedStatus {
	readonly state: SharedState;
	/** What went wrong last, while something is wrong. */
	readonly reason: string | undefined;
	/** Commands that failed, and of which nobody was told. */
	readonly failures: number;
}

const FAILURES_TO_OPEN = 3;
const PROBE_EVERY_MS = 1000;
/** A connection on which nothing has come back for that many probes is given up: the store may be well behind a new one. */
const PROBES_TO_RECONNECT = 2;
/** A walk through many keys takes many commands. */
const WALK_TIMEOUT_MS = 10_000;

interface Subscription {
	readonly channel: string;
	readonly listener: (message: string) => void;
	off: (() => void) | undefined;
	ended: boolean;
}

/**
 * Stands in front of a shared store so that nobody notices when it is slow, full or gone. Nothing throws. After
 * three failures in a row no command is sent any more, so that a dead store costs a call nothing; a probe every second finds
 * out when it is back. Meanwhile values are misses, every lease is granted (each process works for itself),
 * and counters and windows go on in the memory of this process.
 */
export class GuardedBackend implements SharedBackend, SureShared {
	readonly name: string;
	readonly #clock: Clock;
	readonly #timeoutMs: number;
	readonly #insurance: MemoryBackend;
	readonly #subscriptions = new Set<Subscription>();
	#state: SharedState = 'up';
	#reason: string | undefined;
	#failures = 0;
	#inRow = 0;
	#refusalsInRow = 0;
	#badProbes = 0;
	#changedAt: number;
	#usedAt: number;
	#connecting: Promise<void> | undefined;
	#connected = false;
	#disposed = false;
	#cancelProbe: () => void = () => {};

	constructor(
		private readonly backend: SharedBackend,
		private readonly options: GuardOptions,
	) {
		this.name = backend.name;
		this.#clock = options.clock;
		this.#timeoutMs = options.commandTimeoutMs ?? 250;
		this.#insurance = new MemoryBackend(options.clock, 2000);
		this.#changedAt = options.clock.now();
		this.#usedAt = this.#changedAt;
	}

	/** When a command was last wanted; a run may go on for hours without asking for its store anew. */
	get usedAt(): number {
		return this.#usedAt;
	}

	get status(): SharedStatus {
		return { state: this.#state, reason: this.#reason, failures: this.#failures };
	}

	/** Made once, with the first command; never rejects. */
	async connect(): Promise<void> {
		this.#connecting ??= this.backend
			.connect()
			.catch((error: unknown) => this.#become('down', error))
			.then(() => {
				this.#connected = true;
			});
		await this.#connecting;
	}

	async probe(write: boolean): Promise<void> {
		await bounded(this.backend.probe(write), this.#timeoutMs, this.#clock);
	}

	isRefusal(error: unknown): boolean {
		return this.backend.isRefusal(error);
	}

	reconnect(): void {
		this.backend.reconnect();
	}

	async get(key: string): Promise<Buffer | undefined> {
		return await this.#read(() => this.backend.get(key), undefined);
	}

	async getMany(keys: readonly string[]): Promise<Array<Buffer | undefined>> {
		return await this.#read(() => this.backend.getMany(keys), keys.map(() => undefined));
	}

	async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
		await this.#write(() => this.backend.set(key, value, ttlMs), () => undefined);
	}

	/** Sent to a store that is full, too: it makes room. */
	async delete(keys: readonly string[]): Promise<number> {
		return await this.#read(() => this.backend.delete(keys), 0);
	}

	async deleteByPrefix(prefix: string): Promise<number> {
		return await this.#read(() => this.backend.deleteByPrefix(prefix), 0, WALK_TIMEOUT_MS);
	}

	async scan(prefix: string, limit: number): Promise<string[]> {
		return await this.#read(() => this.backend.scan(prefix, limit), [], WALK_TIMEOUT_MS);
	}

	async size(): Promise<SharedSize> {
		return await this.#read(() => this.backend.size(), { entries: null, bytes: null });
	}

	async acquire(name: string, token: string, ttlMs: number): Promise<boolean> {
		return await this.#write(() => this.backend.acquire(name, token, ttlMs), () => true);
	}

	async renew(name: string, token: string, ttlMs: number): Promise<boolean> {
		return await this.#write(() => this.backend.renew(name, token, ttlMs), () => true);
	}

	async release(name: string, token: string): Promise<boolean> {
		return await this.#write(() => this.backend.release(name, token), () => true);
	}

	async add(name: string, amount: number, ttlMs: number): Promise<number> {
		return await this.#write(() => this.backend.add(name, amount, ttlMs), () => this.#insurance.add(name, amount, ttlMs));
	}

	async take(name: string, limit: number, windowMs: number): Promise<WindowGrant> {
		return await this.#write(() => this.backend.take(name, limit, windowMs), () => this.#insurance.take(name, limit, windowMs));
	}

	async append(name: string, value: Buffer, bounds: { readonly ttlMs: number; readonly max: number }): Promise<void> {
		await this.#write(() => this.backend.append(name, value, bounds), () => this.#insurance.append(name, value, bounds));
	}

	async list(name: string): Promise<Buffer[]> {
		const found = await this.#read(() => this.backend.list(name), undefined);
		return found ?? (await this.#insurance.list(name));
	}

	async sure<T>(command: (store: SharedBackend) => Promise<T>): Promise<{ readonly value: T } | undefined> {
		return await this.#write(async () => ({ value: await command(this.backend) }), () => undefined);
	}

	/** Like `sure`, for what a store is not kept open for: where it is not in use anyway, nothing is sent. */
	async aside<T>(command: (store: SharedBackend) => Promise<T>): Promise<{ readonly value: T } | undefined> {
		if (!this.#connected || this.#state !== 'up' || this.#disposed) return undefined;
		return await this.#try(async () => ({ value: await command(this.backend) }), () => undefined, this.#timeoutMs);
	}

	async publish(channel: string, message: string): Promise<void> {
		await this.#read(() => this.backend.publish(channel, message), undefined);
	}

	/** Returns at once: a listener for a store that is out hears of it when it is back. */
	async subscribe(channel: string, listener: (message: string) => void): Promise<() => void> {
		const subscription: Subscription = { channel, listener, off: undefined, ended: false };
		this.#subscriptions.add(subscription);
		void this.#establish(subscription);
		return () => {
			this.#subscriptions.delete(subscription);
			subscription.ended = true;
			subscription.off?.();
		};
	}

	async dispose(): Promise<void> {
		this.#disposed = true;
		this.#cancelProbe();
		this.#subscriptions.clear();
		await this.#insurance.dispose();
		await this.backend.dispose();
	}

	async #establish(subscription: Subscription): Promise<void> {
		if (subscription.off || subscription.ended || this.#state === 'down') return;
		try {
			const off = await this.backend.subscribe(subscription.channel, subscription.listener);
			if (subscription.ended) off();
			else subscription.off = off;
		} catch {
			// Tried again when the store is back; who must know looks now and then.
		}
	}

	async #read<T>(command: () => Promise<T>, otherwise: T, timeoutMs = this.#timeoutMs): Promise<T> {
		this.#usedAt = this.#clock.now();
		if (!this.#connected) await this.connect();
		if (this.#state === 'down' || this.#disposed) return otherwise;
		return await this.#try(command, () => otherwise, timeoutMs);
	}

	async #write<T>(command: () => Promise<T>, otherwise: () => T | Promise<T>): Promise<T> {
		this.#usedAt = this.#clock.now();
		if (!this.#connected) await this.connect();
		if (this.#state !== 'up' || this.#disposed) return await otherwise();
		return await this.#try(
			async () => {
				const value = await command();
				this.#refusalsInRow = 0;
				return value;
			},
			otherwise,
			this.#timeoutMs,
		);
	}

	async #try<T>(command: () => Promise<T>, otherwise: () => T | Promise<T>, timeoutMs: number): Promise<T> {
		try {
			const value = await bounded(command(), timeoutMs, this.#clock);
			this.#inRow = 0;
			return value;
		} catch (error) {
			this.#fail(error);
			return await otherwise();
		}
	}

	#fail(error: unknown): void {
		if (this.#disposed) return;
		this.#failures += 1;
		if (this.backend.isRefusal(error)) {
			this.#refusalsInRow += 1;
			if (this.#refusalsInRow >= FAILURES_TO_OPEN && this.#state === 'up') this.#become('readOnly', error);
			return;
		}
		this.#inRow += 1;
		if (this.#inRow >= FAILURES_TO_OPEN && this.#state !== 'down') this.#become('down', error);
	}

	/** The one place where the state changes, and so the one place that tells of it. */
	#become(state: SharedState, error?: unknown): void {
		if (this.#disposed || state === this.#state) return;
		const { label, log, onChange } = this.options;
		const lastedMs = this.#clock.now() - this.#changedAt;
		this.#state = state;
		this.#changedAt = this.#clock.now();
		this.#inRow = 0;
		this.#refusalsInRow = 0;
		this.#badProbes = 0;
		this.#reason = state === 'up' ? undefined : reasonOf(error);
		if (state === 'up') {
			log?.(`The shared store ${label} is back after ${Math.round(lastedMs / 100) / 10} s`);
			for (const subscription of this.#subscriptions) void this.#establish(subscription);
		} else {
			const what = state === 'down' ? 'does not answer' : 'takes nothing new';
			log?.(`The shared store ${label} ${what} (${this.#reason}); this process goes on with its own memory and looks every second whether it is back`);
		}
		onChange?.(state);
		this.#scheduleProbe();
	}

	#scheduleProbe(): void {
		this.#cancelProbe();
		if (this.#disposed || this.#state === 'up') return;
		this.#cancelProbe = this.#clock.after(PROBE_EVERY_MS, () => void this.#look());
	}

	/** From down to up takes an answer and a write: a store that only reads is readOnly. */
	async #look(): Promise<void> {
		try {
			await this.probe(false);
			await this.probe(true);
			this.#become('up');
		} catch (error) {
			if (this.backend.isRefusal(error)) this.#become('readOnly', error);
			else if (this.#state === 'readOnly') this.#become('down', error);
			else this.#countBadProbe();
		}
		this.#scheduleProbe();
	}

	#countBadProbe(): void {
		this.#badProbes += 1;
		if (this.#badProbes % PROBES_TO_RECONNECT === 0) this.backend.reconnect();
	}
}

function reasonOf(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	if (/isn't writeable|Connection is closed|max retries per request/i.test(text)) return 'not connected';
	if (isFastpathError(error) || /timed out/i.test(text)) return 'no answer in time';
	return text.slice(0, 200);
}

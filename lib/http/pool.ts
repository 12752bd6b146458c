import { Connection } from './connection';
import { connectFailure } from './failure';
import { Rhythm } from './prewarm';
import { Waiter, WaitingLine } from './waiters';

import type { Socket } from 'node:net';

import type { Clock } from '../core/clock';
import type { Connector } from './connect';
import type { Target } from './target';

/** How long after its last use a frequently used pool still gets its idle connection back. */
const WARM_FOR_MS = 600_000;
/** A server's closing of the last idle connection is answered at once only this long after the last use. */
const REOPEN_WITHIN_MS = 60_000;

export interface PoolOptions {
	maxConnections: number;
	/** From this many requests on, one idle connection is kept open. */
	warmAfterUses: number;
	/** Offered HTTP/2: until the server has declined, one connection is opened for many requests. */
	http2: boolean;
	/** False: connections are closed as soon as nobody needs them. */
	retain: boolean;
}

/**
 * The connections to one origin, under one credential and one set of options. At most
 * `maxConnections` are open or being opened at any time; the server may see the end of one that was
 * given up a moment after the beginning of the next. Free ones are handed out last in, first out, so
 * that surplus ones become idle and go.
 */
export class Pool {
	requests = 0;
	reused = 0;
	opened = 0;
	errors = 0;
	/** Connections that were opened before anybody asked for them. */
	prewarmed = 0;
	/** TLS handshakes with the origin. */
	handshakes = 0;
	lastUsedAt: number;
	maxIdleConnections = 0;
	/** Of the latest request; for connections that nobody waits for. */
	connectMs = 0;

	readonly #all = new Set<Connection>();
	/** With room for a request; the most recently used one last. */
	readonly #free: Connection[] = [];
	readonly #line = new WaitingLine();
	#opening = 0;
	/** What a connection that is being opened will carry, as far as is known. */
	#expectedCapacity: number;
	/** After a failed pre-warm: none until the next use. */
	#cold = false;
	#retain: boolean;
	readonly #rhythm: Rhythm;

	constructor(
		readonly target: Target,
		readonly connector: Connector,
		private readonly options: PoolOptions,
		private readonly clock: Clock,
	) {
		this.lastUsedAt = clock.now();
		this.#expectedCapacity = options.http2 ? 100 : 1;
		this.#retain = options.retain;
		this.#rhythm = new Rhythm(clock, () => this.#openAhead());
	}

	/** Counts a request that is about to be sent. */
	begin(now: number): void {
		this.requests += 1;
		if (this.#retain) this.#rhythm.request(now);
	}

	/** Its next use is known from the rhythm of the ones before. */
	get expected(): boolean {
		return this.#rhythm.armed;
	}

	get open(): number {
		return this.#all.size;
	}

	get idle(): number {
		let idle = 0;
		for (const connection of this.#free) if (connection.inFlight === 0) idle += 1;
		return idle;
	}

	get inFlight(): number {
		let inFlight = 0;
		for (const connection of this.#all) inFlight += connection.inFlight;
		return inFlight;
	}

	get waiting(): number {
		return this.#line.size;
	}

	/** Nobody uses it now, nobody waits for it. */
	get unused(): boolean {
		return this.#line.size === 0 && this.#opening === 0 && this.idle === this.#all.size;
	}

	get empty(): boolean {
		return this.unused && this.#all.size === 0;
	}

	/**
	 * A connection that is open and free, or nothing. With `repeatable` false only one that was used
	 * so recently that the server cannot have given it up.
	 */
	take(repeatable: boolean, now: number): Connection | undefined {
		for (let connection = this.#free.at(-1); connection; connection = this.#free.at(-1)) {
			if (!connection.usable) {
				this.#discard(connection);
				continue;
			}
			const trusted = repeatable || connection.inFlight > 0 || now - connection.idleSince < connection.trustedMs;
			if (!trusted) return undefined;
			this.#occupy(connection);
			return connection;
		}
		return undefined;
	}

	/**
	 * The next connection to be opened or to become free; with `fresh` only one that has served
	 * nothing yet. Rejects with the reason of the signal, or with why a connection could not be opened.
	 */
	async wait(fresh: boolean, connectMs: number, signal: AbortSignal): Promise<Connection> {
		const waiter = new Waiter(this.#line, connectMs, fresh, signal);
		this.#line.push(waiter);
		this.#openForWaiters();
		return await waiter.connection;
	}

	/** Gives back what `take` or `wait` handed out, whatever became of it. */
	release(connection: Connection): void {
		const now = this.clock.now();
		connection.inFlight -= 1;
		connection.served += 1;
		connection.idleSince = now;
		this.lastUsedAt = now;
		this.#cold = false;
		if (connection.usable) return this.#offer(connection);
		this.#discard(connection);
		this.#openForWaiters();
	}

	/** Opens connections until `count` are idle or being opened, within the cap. Returns how many it opened; throws if none could be. */
	async prewarm(count: number, connectMs: number): Promise<number> {
		const room = this.options.maxConnections - this.#all.size - this.#opening;
		const missing = Math.min(count - this.idle - this.#opening, room);
		if (missing <= 0) return 0;
		const attempts = await Promise.allSettled(
			Array.from({ length: missing }, async () => await this.#open(connectMs)),
		);
		const failed = attempts.filter((attempt) => attempt.status === 'rejected');
		if (failed[0] && failed.length === missing) throw failed[0].reason;
		this.prewarmed += missing - failed.length;
		return missing - failed.length;
	}

	/** Closes idle connections that are too many or too old, and keeps a frequently used pool warm. */
	sweep(now: number): void {
		let surplus = this.idle - this.maxIdleConnections;
		for (const connection of [...this.#free]) {
			if (connection.inFlight > 0) continue;
			const old = now - connection.idleSince >= connection.keepAliveMs;
			if (surplus <= 0 && !old && connection.usable) continue;
			surplus -= 1;
			this.#discard(connection);
		}
		if (now - this.lastUsedAt < WARM_FOR_MS) this.#keepWarm();
	}

	/** Closes what is idle now, and the rest as it becomes idle. */
	retire(): void {
		this.#retain = false;
		this.#rhythm.stop();
		for (const connection of [...this.#free]) if (connection.inFlight === 0) this.#discard(connection);
	}

	#occupy(connection: Connection): void {
		connection.inFlight += 1;
		if (connection.listed && connection.inFlight >= connection.capacity) this.#unlist(connection);
	}

	#offer(connection: Connection): void {
		while (connection.inFlight < connection.capacity && this.#line.first) {
			const { first } = this.#line;
			if (first.fresh && connection.served > 0) {
				if (this.#opening >= this.#line.size) break;
				// At the cap: this one makes room for one that the waiter can take.
				if (connection.inFlight > 0) break;
				this.#discard(connection);
				return this.#openForWaiters();
			}
			this.#line.shift();
			this.#occupy(connection);
			first.resolve(connection);
		}
		if (connection.inFlight >= connection.capacity) return;
		if (!this.#retain && connection.inFlight === 0) return this.#discard(connection);
		if (connection.inFlight === 0) connection.unref();
		if (connection.listed) return;
		connection.listed = true;
		this.#free.push(connection);
	}

	#openForWaiters(): void {
		while (this.#line.first && this.#opening * this.#expectedCapacity < this.#line.size) {
			if (!this.#hasRoom()) return;
			// A failure has been told to the waiter whose turn it was.
			this.#open(this.#line.first.connectMs).catch(() => {});
		}
	}

	/** Under the cap, or brought there by closing the connection that has been idle for longest. */
	#hasRoom(): boolean {
		if (this.#all.size + this.#opening < this.options.maxConnections) return true;
		const stalest = this.#free.find((connection) => connection.inFlight === 0);
		if (!stalest) return false;
		this.#discard(stalest);
		return true;
	}

	async #open(connectMs: number): Promise<void> {
		const startedAt = this.clock.now();
		this.#opening += 1;
		this.opened += 1;
		try {
			this.#adopt(await this.connector.open(connectMs), startedAt);
		} catch (error) {
			this.errors += 1;
			this.#line.shift()?.reject(connectFailure(error, this.target.url.host));
			throw error;
		} finally {
			this.#opening -= 1;
			this.#openForWaiters();
		}
	}

	#adopt(socket: Socket, startedAt: number): void {
		const now = this.clock.now();
		const connection = new Connection(this.target, socket, now - startedAt, now, (closed) => this.#onClosed(closed));
		this.#expectedCapacity = connection.capacity;
		this.#all.add(connection);
		if (this.target.secure) this.handshakes += 1;
		this.#offer(connection);
	}

	#onClosed(connection: Connection): void {
		// Under a request: undici has yet to tell how it ended, and `release` clears up after that.
		if (connection.inFlight > 0) return;
		const wasIdle = connection.listed;
		this.#discard(connection);
		this.#openForWaiters();
		// One that never served is not replaced at once: the server may be closing each of them.
		if (wasIdle && connection.served > 0 && this.clock.now() - this.lastUsedAt < REOPEN_WITHIN_MS) this.#keepWarm();
	}

	#keepWarm(): void {
		const wanted = this.#retain && !this.#cold && this.requests >= this.options.warmAfterUses;
		if (!wanted || this.#all.size + this.#opening > 0) return;
		this.#open(this.connectMs).then(
			() => {
				this.prewarmed += 1;
			},
			() => {
				this.#cold = true;
			},
		);
	}

	/** A failure is found out by the request that is expected. */
	#openAhead(): void {
		for (const connection of [...this.#free]) if (!connection.usable) this.#discard(connection);
		this.prewarm(1, this.connectMs).catch(() => {});
	}

	#discard(connection: Connection): void {
		if (connection.listed) this.#unlist(connection);
		if (this.#all.delete(connection)) connection.destroy();
	}

	#unlist(connection: Connection): void {
		connection.listed = false;
		if (this.#free.at(-1) === connection) this.#free.pop();
		else this.#free.splice(this.#free.indexOf(connection), 1);
	}
}

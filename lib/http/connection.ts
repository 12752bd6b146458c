import { setImmediate } from 'node:timers';

import type { Socket } from 'node:net';

import { Client } from '../vendor';
import { ConnectionGoneError } from './failure';
import { openingOf, type Opening } from './opening';

import type { Target } from './target';

/** How long an idle connection is kept; a server's hint overrules it, up to the longest. */
const KEEP_ALIVE_MS = 60_000;
const LONGEST_KEEP_ALIVE_MS = 600_000;
/** Taken off a server's hint, for the way that its closing takes to us. */
const HINT_MARGIN_MS = 1_000;
/** How long an idle connection is trusted with a request that must not be sent twice, without a hint. */
const TRUSTED_MS = 4_000;
const HTTP2_STREAMS = 100;

/**
 * One open socket, with the HTTP client that speaks over it. The socket comes first: undici's client
 * connects only when it has a request, and reconnects by itself; this one is given its socket once,
 * and fails a request that comes after the socket is gone, before a byte of it is written.
 */
export class Connection {
	readonly client: Client;
	readonly capacity: number;
	inFlight = 0;
	/** Requests that ended on it. */
	served = 0;
	idleSince: number;
	/** How long it may stay idle. */
	keepAliveMs = KEEP_ALIVE_MS;
	/** How long it may have been idle and still take a request that must not be repeated. */
	trustedMs = TRUSTED_MS;
	/** In the pool's list of those with room for a request. */
	listed = false;
	#hint: unknown;
	#handedOver = false;

	constructor(
		target: Target,
		private readonly socket: Socket,
		/** Milliseconds that opening it took. */
		readonly openedInMs: number,
		now: number,
		onClosed: (connection: Connection) => void,
	) {
		this.idleSince = now;
		const http2 = 'alpnProtocol' in socket && socket.alpnProtocol === 'h2';
		this.capacity = http2 ? HTTP2_STREAMS : 1;
		socket.on('error', ignore).once('close', () => onClosed(this));
		this.client = new Client(target.origin, {
			pipelining: 1,
			allowH2: http2,
			keepAliveTimeout: KEEP_ALIVE_MS,
			keepAliveMaxTimeout: LONGEST_KEEP_ALIVE_MS,
			keepAliveTimeoutThreshold: HINT_MARGIN_MS,
			connect: (_options, callback) => {
				// A turn of the event loop, so that a close which has arrived meanwhile is seen before the
				// request is written; and undici does not write one whose connector answers synchronously.
				setImmediate(() => {
					if (this.#handedOver || socket.destroyed) return callback(new ConnectionGoneError(), null);
					this.#handedOver = true;
					socket.ref();
					callback(null, socket);
				});
			},
		});
	}

	/** Where the time of opening it went, as far as it is known. */
	get opening(): Opening | undefined {
		return openingOf(this.socket);
	}

	get usable(): boolean {
		return !this.socket.destroyed;
	}

	/** Idle connections do not keep the process alive. Once it has served, undici sees to that. */
	unref(): void {
		if (!this.#handedOver) this.socket.unref();
	}

	/** Takes note of a response's `Keep-Alive` header (RFC 2068 section 19.7.1): `timeout=5, max=100`. */
	learn(keepAlive: unknown): void {
		if (keepAlive === this.#hint) return;
		this.#hint = keepAlive;
		const seconds = typeof keepAlive === 'string' ? /timeout=(\d+)/i.exec(keepAlive)?.[1] : undefined;
		const hintMs = seconds === undefined ? undefined : Math.max(0, Number(seconds) * 1_000 - HINT_MARGIN_MS);
		this.keepAliveMs = Math.min(hintMs ?? KEEP_ALIVE_MS, LONGEST_KEEP_ALIVE_MS);
		this.trustedMs = hintMs ?? TRUSTED_MS;
	}

	/** Closes the socket now; requests on it fail. */
	destroy(): void {
		this.client.destroy(null, ignore);
		this.socket.destroy();
	}
}

function ignore(): void {}

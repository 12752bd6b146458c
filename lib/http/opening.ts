import type { Socket } from 'node:net';

import type { Clock } from '../core/clock';

/** Milliseconds of opening a connection, by its parts; a part is 0 where there was none. */
export interface Opening {
	/** Resolving the name. */
	dnsMs: number;
	/** The TLS handshake. */
	tlsMs: number;
}

const openings = new WeakMap<Socket, Opening>();

/** To be called when a socket begins to connect. Costs nothing once it is open. */
export function watchOpening(socket: Socket, clock: Clock): void {
	const opening: Opening = { dnsMs: 0, tlsMs: 0 };
	const startedAt = clock.now();
	let connectedAt = startedAt;
	openings.set(socket, opening);
	socket.once('lookup', () => (opening.dnsMs = clock.now() - startedAt));
	socket.once('connect', () => (connectedAt = clock.now()));
	socket.once('secureConnect', () => (opening.tlsMs = clock.now() - connectedAt));
}

/** Undefined for one that goes through a proxy. */
export function openingOf(socket: Socket): Opening | undefined {
	return openings.get(socket);
}

import { createHash } from 'node:crypto';
import type { Scheme, TokenUsage } from './http.mts';

export interface ConnectionCounts {
	/** TCP connections accepted. */
	opened: number;
	/** Open right now. */
	open: number;
	/** Most that were open at one moment. */
	maxOpen: number;
}

/** Everything that the server saw since the last reset; a plain object that survives JSON. */
export interface CounterSnapshot {
	/** Requests received, control requests (`/__…`) apart. */
	requests: number;
	requestsByScheme: Record<Scheme, number>;
	/** By route name, e.g. `POST /v1/chat/completions`. */
	calls: Record<string, number>;
	/** Different bodies seen, by route; requests without a body do not count. */
	distinctBodies: Record<string, number>;
	/** Responses by status code, from the moment their head is written. */
	statuses: Record<string, number>;
	connections: Record<Scheme, ConnectionCounts>;
	handshakes: { full: number; resumed: number; failed: number };
	/** Requests whose client went away before the response was finished. */
	aborted: number;
	/** Connections that a behaviour cut. */
	reset: number;
	inFlight: number;
	maxInFlight: number;
	tokens: TokenUsage & { total: number };
}

interface SocketRecord {
	readonly scheme: Scheme;
	/** Has carried an ordinary request. */
	used: boolean;
	/** The peak before this socket, when this socket raised it. */
	peakBefore: number | undefined;
}

function noConnections(open: number): ConnectionCounts {
	return { opened: 0, open, maxOpen: open };
}

function blank(openHttp: number, openHttps: number, inFlight: number): CounterSnapshot {
	return {
		requests: 0,
		requestsByScheme: { http: 0, https: 0 },
		calls: {},
		distinctBodies: {},
		statuses: {},
		connections: { http: noConnections(openHttp), https: noConnections(openHttps) },
		handshakes: { full: 0, resumed: 0, failed: 0 },
		aborted: 0,
		reset: 0,
		inFlight,
		maxInFlight: inFlight,
		tokens: { input: 0, output: 0, total: 0 },
	};
}

/**
 * Counts at the server. A socket that carries nothing but control requests is taken out again, so
 * that whoever reads the counters over HTTP does not change them.
 */
export class Counters {
	#now = blank(0, 0, 0);
	readonly #sockets = new Map<string, SocketRecord>();
	readonly #bodies = new Map<string, Set<string>>();

	connectionOpened(scheme: Scheme, port: number): void {
		const counts = this.#now.connections[scheme];
		counts.opened += 1;
		counts.open += 1;
		const raised = counts.open > counts.maxOpen;
		this.#sockets.set(`${scheme}:${port}`, {
			scheme,
			used: false,
			peakBefore: raised ? counts.maxOpen : undefined,
		});
		if (raised) counts.maxOpen = counts.open;
	}

	connectionClosed(scheme: Scheme, port: number): void {
		if (this.#sockets.delete(`${scheme}:${port}`)) this.#now.connections[scheme].open -= 1;
	}

	/** Forgets a socket that turned out to carry control requests; its traffic is not upstream traffic. */
	controlRequest(scheme: Scheme, port: number): void {
		const key = `${scheme}:${port}`;
		const socket = this.#sockets.get(key);
		if (socket === undefined || socket.used) return;
		this.#sockets.delete(key);
		const counts = this.#now.connections[scheme];
		if (socket.peakBefore !== undefined && counts.maxOpen === counts.open) {
			counts.maxOpen = socket.peakBefore;
		}
		counts.open -= 1;
		counts.opened = Math.max(0, counts.opened - 1);
	}

	handshake(resumed: boolean): void {
		this.#now.handshakes[resumed ? 'resumed' : 'full'] += 1;
	}

	handshakeFailed(): void {
		this.#now.handshakes.failed += 1;
	}

	/** Counts a request; the returned function ends it and must be called once. */
	request(scheme: Scheme, port: number, route: string, body: Buffer): () => void {
		const socket = this.#sockets.get(`${scheme}:${port}`);
		if (socket !== undefined) socket.used = true;
		const now = this.#now;
		now.requests += 1;
		now.requestsByScheme[scheme] += 1;
		now.calls[route] = (now.calls[route] ?? 0) + 1;
		if (body.length > 0) {
			const seen = this.#bodies.get(route) ?? new Set<string>();
			this.#bodies.set(route, seen.add(createHash('sha256').update(body).digest('base64')));
			now.distinctBodies[route] = seen.size;
		}
		now.inFlight += 1;
		now.maxInFlight = Math.max(now.maxInFlight, now.inFlight);
		return () => {
			this.#now.inFlight -= 1;
		};
	}

	status(code: number): void {
		this.#now.statuses[code] = (this.#now.statuses[code] ?? 0) + 1;
	}

	aborted(): void {
		this.#now.aborted += 1;
	}

	connectionReset(): void {
		this.#now.reset += 1;
	}

	tokens(usage: TokenUsage): void {
		const { input, output } = this.#now.tokens;
		this.#now.tokens = {
			input: input + usage.input,
			output: output + usage.output,
			total: input + usage.input + output + usage.output,
		};
	}

	snapshot(): CounterSnapshot {
		return structuredClone(this.#now);
	}

	/** Back to zero; what is open or under way stays open and under way. */
	reset(): void {
		const { connections, inFlight } = this.#now;
		this.#now = blank(connections.http.open, connections.https.open, inFlight);
		this.#bodies.clear();
	}
}

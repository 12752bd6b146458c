import { constants } from 'node:crypto';
import { request } from 'node:http';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';

import type { LookupFunction, Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';

import type { Clock } from '../core/clock';
import { InvalidOptionError, NetworkError, TimeoutError } from '../core/errors';
import { connectFailure } from './failure';
import { watchOpening } from './opening';
import { hostAndPort, parseTarget } from './target';

import type { Egress } from './egress';
import type { Target } from './target';
import type { DnsCache } from './dns';
import type { ConnectionOptions } from './transport';

const TCP_KEEP_ALIVE_MS = 60_000;

/** Opens sockets to one origin, through a proxy where there is one; keeps the TLS session for resumption. */
export class Connector {
	#context: SecureContext | undefined;
	#session: Buffer | undefined;
	readonly #proxy: Target | undefined;

	constructor(
		private readonly target: Target,
		private readonly options: ConnectionOptions,
		proxy: string | undefined,
		private readonly egress: Egress,
		private readonly clock: Clock,
		private readonly dns: DnsCache,
	) {
		this.#proxy = proxy === undefined ? undefined : parseTarget(proxy, 'proxy');
	}

	/** Requests go to the proxy in absolute form, with this header; tunnelled ones go as if there were none. */
	get forwardAuthorization(): string | undefined {
		return this.target.secure ? undefined : this.#proxy?.authorization;
	}

	get forwards(): boolean {
		return this.#proxy !== undefined && !this.target.secure;
	}

	get #lookup(): LookupFunction | undefined {
		const { lookup } = this.egress;
		return this.options.dnsCache === false ? lookup : this.dns.lookup(lookup);
	}

	/** A connected (and, for https, secured) socket. `connectMs` of 0 sets no bound. Throws as Transport does. */
	async open(connectMs: number): Promise<Socket> {
		const opened: Socket[] = [];
		let timedOut = false;
		const cancel =
			connectMs > 0
				? this.clock.after(connectMs, () => {
						timedOut = true;
						for (const socket of opened) socket.destroy(new TimeoutError('connect', connectMs));
					})
				: () => {};
		try {
			return this.#proxy ? await this.#viaProxy(this.#proxy, opened) : await this.#direct(opened);
		} catch (error) {
			for (const socket of opened) socket.destroy();
			// A session that the server does not like must not fail every later handshake.
			this.#session = undefined;
			this.dns.forget((this.#proxy ?? this.target).hostname, this.egress.lookup);
			if (timedOut) throw new TimeoutError('connect', connectMs, { cause: error });
			throw connectFailure(error, hostAndPort(this.target));
		} finally {
			cancel();
		}
	}

	async #direct(opened: Socket[]): Promise<Socket> {
		const { secure, hostname, port } = this.target;
		this.egress.validateHost?.(hostname);
		const socket = secure ? this.#secureSocket(undefined) : tcp(hostname, port, this.#lookup);
		opened.push(socket);
		watchOpening(socket, this.clock);
		return await ready(socket, secure);
	}

	async #viaProxy(proxy: Target, opened: Socket[]): Promise<Socket> {
		this.egress.validateHost?.(proxy.hostname);
		const lookup = this.#lookup;
		const toProxy = proxy.secure
			? connectTls({
					host: proxy.hostname,
					port: proxy.port,
					...sni(proxy.hostname),
					...(lookup && { lookup }),
					rejectUnauthorized: this.options.rejectUnauthorized,
				})
			: tcp(proxy.hostname, proxy.port, lookup);
		opened.push(toProxy);
		try {
			await ready(toProxy, proxy.secure);
		} catch (error) {
			throw connectFailure(error, `the proxy ${hostAndPort(proxy)}`);
		}
		if (!this.target.secure) return toProxy;
		await tunnel(toProxy, proxy, this.target);
		const socket = this.#secureSocket(toProxy);
		opened.push(socket);
		return await ready(socket, true);
	}

	#secureSocket(through: Socket | undefined): TLSSocket {
		const { hostname, port } = this.target;
		const lookup = this.#lookup;
		const socket = connectTls({
			host: hostname,
			port,
			...(through ? { socket: through } : lookup && { lookup }),
			...sni(hostname),
			secureContext: (this.#context ??= secureContext(this.options)),
			rejectUnauthorized: this.options.rejectUnauthorized,
			ALPNProtocols: this.options.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
			...(this.#session && { session: this.#session }),
		});
		socket.on('session', (session) => {
			this.#session = session;
		});
		return socket;
	}
}

/** RFC 6066 section 3: no server name for an IP literal. */
function sni(hostname: string): { servername?: string } {
	return isIP(hostname) === 0 ? { servername: hostname } : {};
}

function tcp(host: string, port: number, lookup: LookupFunction | undefined): Socket {
	return connectTcp({ host, port, ...(lookup && { lookup }) });
}

function secureContext({ tls, rejectUnauthorized }: ConnectionOptions): SecureContext {
	try {
		return createSecureContext({
			...tls,
			// As n8n does where certificates are not checked: old servers are accepted as well.
			...(!rejectUnauthorized && { secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT }),
		});
	} catch (error) {
		const reason = error instanceof Error && 'code' in error ? String(error.code) : 'something unreadable';
		throw new InvalidOptionError('SSL certificate', 'certificate, key and passphrase that belong together', reason);
	}
}

async function ready(socket: Socket, secure: boolean): Promise<Socket> {
	socket.setNoDelay(true).setKeepAlive(true, TCP_KEEP_ALIVE_MS);
	return await new Promise<Socket>((resolve, reject) => {
		const onClose = () => reject(closedEarly());
		socket.on('error', reject).once('close', onClose);
		socket.once(secure ? 'secureConnect' : 'connect', () => {
			socket.removeListener('close', onClose);
			resolve(socket);
		});
	});
}

/** RFC 9110 section 9.3.6. */
async function tunnel(socket: Socket, proxy: Target, target: Target): Promise<void> {
	const path = `${target.url.hostname}:${target.port}`;
	const status = await new Promise<number>((resolve, reject) => {
		const connecting = request({
			method: 'CONNECT',
			path,
			createConnection: () => socket,
			headers: {
				host: path,
				...(proxy.authorization !== undefined && { 'proxy-authorization': proxy.authorization }),
			},
		});
		connecting.once('connect', (response, _socket, head) => {
			if (head.length > 0) socket.unshift(head);
			resolve(response.statusCode ?? 0);
		});
		connecting.once('error', reject).once('close', () => reject(closedEarly()));
		connecting.end();
	});
	if (status >= 200 && status < 300) return;
	throw new NetworkError(`The proxy ${hostAndPort(proxy)} refused to connect to ${path}, with status ${status}`, {
		retryable: status >= 500,
		unprocessed: true,
	});
}

function closedEarly(): Error {
	return Object.assign(new Error('The socket closed while connecting'), { code: 'ECONNRESET' });
}

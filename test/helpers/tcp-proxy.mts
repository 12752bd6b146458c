/** Stands between a client and a server of Redis's protocol, and spoils the connection when told to. */
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * well: bytes pass. silent: nothing comes back, as behind a firewall that drops. refuses: every connection is reset.
 * cuts: every reply breaks off in its middle, with the connection.
 */
export type ProxyMode = 'well' | 'silent' | 'refuses' | 'cuts';

export class TcpProxy {
	mode: ProxyMode = 'well';
	/** What a client waits longer for each reply; commands that were sent together are late together. */
	delayMs = 0;
	/** Commands that have come in, those that set a connection up among them. */
	commands = 0;
	readonly host = '127.0.0.1';
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(target: { readonly host: string; readonly port: number }) {
		this.#server = createServer((client) => this.#serve(client, target));
	}

	static async start(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
		const proxy = new TcpProxy(target);
		await new Promise<void>((resolve) => proxy.#server.listen(0, proxy.host, resolve));
		return proxy;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	/** Resets every connection that is open. */
	cut(): void {
		for (const socket of this.#sockets) socket.resetAndDestroy();
	}

	async close(): Promise<void> {
		this.cut();
		await new Promise<void>((resolve) => this.#server.close(() => resolve()));
	}

	#serve(client: Socket, target: { readonly host: string; readonly port: number }): void {
		if (this.mode === 'refuses') return void client.resetAndDestroy();
		const server = createConnection(target);
		for (const [socket, other] of [[client, server], [server, client]] as const) {
			this.#sockets.add(socket);
			socket.setNoDelay(true);
			socket.on('error', () => {}).on('close', () => {
				this.#sockets.delete(socket);
				other.destroy();
			});
		}
		client.on('data', (chunk: Buffer) => {
			// Commands are lists of texts; no text of ours begins a line so.
			this.commands += chunk.toString('latin1').match(/(?<=^|\r\n)\*\d+\r\n/g)?.length ?? 0;
			if (this.mode !== 'silent') server.write(chunk);
		});
		server.on('data', (chunk: Buffer) => {
			if (this.delayMs === 0) this.#reply(client, chunk);
			else setTimeout(() => this.#reply(client, chunk), this.delayMs);
		});
	}

	#reply(client: Socket, chunk: Buffer): void {
		if (this.mode === 'silent' || client.destroyed) return;
		if (this.mode !== 'cuts') return void client.write(chunk);
		client.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => client.resetAndDestroy());
	}
}

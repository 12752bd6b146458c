import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

const tls = (name: string) => readFileSync(new URL(`./tls/${name}`, import.meta.url), 'utf8');

/** Self-signed, for localhost and 127.0.0.1. */
export const certificate = tls('certificate.pem');
export const key = tls('key.pem');
/** Self-signed, for clients. */
export const clientCertificate = tls('client-certificate.pem');
export const clientKey = tls('client-key.pem');

export type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export interface TestServer {
	/** `http(s)://127.0.0.1:port` */
	url: string;
	port: number;
	server: Server;
	/** What the server counted; clients may be wrong about themselves. */
	count: { connections: number; handshakes: number; resumed: number; requests: number; maxOpen: number };
	/** Open now. */
	sockets: Set<Socket>;
	/** Resolves when `condition` holds; it is looked at after each connection, answer and close. */
	until(condition: () => boolean): Promise<void>;
	close(): Promise<void>;
}

export interface ServerSettings {
	https?: boolean;
	/** Over https, turn away clients without `clientCertificate`. */
	clientCertificate?: boolean;
	/** Of idle connections, in milliseconds. Default: 60,000, and no hint to the client. */
	keepAliveMs?: number;
	/** Announce it with a `Keep-Alive` header, as Node does by itself. */
	hint?: boolean;
}

/** A real server on a free port of 127.0.0.1. */
export async function startServer(answer: Answer, settings: ServerSettings = {}): Promise<TestServer> {
	const listeners = new Set<() => void>();
	const look = () => {
		for (const listener of listeners) listener();
	};
	const count = { connections: 0, handshakes: 0, resumed: 0, requests: 0, maxOpen: 0 };
	const sockets = new Set<Socket>();

	const onRequest = (request: IncomingMessage, response: ServerResponse) => {
		count.requests += 1;
		// Without this Node tells the client when it will close.
		if (settings.hint !== true) response.setHeader('connection', 'keep-alive');
		response.on('close', look);
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			answer(request, response, Buffer.concat(chunks));
			look();
		});
	};
	const options = { keepAliveTimeout: settings.keepAliveMs ?? 60_000 };
	const clients = settings.clientCertificate === true ? { requestCert: true, rejectUnauthorized: true, ca: clientCertificate } : {};
	const server = settings.https === true ? createHttps({ ...options, key, cert: certificate, ...clients }, onRequest) : createHttp(options, onRequest);
	server.on('connection', (socket: Socket) => {
		count.connections += 1;
		sockets.add(socket);
		count.maxOpen = Math.max(count.maxOpen, sockets.size);
		socket.on('error', () => {});
		socket.on('close', () => {
			sockets.delete(socket);
			look();
		});
		look();
	});
	server.on('secureConnection', (socket) => {
		count.handshakes += 1;
		if (socket.isSessionReused()) count.resumed += 1;
		look();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `${settings.https === true ? 'https' : 'http'}://127.0.0.1:${port}`,
		port,
		server,
		count,
		sockets,
		until: async (condition) => {
			if (condition()) return;
			await new Promise<void>((resolve) => {
				const listener = () => {
					if (!condition()) return;
					listeners.delete(listener);
					resolve();
				};
				listeners.add(listener);
			});
		},
		close: async () => {
			for (const socket of sockets) socket.destroy();
			server.closeAllConnections();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}

/** Runs `use` with a server that is closed afterwards. */
export async function withServer(answer: Answer, use: (server: TestServer) => Promise<void>, settings?: ServerSettings): Promise<void> {
	const server = await startServer(answer, settings);
	try {
		await use(server);
	} finally {
		await server.close();
	}
}

import type { LookupFunction } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../lib/core/clock.ts';
import { EgressBlockedError } from '../../lib/core/errors.ts';
import { createTransport, openEgress, type Egress, type HttpRequest, type PooledTransport } from '../../lib/http/index.ts';
import { newContext, rejection } from '../helpers/calls.mts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { withServer, type Answer } from '../helpers/with-server.mts';

const hello: Answer = (_request, response) => response.end('hello');
let transport: PooledTransport;

const connection = { rejectUnauthorized: false, http2: false, maxConnections: 50, maxIdleConnections: 10 };

async function send(url: string, changes: Partial<HttpRequest> = {}) {
	const request: HttpRequest = {
		method: 'GET', url, headers: {}, scope: 'none', connection,
		timeouts: { connectMs: 5_000, headersMs: 5_000, bodyIdleMs: 5_000 },
		maxResponseBytes: 1_000_000,
		redirect: { follow: true, max: 5, keepCredentials: false },
		egress: openEgress,
		...changes,
	};
	return await transport.send(request, newContext());
}

function start(clock: Clock): void {
	// Keeping a pool warm after some uses would hide what is looked at here.
	transport = createTransport({ clock, warmAfterUses: 1_000_000 });
}

afterEach(async () => await transport.dispose());

describe('a connection that is expected to be needed', () => {
	test('is open when the next execution of a schedule begins, though the server closed the one before', async () => {
		const clock = new FakeClock();
		start(clock);
		await withServer(
			hello,
			async (server) => {
				const runOnce = async () => {
					const response = await send(server.url);
					await server.until(() => server.sockets.size === 0);
					return response.connectionReused;
				};
				for (let run = 0; run < 4; run += 1) {
					if (run > 0) await clock.advance(60_000);
					expect(await runOnce()).toBe(false);
				}
				expect(server.count).toMatchObject({ connections: 4, requests: 4 });

				await clock.advance(59_000);
				await server.until(() => server.count.connections === 5);
				await expect.poll(() => transport.stats()[0]?.idle).toBe(1);
				await clock.advance(1_000);
				expect(await runOnce()).toBe(true);
				expect(server.count).toMatchObject({ connections: 5, requests: 5 });
			},
			{ keepAliveMs: 50 },
		);
	});

	test('is opened twice in vain at most, and the pool is forgotten in the end', async () => {
		const clock = new FakeClock();
		start(clock);
		await withServer(hello, async (server) => {
			for (let run = 0; run < 4; run += 1) {
				if (run > 0) await clock.advance(900_000);
				await send(server.url);
				for (const socket of server.sockets) socket.destroy();
				await expect.poll(() => transport.stats()[0]?.open).toBe(0);
			}
			const { connections } = server.count;
			await clock.advance(700_000);
			transport.sweep();
			expect(transport.stats()).toHaveLength(1);
			await clock.advance(4_000_000);
			await expect.poll(() => transport.stats()[0]?.idle).toBe(1);
			expect(server.count.connections - connections).toBeLessThanOrEqual(2);
			expect(clock.timers).toBe(0);
			transport.sweep();
			await clock.advance(700_000);
			transport.sweep();
			expect(transport.stats()).toHaveLength(0);
		});
	});
});

describe('names', () => {
	let asked = 0;
	const lookup: LookupFunction = (_name, options, callback) => {
		asked += 1;
		setImmediate(() => {
			if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
			else callback(null, '127.0.0.1', 4);
		});
	};
	const guarded = (): Egress => ({ active: true, validateUrl: async () => {}, lookup });

	beforeEach(() => {
		asked = 0;
		start(systemClock);
	});

	const wave = async (port: number, changes: Partial<HttpRequest>) =>
		await Promise.all(Array.from({ length: 20 }, async () => await send(`http://names.test:${port}/`, changes)));

	test('are resolved once for all connections that are opened at the same time', async () => {
		await withServer(hello, async (server) => {
			await wave(server.port, { egress: guarded() });
			expect(server.count.connections).toBeGreaterThan(1);
			expect(asked).toBe(1);
		});
	});

	test('are resolved for each connection where the user wants it so', async () => {
		await withServer(hello, async (server) => {
			await wave(server.port, { egress: guarded(), connection: { ...connection, dnsCache: false } });
			// A connection is looked up when it is opened, and some requests find one free before theirs is.
			expect(asked).toBeGreaterThanOrEqual(server.count.connections);
			expect(asked).toBeGreaterThan(1);
		});
	});

	test('that one guard let pass are asked of another guard all the same', async () => {
		await withServer(hello, async (server) => {
			await send(`http://names.test:${server.port}/`, { egress: guarded() });
			const strict: Egress = {
				...guarded(),
				lookup: (_name, _options, callback) => setImmediate(() => callback(new EgressBlockedError('No'), '', 4)),
			};
			const request = send(`http://names.test:${server.port}/`, { egress: strict, scope: 'another' });
			expect(await rejection(request)).toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
		});
	});
});

describe('the ranking of pools', () => {
	test('leads with what is used most', async () => {
		start(systemClock);
		await withServer(hello, async (one) => {
			await withServer(hello, async (other) => {
				await send(one.url);
				await send(other.url);
				await send(other.url);
				expect(transport.ranking(1)).toMatchObject([{ origin: other.url, requests: 2, reused: 1 }]);
			});
		});
	});
});

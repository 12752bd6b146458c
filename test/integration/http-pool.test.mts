import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../lib/core/clock.ts';
import { newTrace } from '../../lib/core/trace.ts';
import { createTransport, openEgress } from '../../lib/http/index.ts';
import { withServer } from '../helpers/with-server.mts';

import type { CallContext } from '../../lib/core/policy.ts';
import type { HttpRequest, PooledTransport } from '../../lib/http/index.ts';
import type { Answer } from '../helpers/with-server.mts';

/** Real time, and a hand to push it forward. */
let skippedMs = 0;
const clock = { ...systemClock, now: () => systemClock.now() + skippedMs };
let transport: PooledTransport;

beforeEach(() => {
	skippedMs = 0;
	transport = createTransport({ clock });
});
afterEach(async () => await transport.dispose());

function request(url: string, changes: Partial<HttpRequest> = {}): HttpRequest {
	return {
		method: 'GET',
		url,
		headers: {},
		scope: 'none',
		connection: { rejectUnauthorized: false, http2: false, maxConnections: 50, maxIdleConnections: 10 },
		timeouts: { connectMs: 5_000, headersMs: 5_000, bodyIdleMs: 5_000 },
		maxResponseBytes: 1_000_000,
		redirect: { follow: true, max: 5, keepCredentials: false },
		egress: openEgress,
		...changes,
	};
}

function context(changes: Partial<CallContext> = {}): CallContext {
	return { signal: new AbortController().signal, trace: newTrace(), idempotent: false, ...changes };
}

const times = async <T,>(n: number, run: (index: number) => Promise<T>): Promise<T[]> =>
	await Promise.all(Array.from({ length: n }, async (_, index) => await run(index)));
const hello: Answer = (_request, response) => response.end('hello');

describe('connections', () => {
	test('200 https requests at once open at most 50 connections, and a second wave opens none', async () => {
		await withServer(hello, async (server) => {
			const send = async () => await transport.send(request(server.url), context());
			const first = await times(200, send);
			expect(first.every((response) => response.status === 200 && response.body.toString() === 'hello')).toBe(true);
			expect(server.count.maxOpen).toBeLessThanOrEqual(50);
			// Connections that were on their way when the last request ended still arrive.
			await expect.poll(() => transport.stats().every((pool) => pool.idle === pool.connectionsOpened && pool.idle === server.count.connections)).toBe(true);
			const { connections } = server.count;
			expect(server.count.handshakes).toBe(connections);
			expect(connections).toBeLessThanOrEqual(50);

			const second = await times(50, send);
			expect(server.count.connections).toBe(connections);
			expect(second.every((response) => response.connectionReused === true && response.timings.connectMs === 0)).toBe(true);
		}, { https: true });
	});

	test('a call tells how long it waited, and whether it found its connection open', async () => {
		await withServer(hello, async (server) => {
			const [cold, warm] = [context(), context()];
			const first = await transport.send(request(server.url), cold);
			const second = await transport.send(request(server.url), warm);
			expect([cold.trace.connectionReused, warm.trace.connectionReused]).toEqual([false, true]);
			expect(first.timings.connectMs).toBeGreaterThan(0);
			expect(second.timings.connectMs).toBe(0);
			expect(second.timings.firstByteMs).toBeLessThanOrEqual(second.timings.totalMs);
			expect(warm.trace.upstreamMs).toBeGreaterThan(0);
			expect(cold.trace.attempts).toBe(0);
		});
	});

	test('a new connection resumes the TLS session of an earlier one', async () => {
		await withServer(hello, async (server) => {
			await transport.send(request(server.url), context());
			await transport.send(request(server.url), context());
			for (const socket of server.sockets) socket.destroy();
			await server.until(() => server.sockets.size === 0);
			await transport.send(request(server.url), context());
			expect(server.count).toMatchObject({ handshakes: 2, resumed: 1 });
		}, { https: true });
	});

	test('connections are not shared between scopes', async () => {
		await withServer(hello, async (server) => {
			for (const scope of ['a', 'b', 'a', 'b']) await transport.send(request(server.url, { scope }), context());
			expect(server.count.connections).toBe(2);
			expect(transport.stats().map((pool) => pool.requests)).toEqual([2, 2]);
		});
	});

	test('a waiter that is cancelled leaves the queue at once, and the next one is served', async () => {
		const held: Array<() => void> = [];
		await withServer((_request, response) => held.push(() => response.end('ok')), async (server) => {
			const one = request(server.url, { connection: { ...request('').connection, maxConnections: 1 } });
			const controller = new AbortController();
			const busy = transport.send(one, context());
			await server.until(() => server.count.requests === 1 && held.length === 1);
			const cancelled = transport.send(one, context({ signal: controller.signal }));
			const patient = transport.send(one, context());
			await expect.poll(() => transport.stats()[0]?.waiting).toBe(2);
			controller.abort();
			await expect(cancelled).rejects.toMatchObject({ code: 'ERR_CANCELLED' });
			expect(transport.stats()[0]?.waiting).toBe(1);
			held.shift()?.();
			await busy;
			await expect.poll(() => held.length).toBe(1);
			held.shift()?.();
			expect((await patient).timings.waitedMs).toBeGreaterThan(0);
			expect(server.count).toMatchObject({ requests: 2, connections: 1 });
		});
	});

	test('a connection that the server closes after the response is not used again', async () => {
		const closing: Answer = (_request, response) => response.setHeader('connection', 'close').end('bye');
		await withServer(closing, async (server) => {
			const replies = await times(20, async () =>
				await transport.send(request(server.url, { method: 'POST', connection: { ...request('').connection, maxConnections: 3 } }), context()));
			expect(replies.map((reply) => reply.connectionReused)).not.toContain(true);
			expect(server.count).toMatchObject({ requests: 20, connections: 20 });
		});
	});

	test('every waiter learns that the server cannot be reached', async () => {
		let url = '';
		await withServer(hello, async (server) => void (url = server.url));
		const connection = { ...request('').connection, maxConnections: 2 };
		const outcomes = await Promise.allSettled(Array.from({ length: 7 }, async () => await transport.send(request(url, { connection }), context())));
		for (const outcome of outcomes) {
			expect(outcome).toMatchObject({ reason: { code: 'ERR_NETWORK', systemCode: 'ECONNREFUSED', unprocessed: true, retryable: true } });
		}
	});

	test('the number of pools is bounded, and the least recently used idle one goes', async () => {
		transport = createTransport({ clock, maxPools: 2 });
		await withServer(hello, async (server) => {
			for (const scope of ['a', 'b', 'a', 'c']) await transport.send(request(server.url, { scope }), context());
			expect(transport.stats()).toHaveLength(2);
			await server.until(() => server.sockets.size === 2);
			await transport.send(request(server.url, { scope: 'a' }), context());
			expect(server.count.connections).toBe(3);
		});
	});

	test('a request beyond the bound of pools in use is served, and leaves no connection open', async () => {
		transport = createTransport({ clock, maxPools: 1 });
		let finish = () => {};
		const answer: Answer = ({ url }, response) => (url === '/slow' ? (finish = () => response.end()) : response.end('ok'));
		await withServer(answer, async (server) => {
			const slow = transport.send(request(`${server.url}/slow`), context());
			await server.until(() => server.count.requests === 1);
			await transport.send(request(server.url, { scope: 'other' }), context());
			await server.until(() => server.sockets.size === 1);
			expect(transport.stats()).toHaveLength(1);
			finish();
			await slow;
		});
	});
});

describe('keep-alive races', () => {
	test('a GET survives any idle closing by the server', async () => {
		let countdown = 3;
		const unreliable: Answer = ({ socket }, response) => {
			response.end('ok');
			// At a chance moment after the response, without a hint: now, or a little later.
			if ((countdown -= 1) <= 0) {
				countdown = 1 + Math.floor(Math.random() * 3);
				setTimeout(() => socket.destroy(), Math.random() * 2);
			}
		};
		await withServer(unreliable, async (server) => {
			const outcomes = await times(10, async () => {
				for (let round = 0; round < 40; round += 1) {
					await transport.send(request(server.url), context());
					await new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
				}
			});
			expect(outcomes).toHaveLength(10);
			expect(server.count.requests).toBeGreaterThanOrEqual(400);
		});
	});

	test('a GET on a reused connection that dies before the response is sent once more, on a new connection', async () => {
		let cut = false;
		const answer: Answer = ({ socket }, response) => {
			if (cut) {
				cut = false;
				return socket.destroy();
			}
			response.end('ok');
		};
		await withServer(answer, async (server) => {
			await times(3, async () => await transport.send(request(server.url), context()));
			cut = true;
			const trace = newTrace();
			const response = await transport.send(request(server.url), context({ trace }));
			expect(response.body.toString()).toBe('ok');
			expect(trace.connectionReused).toBe(false);
			expect(server.count.requests).toBe(5);
		});
	});

	test('at the cap, the repetition waits for a connection of its own, and does not starve', async () => {
		let cut = false;
		const answer: Answer = ({ socket }, response) => {
			if (!cut) return response.end('ok');
			cut = false;
			return socket.destroy();
		};
		await withServer(answer, async (server) => {
			const one = request(server.url, { connection: { ...request('').connection, maxConnections: 1 } });
			await transport.send(one, context());
			cut = true;
			const all = await times(5, async () => await transport.send(one, context()));
			expect(all.map(({ status }) => status)).toEqual(Array(5).fill(200));
			expect(server.count.requests).toBe(7);
			expect(transport.stats()[0]).toMatchObject({ open: 1, idle: 1, waiting: 0 });
		});
	});

	test('a POST that may have been processed is not sent again', async () => {
		let cut = false;
		await withServer(({ socket }, response) => (cut ? socket.destroy() : response.end('ok')), async (server) => {
			const post = request(server.url, { method: 'POST', body: '{}' });
			await transport.send(post, context());
			cut = true;
			await expect(transport.send(post, context())).rejects.toMatchObject({ code: 'ERR_NETWORK', unprocessed: false, retryable: true });
			expect(server.count.requests).toBe(2);
		});
	});

	test('a POST is sent again if the caller calls it idempotent', async () => {
		let cut = false;
		const answer: Answer = ({ socket }, response) => {
			if (!cut) return response.end('ok');
			cut = false;
			return socket.destroy();
		};
		await withServer(answer, async (server) => {
			const post = request(server.url, { method: 'POST', body: '{}' });
			await transport.send(post, context());
			cut = true;
			await transport.send(post, context({ idempotent: true }));
			expect(server.count.requests).toBe(3);
		});
	});

	test('a GET is not repeated when a new connection dies', async () => {
		await withServer(({ socket }) => socket.destroy(), async (server) => {
			await expect(transport.send(request(server.url), context())).rejects.toMatchObject({ code: 'ERR_NETWORK' });
			expect(server.count.requests).toBe(1);
		});
	});

	test('a POST gets a new connection once the open one was idle for longer than 4 s, a GET does not', async () => {
		await withServer(hello, async (server) => {
			await transport.send(request(server.url), context());
			skippedMs += 4_500;
			await transport.send(request(server.url), context());
			expect(server.count.connections).toBe(1);
			skippedMs += 4_500;
			await transport.send(request(server.url, { method: 'POST' }), context());
			expect(server.count.connections).toBe(2);
		});
	});

	test("the server's hint replaces the 4 s", async () => {
		await withServer(hello, async (server) => {
			await transport.send(request(server.url), context());
			skippedMs += 15_000;
			await transport.send(request(server.url, { method: 'POST' }), context());
			expect(server.count.connections).toBe(1);
			skippedMs += 20_000;
			await transport.send(request(server.url, { method: 'POST' }), context());
			expect(server.count.connections).toBe(2);
		}, { hint: true, keepAliveMs: 20_000 });
	});
});

describe('upkeep', () => {
	test('pre-warming opens a real connection, and the next request uses it', async () => {
		await withServer(hello, async (server) => {
			expect(await transport.prewarm(request(server.url), 2)).toBe(2);
			await server.until(() => server.count.handshakes === 2);
			expect(server.count.requests).toBe(0);
			expect(await transport.prewarm(request(server.url), 2)).toBe(0);
			const response = await transport.send(request(server.url), context());
			expect(response.connectionReused).toBe(true);
			expect(server.count.connections).toBe(2);
		}, { https: true });
	});

	test('an origin is pre-warmed in every pool that it has, and connections stay with their credential', async () => {
		await withServer(hello, async (server) => {
			await transport.send(request(server.url, { scope: 'one' }), context());
			await transport.send(request(server.url, { scope: 'two' }), context());
			expect(await transport.prewarmOrigin(request(server.url, { scope: 'none' }), 3)).toEqual({ pools: 2, opened: 4, failed: 0 });
			expect(transport.stats().map(({ open, idle }) => [open, idle])).toEqual([[3, 3], [3, 3]]);
			expect(await transport.prewarmOrigin(request(server.url), 3)).toEqual({ pools: 2, opened: 0, failed: 0 });
		});
	});

	test('an origin without a pool gets one; one that cannot be reached is a failure', async () => {
		let dead = '';
		await withServer(hello, async (server) => {
			dead = server.url;
			expect(await transport.prewarmOrigin(request(server.url), 1)).toEqual({ pools: 1, opened: 1, failed: 0 });
		});
		await expect(transport.prewarmOrigin(request(dead), 2)).rejects.toThrow(/127\.0\.0\.1/);
	});

	test('a pre-warmed connection that the server closed is replaced without harm, for a POST too', async () => {
		await withServer(hello, async (server) => {
			await transport.prewarm(request(server.url), 1);
			for (const socket of server.sockets) socket.destroy();
			await server.until(() => server.sockets.size === 0);
			const response = await transport.send(request(server.url, { method: 'POST', body: 'x' }), context());
			expect(response.status).toBe(200);
			expect(server.count.requests).toBe(1);
		}, { https: true });
	});

	test('a sweep closes idle connections above the limit, and those that are too old', async () => {
		await withServer(hello, async (server) => {
			await transport.prewarm(request(server.url), 15);
			await transport.send(request(server.url), context());
			transport.sweep();
			await server.until(() => server.sockets.size === 10);
			expect(transport.stats()[0]).toMatchObject({ open: 10, idle: 10 });
			skippedMs += 60_001;
			transport.sweep();
			await server.until(() => server.sockets.size === 0);
			expect(transport.stats()[0]).toMatchObject({ open: 0, connectionsOpened: 15 });
			skippedMs += 600_000;
			transport.sweep();
			expect(transport.stats()).toEqual([]);
		});
	});

	test('from the third use on one connection is kept open, through sweeps and closings by the server', async () => {
		await withServer(hello, async (server) => {
			await transport.send(request(server.url), context());
			await transport.send(request(server.url), context());
			skippedMs += 60_001;
			transport.sweep();
			await server.until(() => server.sockets.size === 0);
			expect(server.count.connections).toBe(1);

			await transport.send(request(server.url), context());
			for (const socket of server.sockets) socket.destroy();
			await server.until(() => server.count.connections === 3);
			await expect.poll(() => transport.stats()[0]?.idle).toBe(1);
			skippedMs += 60_001;
			transport.sweep();
			await server.until(() => server.count.connections === 4);
			await expect.poll(() => transport.stats()[0]?.idle).toBe(1);
			expect((await transport.send(request(server.url), context())).connectionReused).toBe(true);
			expect(server.count.requests).toBe(4);
		});
	});

	test('the ranking leads with the most used origin, and shows no secrets', async () => {
		await withServer(hello, async (server) => {
			const secret = { scope: 'scope-secret', headers: { authorization: 'header-secret' } };
			await transport.send(request(`${server.url}/?key=query-secret`, secret), context());
			const other = request(server.url.replace('127.0.0.1', 'localhost'));
			await transport.send(other, context());
			await transport.send(other, context());
			expect(transport.ranking(1)).toMatchObject([{ origin: `http://localhost:${server.port}`, requests: 2, reused: 1, connectionsOpened: 1, errors: 0 }]);
			expect(JSON.stringify(transport.stats())).not.toContain('secret');
		});
	});

	test('disposing closes idle connections, lets busy ones finish, and later requests keep nothing open', async () => {
		let finish = () => {};
		const answer: Answer = ({ url }, response) => (url === '/slow' ? (finish = () => response.end('done')) : response.end('ok'));
		await withServer(answer, async (server) => {
			await transport.prewarm(request(server.url), 2);
			const slow = transport.send(request(`${server.url}/slow`), context());
			await server.until(() => server.count.requests === 1);
			await transport.dispose();
			await server.until(() => server.sockets.size === 1);
			finish();
			expect((await slow).body.toString()).toBe('done');
			await transport.send(request(server.url), context());
			await server.until(() => server.sockets.size === 0);
		});
	});
});

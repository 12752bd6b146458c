import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { createEngine, type Engine, type RunResult } from '../helpers/engine.mts';
import { echo, NODE, runHttp, type HttpRun } from '../helpers/http-node.mts';
import { startServer, withServer, type Answer, type TestServer } from '../helpers/with-server.mts';

const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;
let engine: Engine;
let server: TestServer;

beforeAll(async () => {
	engine = await createEngine();
	server = await startServer(echo);
});

afterAll(async () => await server.close());

const TYPE = 'n8n-nodes-fastpath.batchRequest';
const items = (count: number) => Array.from({ length: count }, (_item, id) => ({ id }));

async function run(parameters: Record<string, unknown>, { node, ...more }: Partial<HttpRun> = {}): Promise<RunResult> {
	return await runHttp({ engine, parameters: { url: `=${server.url}/{{ $json.id }}`, ...parameters }, ...more, node: { type: TYPE, ...node } });
}

const ERROR_OUTPUT = { onError: 'continueErrorOutput' } as const;
const CONTINUE = { onError: 'continueRegularOutput' } as const;

/** Answers 400 where the path says so. */
const picky: Answer = (request, response, body) => {
	if (request.url?.includes('bad')) response.statusCode = 400;
	echo(request, response, body);
};

describe('one request per item', () => {
	test('gives the answers in the order of the items, each with its item', async () => {
		const result = await run({}, { input: items(120) });
		expect(result.error).toBeUndefined();
		expect(result.json(NODE).map(({ url }) => url)).toEqual(items(120).map(({ id }) => `/${id}`));
		expect(result.items(NODE).map(({ pairedItem }) => pairedItem)).toEqual(items(120).map(({ id }) => ({ item: id })));
		expect(result.hints.at(-1)?.message).toMatch(/^120 of 120 items done, 0 failed, 0 cancelled\. 120 requests sent, 0 of them retries;/);
	});

	test('sends identical reads once, and gives each item a copy of its own', async () => {
		const before = server.count.requests;
		const result = await run({}, { input: [{ id: 1 }, { id: 2 }, { id: 1 }, { id: 1 }] });
		expect(server.count.requests - before).toBe(2);
		expect(result.json(NODE).map(({ url }) => url)).toEqual(['/1', '/2', '/1', '/1']);
		const [one, , two] = result.items(NODE);
		expect(one?.json).toEqual(two?.json);
		expect(one?.json).not.toBe(two?.json);
	});

	test.each([
		['reads', 3],
		['once', 1],
		['each', 3],
	])('under "%s", three identical POSTs are %i requests', async (identicalRequests, sent) => {
		const before = server.count.requests;
		const result = await run({ method: 'POST', options: { identicalRequests } }, { input: [{ id: 1 }, { id: 1 }, { id: 1 }] });
		expect(result.items(NODE)).toHaveLength(3);
		expect(server.count.requests - before).toBe(sent);
	});

	test('an idempotency key is the same for all attempts of an item, and no other item has it', async () => {
		const keys = new Map<string, string[]>();
		const flaky: Answer = (request, response, body) => {
			const seen = keys.get(request.url ?? '') ?? [];
			keys.set(request.url ?? '', [...seen, String(request.headers['idempotency-key'])]);
			if (seen.length === 0) response.statusCode = 503;
			echo(request, response, body);
		};
		await withServer(flaky, async ({ url }) => {
			const result = await run({ method: 'POST', url: `=${url}/{{ $json.id }}`, options: { idempotencyKey: true } }, { input: items(3) });
			expect(result.error).toBeUndefined();
		});
		expect([...keys.values()].map((each) => [each.length, new Set(each).size])).toEqual([[2, 1], [2, 1], [2, 1]]);
		expect(new Set([...keys.values()].flat()).size).toBe(3);
	});
});

describe('failed items', () => {
	test('go to the error output with status, attempts and what the server asked for', async () => {
		const limited: Answer = (request, response, body) => {
			if (request.url === '/1') {
				response.statusCode = 429;
				response.setHeader('retry-after', '7');
			}
			echo(request, response, body);
		};
		await withServer(limited, async ({ url }) => {
			const parameters = { url: `=${url}/{{ $json.id }}`, options: { maxRetries: 0, summaryOutput: true } };
			const result = await run(parameters, { input: items(3), node: ERROR_OUTPUT });
			expect(result.json(NODE).map((json) => json.url)).toEqual(['/0', '/2']);
			expect(result.json(NODE, 1)).toMatchObject([{ items: 3, ok: 2, failed: 1, cancelled: 0, requests: 3 }]);
			expect(result.json(NODE, 2)).toMatchObject([
				{ id: 1, error: expect.stringContaining('429'), details: { state: 'failed', status: 429, attempts: 1, retryAfterMs: 7000 } },
			]);
		});
	});

	test('fail the node where On Error says so, after the others are done', async () => {
		await withServer(picky, async ({ url, count }) => {
			const result = await run({ url: `=${url}/{{ $json.id }}` }, { input: [{ id: 'bad' }, { id: 2 }, { id: 3 }] });
			expect(result.error?.message).toContain('400');
			expect(count.requests).toBe(3);
		});
	});

	test.each([
		[{ whenItemsFail: 'continue' }, 10],
		[{ whenItemsFail: 'stopFirst' }, 1],
		[{ whenItemsFail: 'stopAbove', failedPercent: 20 }, 3],
	])('under %j, of ten that would fail one after the other, %i are sent', async (policy, sent) => {
		await withServer(picky, async ({ url, count }) => {
			const parameters = { url: `=${url}/bad/{{ $json.id }}`, ...policy, options: { concurrency: 1 } };
			const result = await run(parameters, { input: items(10), node: CONTINUE });
			expect(count.requests).toBe(sent);
			const states = result.json(NODE).map(({ details }) => (details as { state: string }).state);
			expect(states).toEqual(items(10).map(({ id }) => (id < sent ? 'failed' : 'cancelled')));
		});
	});

	test('what the time limit leaves over is cancelled, and what is done stays', async () => {
		const slow: Answer = (request, response, body) => {
			if (request.url !== '/1') echo(request, response, body);
		};
		await withServer(slow, async ({ url, count }) => {
			const parameters = { url: `=${url}/{{ $json.id }}`, options: { concurrency: 1, timeLimitSeconds: 0.3 } };
			const result = await run(parameters, { input: items(3), node: CONTINUE });
			expect(count.requests).toBe(2);
			expect(result.json(NODE)[0]).toMatchObject({ url: '/0' });
			expect(result.json(NODE).slice(1)).toMatchObject([{ details: { state: 'cancelled' } }, { details: { state: 'cancelled' } }]);
		});
	});
});

describe('costs', () => {
	test('stop the batch before the limit would be exceeded: what is under way ends, the rest is cancelled and says why', async () => {
		await withServer(picky, async ({ url, count }) => {
			const options = { concurrency: 1, costPerItem: '={{ $json.cost }}', costLimit: 1, summaryOutput: true };
			const input = [0.5, 0.25, 0.25, 0.1, 0].map((cost, id) => ({ id, cost }));
			const result = await run({ url: `=${url}/{{ $json.id }}`, options }, { input, node: ERROR_OUTPUT });
			expect(count.requests).toBe(3);
			expect(result.json(NODE).map((json) => json.url)).toEqual(['/0', '/1', '/2']);
			expect(result.json(NODE, 1)).toMatchObject([{ ok: 3, failed: 0, cancelled: 2, cost: 1 }]);
			expect(result.json(NODE, 2)).toMatchObject([3, 4].map((id) => ({ id, error: 'Cancelled: the batch\'s cost limit of 1 was reached with 3 of 5 items done' })));
		});
	});

	test('of many items at once never exceed the limit, and ten times 0.1 is 1', async () => {
		await withServer(picky, async ({ url, count }) => {
			const options = { concurrency: 50, costPerItem: 0.1, costLimit: 1 };
			const result = await run({ url: `=${url}/{{ $json.id }}`, options }, { input: items(200), node: CONTINUE });
			expect(count.requests).toBe(10);
			expect(result.json(NODE).filter((json) => json.url !== undefined)).toHaveLength(10);
			expect((await run({ url: `=${url}/{{ $json.id }}`, options }, { input: items(200) })).error?.message).toContain('cost limit of 1');
		});
	});

	test('are counted without a limit, and a limit without costs is refused', async () => {
		const options = { costPerItem: 0.002, summaryOutput: true };
		expect((await run({ options }, { input: items(5) })).json(NODE, 1)).toMatchObject([{ ok: 5, cost: 0.01 }]);
		expect((await run({ options: { costLimit: 1 } }, { input: items(5) })).error?.message).toContain('Invalid Cost per Item');
		expect((await run({ options: { costPerItem: '={{ "a lot" }}' } }, { input: items(5) })).error?.message).toContain('Invalid Cost per Item');
	});
});

test('a batch that runs is among the runtime\'s own figures, and afterwards among those that have ended', async () => {
	const held: Array<() => void> = [];
	const holding: Answer = (request, response, body) => void held.push(() => echo(request, response, body));
	await withServer(holding, async ({ url, until }) => {
		const running = run({ url: `=${url}/{{ $json.id }}`, options: { concurrency: 4 } }, { input: items(4) });
		await until(() => held.length === 4);
		held.pop()?.();
		await expect.poll(() => getRuntime().stats().batches[0]).toMatchObject({ node: NODE, state: 'running', items: 4, ok: 1, failed: 0 });
		for (const answer of held) answer();
		await running;
		expect(getRuntime().stats().batches[0]).toMatchObject({ state: 'ended', items: 4, ok: 4, cancelled: 0, leftMs: 0 });
	});
});

test('a manual run that takes long tells the console of the editor how far it is', async () => {
	const held: Array<() => void> = [];
	const holding: Answer = (request, response, body) => {
		if (request.url === '/1') held.push(() => echo(request, response, body));
		else echo(request, response, body);
	};
	const messages: unknown[] = [];
	await withServer(holding, async ({ url }) => {
		const running = run({ url: `=${url}/{{ $json.id }}` }, { input: items(2), onMessage: (message) => messages.push(message) });
		const progress = /HTTP: 1 of 2 items done, 0 failed; .* about \d+ s left/;
		await expect.poll(() => JSON.stringify(messages), { timeout: 5000 }).toMatch(progress);
		for (const answer of held) answer();
		await running;
	});
});

test('Stop leaves at once, and nothing that waits is sent', async () => {
	const silent: Answer = () => {};
	await withServer(silent, async ({ url, count, until }) => {
		const stop = new AbortController();
		const running = run({ url: `=${url}/{{ $json.id }}`, options: { concurrency: 5 } }, { input: items(500), signal: stop.signal });
		await until(() => count.requests === 5 || count.connections === 5);
		const pressedAt = performance.now();
		stop.abort();
		await running;
		expect(performance.now() - pressedAt).toBeLessThan(100);
		expect(count.requests).toBeLessThanOrEqual(5);
	});
});

test('2,000 POSTs to a server that refuses or drops every tenth all end, in order, and none is processed twice', async () => {
	const processed = new Map<string, number>();
	const refused = new Set<string>();
	const troubled: Answer = (request, response, body) => {
		const url = request.url ?? '';
		const id = Number(url.slice(1));
		if (id % 10 === 3 && !refused.has(url)) {
			refused.add(url);
			const kind = Math.floor(id / 10) % 3;
			if (kind === 2) {
				request.socket.destroy();
				return;
			}
			response.statusCode = kind === 0 ? 429 : 503;
			if (kind === 0) response.setHeader('retry-after', '0');
			response.end();
			return;
		}
		processed.set(url, (processed.get(url) ?? 0) + 1);
		echo(request, response, body);
	};
	await withServer(troubled, async ({ url, count }) => {
		const parameters = { method: 'POST', url: `=${url}/{{ $json.id }}`, options: { circuitBreaker: false } };
		const result = await run(parameters, { input: items(2000), node: CONTINUE });
		expect(result.items(NODE).map(({ pairedItem }) => pairedItem)).toEqual(items(2000).map(({ id }) => ({ item: id })));
		const answers = result.json(NODE).map((json, id) => (json.url === undefined ? (json.details as { state: string }).state : json.url === `/${id}`));
		expect(new Set(answers)).not.toContain(false);
		expect(answers.filter((answer) => answer === true).length).toBeGreaterThanOrEqual(1800);
		expect(Math.max(...processed.values())).toBe(1);
		// The budget: a fifth of the calls, or ten.
		expect(count.requests).toBeLessThanOrEqual(2400);
	});
});

test('adaptive concurrency stays near what the server admits, also when that halves, and no item is lost', async () => {
	let active = 0;
	let refused = 0;
	let answered = 0;
	const admitting: Answer = (request, response, body) => {
		if (active >= (answered < 250 ? 10 : 5)) {
			refused += 1;
			response.statusCode = 429;
			response.setHeader('retry-after-ms', '20');
			response.end();
			return;
		}
		active += 1;
		setTimeout(() => {
			active -= 1;
			answered += 1;
			echo(request, response, body);
		}, 10);
	};
	await withServer(admitting, async ({ url }) => {
		const run500 = async (concurrencyMode: string) => {
			refused = 0;
			answered = 0;
			const options = { concurrencyMode, concurrency: 50, maxRetries: 20, retryBudgetPercent: 0 };
			const result = await run({ url: `=${url}/{{ $json.id }}`, options }, { input: items(500), node: CONTINUE });
			return { refused, done: result.json(NODE).filter((json) => json.url !== undefined).length };
		};
		const adaptive = await run500('adaptive');
		expect(adaptive.done).toBe(500);
		expect(adaptive.refused).toBeLessThan((await run500('fixed')).refused / 2);
	});
});

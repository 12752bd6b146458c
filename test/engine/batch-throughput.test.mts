import { beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, type RunResult } from '../helpers/engine.mts';
import { echo, NODE, runHttp, type HttpRun } from '../helpers/http-node.mts';
import { withServer, type Answer } from '../helpers/with-server.mts';

let engine: Engine;

beforeAll(async () => {
	engine = await createEngine();
});

const items = (count: number) => Array.from({ length: count }, (_item, id) => ({ id }));

async function run(url: string, parameters: Record<string, unknown>, { node, ...more }: Partial<HttpRun> = {}): Promise<RunResult> {
	const all = { url: `=${url}/{{ $json.id }}`, ...parameters };
	return await runHttp({ engine, parameters: all, ...more, node: { type: 'n8n-nodes-fastpath.batchRequest', ...node } });
}

test('Max Concurrent above the usual number of connections is a number of connections too', async () => {
	const held: Array<() => void> = [];
	const holding: Answer = (request, response, body) => {
		held.push(() => echo(request, response, body));
		if (held.length === 120) for (const answer of held.splice(0)) answer();
	};
	await withServer(holding, async ({ url, count }) => {
		const result = await run(url, { options: { concurrency: 120 } }, { input: items(120) });
		expect(result.json(NODE)).toHaveLength(120);
		expect(count.maxOpen).toBe(120);
	});
});

test('a latency target keeps requests few where the server is slower, and without one they grow', async () => {
	let active = 0;
	let most = 0;
	const slow: Answer = (request, response, body) => {
		most = Math.max(most, (active += 1));
		setTimeout(() => {
			active -= 1;
			echo(request, response, body);
		}, 15);
	};
	await withServer(slow, async ({ url }) => {
		const mostOf = async (options: Record<string, unknown>) => {
			most = 0;
			const result = await run(url, { options: { concurrencyMode: 'adaptive', concurrency: 40, ...options } }, { input: items(200) });
			expect(result.json(NODE)).toHaveLength(200);
			return most;
		};
		expect(await mostOf({ latencyTargetMs: 1 })).toBeLessThanOrEqual(4);
		expect(await mostOf({})).toBeGreaterThan(10);
	});
});

describe('alternative origins', () => {
	const named = (name: string): Answer => (_request, response, body) => {
		const sent = body.length === 0 ? { name } : (JSON.parse(body.toString('utf8')) as unknown[]).map(() => ({ name }));
		response.setHeader('content-type', 'application/json');
		response.end(JSON.stringify(sent));
	};

	test.each([
		['each item', 'request', 10],
		['gathered ones', 'gather', 20],
	])('share the work: %s', async (_name, operation, count) => {
		await withServer(named('one'), async (one) => {
			await withServer(named('two'), async (two) => {
				const options = { alternativeOrigins: { origin: [{ origin: two.url }] } };
				const gather = operation === 'gather' ? { operation, method: 'POST', url: one.url, maxItemsPerRequest: 2, maxWaitMs: 20_000 } : {};
				const result = await run(one.url, { ...gather, options }, { input: items(count) });
				expect(result.json(NODE).map(({ name }) => name).sort()).toEqual([...Array(count / 2).fill('one'), ...Array(count / 2).fill('two')]);
				expect([one.count.requests, two.count.requests]).toEqual([5, 5]);
			});
		});
	});

	test('stand in for one that is down', async () => {
		await withServer(named('two'), async (two) => {
			let gone = '';
			await withServer(named('one'), async (one) => await Promise.resolve(void (gone = one.url)));
			const options = { alternativeOrigins: { origin: [{ origin: two.url }] } };
			const result = await run(gone, { options }, { input: items(8) });
			expect(result.json(NODE).map(({ name }) => name)).toEqual(Array(8).fill('two'));
		});
	});
});

describe('limits of the server', () => {
	/** Lets a few go per window, and says so; what comes all the same is counted. */
	const limiting = (perWindow: number, windowMs: number, fields: (left: number, resetMs: number) => Record<string, string>) => {
		const state = { startedAt: -Infinity, used: 0, refused: 0 };
		const answer: Answer = (request, response, body) => {
			const now = performance.now();
			if (now >= state.startedAt + windowMs) Object.assign(state, { startedAt: now, used: 0 });
			state.used += 1;
			const left = perWindow - state.used;
			if (left < 0) {
				state.refused += 1;
				response.statusCode = 429;
			}
			for (const [name, value] of Object.entries(fields(Math.max(0, left), state.startedAt + windowMs - now))) response.setHeader(name, value);
			echo(request, response, body);
		};
		return { state, answer };
	};

	test.each([
		['RateLimit', (left: number, resetMs: number) => ({ ratelimit: `"default";r=${left};t=${Math.ceil(resetMs / 1000)}` })],
		['X-RateLimit-*', (left: number, resetMs: number) => ({ 'x-ratelimit-remaining': String(left), 'x-ratelimit-reset': String(Math.ceil(resetMs / 1000)) })],
	])('are kept to as %s says them, where wanted', async (_name, fields) => {
		const { state, answer } = limiting(5, 1000, fields);
		await withServer(answer, async ({ url }) => {
			const result = await run(url, { options: { followRateLimitHeaders: true, concurrency: 1, maxRetries: 0 } }, { input: items(12) });
			expect(result.json(NODE)).toHaveLength(12);
			expect(state.refused).toBe(0);
		});
	});

	test.each([
		['the item says', { tokensPerItem: '={{ $json.id * 10 }}' }, '/0 /1 /2 /3'],
		['the body is long', {}, '/0 /1'],
	])('of tokens count what %s', async (_name, options, sent) => {
		const paths: string[] = [];
		const noting: Answer = (request, response, body) => {
			paths.push(request.url ?? '');
			echo(request, response, body);
		};
		await withServer(noting, async ({ url }) => {
			const parameters = {
				method: 'POST',
				sendBody: true,
				specifyBody: 'json',
				jsonBody: JSON.stringify({ text: 'x'.repeat(101) }),
				options: { tokensPerMinute: 60, totalTimeoutSeconds: 5, concurrency: 1, ...options },
			};
			const result = await run(url, parameters, { input: items(6), node: { onError: 'continueErrorOutput' } });
			expect(paths.join(' ')).toBe(sent);
			expect(result.json(NODE, 1)[0]).toMatchObject({ error: expect.stringContaining('tokens per minute'), details: { code: 'ERR_LIMIT_EXCEEDED' } });
		});
	});

	test('of tokens count the sum of gathered items', async () => {
		let requests = 0;
		const listing: Answer = (_request, response, body) => {
			requests += 1;
			response.end(JSON.stringify(JSON.parse(body.toString('utf8'))));
		};
		await withServer(listing, async ({ url }) => {
			const parameters = {
				operation: 'gather',
				method: 'POST',
				url,
				maxItemsPerRequest: 2,
				maxWaitMs: 20_000,
				options: { tokensPerMinute: 60, tokensPerItem: 30, totalTimeoutSeconds: 5 },
			};
			const result = await run(url, parameters, { input: items(4), node: { onError: 'continueErrorOutput' } });
			expect([requests, result.items(NODE).length, result.items(NODE, 1).length]).toEqual([1, 2, 2]);
		});
	});
});

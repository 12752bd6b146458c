import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, type EngineWorkflow, type RunResult } from '../helpers/engine.mts';
import { NODE, rows, runHttp, type HttpRun } from '../helpers/http-node.mts';
import { seeded } from '../helpers/seeded.mts';
import { withServer, type Answer, type TestServer } from '../helpers/with-server.mts';
import { startStandIn } from '../stand-in/ai-provider.mts';

let engine: Engine;

beforeAll(async () => {
	engine = await createEngine();
});

const items = (count: number) => Array.from({ length: count }, (_item, id) => ({ id, name: `item ${id}` }));
const CONTINUE = { onError: 'continueRegularOutput' } as const;
const ERROR_OUTPUT = { onError: 'continueErrorOutput' } as const;
/** No request leaves because a busy machine was slow. */
const PATIENT = { maxWaitMs: 20_000 };

async function run({ url }: TestServer, parameters: Record<string, unknown>, { node, ...more }: Partial<HttpRun> = {}): Promise<RunResult> {
	const all = { operation: 'gather', method: 'POST', url: `${url}/bulk`, ...parameters };
	return await runHttp({ engine, parameters: all, ...more, node: { type: 'n8n-nodes-fastpath.batchRequest', ...node } });
}

interface Sent {
	id: number;
	name: string;
}

/** Answers a list with a list; `change` may do what servers do to it. */
function listing(change: (results: unknown[]) => unknown = (results) => results, seen: Sent[][] = []): Answer {
	return (_request, response, body) => {
		const sent = JSON.parse(body.toString('utf8')) as Sent[];
		seen.push(sent);
		response.setHeader('content-type', 'application/json');
		response.end(JSON.stringify(change(sent.map(({ id, name }) => ({ id, said: `got ${name}` })))));
	};
}

const paired = (result: RunResult, output = 0) => result.items(NODE, output).map(({ pairedItem }) => (pairedItem as { item: number }).item);

describe('gathering', () => {
	test('sends 1,000 items in 100 requests, and each gets its own answer', async () => {
		await withServer(listing(), async (server) => {
			const result = await run(server, PATIENT, { input: items(1000) });
			expect(result.error).toBeUndefined();
			expect(server.count.requests).toBe(100);
			expect(result.json(NODE)).toEqual(items(1000).map(({ id, name }) => ({ id, said: `got ${name}` })));
			expect(paired(result)).toEqual(items(1000).map(({ id }) => id));
			expect(result.hints.at(-1)?.message).toContain('1000 of 1000 items done, 0 failed, 0 cancelled. 100 requests sent');
		});
	});

	test('an idempotency key is the same for all attempts of a request, and no other request has it', async () => {
		const keys = new Map<string, string[]>();
		const flaky: Answer = (request, response, body) => {
			const seen = keys.get(body.toString('utf8')) ?? [];
			keys.set(body.toString('utf8'), [...seen, String(request.headers['x-token'])]);
			if (seen.length === 0) response.statusCode = 500;
			listing()(request, response, body);
		};
		await withServer(flaky, async (server) => {
			const parameters = { ...PATIENT, maxItemsPerRequest: 2, options: { idempotencyKey: true, idempotencyHeader: 'X-Token' } };
			const result = await run(server, parameters, { input: items(6) });
			expect(result.error).toBeUndefined();
		});
		expect([...keys.values()].map((each) => [each.length, new Set(each).size])).toEqual([[2, 1], [2, 1], [2, 1]]);
		expect(new Set([...keys.values()].flat()).size).toBe(3);
	});

	test('what does not fill a request leaves after the wait', async () => {
		await withServer(listing(), async (server) => {
			const result = await run(server, { maxWaitMs: 20 }, { input: items(3) });
			expect(result.items(NODE)).toHaveLength(3);
			expect(server.count.requests).toBe(1);
		});
	});

	test('puts the list into the rest of the body, and takes the results from their place in the answer', async () => {
		const bodies: unknown[] = [];
		const nested: Answer = (_request, response, body) => {
			const sent = JSON.parse(body.toString('utf8')) as { data: { texts: string[] } };
			bodies.push(sent);
			response.end(JSON.stringify({ answer: { list: sent.data.texts.map((text) => text.length) } }));
		};
		await withServer(nested, async (server) => {
			const parameters = {
				...PATIENT,
				maxItemsPerRequest: 2,
				gatherItem: '={{ JSON.stringify($json.name) }}',
				listInBody: 'data.texts',
				resultsInAnswer: 'answer.list',
				gatherOptions: { restOfBody: '{ "model": "m", "data": { "kind": "short" } }' },
			};
			const result = await run(server, parameters, { input: items(2) });
			expect(result.error).toBeUndefined();
			expect(bodies).toEqual([{ model: 'm', data: { kind: 'short', texts: ['item 0', 'item 1'] } }]);
			expect(result.json(NODE)).toEqual([{ data: 6 }, { data: 6 }]);
		});
	});

	test('requests that differ in anything but the items are not shared', async () => {
		await withServer(listing(), async (server) => {
			const parameters = { ...PATIENT, maxItemsPerRequest: 2, sendHeaders: true, headerParameters: rows(['x-kind', '={{ $json.id % 2 }}']) };
			const result = await run(server, parameters, { input: items(4) });
			expect(result.json(NODE).map(({ id }) => id)).toEqual([0, 1, 2, 3]);
			expect(server.count.requests).toBe(2);
		});
	});

	test.each([
		['Method', { method: 'GET' }],
		['List in Body', { gatherOptions: { restOfBody: '{"a":1}' } }],
		['Item', { gatherItem: '{ not JSON' }],
		['Key in Item', { matchResults: 'key', keyInItem: 'nowhere' }],
	])('a wrong %s is named, with the item', async (name, parameters) => {
		await withServer(listing(), async (server) => {
			const result = await run(server, { maxWaitMs: 20, ...parameters }, { input: items(2) });
			expect(result.error?.message).toContain(`Invalid ${name}`);
			expect(result.error).toMatchObject({ context: { itemIndex: 0 } });
			expect(server.count.requests).toBe(0);
		});
	});
});

describe('results that are not as they should be', () => {
	test('by key: shuffled ones find their item, and only those fail that are missing or come twice', async () => {
		const random = seeded(7);
		const troubled = (results: unknown[]) => {
			const changed = (results as Sent[]).flatMap((result) => (result.id % 10 === 3 ? [] : result.id % 10 === 6 ? [result, result] : [result]));
			return [...changed, { id: 'nobody' }].map((result) => ({ result, at: random.next() })).sort((one, other) => one.at - other.at).map(({ result }) => result);
		};
		await withServer(listing(troubled), async (server) => {
			const result = await run(server, { ...PATIENT, matchResults: 'key' }, { input: items(100), node: ERROR_OUTPUT });
			const fails = (id: number) => id % 10 === 3 || id % 10 === 6;
			expect(result.json(NODE)).toEqual(items(100).filter(({ id }) => !fails(id)).map(({ id, name }) => ({ id, said: `got ${name}` })));
			expect(paired(result, 1)).toEqual(items(100).map(({ id }) => id).filter(fails));
			expect(result.json(NODE, 1)[0]).toMatchObject({ id: 3, error: expect.stringContaining('no result with the key "3"'), details: { state: 'failed', attempts: 1 } });
			expect(result.json(NODE, 1)[1]).toMatchObject({ id: 6, error: expect.stringContaining('2 results with the key "6"') });
			expect(result.hints.map(({ message }) => message)).toContainEqual('10 results in the answers belonged to no item.');
		});
	});

	test('by key: an object gives results by its names', async () => {
		await withServer(listing((results) => Object.fromEntries((results as Sent[]).reverse().map((result) => [result.id, result]))), async (server) => {
			const result = await run(server, { ...PATIENT, matchResults: 'key', maxItemsPerRequest: 3 }, { input: items(3) });
			expect(result.json(NODE).map(({ id }) => id)).toEqual([0, 1, 2]);
		});
	});

	test('by position: where their number is not that of the items, no item is given another\'s', async () => {
		await withServer(listing((results) => (results as Sent[]).filter(({ id }) => id !== 12)), async (server) => {
			const result = await run(server, PATIENT, { input: items(30), node: CONTINUE });
			expect(result.json(NODE).flatMap(({ id }) => (id === undefined ? [] : [id]))).toEqual([...items(10).map(({ id }) => id), ...items(10).map(({ id }) => id + 20)]);
			expect(result.json(NODE)[10]).toMatchObject({ error: expect.stringContaining('9 results for 10 items') });
			expect(paired(result)).toEqual(items(30).map(({ id }) => id));
		});
	});

	test.each([
		['no list', { some: 'object' }, 'not a list'],
		['nothing at the path', [], 'no list at "results"'],
	])('an answer with %s fails the items of its request', async (_name, answer, message) => {
		await withServer(listing(() => answer), async (server) => {
			const result = await run(server, { maxWaitMs: 20, ...(message.includes('results') ? { resultsInAnswer: 'results' } : {}) }, { input: items(2), node: CONTINUE });
			expect(result.json(NODE)).toMatchObject([{ error: expect.stringContaining(message) }, { error: expect.stringContaining(message) }]);
		});
	});

	test('a request that fails as a whole fails each of its items, with what the server said', async () => {
		const refusing: Answer = (request, response, body) => {
			if (body.includes('"item 4"')) {
				response.statusCode = 400;
				response.end(JSON.stringify({ message: 'one of them is bad' }));
			} else listing()(request, response, body);
		};
		await withServer(refusing, async (server) => {
			const result = await run(server, { ...PATIENT, maxItemsPerRequest: 3 }, { input: items(9), node: ERROR_OUTPUT });
			expect(result.json(NODE).map(({ id }) => id)).toEqual([0, 1, 2, 6, 7, 8]);
			expect(result.json(NODE, 1)).toMatchObject(
				[3, 4, 5].map((id) => ({ id, error: expect.stringContaining('one of them is bad'), details: { status: 400, attempts: 1 } })),
			);
		});
	});
});

describe('executions at the same time', () => {
	test('share requests where they make the same ones', async () => {
		const seen: Sent[][] = [];
		await withServer(listing(undefined, seen), async (server) => {
			const results = await Promise.all(
				[0, 1, 2].map(async () => await run(server, { ...PATIENT, maxItemsPerRequest: 6 }, { input: items(2), workflowId: 'the same' })),
			);
			for (const result of results) expect(result.json(NODE).map(({ id }) => id)).toEqual([0, 1]);
			expect(seen).toHaveLength(1);
		});
	});

	test('never share them with another credential, or with another workflow where there is none', async () => {
		const sizes: number[] = [];
		const naming: Answer = (request, response, body) => {
			const sent = JSON.parse(body.toString('utf8')) as unknown[];
			sizes.push(sent.length);
			response.end(JSON.stringify(sent.map(() => ({ caller: request.headers.authorization ?? 'nobody' }))));
		};
		await withServer(naming, async (server) => {
			const settings = { maxItemsPerRequest: 4, maxWaitMs: 200 };
			const authenticated = { authentication: 'genericCredentialType', genericCredentialType: 'httpBearerAuth', ...settings };
			const results = await Promise.all([
				...['one', 'two'].map(async (token) => await run(server, authenticated, { input: items(6), credential: { type: 'httpBearerAuth', data: { token } }, workflowId: 'w' })),
				...['v', 'w'].map(async (workflowId) => await run(server, settings, { input: items(6), workflowId })),
			]);
			const callers = results.map((result) => result.json(NODE).map(({ caller }) => caller));
			expect(callers).toEqual(['Bearer one', 'Bearer two', 'nobody', 'nobody'].map((caller) => Array(6).fill(caller)));
			expect(sizes.sort()).toEqual([2, 2, 2, 2, 4, 4, 4, 4]);
		});
	});

	test('the stop of one takes only its own items out, also from a request under way', async () => {
		const held: Array<() => void> = [];
		const holding: Answer = (request, response, body) => void held.push(() => listing()(request, response, body));
		await withServer(holding, async (server) => {
			const stop = new AbortController();
			const settings = { ...PATIENT, maxItemsPerRequest: 4 };
			const stopped = run(server, settings, { input: items(2), workflowId: 's', signal: stop.signal });
			const goesOn = run(server, settings, { input: items(2), workflowId: 's' });
			await server.until(() => held.length === 1);
			stop.abort();
			await stopped;
			held[0]?.();
			expect((await goesOn).json(NODE).map(({ id }) => id)).toEqual([0, 1]);
			expect(server.count.requests).toBe(1);
		});
	});
});

describe('bulk requests', () => {
	/** As a bulk API takes them: an action and a document in turn; the answer says what became of each. */
	const bulk = (seen: string[], statusOf: (id: number, time: number) => number): Answer => {
		const times = new Map<number, number>();
		return (request, response, body) => {
			expect(request.headers['content-type']).toBe('application/x-ndjson');
			const text = body.toString('utf8');
			seen.push(text);
			const documents = text.trimEnd().split('\n').filter((_line, index) => index % 2 === 1).map((line) => JSON.parse(line) as Sent);
			const results = documents.map(({ id }) => {
				const time = (times.get(id) ?? 0) + 1;
				times.set(id, time);
				const status = statusOf(id, time);
				return { index: { _id: id, status, ...(status >= 400 ? { error: { reason: `status ${status}` } } : {}) } };
			});
			response.end(JSON.stringify({ errors: true, items: results }));
		};
	};
	const parameters = {
		...PATIENT,
		gatherFormat: 'ndjson',
		gatherItem: '={{ [{ index: {} }, $json] }}',
		resultsInAnswer: 'items',
		maxItemsPerRequest: 5,
	};

	test('send lines, and take each item\'s status from its result', async () => {
		const seen: string[] = [];
		await withServer(bulk(seen, (id) => (id === 7 ? 409 : 201)), async (server) => {
			const result = await run(server, { ...parameters, gatherOptions: { statusInResult: '*.status' } }, { input: items(10), node: ERROR_OUTPUT });
			expect(seen).toHaveLength(2);
			expect(seen[0]).toBe(items(5).map((item) => `{"index":{}}\n${JSON.stringify(item)}\n`).join(''));
			expect(result.items(NODE)).toHaveLength(9);
			expect(result.json(NODE, 1)).toMatchObject([{ id: 7, error: expect.stringContaining('status 409'), details: { status: 409, attempts: 1 } }]);
		});
	});

	test('send only those again that failed with what may pass, as often as wanted', async () => {
		const seen: string[] = [];
		const statusOf = (id: number, time: number) => (id === 3 ? 429 : id === 4 ? 400 : id === 2 && time === 1 ? 503 : 201);
		await withServer(bulk(seen, statusOf), async (server) => {
			const gatherOptions = { statusInResult: '*.status', sendAgain: 1 };
			const result = await run(server, { ...parameters, maxWaitMs: 200, gatherOptions }, { input: items(5), node: ERROR_OUTPUT });
			const ids = seen.map((text) => [...text.matchAll(/"id":(\d)/g)].map(([, id]) => Number(id)));
			expect(ids).toEqual([[0, 1, 2, 3, 4], [2, 3]]);
			expect(paired(result)).toEqual([0, 1, 2]);
			expect(paired(result, 1)).toEqual([3, 4]);
			expect(result.json(NODE, 1)[0]).toMatchObject({ details: { status: 429, attempts: 2 } });
		});
	});

	test('an error in a result is its item\'s, with or without a status', async () => {
		const seen: string[] = [];
		await withServer(bulk(seen, (id) => (id === 1 ? 400 : 201)), async (server) => {
			const result = await run(server, { ...parameters, gatherOptions: { errorInResult: '*.error' } }, { input: items(5), node: CONTINUE });
			expect(result.json(NODE)[1]).toMatchObject({ error: 'The answer says that this item failed: status 400', details: { code: 'ERR_ITEM_REFUSED' } });
			expect(result.items(NODE)).toHaveLength(5);
		});
	});

	test.each(['json', 'ndjson'])('no %s body is larger than the limit, and an item that is fails alone', async (gatherFormat) => {
		const sizes: number[] = [];
		const measuring: Answer = (_request, response, body) => {
			sizes.push(body.length);
			const text = body.toString('utf8');
			const sent = gatherFormat === 'json' ? (JSON.parse(text) as { list: unknown[] }).list : text.trimEnd().split('\n');
			response.end(JSON.stringify(sent.map(() => 'fine')));
		};
		const random = seeded(3);
		const input = Array.from({ length: 60 }, (_item, id) => ({ id, text: 'ä'.repeat(id === 20 ? 600 : random.int(200)) }));
		await withServer(measuring, async (server) => {
			const settings = { maxWaitMs: 50, gatherFormat, listInBody: 'list', maxItemsPerRequest: 1000, gatherOptions: { maxRequestKb: 1, restOfBody: '{"a":"b"}' } };
			const result = await run(server, settings, { input, node: ERROR_OUTPUT });
			expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
			// Two that follow each other would not have fitted into one.
			expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeGreaterThan(512);
			expect(result.items(NODE)).toHaveLength(59);
			expect(result.json(NODE, 1)).toMatchObject([{ id: 20, error: expect.stringContaining('Invalid Item: expected one that fits into the 1024 bytes of Max Request Size') }]);
		});
	});
});

test.each([200, 195])('the example workflow asks for 200 packages, of which %i exist, in 20 requests', async (known) => {
	const standIn = await startStandIn({ items: Array.from({ length: 200 }, (_item, index) => ({ name: `package-${index}` })) });
	try {
		const text = await readFile(path.resolve(import.meta.dirname, '../../workflows/batch-gather.json'), 'utf8');
		const workflow = JSON.parse(text.replaceAll('http://127.0.0.1:8080', standIn.url).replace('$json.index }', `$json.index < ${known} ? $json.index : 1000 + $json.index }`)) as EngineWorkflow;
		const result = await engine.run({ workflow: { ...workflow, nodes: workflow.nodes.filter(({ type }) => !type.endsWith('stickyNote')) } });
		expect(result.error).toBeUndefined();
		const packages = Array.from({ length: known }, (_item, index) => ({ index, name: `package-${index}` }));
		expect(result.json('Batch Request')).toEqual(packages);
		expect(result.json('Batch Request', 1)).toMatchObject([{ items: 200, ok: known, failed: 200 - known, requests: 20 }]);
		expect(result.items('Batch Request', 2)).toHaveLength(200 - known);
	} finally {
		await standIn.close();
	}
});

import { setTimeout as delay } from 'node:timers/promises';
import type { INodeExecutionData } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { caller, hints, later, NODE, run, start, sub, subs, trace, worker } from '../helpers/cached-workflow.mts';

const errorOf = (result: Awaited<ReturnType<typeof run>>) => result.error?.message ?? '';

const until = async (condition: () => boolean) => {
	for (let turns = 0; !condition(); turns += 1) {
		if (turns > 500) throw new Error('The awaited condition did not come true');
		await delay(10);
	}
};

describe('what is not kept', () => {
	test('a sub-workflow that fails: the next run executes it again', async () => {
		worker.fails = true;
		expect(errorOf(await run())).toMatch(/The sub-workflow failed: The scraper found no table/);
		worker.fails = false;
		expect(trace(await run())).toMatchObject({ cache: 'miss' });
		expect(trace(await run())).toMatchObject({ cache: 'hit' });
		expect(subs.executed).toHaveLength(2);
	});

	test('the error is its item’s, linked with the execution that failed', async () => {
		worker.fails = true;
		const result = await run({ node: { onError: 'continueRegularOutput' }, input: [{ a: 1 }, { a: 2 }] });
		const items = result.items(NODE);
		expect(items.map(({ json }) => json.error)).toEqual(Array.from({ length: 2 }, () => 'The sub-workflow failed: The scraper found no table'));
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
		expect(items[0]?.metadata).toMatchObject({ subExecution: { workflowId: 'sub' } });
		const together = await run({ parameters: { mode: 'once' }, node: { onError: 'continueRegularOutput' }, input: [{ a: 1 }, { a: 2 }] });
		expect(together.items(NODE)).toMatchObject([{ json: { error: expect.stringContaining('no table') }, pairedItem: [{ item: 0 }, { item: 1 }] }]);
	});

	test('stale-if-error gives the old result, and says so', async () => {
		const setup = { parameters: { contentType: 'custom', ttlSeconds: 1 }, options: { staleIfErrorSeconds: 600 } };
		const first = await run(setup);
		later(1100);
		worker.fails = true;
		const second = await run(setup);
		expect(second.json(NODE)[0]?.run).toBe(first.json(NODE)[0]?.run);
		expect(trace(second)).toMatchObject({ cache: 'stale', attempts: 1 });
		expect(Number(trace(second)?.ageMs)).toBeGreaterThan(1000);
		expect(hints(second)).toMatch(/1 from the cache .*1 of them stale/);
	});

	test('a stale result is given at once, while the sub-workflow makes a new one', async () => {
		const setup = { parameters: { contentType: 'custom', ttlSeconds: 1 }, options: { staleWhileRevalidateSeconds: 600 } };
		await run(setup);
		later(1100);
		expect(trace(await run(setup))).toMatchObject({ cache: 'stale' });
		await until(() => worker.runs === 2 && Object.keys(subs.running).length === 0);
		await delay(20);
		expect((await run(setup)).json(NODE)[0]).toMatchObject({ run: 2, _fastpath: { cache: 'hit' } });
	});

	test('a sub-workflow that begins to wait gives a clear error, and its parent does not wait with it', async () => {
		worker.waits = true;
		const result = await run();
		expect(result.status).toBe('error');
		expect(errorOf(result)).toMatch(/The sub-workflow began to wait, so there is no result yet/);
		expect(result.raw.data.waitTill).toBeUndefined();
		worker.waits = false;
		expect(trace(await run())).toMatchObject({ cache: 'miss' });
	});

	test('nodes that act are named, and nothing is kept without the yes of the user', async () => {
		const acting = sub(
			{ name: 'Notify', type: 'test.mailer' },
			{ name: 'Pause', type: 'n8n-nodes-base.wait' },
			{ name: 'Look', type: 'test.reader' },
			{ name: 'Post', type: 'n8n-nodes-base.httpRequest', parameters: { method: 'POST' } },
			{ name: 'Get', type: 'n8n-nodes-base.httpRequest' },
		);
		subs.workflows.set('sub', acting);
		await run();
		const again = await run();
		expect(trace(again)).toMatchObject({ cache: 'bypass', notCached: 'the sub-workflow acts' });
		expect(hints(again)).toContain('does more than compute and read: Notify (operation send), Pause (waits), Post (sends POST). ');
		await run({ options: { cacheActs: true } });
		const kept = await run({ options: { cacheActs: true } });
		expect(trace(kept)).toMatchObject({ cache: 'hit' });
		expect(hints(kept)).toContain('these nodes of the sub-workflow do nothing: Notify');
	});

	test('a result above a megabyte is given, not kept, and the hint says why', async () => {
		const input = [{ text: 'x'.repeat(1_200_000) }];
		const [first, second] = [await run({ input }), await run({ input })];
		expect(second.error).toBeUndefined();
		expect(trace(second)).toMatchObject({ cache: 'miss', notCached: expect.stringMatching(/the result has 2\.\d MB, and at most 1\.0 MB are kept/) });
		expect(hints(first)).toContain('Not kept: the result has');
		expect(subs.executed).toHaveLength(2);
	});
});

describe('binary data', () => {
	const item = (bytes: Buffer): INodeExecutionData => ({
		json: { name: 'same' },
		binary: { file: { data: bytes.toString('base64'), mimeType: 'text/plain', fileName: 'a.txt', bytes: bytes.byteLength } },
	});

	test('bytes are part of the key and of the result', async () => {
		await run({ input: [item(Buffer.from('one'))] });
		const hit = await run({ input: [item(Buffer.from('one'))] });
		expect(trace(hit)).toMatchObject({ cache: 'hit' });
		expect(Buffer.from(hit.items(NODE)[0]?.binary?.file?.data ?? '', 'base64').toString()).toBe('one');
		expect(hit.items(NODE)[0]?.binary?.file).toMatchObject({ fileName: 'a.txt', mimeType: 'text/plain' });
		expect(trace(await run({ input: [item(Buffer.from('two'))] }))).toMatchObject({ cache: 'miss' });
	});

	test('what is too large to be kept is passed on whole', async () => {
		const input = [item(Buffer.alloc(1_500_000, 'x'))];
		await run({ input });
		const again = await run({ input });
		expect(trace(again)).toMatchObject({ cache: 'miss', notCached: expect.stringContaining('1.4 MB') });
		expect(Buffer.from(again.items(NODE)[0]?.binary?.file?.data ?? '', 'base64').byteLength).toBe(1_500_000);
	});

	test('a file that is too large to be read for the key is refused by name', async () => {
		const large = item(Buffer.from('x'));
		Object.assign(large.binary?.file ?? {}, { bytes: 70 * 1_048_576 });
		expect(errorOf(await run({ input: [large] }))).toMatch(/Invalid binary field "file": expected at most 64 MB.*got 70/);
		expect((await run({ parameters: { keyFrom: 'fields', keyFields: 'name' }, input: [large] })).error).toBeUndefined();
	});
});

describe('once for all items', () => {
	const parameters = { mode: 'once' };

	test('one execution has all items, and the whole is kept with what comes from what', async () => {
		worker.results = 2;
		const input = [{ a: 1 }, { a: 2 }, { a: 3 }];
		const first = await run({ parameters, input });
		expect(subs.executed).toHaveLength(1);
		const second = await run({ parameters, input });
		expect(subs.executed).toHaveLength(1);
		for (const result of [first, second]) {
			expect(result.json(NODE).map(({ a }) => a)).toEqual([1, 1, 2, 2, 3, 3]);
			expect(result.items(NODE).map(({ pairedItem }) => pairedItem)).toEqual([0, 0, 1, 1, 2, 2].map((index) => [{ item: index }]));
		}
		expect(trace(await run({ parameters, input: input.toReversed() }))).toMatchObject({ cache: 'miss' });
	});
});

describe('workflows inside workflows', () => {
	const calling = (id: string, target: string) => caller({ id, parameters: { workflowId: target } });

	test('a Cached Workflow inside a sub-workflow works, and answers what the outer one has not kept', async () => {
		subs.workflows.set('outer', calling('outer', 'sub'));
		expect((await run({ parameters: { workflowId: 'outer' } })).error).toBeUndefined();
		expect(subs.executed).toEqual(['outer', 'sub']);
		expect(trace(await run({ parameters: { workflowId: 'outer' } }))).toMatchObject({ cache: 'hit' });
		await run({ parameters: { workflowId: 'outer', cacheMode: 'refresh' } });
		expect(subs.executed).toEqual(['outer', 'sub', 'outer']);
	});

	test('a workflow that calls itself is refused', async () => {
		expect(errorOf(await run({ id: 'sub' }))).toMatch(/The workflow sub is under way already and waits for this one \(sub → sub\): it cannot be run inside itself/);
		expect(subs.executed).toEqual([]);
	});

	test('through others, too, whatever the input', async () => {
		subs.workflows.set('one', calling('one', 'two'));
		subs.workflows.set('two', calling('two', 'one'));
		expect(errorOf(await run({ parameters: { workflowId: 'one' }, input: [{ depth: 1 }] }))).toMatch(/caller → one → two → one/);
		expect(subs.executed).toEqual(['one', 'two']);
	});
});

describe('Stop', () => {
	test('ends the executions of the sub-workflow, and nothing is kept', async () => {
		worker.hangs = true;
		const stopped = start({ input: [{ a: 1 }, { a: 2 }, { a: 3 }] });
		await until(() => worker.runs === 3);
		stopped.cancel();
		expect((await stopped).status).toBe('canceled');
		await until(() => Object.keys(subs.running).length === 0);
		expect(new Set(subs.stopped).size).toBe(3);
		worker.hangs = false;
		expect(trace(await run({ input: [{ a: 1 }] }))).toMatchObject({ cache: 'miss' });
	});

	test('of one execution leaves the other one its result', async () => {
		worker.hangs = true;
		const [stopped, other] = [start(), start()];
		await until(() => worker.runs === 1);
		stopped.cancel();
		expect((await stopped).status).toBe('canceled');
		expect(Object.keys(subs.running)).toHaveLength(1);
		other.cancel();
		await other;
		await until(() => Object.keys(subs.running).length === 0);
	});
});

test('Clear Cache clears what a node of this workflow has stored, by tag', async () => {
	const parameters = { cacheTags: 'prices' };
	await run({ parameters });
	const cleared = await run({ parameters: { operation: 'clear', clear: 'tag', clearTags: 'prices' } });
	expect(cleared.json(NODE)).toEqual([{ cleared: 'tag', of: ['prices'], removed: 1, store: 'process' }]);
	expect(trace(await run({ parameters }))).toMatchObject({ cache: 'miss' });
});

test.each([
	[{ parameters: { workflowId: '={{ $json.nothing }}' } }, /Invalid Workflow: expected a text that is not empty/],
	[{ parameters: { keyFrom: 'fields', keyFields: ' ' } }, /Invalid Fields/],
	[{ options: { cacheIf: 'maybe' } }, /Invalid Cache Only If: expected true or false, got "maybe"/],
	[{ options: { concurrency: 0 } }, /Invalid Max Concurrent: expected a whole number from 1 to 1000, got 0/],
	[{ parameters: { workflowId: 'nowhere' } }, /Workflow is not active and cannot be executed/],
])('%j gives a clear error', async (setup, message) => {
	expect(errorOf(await run(setup))).toMatch(message);
});

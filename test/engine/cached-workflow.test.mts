import { describe, expect, test } from 'vitest';
import { hints, NODE, run, sub, subs, trace, worker } from '../helpers/cached-workflow.mts';

describe('per item', () => {
	test('runs the sub-workflow for what it has not seen, and answers the rest', async () => {
		const first = await run({ input: [{ a: 1 }, { a: 2 }] });
		expect(first.error).toBeUndefined();
		expect(subs.executed).toEqual(['sub', 'sub']);
		expect(trace(first)).toMatchObject({ cache: 'miss', coalesced: false, attempts: 1 });
		const second = await run({ input: [{ a: 2 }, { a: 3 }] });
		expect(subs.executed).toHaveLength(3);
		expect(second.json(NODE).map(({ a }) => a)).toEqual([2, 3]);
		expect(trace(second)).toMatchObject({ cache: 'hit', attempts: 0 });
		expect(trace(second)).toHaveProperty('ageMs');
		expect(trace(second)).toHaveProperty('savedMs');
		expect(trace(second)?.executionId).toBe(trace(first, 1)?.executionId);
		expect(hints(second)).toMatch(/2 inputs: 1 from the cache .*1 by the sub-workflow/);
	});

	test('of 1,000 items with 100 distinct ones, 100 are executed, and each result is its own item’s', async () => {
		const input = Array.from({ length: 1000 }, (_, index) => ({ n: (index * 37) % 100 }));
		const result = await run({ input });
		expect(result.error).toBeUndefined();
		expect(subs.executed).toHaveLength(100);
		const items = result.items(NODE);
		expect(items.map(({ json }) => json.n)).toEqual(input.map(({ n }) => n));
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(input.map((_, item) => ({ item })));
	});

	test('each mode runs identical items of one run once', async () => {
		for (const cacheMode of ['readWrite', 'refresh', 'readOnly']) {
			subs.executed.length = 0;
			const result = await run({ parameters: { cacheMode }, options: { concurrency: 1 }, input: [{ x: cacheMode }, { x: cacheMode }, { x: cacheMode }] });
			expect(result.error).toBeUndefined();
			expect(subs.executed).toHaveLength(1);
			expect(result.json(NODE)).toHaveLength(3);
		}
		subs.executed.length = 0;
		await run({ parameters: { cacheMode: 'off' }, input: [{ x: 1 }, { x: 1 }] });
		expect(subs.executed).toHaveLength(2);
	});

	test('no result or many for one item stay with it', async () => {
		worker.results = 3;
		const many = await run({ input: [{ a: 1 }, { a: 2 }] });
		expect(many.items(NODE).map(({ pairedItem }) => pairedItem)).toEqual([0, 0, 0, 1, 1, 1].map((item) => ({ item })));
		expect(many.json(NODE).map(({ result }) => result)).toEqual([0, 1, 2, 0, 1, 2]);
		worker.results = 0;
		expect((await run({ input: [{ a: 3 }] })).items(NODE)).toEqual([]);
		expect((await run({ input: [{ a: 3 }] })).items(NODE)).toEqual([]);
		expect(subs.executed).toHaveLength(3);
		await run({ options: { keepEmpty: false }, input: [{ a: 4 }] });
		await run({ options: { keepEmpty: false }, input: [{ a: 4 }] });
		expect(subs.executed).toHaveLength(5);
	});

	test('50 executions with one key run the sub-workflow once', async () => {
		const results = await Promise.all(Array.from({ length: 50 }, async () => await run({ input: [{ same: true }] })));
		expect(results.every(({ error, json }) => error === undefined && json(NODE).length === 1)).toBe(true);
		expect(subs.executed).toEqual(['sub']);
		expect(results.filter((result) => trace(result)?.coalesced === true)).toHaveLength(49);
	});

	test('links the executions of a miss, and none on a hit', async () => {
		const first = await run({ input: [{ a: 1 }] });
		expect(first.items(NODE)[0]?.metadata).toEqual({ subExecution: { executionId: trace(first)?.executionId, workflowId: 'sub' } });
		expect(first.nodes[NODE]?.[0]?.metadata).toMatchObject({ subExecutionsCount: 1 });
		const second = await run({ input: [{ a: 1 }] });
		expect(second.items(NODE)[0]?.metadata).toBeUndefined();
		expect(second.nodes[NODE]?.[0]?.metadata).not.toHaveProperty('subExecutionsCount');
	});

	test('what is done to results never reaches the cache', async () => {
		const first = await run({ input: [{ a: 1 }] });
		(first.json(NODE)[0]?.nested as { list: unknown[] }).list.push('spoilt');
		const second = await run({ input: [{ a: 1 }] });
		expect(second.json(NODE)[0]?.nested).toEqual({ list: [1] });
		(second.json(NODE)[0]?.nested as { list: unknown[] }).list.push('spoilt');
		expect((await run({ input: [{ a: 1 }] })).json(NODE)[0]?.nested).toEqual({ list: [1] });
	});
});

describe('the key', () => {
	test('an edit makes the next run a miss; moving a node or a note does not', async () => {
		await run();
		const moved = sub();
		Object.assign(moved.nodes[1] ?? {}, { position: [900, 900], notes: 'new words' });
		moved.nodes.push({ name: 'Note', type: 'n8n-nodes-base.stickyNote' });
		subs.workflows.set('sub', moved);
		expect(trace(await run())).toMatchObject({ cache: 'hit' });
		const edited = sub();
		Object.assign(edited.nodes[1] ?? {}, { parameters: { city: 'Oslo' } });
		subs.workflows.set('sub', edited);
		expect(trace(await run())).toMatchObject({ cache: 'miss' });
		subs.workflows.set('sub', sub());
		expect(trace(await run())).toMatchObject({ cache: 'hit' });
	});

	test('an edit of a workflow that the sub-workflow calls counts, too', async () => {
		subs.workflows.set('below', { id: 'below', nodes: [{ name: 'Start', type: 'n8n-nodes-base.manualTrigger' }], connections: {} });
		subs.workflows.set('sub', sub({ name: 'Call', type: 'n8n-nodes-base.executeWorkflow', parameters: { workflowId: { __rl: true, mode: 'id', value: 'below' } } }));
		await run();
		expect(trace(await run())).toMatchObject({ cache: 'hit' });
		subs.workflows.set('below', { id: 'below', nodes: [{ name: 'Start again', type: 'n8n-nodes-base.manualTrigger' }], connections: {} });
		expect(trace(await run())).toMatchObject({ cache: 'miss' });
	});

	test('chosen fields alone decide, by paths too, and the trace of a node before plays no part', async () => {
		const parameters = { keyFrom: 'fields', keyFields: 'url, customer.id' };
		const of = (url: string, id: number, other: string) => ({ url, customer: { id }, other });
		await run({ parameters, input: [of('a', 1, 'x')] });
		expect(trace(await run({ parameters, input: [of('a', 1, 'y')] }))).toMatchObject({ cache: 'hit' });
		expect(trace(await run({ parameters, input: [of('a', 2, 'y')] }))).toMatchObject({ cache: 'miss' });
		await run({ input: [{ a: 1, _fastpath: { ageMs: 1 } }] });
		expect(trace(await run({ input: [{ a: 1, _fastpath: { ageMs: 2 } }] }))).toMatchObject({ cache: 'hit' });
	});

	test('scope, the word of the user and the sub-workflow keep results apart', async () => {
		await run();
		expect(trace(await run({ id: 'another' }))).toMatchObject({ cache: 'miss' });
		expect(trace(await run({ options: { version: '2' } }))).toMatchObject({ cache: 'miss' });
		subs.workflows.set('twin', { ...sub(), id: 'twin' });
		expect(trace(await run({ parameters: { workflowId: 'twin' } }))).toMatchObject({ cache: 'miss' });
	});

	test('beyond a workflow, results are shared only with those who may call the sub-workflow', async () => {
		const parameters = { cacheScope: 'instance' };
		const project = (projectId: string) => ({ projectId }) as never;
		await run({ parameters, additionalData: project('one') });
		expect(trace(await run({ parameters, id: 'another', additionalData: project('one') }))).toMatchObject({ cache: 'hit' });
		expect(trace(await run({ parameters, id: 'third', additionalData: project('two') }))).toMatchObject({ cache: 'miss' });
		subs.workflows.set('sub', { ...sub(), settings: { callerPolicy: 'any' } });
		await run({ parameters, additionalData: project('one') });
		expect(trace(await run({ parameters, id: 'third', additionalData: project('two') }))).toMatchObject({ cache: 'hit' });
	});

	test('a workflow given as JSON is known by what is in it', async () => {
		const of = (city: string) => ({ source: 'parameter', workflowJson: JSON.stringify({ ...sub(), nodes: sub().nodes.map((node, index) => ({ ...node, parameters: index === 1 ? { city } : {} })) }) });
		expect((await run({ parameters: of('Oslo') })).error).toBeUndefined();
		expect(trace(await run({ parameters: of('Oslo') }))).toMatchObject({ cache: 'hit' });
		expect(trace(await run({ parameters: of('Rome') }))).toMatchObject({ cache: 'miss' });
		const wrong = await run({ parameters: { source: 'parameter', workflowJson: '{"nodes": 1}' } });
		expect(wrong.error?.message).toMatch(/Invalid Workflow JSON: expected a workflow with nodes and connections/);
	});

	test('Cache Only If decides for each item', async () => {
		const options = { cacheIf: '={{ $json.kind === "price" }}' };
		const input = [{ kind: 'price' }, { kind: 'stock' }];
		await run({ options, input });
		const again = await run({ options, input });
		expect([trace(again, 0)?.cache, trace(again, 1)?.cache]).toEqual(['hit', 'bypass']);
		expect(trace(again, 1)).toMatchObject({ notCached: 'the condition is not met' });
	});

	test('reads workflows of n8n before 2.1, too, which knows one way to do it', async () => {
		subs.expose(['getWorkflowData']);
		await run();
		expect(trace(await run())).toMatchObject({ cache: 'hit' });
		subs.workflows.set('sub', sub({ name: 'More', type: 'n8n-nodes-base.stickyNote' }));
		expect(trace(await run())).toMatchObject({ cache: 'miss' });
		expect(subs.executed).toEqual(['sub', 'sub']);
	});

	test('where n8n lets no workflow be read, nothing is kept without the word of the user', async () => {
		subs.hide();
		await run();
		const again = await run();
		expect(trace(again)).toMatchObject({ cache: 'bypass', notCached: 'the version of the sub-workflow is not known' });
		expect(hints(again)).toContain('Fill in the option "Version"');
		await run({ options: { version: 'one' } });
		expect(trace(await run({ options: { version: 'one' } }))).toMatchObject({ cache: 'hit' });
		expect(trace(await run({ options: { version: 'two' } }))).toMatchObject({ cache: 'miss' });
	});
});

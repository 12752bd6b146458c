import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { chromiumPath, openEditor, openNode, screenshotPage } from '../helpers/browser.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import type { ExecutionResult, N8nInstance } from '../helpers/n8n-instance.mts';
import { CALLED, calling, get, items, MANUAL, row, set, twentyNodes, webhook, type Importable } from '../helpers/twenty-nodes.mts';
import type { StandIn } from '../stand-in/ai-provider.mts';

const PACKAGES = Array.from({ length: 20 }, (_, index) => ({ name: `package-${index}` }));

let installed: InstalledN8n;
let instance: N8nInstance;
let standIn: StandIn;

beforeAll(async () => {
	installed = await startInstalledN8n({ standIn: { items: PACKAGES }, env: { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' } });
	({ instance, standIn } = installed);
});

beforeEach(() => {
	standIn.setBehaviour();
	standIn.reset();
});

afterAll(async () => await installed?.close());

const add = async (workflow: Importable) => await instance.importWorkflow({ ...workflow });

/** Imported and published: production executions run nothing else. */
async function publish(workflow: Importable): Promise<string> {
	const id = await add(workflow);
	await instance.activate(id);
	return id;
}

async function edit(id: string, change: (workflow: Importable) => Importable): Promise<void> {
	const { name, nodes, connections, settings, versionId } = await instance.api('GET', `/rest/workflows/${id}`);
	await instance.api('PATCH', `/rest/workflows/${id}`, { versionId, ...change({ name, nodes, connections, settings }) });
}

const post = async (name: string, body: object = {}) => {
	const response = await fetch(`${instance.url}/webhook/${name}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
	return { status: response.status, json: (await response.json()) as Array<Record<string, unknown> & { _fastpath: Record<string, unknown> }> };
};

const executionsOf = async (workflowId: string): Promise<Array<{ id: string; status: string }>> =>
	(await instance.api('GET', `/rest/executions?filter=${encodeURIComponent(JSON.stringify({ workflowId }))}&limit=100`)).results;

const outputOf = (result: ExecutionResult) => result.nodes.Call?.at(-1)?.data[0] ?? [];
const traces = (result: ExecutionResult) => outputOf(result).map(({ json }) => json._fastpath as Record<string, unknown>);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
	for (let turns = 0; !(await condition()); turns += 1) {
		if (turns > 300) throw new Error('The awaited condition did not come true');
		await delay(50);
	}
}

test('twenty nodes run for what is new, and not at all the second time', async () => {
	const sub = await add(twentyNodes('twenty', standIn.url));
	const main = await add(row('main', [MANUAL, ...items(10, 5), calling(sub)]));
	const first = await instance.run(main);
	expect(first.error).toBeUndefined();
	expect(outputOf(first).map(({ json }) => json.package)).toEqual(['0', '1', '2', '3', '4', '0', '1', '2', '3', '4']);
	expect(outputOf(first)[2]?.json).toMatchObject({ name4: 'package-6', key4: 'package-6-4', package: '2' });
	expect(outputOf(first).map(({ pairedItem }) => pairedItem)).toEqual(Array.from({ length: 10 }, (_, item) => ({ item })));
	expect(await executionsOf(sub)).toHaveLength(5);
	expect(standIn.counters().requests).toBe(20);
	const linked = (outputOf(first)[0] as { metadata?: { subExecution?: { executionId: string; workflowId: string } } }).metadata?.subExecution;
	expect(linked?.workflowId).toBe(sub);
	expect((await instance.execution(linked?.executionId ?? '')).status).toBe('success');

	standIn.reset();
	const second = await instance.run(main);
	expect(traces(second).every(({ cache }) => cache === 'hit')).toBe(true);
	expect(JSON.stringify(second.nodes.Call?.[0]?.hints)).toMatch(/10 inputs: 10 from the cache \(saved \d/);
	expect(outputOf(second).map(({ json: { _fastpath, ...json } }) => json)).toEqual(outputOf(first).map(({ json: { _fastpath, ...json } }) => json));
	expect(await executionsOf(sub)).toHaveLength(5);
	expect(standIn.counters().requests).toBe(0);
});

test('a saved edit is a miss for manual runs at once, and for production when it is published', async () => {
	const sub = await publish(row('edited', [CALLED, set('Colour', 'colour', 'red')]));
	const main = await publish(row('edited-main', [webhook('edited'), calling(sub, { keyFrom: 'fields', keyFields: 'none' })]));
	expect((await post('edited')).json[0]).toMatchObject({ colour: 'red', _fastpath: { cache: 'miss' } });
	expect((await post('edited')).json[0]).toMatchObject({ colour: 'red', _fastpath: { cache: 'hit' } });
	const byHand = await add(row('edited-by-hand', [MANUAL, calling(sub)]));
	expect(outputOf(await instance.run(byHand))[0]?.json).toMatchObject({ colour: 'red', _fastpath: { cache: 'miss' } });

	await edit(sub, (workflow) => ({ ...workflow, nodes: row('edited', [CALLED, set('Colour', 'colour', 'blue')]).nodes }));
	expect((await post('edited')).json[0]).toMatchObject({ colour: 'red', _fastpath: { cache: 'hit' } });
	expect(outputOf(await instance.run(byHand))[0]?.json).toMatchObject({ colour: 'blue', _fastpath: { cache: 'miss' } });
	await instance.activate(sub);
	expect((await post('edited')).json[0]).toMatchObject({ colour: 'blue', _fastpath: { cache: 'miss' } });
	expect((await post('edited')).json[0]).toMatchObject({ colour: 'blue', _fastpath: { cache: 'hit' } });
	expect(main).not.toBe(sub);
});

test('where the trigger declares its inputs, no other field counts', async () => {
	const declared = { ...CALLED, parameters: { workflowInputs: { values: [{ name: 'city' }, { name: 'days', type: 'number' }] } } };
	const sub = await publish(row('declared', [declared, set('Both', 'both', '={{ $json.city }} {{ $json.days }}')]));
	await publish(row('declared-main', [webhook('declared'), { name: 'Body', type: 'n8n-nodes-base.splitOut', typeVersion: 1, parameters: { fieldToSplitOut: 'body.items', options: {} } }, calling(sub)]));
	const ask = async (item: object) => (await post('declared', { items: [item] })).json[0];
	expect(await ask({ city: 'Oslo', days: 2, asked: 1 })).toMatchObject({ both: 'Oslo 2', _fastpath: { cache: 'miss' } });
	expect(await ask({ city: 'Oslo', days: 2, asked: 2 })).toMatchObject({ both: 'Oslo 2', _fastpath: { cache: 'hit' } });
	expect(await ask({ city: 'Oslo', days: 3, asked: 2 })).toMatchObject({ both: 'Oslo 3', _fastpath: { cache: 'miss' } });
});

test('fifty executions at once with one key run the sub-workflow once', async () => {
	standIn.setBehaviour({ delayMs: 1500 });
	const sub = await publish(row('shared', [CALLED, get('Fetch', `${standIn.url}/api/packages/7`)]));
	await publish(row('shared-main', [webhook('shared'), calling(sub, { keyFrom: 'fields', keyFields: 'body.of' })]));
	const answers = await Promise.all(Array.from({ length: 50 }, async () => await post('shared', { of: 'all' })));
	expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
	expect(answers.every(({ json }) => json[0]?.name === 'package-7')).toBe(true);
	expect(await executionsOf(sub)).toHaveLength(1);
	expect(standIn.counters().requests).toBe(1);
});

test('a failure is not kept, and later an old result stands in for one and says so', async () => {
	const sub = await add(row('fails', [CALLED, get('Fetch', `${standIn.url}/api/packages/3`)]));
	const parameters = { contentType: 'custom', ttlSeconds: 1, options: { staleIfErrorSeconds: 3600 } };
	const main = await add(row('fails-main', [MANUAL, calling(sub, parameters)]));
	standIn.setBehaviour({ failNext: { count: 1, status: 500 } });
	const failed = await instance.run(main);
	expect(failed.status).toBe('error');
	expect(JSON.stringify(failed.error)).toContain('The sub-workflow failed: ');
	expect(traces(await instance.run(main))).toMatchObject([{ cache: 'miss' }]);
	await delay(1100);
	standIn.setBehaviour({ failNext: { count: 1, status: 500 } });
	const stale = await instance.run(main);
	expect(outputOf(stale)[0]?.json).toMatchObject({ name: 'package-3', _fastpath: { cache: 'stale' } });
	expect(JSON.stringify(stale.nodes.Call?.[0]?.hints)).toContain('1 of them stale');
	expect((await executionsOf(sub)).map(({ status }) => status).sort()).toEqual(['error', 'error', 'success']);
});

test('binary data goes in and comes out, also long after the execution that made it', async () => {
	const file = { name: 'File', type: 'n8n-nodes-base.convertToFile', typeVersion: 1.1, parameters: { operation: 'toText', sourceProperty: 'text', options: { fileName: 'out.txt' } } };
	const read = { name: 'Read', type: 'n8n-nodes-base.extractFromFile', typeVersion: 1, parameters: { operation: 'text', destinationKey: 'read', options: {} } };
	const sub = await add(row('binary', [CALLED, read, set('Text', 'text', '={{ $json.read }} and back'), file]));
	const inOut = (text: string) => row(`binary-main ${text}`, [MANUAL, set('Text', 'text', text), file, calling(sub, { cacheScope: 'instance', options: { includeTrace: false } }), { ...read, name: 'Last' }]);
	const run = async (text: string) => await instance.run(await add(inOut(text)));
	const first = await run('there');
	expect(first.nodes.Last?.[0]?.data[0]?.[0]?.json).toMatchObject({ read: 'there and back' });
	for (const { id } of await executionsOf(sub)) await instance.api('POST', '/rest/executions/delete', { ids: [id] });
	const second = await run('there');
	expect(second.nodes.Last?.[0]?.data[0]?.[0]?.json).toMatchObject({ read: 'there and back' });
	expect(await executionsOf(sub)).toHaveLength(0);
	const [mine] = outputOf(second);
	expect(JSON.stringify(mine?.binary)).toContain(`executions/${second.id}/`);
	expect((await run('elsewhere')).nodes.Last?.[0]?.data[0]?.[0]?.json).toMatchObject({ read: 'elsewhere and back' });
	expect(await executionsOf(sub)).toHaveLength(1);
});

test('once for all items: results point to the items that they come from', async () => {
	const filter = { name: 'Some', type: 'n8n-nodes-base.filter', typeVersion: 2.2, parameters: { conditions: { options: { caseSensitive: true, typeValidation: 'loose', version: 2 }, combinator: 'and', conditions: [{ id: 'one', leftValue: '={{ Number($json.package) % 2 }}', rightValue: 1, operator: { type: 'number', operation: 'equals' } }] }, options: {} } };
	const sub = await add(row('together', [CALLED, set('More', 'more', 'yes'), filter as never, get('Fetch', `=${standIn.url}/api/packages/{{ $json.package }}`)]));
	const main = await add(row('together-main', [MANUAL, ...items(6), calling(sub, { mode: 'once' })]));
	for (const cache of ['miss', 'hit']) {
		const result = await instance.run(main);
		expect(traces(result)).toMatchObject(Array.from({ length: 3 }, () => ({ cache })));
		expect(outputOf(result).map(({ json }) => json.name)).toEqual(['package-1', 'package-3', 'package-5']);
		expect(outputOf(result).map(({ pairedItem }) => pairedItem)).toEqual([[{ item: 1 }], [{ item: 3 }], [{ item: 5 }]]);
	}
	expect(await executionsOf(sub)).toHaveLength(1);
});

test('a circle through n8n’s own Execute Sub-workflow is refused', async () => {
	const last = await publish(row('circle-last', [CALLED, set('Nothing', 'a', 'b')]));
	const between = await publish(row('circle-between', [CALLED, { name: 'Theirs', type: 'n8n-nodes-base.executeWorkflow', typeVersion: 1.2, parameters: { source: 'database', workflowId: { __rl: true, mode: 'id', value: last }, options: {} } as never }]));
	await edit(last, (workflow) => ({ ...workflow, nodes: row('circle-last', [CALLED, calling(between)]).nodes, connections: row('circle-last', [CALLED, calling(between)]).connections }));
	await instance.activate(last);
	const result = await instance.run(await add(row('circle', [MANUAL, calling(between)])));
	expect(result.status).toBe('error');
	expect(JSON.stringify(result.error)).toMatch(/is under way already and waits for this one/);
	expect((await executionsOf(between)).length + (await executionsOf(last)).length).toBe(2);
});

test('Stop ends the executions of the sub-workflow, and nothing is kept', async () => {
	const fetching = { name: 'Fetch', type: 'n8n-nodes-fastpath.pooledHttp', typeVersion: 4.2, parameters: { operation: 'request', url: `=${standIn.url}/api/packages/{{ $json.package }}`, options: {} } };
	const sub = await add(row('stopped', [CALLED, fetching]));
	const main = await add(row('stopped-main', [MANUAL, ...items(3), calling(sub)]));
	standIn.setBehaviour({ hang: true });
	const execution = await instance.startRun(main);
	await until(() => standIn.counters().inFlight === 3);
	await instance.stopExecution(execution);
	await until(() => standIn.counters().aborted === 3);
	expect((await instance.execution(execution)).status).toBe('canceled');
	await until(async () => (await executionsOf(sub)).every(({ status }) => status === 'canceled'));
	expect(await executionsOf(sub)).toHaveLength(3);
	standIn.setBehaviour();
	expect(traces(await instance.run(main)).every(({ cache }) => cache === 'miss')).toBe(true);
});

test('a sub-workflow that waits is named first, and with the yes of the user gives an error instead of making its parent wait', async () => {
	const pause = { name: 'Pause', type: 'n8n-nodes-base.wait', typeVersion: 1.1, parameters: { amount: 5, unit: 'minutes' } };
	const sub = await add(row('waiting', [CALLED, pause as never]));
	const result = await instance.run(await add(row('waiting-main', [MANUAL, calling(sub, { options: { cacheActs: true } })])));
	expect(result.status).toBe('error');
	expect(JSON.stringify(result.error)).toContain('The sub-workflow began to wait');
	expect((await executionsOf(sub)).map(({ status }) => status)).toEqual(['waiting']);
});

test('nodes of n8n that send are named by what they do, and run each time', async () => {
	const send = { name: 'Post', type: 'n8n-nodes-base.httpRequest', typeVersion: 4.2, parameters: { method: 'POST', url: `${standIn.url}/echo`, options: {} } };
	const slack = { name: 'Tell', type: 'n8n-nodes-base.slack', typeVersion: 2.3, parameters: {}, disabled: false };
	const sheet = { name: 'Read Sheet', type: 'n8n-nodes-base.googleSheets', typeVersion: 4.5, parameters: {} };
	const none = row('acting', [CALLED, send as never]);
	const sub = await add({ ...none, nodes: [...none.nodes, ...row('acting-more', [slack as never, sheet as never]).nodes] });
	const main = await add(row('acting-main', [MANUAL, calling(sub)]));
	await instance.run(main);
	const second = await instance.run(main);
	expect(traces(second)).toMatchObject([{ cache: 'bypass', notCached: 'the sub-workflow acts' }]);
	expect(JSON.stringify(second.nodes.Call?.[0]?.hints)).toContain('Post (sends POST), Tell (operation post).');
	expect(standIn.counters().requests).toBe(2);
});

test('a stale result is given at once, and the execution behind it outlives the one that began it', async () => {
	const sub = await add(row('behind', [CALLED, get('Fetch', `${standIn.url}/api/packages/4`)]));
	const main = await add(row('behind-main', [MANUAL, calling(sub, { contentType: 'custom', ttlSeconds: 2, options: { staleWhileRevalidateSeconds: 3600 } })]));
	await instance.run(main);
	await delay(2100);
	standIn.setBehaviour({ delayMs: 1000 });
	const stale = await instance.run(main);
	expect(traces(stale)).toMatchObject([{ cache: 'stale' }]);
	await until(async () => (await executionsOf(sub)).filter(({ status }) => status === 'success').length === 2);
	expect(traces(await instance.run(main))).toMatchObject([{ cache: 'hit' }]);
});

test.skipIf(!chromiumPath())('the panel shows the workflow, the mode, the cache, and what came from it', async () => {
	const sub = await add(twentyNodes('Look Up a Package', standIn.url));
	const workflowId = { __rl: true, mode: 'list', value: sub, cachedResultName: 'Look Up a Package' };
	const id = await add(row('panel', [MANUAL, ...items(4, 3), { ...calling(sub, { workflowId, options: { includeTrace: false } }), name: 'Cached Workflow' }]));
	await instance.run(id);
	const editor = await openEditor(instance);
	try {
		await openNode(editor, id, 'Cached Workflow');
		const panel = editor.page.locator('[data-test-id="ndv"]');
		for (const label of ['Source', 'Workflow', 'Mode', 'Same Input Means', 'Cache', 'Keep Answers For', 'Share Answers Within', 'Tags', 'Store']) {
			await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		}
		await panel.getByText('Execute step', { exact: true }).first().click();
		await panel.getByText('4 inputs: 3 from the cache').first().waitFor({ timeout: 15_000 });
		await screenshotPage(editor, path.join(PICTURES, 'cached-workflow.png'));
	} finally {
		await editor.close();
	}
});

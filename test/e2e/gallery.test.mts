/** Every workflow of workflows/ in one n8n: it imports whole, and what the gallery promises of it holds. */
import { globSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadWorkflow, type Addresses, type WorkflowFile } from '../demo/workflows.mts';
import { startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import type { ExecutionResult } from '../helpers/n8n-instance.mts';
import { galleryCredentials, ITEMS, STAND_IN } from '../toolchain/gallery.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FILES = globSync('*.json', { cwd: path.join(ROOT, 'workflows') }).map((file) => path.basename(file, '.json')).sort();

let installed: InstalledN8n;
let addresses: Addresses;
let types: Array<{ name: string; version: number | number[]; properties: Array<{ name: string }> }>;

beforeAll(async () => {
	installed = await startInstalledN8n({ standIn: STAND_IN });
	addresses = await galleryCredentials(installed);
	types = await installed.instance.api('GET', '/types/nodes.json');
});

beforeEach(() => installed.standIn.reset());

afterAll(async () => await installed?.close());

const calls = () => installed.standIn.counters().calls;
const output = (result: ExecutionResult, node: string, index = 0) => result.nodes[node]?.at(-1)?.data[index]?.map(({ json }) => json) ?? [];

/** What starts it, again and again, with the stand-in's counters at zero. */
async function run(workflow: WorkflowFile): Promise<(() => Promise<ExecutionResult>) & { readonly id: string }> {
	const id = await installed.instance.importWorkflow(workflow);
	const start = async () => {
		installed.standIn.reset();
		const result = await installed.instance.run(id);
		expect(result, JSON.stringify(result.error)).toMatchObject({ status: 'success' });
		return result;
	};
	return Object.assign(start, { id });
}

test.each(FILES)('%s has only nodes that n8n and this package have, with parameters that they know', (file) => {
	for (const { name, type, typeVersion, parameters } of (loadWorkflow(file, addresses).nodes as Array<WorkflowFile['nodes'][number] & { typeVersion: number }>)) {
		const known = types.find((candidate) => candidate.name === type && [candidate.version].flat().includes(typeVersion));
		expect(known, `${file}: ${name} is a ${type} ${typeVersion}`).toBeDefined();
		const names = new Set(known?.properties.map((property) => property.name));
		expect(Object.keys(parameters).filter((parameter) => !names.has(parameter)), `${file}: parameters of ${name}`).toEqual([]);
	}
});

describe('the gallery', () => {
	test('support tickets: twelve tickets of four texts are four calls, then none', async () => {
		const start = await run(loadWorkflow('support-tickets', addresses));
		const first = output(await start(), 'Savings')[0];
		expect(first).toMatchObject({ tickets: 12, askedOfTheModel: 4 });
		expect(first?.savedTokens).toBeGreaterThan(0);
		expect(calls()).toEqual({ 'POST /v1/chat/completions': 4 });
		const again = output(await start(), 'Savings')[0];
		expect(again).toMatchObject({ tickets: 12, askedOfTheModel: 0 });
		expect(again?.savedTokens).toBeGreaterThan(Number(first?.savedTokens));
		expect(calls()).toEqual({});
	});

	test('cached workflow: six orders of three packages are three executions, then none', async () => {
		const start = await run(loadWorkflow('cached-workflow', addresses));
		const wanted = [3, 1, 3, 7, 1, 3].map((index) => `package-${index}, number ${index} of the list`);
		for (const requests of [3, 0]) {
			const results = output(await start(), 'Cached Workflow');
			expect(results.map(({ description }) => description)).toEqual(wanted);
			expect(installed.standIn.counters().requests).toBe(requests);
		}
	});

	test('RAG insert: a second run embeds nothing, and one changed page is one text', async () => {
		const workflow = loadWorkflow('rag-insert', addresses);
		const start = await run(workflow);
		const stored = output(await start(), 'Vector Store');
		expect(stored).toHaveLength(5);
		expect(calls()).toEqual({ 'POST /v1/embeddings': 1 });
		const whole = installed.standIn.counters().tokens.total;
		await start();
		expect(calls()).toEqual({});
		const pages = workflow.nodes.find(({ name }) => name === 'Pages')!;
		pages.parameters.jsCode = String(pages.parameters.jsCode).replace('thirty days', 'sixty days');
		await installed.instance.api('PATCH', `/rest/workflows/${start.id}`, { nodes: workflow.nodes, connections: workflow.connections });
		await start();
		expect(calls()).toEqual({ 'POST /v1/embeddings': 1 });
		expect(installed.standIn.counters().tokens.total).toBeLessThan(whole / 2);
	});

	test('enrichment with resume: what is done is not sent again', async () => {
		const start = await run(loadWorkflow('batch-resume', addresses));
		installed.standIn.setBehaviour({ route: 'GET /api/packages/:i', failRatio: { ratio: 0.2, status: 400 } });
		await start();
		const failed = output(await start(), 'Batch Request', 2).length;
		installed.standIn.setBehaviour();
		const last = await start();
		expect(output(last, 'Batch Request', 2)).toEqual([]);
		expect(output(last, 'Batch Request')).toHaveLength(ITEMS.length);
		expect(calls()['GET /api/packages/:i'] ?? 0).toBe(failed);
	});

	test('alerts of objectives: the chat is told what an alert says, in words', async () => {
		const id = await installed.instance.importWorkflow(loadWorkflow('slo-alert', addresses));
		const set = await installed.instance.run(id, { triggerNode: 'Once' });
		expect(output(set, 'Set Objectives')[0]).toMatchObject({ settings: { slos: [{ name: 'Answers', successPercent: 99.5 }] } });
		const told = await installed.instance.run(id, { triggerNode: 'Alerts' });
		expect(told.status).toBe('success');
		expect(calls()).toEqual({ 'POST /echo': 1 });
		expect(JSON.stringify(output(told, 'Tell the Chat'))).toMatch(/raised, \w+: .+/);
	});

	test('the monitoring page is HTML with a row for each part of health, for those who may see it', async () => {
		const { instance } = installed;
		await instance.activate(await instance.importWorkflow(loadWorkflow('monitoring-page', addresses)));
		const page = `${instance.url}/webhook/performance`;
		expect((await fetch(page)).status).toBe(401);
		const response = await fetch(page, { headers: { authorization: `Basic ${btoa('gallery:gallery')}` } });
		expect(response.headers.get('content-type')).toMatch(/^text\/html/);
		const html = await response.text();
		for (const part of ['latency', 'errors', 'cache', 'connections', 'process', 'spending']) expect(html).toContain(`<th>${part}</th>`);
		expect(html).not.toContain('<script');
	});
});

import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { convert } from '../../lib/cli/convert.ts';
import { chromiumPath, openEditor, screenshotNode } from '../helpers/browser.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import type { N8nInstance } from '../helpers/n8n-instance.mts';
import type { StandIn } from '../stand-in/ai-provider.mts';

let installed: InstalledN8n;
let instance: N8nInstance;
let standIn: StandIn;

const ITEMS = Array.from({ length: 200 }, (_, index) => ({ index, name: `package-${index}` }));

beforeAll(async () => {
	installed = await startInstalledN8n({ standIn: { items: ITEMS } });
	({ instance, standIn } = installed);
});

beforeEach(() => {
	standIn.setBehaviour();
	standIn.reset();
});

afterAll(async () => await installed?.close());

const HTTP_REQUEST = { type: 'n8n-nodes-base.httpRequest', typeVersion: 4.2 };
const POOLED = { type: 'n8n-nodes-fastpath.pooledHttp', typeVersion: 4.2 };

/** Fetches a list, then works on its elements with the node in question. */
function workflow(name: string, node: { type: string; typeVersion: number }, parameters: Record<string, unknown>): Record<string, unknown> {
	const chain = [
		{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} },
		{ name: 'List', ...HTTP_REQUEST, parameters: { url: `${standIn.url}/items`, options: {} } },
		{ name: 'Http', ...node, parameters },
	];
	return {
		name,
		nodes: chain.map((entry, index) => ({ id: `${name}-${index}`, position: [index * 240, 0], ...entry })),
		connections: Object.fromEntries(
			chain.slice(0, -1).map((entry, index) => [entry.name, { main: [[{ node: chain[index + 1]?.name, type: 'main', index: 0 }]] }]),
		),
	};
}

test('200 HTTPS items give what HTTP Request gives, over at most 50 connections, and over none that is new the second time', async () => {
	const parameters = { url: `=${standIn.httpsUrl}/api/packages/{{ $json.index }}`, options: { allowUnauthorizedCerts: true } };
	const theirs = await instance.run(await instance.importWorkflow(workflow('theirs', HTTP_REQUEST, parameters)));
	expect(standIn.counters().handshakes).toMatchObject({ full: 200 });
	standIn.reset();

	const id = await instance.importWorkflow(workflow('ours', POOLED, parameters));
	const ours = await instance.run(id);
	expect(ours.nodes.Http?.[0]?.data).toEqual(theirs.nodes.Http?.[0]?.data);
	expect(ours.nodes.Http?.[0]?.data[0]).toHaveLength(200);
	const { connections, handshakes } = standIn.counters();
	expect(connections.https.opened).toBeLessThanOrEqual(50);
	expect(handshakes.full + handshakes.resumed).toBeLessThanOrEqual(50);
	standIn.reset();

	await instance.run(id);
	expect(standIn.counters()).toMatchObject({ connections: { https: { opened: 0 } }, handshakes: { full: 0, resumed: 0 } });
});

test('a workflow that the converter changed gives the same items, pages and bodies included', async () => {
	const counting = { type: 'qs', name: 'page', value: '={{ $pageCount + 1 }}' };
	const pagination = { paginationMode: 'updateAParameterInEachRequest', parameters: { parameters: [counting] }, limitPagesFetched: true, maxRequests: 2 };
	const parameters = {
		method: 'POST',
		url: `${standIn.url}/echo`,
		sendBody: true,
		contentType: 'form-urlencoded',
		bodyParameters: { parameters: [{ name: 'name', value: '={{ $json.name }}' }] },
		options: { pagination: { pagination }, batching: { batch: { batchSize: 100, batchInterval: 10 } } },
	};
	const original = workflow('converted', HTTP_REQUEST, parameters);
	const theirs = await instance.run(await instance.importWorkflow(original));
	const { json, changed } = convert(original, false);
	expect(changed).toEqual(['List', 'Http']);
	const ours = await instance.run(await instance.importWorkflow(json as Record<string, unknown>));
	expect(ours.nodes.Http?.[0]?.data[0]).toHaveLength(400);
	const bodies = (side: typeof ours) => side.nodes.Http?.[0]?.data[0]?.map(({ json: { body, url }, pairedItem }) => ({ body, url, pairedItem }));
	expect(bodies(ours)).toEqual(bodies(theirs));
});

test('Stop closes the requests under way', async () => {
	standIn.setBehaviour({ route: '/api', hang: true });
	const parameters = { url: `=${standIn.url}/api/packages/{{ $json.index }}`, options: { concurrency: 5 } };
	const execution = await instance.startRun(await instance.importWorkflow(workflow('stopped', POOLED, parameters)));
	await expect.poll(() => standIn.counters().inFlight).toBe(5);
	await instance.stopExecution(execution);
	await expect.poll(() => standIn.counters().aborted).toBe(5);
	expect(standIn.counters().calls['GET /api/packages/:i']).toBe(5);
});

test.skipIf(!chromiumPath())('the panel has the fields of HTTP Request, and takes a cURL command', async () => {
	const options = {
		pagination: { pagination: { paginationMode: 'responseContainsNextURL', nextURL: '' } },
		batching: { batch: { batchSize: 5 } },
	};
	const id = await instance.importWorkflow(workflow('panel', POOLED, { url: `${standIn.url}/echo`, sendHeaders: true, options }));
	const editor = await openEditor(instance);
	try {
		await screenshotNode(editor, id, 'Http', path.join(PICTURES, 'pooled-http.png'));
		const panel = editor.page.locator('[data-test-id="ndv"]');
		for (const label of ['Method', 'URL', 'Authentication', 'Send Query Parameters', 'Send Headers', 'Send Body', 'Options', 'Pagination Mode', 'Next URL', 'Items per Batch']) {
			await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		}
		await panel.getByText('Import cURL').first().click();
		const command = `curl -X POST ${standIn.url}/echo -H 'x-from: curl' -d '{"a":1}' -H 'content-type: application/json'`;
		await editor.page.locator('textarea:visible').last().fill(command);
		await editor.page.getByRole('button', { name: 'Import', exact: true }).click();
		const values = async () =>
			await panel.locator('input').evaluateAll((inputs) => inputs.map((input) => (input as unknown as { value: string }).value));
		await expect.poll(values).toEqual(expect.arrayContaining(['POST', 'x-from', 'curl']));
		await editor.page.screenshot({ path: path.join(PICTURES, 'pooled-http-curl.png') });
	} finally {
		await editor.close();
	}
});

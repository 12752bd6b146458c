import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumPath, openEditor, screenshotNode } from '../helpers/browser.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import type { ExecutionResult } from '../helpers/n8n-instance.mts';

const CREATE = 'POST /v1/batches';
const ITEMS = Array.from({ length: 20 }, (_item, index) => ({ index, name: index === 7 ? 'package [expires]' : `package-${index}` }));

let installed: InstalledN8n;
let credential: { id: string; name: string };

beforeAll(async () => {
	installed = await startInstalledN8n({ standIn: { items: ITEMS, batchPolls: 2 } });
	const { instance, standIn } = installed;
	credential = await instance.createCredential({ name: 'Stand-in', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false } });
});

afterAll(async () => await installed?.close());

interface Example {
	nodes: Array<Record<string, unknown>>;
	connections: Record<string, unknown>;
}

/** The example, at the stand-in's address, with another Wait and in a workflow of its own. */
async function importExample(name: string, wait: Record<string, unknown>, change = (example: Example) => example): Promise<string> {
	const example = await readFile(path.resolve(import.meta.dirname, '../../workflows/ai-batch.json'), 'utf8');
	const workflow = JSON.parse(example.replaceAll('http://127.0.0.1:8080', installed.standIn.url)) as Example;
	const nodes = workflow.nodes.map((node) => ({
		...node,
		...(node.type === 'n8n-nodes-fastpath.cachedAiCall' ? { credentials: { openAiApi: credential } } : {}),
		...(node.name === 'Wait' ? { parameters: wait } : {}),
	}));
	return await installed.instance.importWorkflow({ ...change({ ...workflow, nodes }), name });
}

/** A Wait for a webhook puts out what the webhook brings: behind it, what was submitted. */
function withSubmittedItem({ nodes, connections, ...rest }: Example): Example {
	const submitted = {
		id: 'submitted',
		name: 'Submitted',
		type: 'n8n-nodes-base.set',
		typeVersion: 3.4,
		position: [760, 160],
		parameters: { mode: 'raw', jsonOutput: "={{ JSON.stringify($('Submit Batch').first().json) }}", options: {} },
	};
	const to = (node: string) => ({ main: [[{ node, type: 'main', index: 0 }]] });
	return { ...rest, nodes: [...nodes, submitted], connections: { ...connections, Wait: to('Submitted'), Submitted: to('Get Batch Status') } };
}

function expectAnswers({ nodes }: ExecutionResult): void {
	const [answered = [], failed = []] = nodes['Collect Batch Results']?.at(-1)?.data ?? [];
	expect(answered.map(({ json }) => json.reference)).toEqual(ITEMS.filter(({ index }) => index !== 7).map(({ name }) => name));
	expect(answered.every(({ json }) => typeof json.text === 'string' && json.text !== '')).toBe(true);
	expect(failed).toHaveLength(1);
	expect(failed[0]?.json).toMatchObject({ error: expect.stringMatching(/expired/), details: { state: 'expired', reference: 'package [expires]', item: 7 } });
	expect(nodes['Answers']?.[0]?.data[0]).toHaveLength(19);
	expect(nodes['Not Answered']?.[0]?.data[0]).toHaveLength(1);
}

test('the example workflow waits in a loop until the batch is done, and collects it', async () => {
	const id = await importExample('loop', { resume: 'timeInterval', amount: 1, unit: 'seconds' });
	const result = await installed.instance.run(id);
	expect(result.error).toBeUndefined();
	expectAnswers(result);
	expect(result.nodes['Get Batch Status']?.map(({ data }) => data[0]?.[0]?.json.done)).toEqual([false, false, true]);
	expect(installed.standIn.counters().calls[CREATE]).toBe(1);
});

test('a batch outlives the n8n that submitted it', async () => {
	const id = await importExample('restart', { resume: 'webhook' }, withSubmittedItem);
	const execution = await installed.instance.startRun(id);
	const status = async (wanted: string) =>
		await expect.poll(async () => (await installed.instance.execution(execution)).status, { timeout: 20_000, interval: 100 }).toBe(wanted);
	await status('waiting');
	const before = installed.standIn.counters().calls[CREATE];
	await installed.restart();
	for (let look = 1; look <= 3; look += 1) {
		// The loop comes back to Wait until the batch is done.
		await status('waiting');
		expect((await resume(execution)).ok).toBe(true);
		await expect.poll(async () => (await installed.instance.execution(execution)).nodes['Get Batch Status']?.length, { timeout: 20_000, interval: 100 }).toBe(look);
	}
	await status('success');
	expectAnswers(await installed.instance.execution(execution));
	expect(installed.standIn.counters().calls[CREATE]).toBe(before);
});

/** n8n says no while it still writes down that the execution waits. */
async function resume(execution: string): Promise<Response> {
	for (let attempt = 0; ; attempt += 1) {
		const { url } = installed.instance;
		const { data } = (await installed.instance.execution(execution)).raw as { data?: { resumeToken?: string } };
		const resumeToken = data?.resumeToken;
		const answer = await fetch(`${url}/webhook-waiting/${execution}${resumeToken === undefined ? '' : `?signature=${resumeToken}`}`);
		if (answer.ok || attempt === 20) return answer;
		await answer.body?.cancel();
		await delay(100);
	}
}

test.skipIf(!chromiumPath())('the panels show what a batch needs, and no more', async () => {
	const id = await importExample('panel', { resume: 'timeInterval', amount: 1, unit: 'seconds' });
	const editor = await openEditor(installed.instance);
	try {
		await screenshotNode(editor, id, 'Submit Batch', path.join(PICTURES, 'submit-batch.png'));
		const panel = editor.page.locator('[data-test-id="ndv"]');
		for (const label of ['Model', 'Prompt', 'Reference', 'Cache', 'Store']) await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		await screenshotNode(editor, id, 'Get Batch Status', path.join(PICTURES, 'get-batch-status.png'));
		for (const label of ['Operation', 'Provider', 'Batch ID']) await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		for (const label of ['Model', 'Prompt', 'Cache', 'Reference']) expect(await panel.getByText(label, { exact: true }).count()).toBe(0);
		await screenshotNode(editor, id, 'Collect Batch Results', path.join(PICTURES, 'collect-batch.png'));
		for (const label of ['Batch ID', 'Cache', 'Keep Answers For']) await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		expect(await panel.getByText('Share Answers Within', { exact: true }).count()).toBe(0);
	} finally {
		await editor.close();
	}
});

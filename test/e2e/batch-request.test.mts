import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumPath, openEditor, screenshotNode } from '../helpers/browser.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';

let installed: InstalledN8n;
let workflowId: string;
let gatherId: string;

beforeAll(async () => {
	installed = await startInstalledN8n({ standIn: { items: Array.from({ length: 200 }, (_item, index) => ({ index, name: `package-${index}` })) } });
	const { instance, standIn } = installed;
	const imported = async (name: string) => {
		const example = await readFile(path.resolve(import.meta.dirname, '../../workflows', name), 'utf8');
		return await instance.importWorkflow(JSON.parse(example.replaceAll('http://127.0.0.1:8080', standIn.url)) as Record<string, unknown>);
	};
	workflowId = await imported('batch-request.json');
	gatherId = await imported('batch-gather.json');
});

afterAll(async () => await installed?.close());

test('the example workflow answers 200 items in order and sums them up', async () => {
	const { nodes } = await installed.instance.run(workflowId);
	const [done = [], summary = [], failed = []] = nodes['Batch Request']?.[0]?.data ?? [];
	expect(done).toHaveLength(200);
	expect(done.map(({ pairedItem }) => pairedItem)).toEqual(Array.from({ length: 200 }, (_item, item) => ({ item })));
	expect(summary).toMatchObject([{ json: { items: 200, ok: 200, failed: 0, cancelled: 0 } }]);
	expect(failed).toEqual([]);
});

test.skipIf(!chromiumPath())('the panel has the fields of Pooled HTTP and those of the batch', async () => {
	const editor = await openEditor(installed.instance);
	try {
		await screenshotNode(editor, workflowId, 'Batch Request', path.join(PICTURES, 'batch-request.png'));
		const panel = editor.page.locator('[data-test-id="ndv"]');
		for (const label of ['Method', 'URL', 'When Items Fail', 'Failed Share (Percent)', 'Concurrency', 'Summary Output', 'Time Limit (Seconds)']) {
			await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		}
	} finally {
		await editor.close();
	}
});

test.skipIf(!chromiumPath())('gathering has fields of its own in the panel, in place of the body, pages and single responses', async () => {
	const editor = await openEditor(installed.instance, { height: 1500 });
	try {
		await screenshotNode(editor, gatherId, 'Batch Request', path.join(PICTURES, 'batch-gather.png'));
		const panel = editor.page.locator('[data-test-id="ndv"]');
		for (const label of ['Body Format', 'Item', 'List in Body', 'Results in Answer', 'Match Results', 'Key in Item', 'Key in Result', 'Max Items per Request', 'Max Wait (Ms)']) {
			await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		}
		expect(await panel.getByText('Send Body', { exact: true }).count()).toBe(0);
	} finally {
		await editor.close();
	}
});

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadWorkflow, type Addresses, type WorkflowFile } from '../demo/workflows.mts';
import { chromiumPath, openEditor, openNode, screenshotNode } from '../helpers/browser.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import type { ExecutionResult } from '../helpers/n8n-instance.mts';
import { galleryCredentials, STAND_IN } from '../toolchain/gallery.mts';

const CHAT = 'POST /v1/chat/completions';

let installed: InstalledN8n;
let addresses: Addresses;

beforeAll(async () => {
	installed = await startInstalledN8n({ standIn: STAND_IN });
	addresses = await galleryCredentials(installed);
});

beforeEach(() => installed.standIn.reset());

afterAll(async () => await installed?.close());

const output = (result: ExecutionResult, node: string) => result.nodes[node]?.at(-1)?.data[0]?.map(({ json }) => json) ?? [];
const calls = () => installed.standIn.counters().calls[CHAT] ?? 0;

async function run(id: string): Promise<ExecutionResult> {
	const result = await installed.instance.run(id);
	expect(result, JSON.stringify(result.error)).toMatchObject({ status: 'success' });
	return result;
}

function alone(name: string, parameters: Record<string, unknown>): Record<string, unknown> {
	const nodes = [
		{ id: 't-0', name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, position: [0, 0], parameters: {} },
		{ id: 't-1', name: 'Template', type: 'n8n-nodes-fastpath.promptTemplate', typeVersion: 1, position: [240, 0], parameters },
	];
	return { name, nodes, connections: { Start: { main: [[{ node: 'Template', type: 'main', index: 0 }]] } }, settings: { executionOrder: 'v1' } };
}

/** The example; `change` edits it before it is imported. */
async function example(change: (file: WorkflowFile) => void = () => {}): Promise<string> {
	const file = loadWorkflow('prompt-templates', addresses);
	change(file);
	return await installed.instance.importWorkflow(file);
}

test('from the library to answers: asked once, then never, and anew where a partial has changed', async () => {
	const id = await example();
	const first = await run(id);
	expect(output(first, 'Fill the Library')).toEqual([{ created: 3, replaced: 0, unchanged: 0, skipped: 0 }]);
	expect(output(first, 'Find a Template')).toMatchObject([{ name: 'packages/tag', version: '1', fields: ['packageName', 'summary'] }]);
	const answers = output(first, 'Tag Packages');
	expect([answers.length, answers.filter(({ cached }) => cached).length, calls()]).toEqual([20, 0, 20]);
	expect(answers.every(({ text }) => typeof text === 'string' && text !== '')).toBe(true);

	const second = await run(id);
	expect(output(second, 'Fill the Library')).toEqual([{ created: 0, replaced: 0, unchanged: 3, skipped: 0 }]);
	expect([output(second, 'Tag Packages').filter(({ cached }) => cached).length, calls()]).toEqual([20, 20]);

	const changed = await example(({ nodes }) => {
		const library = nodes.find(({ name }) => name === 'Fill the Library')!;
		library.parameters.importJson = String(library.parameters.importJson).replace('truncate: 300', 'truncate: 20');
	});
	const third = await run(changed);
	expect(output(third, 'Fill the Library')).toEqual([{ created: 1, replaced: 0, unchanged: 2, skipped: 0 }]);
	expect([output(third, 'Tag Packages').filter(({ cached }) => cached).length, calls()]).toEqual([0, 40]);
});

test('the library is there after a restart, in a file that others cannot read', async () => {
	await run(await installed.instance.importWorkflow(alone('save', { operation: 'save', name: 'kept', templateText: 'Kept: {{ x }}' })));
	const file = path.join(installed.userFolder, '.n8n', 'fastpath', 'templates.sqlite');
	expect((await stat(file)).mode & 0o777).toBe(0o600);
	await installed.restart();
	const result = await run(await installed.instance.importWorkflow(alone('get', { operation: 'get', templateName: { __rl: true, mode: 'list', value: 'kept' } })));
	expect(output(result, 'Template')).toMatchObject([{ name: 'kept', version: '1', text: 'Kept: {{ x }}' }]);
});

test.skipIf(!chromiumPath())('the panel takes braces as they are, and lists the templates of the library', async () => {
	await run(await installed.instance.importWorkflow(alone('listed', { operation: 'save', name: 'listed', templateText: 'Listed {{ x }}' })));
	const id = await installed.instance.importWorkflow(alone('panel', {}));
	const library = await installed.instance.importWorkflow(alone('library', { templateFrom: 'library', templateName: { __rl: true, mode: 'list', value: '' } }));
	const save = await installed.instance.importWorkflow(alone('save panel', { operation: 'save' }));
	const editor = await openEditor(installed.instance, { height: 1100 });
	try {
		const { page } = editor;
		const panel = page.locator('[data-test-id="ndv"]');
		await screenshotNode(editor, id, 'Template', path.join(PICTURES, 'prompt-template-fill.png'));
		const field = panel.locator('[data-test-id="parameter-input-templateText"] textarea, [data-test-id="parameter-input-field"] textarea, textarea').first();
		await field.fill('');
		await field.pressSequentially('Hello {{ name }}, {% if vip %}dear{% endif %}');
		await page.waitForTimeout(500);
		await page.screenshot({ path: path.join(PICTURES, 'prompt-template-typed.png') });
		expect(await field.inputValue()).toBe('Hello {{ name }}, {% if vip %}dear{% endif %}');
		await screenshotNode(editor, save, 'Template', path.join(PICTURES, 'prompt-template-save.png'));
		await openNode(editor, library, 'Template');
		await panel.locator('[data-test-id="rlc-input"]').first().click();
		await page.getByText('listed', { exact: true }).first().waitFor({ timeout: 10_000 });
		await page.screenshot({ path: path.join(PICTURES, 'prompt-template-library.png') });
		await screenshotNode(editor, await example(), 'Tag Packages', path.join(PICTURES, 'prompt-template-ai-call.png'));
		const body = { method: 'POST', url: installed.standIn.url, sendBody: true, contentType: 'template' };
		const batch = alone('batch', body);
		Object.assign((batch.nodes as Array<Record<string, unknown>>)[1]!, { type: 'n8n-nodes-fastpath.batchRequest' });
		await screenshotNode(editor, await installed.instance.importWorkflow(batch), 'Template', path.join(PICTURES, 'prompt-template-batch.png'));
	} finally {
		await editor.close();
	}
});

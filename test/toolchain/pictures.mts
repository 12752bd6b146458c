/**
 * The pictures of README and docs, from n8n's own editor: `npm run pictures` writes docs/pictures/workflows and
 * docs/pictures/nodes, and the one at the top of the README. It needs Chromium; nothing but the pictures changes.
 */
import { globSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { loadWorkflow, type Addresses, type WorkflowFile } from '../demo/workflows.mts';
import { openEditor, openWorkflow, screenshotPanel, type Editor } from '../helpers/browser.mts';
import { startInstalledN8n } from '../helpers/installed-n8n.mts';
import { builtNodes, typeName } from './built-nodes.mts';
import { galleryCredentials, STAND_IN } from './gallery.mts';
import { SHOWN_ENDPOINT } from './gallery-page.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PICTURES = path.join(ROOT, 'docs', 'pictures');
const CANVAS = { width: 1400, height: 800 };
/** Around what is drawn; below a node stands its name. */
const MARGIN = 24;
const LABEL = 60;
const PANEL = { width: 1180, height: 760 };

/** The port that the workflows name, so that the pictures show the same. */
const installed = await startInstalledN8n({ standIn: { ...STAND_IN, port: 8080 } });
const { instance } = installed;
const only = process.argv.slice(2);
const isWanted = (name: string) => only.length === 0 || only.includes(name);
try {
	const addresses = await galleryCredentials(installed);
	const canvas = await openEditor(instance, CANVAS);
	const files = globSync('*.json', { cwd: path.join(ROOT, 'workflows') }).map((file) => path.basename(file, '.json'));
	for (const file of [...files, SHOWN_ENDPOINT].filter(isWanted)) {
		await openWorkflow(canvas, await instance.importWorkflow(withCredentials(loadWorkflow(file, addresses), addresses)));
		await drawCanvas(canvas, path.join(PICTURES, 'workflows', `${file}.png`));
	}
	await canvas.close();

	const panels = await openEditor(instance, PANEL);
	if (isWanted('saved')) await drawSaved(panels);
	const nodes = builtNodes();
	const workflow = { name: 'Panels', nodes: nodes.map((node, index) => ({ id: `${index}`, name: node.description.displayName, type: typeName(node), typeVersion: [node.description.version].flat().at(-1), position: [(index % 4) * 240, Math.floor(index / 4) * 200], parameters: {} })) };
	await openWorkflow(panels, await instance.importWorkflow(workflow));
	for (const { className, description } of nodes.filter((node) => isWanted(node.className))) {
		await screenshotPanel(panels, description.displayName, path.join(PICTURES, 'nodes', `${className}.png`));
	}
	await panels.close();

	/** The answers of a second run, with what they saved. */
	async function drawSaved(editor: Editor): Promise<void> {
		const id = await instance.importWorkflow(loadWorkflow('support-tickets', addresses));
		await instance.run(id);
		await openWorkflow(editor, id);
		await editor.page.locator('[data-test-id="execute-workflow-button"]').first().click();
		const told = editor.page.getByText('Workflow executed successfully').first();
		await told.waitFor();
		await told.waitFor({ state: 'detached' });
		await screenshotPanel(editor, 'Triage', path.join(PICTURES, 'saved.png'));
	}
} finally {
	await installed.close();
}

/** Without a warning at the nodes for which the file leaves the choice. */
function withCredentials(workflow: WorkflowFile, { credentials: { openAiApi } }: Addresses): WorkflowFile {
	const asks = /cachedAiCall$|OpenAi$/;
	return { ...workflow, nodes: workflow.nodes.map((node) => (openAiApi && asks.test(node.type) ? { credentials: { openAiApi }, ...node } : node)) };
}

/** The nodes and notes alone, without the buttons that float over them. */
async function drawCanvas({ page }: Editor, file: string): Promise<void> {
	await page.locator('[data-test-id="zoom-to-fit"]').click();
	await page.mouse.move(4, CANVAS.height - 4);
	await page.waitForTimeout(800);
	const floating = ['button', '[data-test-id="canvas-controls"]', '[data-test-id="canvas-minimap"]', '[data-test-id="canvas-handle-plus"]'];
	await page.addStyleTag({ content: `${floating.join(', ')} { visibility: hidden !important }` });
	const boxes = await Promise.all((await page.locator('.vue-flow__node').all()).map(async (node) => await node.boundingBox()));
	const seen = boxes.filter((box) => box !== null);
	const [left, top] = [Math.min(...seen.map(({ x }) => x)) - MARGIN, Math.min(...seen.map(({ y }) => y)) - MARGIN];
	const [right, bottom] = [Math.max(...seen.map(({ x, width }) => x + width)) + MARGIN, Math.max(...seen.map(({ y, height }) => y + height)) + LABEL];
	await mkdir(path.dirname(file), { recursive: true });
	await page.screenshot({ path: file, clip: { x: left, y: top, width: right - left, height: bottom - top } });
}

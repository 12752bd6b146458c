/**
 * The package's life in an n8n: put in place by the installer's own steps, seen, searched, used, updated under load, uninstalled. What
 * is not here is the download: n8n takes packages from the public registry alone, unless it has a licence for another one.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, openEditor, openWorkflow, screenshotPage, screenshotPanel, type Editor } from '../helpers/browser.mts';
import { nextVersion, overwritePackage, recordPackage } from '../helpers/community-package.mts';
import { PICTURES } from '../helpers/installed-n8n.mts';
import { createUserFolder, packPackage, startN8n, type N8nInstance } from '../helpers/n8n-instance.mts';
import { startStandIn, type StandIn } from '../stand-in/ai-provider.mts';
import { builtNodes, manifest, typeName } from '../toolchain/built-nodes.mts';

const NEXT = '0.99.0';
const nodes = builtNodes();

let tarball: string;
let next: string;
let userFolder: string;
let standIn: StandIn;
let instance: N8nInstance;

beforeAll(async () => {
	tarball = await packPackage();
	next = await nextVersion(tarball, NEXT);
	userFolder = await createUserFolder({ tarball });
	standIn = await startStandIn({ items: [{}, {}, {}, {}, {}] });
	// With it, n8n loads a package anew when its files change, by the steps of its updates.
	instance = await startN8n({ userFolder, env: { N8N_DEV_RELOAD: 'true' } });
	const recorded = nodes.map((node) => ({ displayName: node.description.displayName, type: typeName(node), version: [node.description.version].flat().at(-1) ?? 1 }));
	recordPackage(userFolder, manifest, recorded);
});

afterAll(async () => {
	await instance?.stop();
	await standIn?.close();
	for (const folder of [userFolder, tarball && path.dirname(tarball), next && path.dirname(next)]) if (folder) await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!chromiumPath())('in the editor', () => {
	let editor: Editor;
	const one = (id: string) => editor.page.locator(`[data-test-id="${id}"]`);

	beforeAll(async () => (editor = await openEditor(instance)));
	afterAll(async () => await editor?.close());

	async function searchNodes(text: string): Promise<void> {
		await one('node-creator-plus-button').click();
		await one('node-creator-search-bar').fill(text);
	}

	async function newWorkflow(): Promise<void> {
		await editor.page.goto(`${instance.url}/workflow/new`);
		await one('canvas-plus-button').first().waitFor();
	}

	test('the package is listed among the community nodes, with its nodes', async () => {
		await editor.page.goto(`${instance.url}/settings/community-nodes`);
		const card = one('community-package-card').filter({ hasText: manifest.name });
		for (const text of [`v${manifest.version}`, ...nodes.map(({ description }) => description.displayName)]) await card.filter({ hasText: text }).waitFor();
		await screenshotPage(editor, path.join(PICTURES, 'install', 'settings.png'));
	});

	test('the search of the node panel finds every node, by its name and by the name of the package', async () => {
		await newWorkflow();
		await one('node-creator-plus-button').click();
		const missing: string[] = [];
		for (const { description } of nodes) {
			for (const text of [description.displayName, 'Fastpath']) {
				await one('node-creator-search-bar').fill(text);
				// n8n shows triggers there without the word, and with a flash.
				const shown = description.displayName.replace(/ Trigger$/, '');
				const found = one('node-creator').locator('[data-test-id="item-iterator-item"]').filter({ hasText: shown }).first();
				await found.waitFor({ timeout: 5000 }).catch(() => missing.push(`${description.displayName} by ${text}`));
			}
		}
		expect(missing).toEqual([]);
	});

	test('an action is dragged onto the canvas, filled in and executed', async () => {
		await newWorkflow();
		await searchNodes('Pooled HTTP');
		await one('item-iterator-item').filter({ hasText: 'Pooled HTTP' }).first().click();
		const action = one('node-creator').locator('[draggable]').filter({ hasText: 'Make a pooled HTTP request' });
		await action.dragTo(one('canvas-wrapper'), { targetPosition: { x: 420, y: 300 } });
		await one('parameter-input-url').locator('input, textarea').first().fill(`${standIn.url}/slow/1`);
		await one('node-execute-button').click();
		await one('node-run-status-success').waitFor();
		await one('output-panel').filter({ hasText: 'waitedMs' }).waitFor();
		expect(standIn.counters().calls).toEqual({ 'GET /slow/:ms': 1 });
		await screenshotPage(editor, path.join(PICTURES, 'install', 'executed.png'));
	});

	test('every panel opens as a user would first see it, in light and in dark', async () => {
		const workflowNodes = nodes.map((node, index) => ({
			id: `panel-${index}`,
			name: node.description.displayName,
			type: typeName(node),
			typeVersion: [node.description.version].flat().at(-1),
			position: [index * 220, 0],
			parameters: {},
		}));
		const id = await instance.importWorkflow({ name: 'Panels', nodes: workflowNodes });
		for (const colorScheme of ['light', 'dark'] as const) {
			await editor.page.emulateMedia({ colorScheme });
			await openWorkflow(editor, id);
			for (const { className, description } of nodes) {
				const shown = await screenshotPanel(editor, description.displayName, path.join(PICTURES, 'panels', `${className}-${colorScheme}.png`));
				expect(shown).not.toMatch(/undefined|\[object|unrecognized|install this node/i);
				const asked = description.properties.filter(({ required, displayOptions }) => required && !displayOptions);
				for (const { displayName } of asked) expect(shown, className).toContain(displayName);
			}
		}
		await editor.page.emulateMedia({ colorScheme: 'light' });
	});
});

test('an update under load loses no execution, goes on with the cache and with a batch, and leaves no socket of the old version', async () => {
	const openAiApi = await instance.createCredential({ name: 'OpenAI', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false } });
	const hook = (name: string, node: Record<string, unknown>) => ({
		name,
		nodes: [
			{ id: '1', name: 'Hook', type: 'n8n-nodes-base.webhook', typeVersion: 2.1, webhookId: name, position: [0, 0], parameters: { path: name, httpMethod: 'POST', responseMode: 'lastNode', options: {} } },
			{ id: '2', name: 'Items', type: 'n8n-nodes-base.splitOut', typeVersion: 1, position: [220, 0], parameters: { fieldToSplitOut: 'body.ids', options: { destinationFieldName: 'id' } } },
			{ id: '3', name: 'Work', position: [440, 0], ...node },
		],
		connections: { Hook: { main: [[{ node: 'Items', type: 'main', index: 0 }]] }, Items: { main: [[{ node: 'Work', type: 'main', index: 0 }]] } },
	});
	const pooled = { type: `${manifest.name}.pooledHttp`, typeVersion: 1, parameters: { url: `${standIn.url}/slow/400` } };
	const asked = { type: `${manifest.name}.cachedAiCall`, typeVersion: 1, parameters: { provider: 'openAi', model: { __rl: true, mode: 'id', value: 'gpt-4o-mini' }, prompt: 'tag this package: updates' }, credentials: { openAiApi } };
	const batch = { type: `${manifest.name}.batchRequest`, typeVersion: 1, parameters: { url: `=${standIn.url}/api/packages/{{ $json.id }}`, resume: 'key', batchKey: 'november' } };
	for (const workflow of [hook('slow', pooled), hook('cached', asked), hook('batch', batch)]) await instance.activate(await instance.importWorkflow(workflow));
	const call = async (name: string, ...ids: number[]) => {
		const response = await fetch(`${instance.url}/webhook/${name}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ids: [1, ...ids] }) });
		return { status: response.status, text: await response.text() };
	};
	const before = await call('cached');
	expect((await call('batch', 2, 3)).status).toBe(200);
	standIn.reset();

	let loading = true;
	type Answer = { begun: number; done: boolean; text: string };
	const answers: Answer[] = [];
	const load = Array.from({ length: 6 }, async () => {
		while (loading) {
			const begun = performance.now();
			const { status, text } = await call('slow');
			answers.push({ begun, done: status === 200, text });
		}
	});
	await expect.poll(() => answers.length, { timeout: 20_000 }).toBeGreaterThan(6);
	const { opened } = standIn.counters().connections.http;
	const replacing = performance.now();
	await overwritePackage(userFolder, manifest.name, next);
	const isNew = async () => {
		const types = (await instance.api('GET', '/types/nodes.json')) as Array<{ name: string; codex?: { alias?: string[] } }>;
		return nodes.every((node) => types.find(({ name }) => name === typeName(node))?.codex?.alias?.includes(NEXT));
	};
	await expect.poll(isNew, { timeout: 30_000, interval: 500 }).toBe(true);
	const replaced = performance.now();
	const served = answers.length;
	await expect.poll(() => answers.length, { timeout: 20_000 }).toBeGreaterThan(served + 12);
	loading = false;
	await Promise.all(load);

	// n8n forgets the nodes before it loads them anew, and refuses by itself what comes in that moment: nothing of it is sent.
	const between = ({ begun }: Answer) => begun >= replacing && begun <= replaced;
	expect(answers.filter((answer) => !answer.done && !between(answer))).toEqual([]);
	for (const { done, text } of answers) if (!done) expect(text).toMatch(/Unrecognized node type|problem executing the workflow|Error in workflow/);
	const after = await call('cached');
	expect(JSON.parse(before.text)).toMatchObject({ text: 'Tags: updates', cached: false });
	expect(JSON.parse(after.text)).toMatchObject({ text: 'Tags: updates', cached: true });
	expect((await call('batch', 2, 3, 4)).status).toBe(200);
	expect(standIn.counters().calls).toEqual({ 'GET /slow/:ms': answers.filter(({ done }) => done).length, 'GET /api/packages/:i': 1 });
	// The new version has opened its own, and those of the old one are closed.
	const { http } = standIn.counters().connections;
	expect(http.opened).toBeGreaterThan(opened);
	expect(http.open).toBeLessThanOrEqual(http.opened - opened);
	expect(instance.logs()).not.toMatch(/Hot reload failed/);
});

test.skipIf(!chromiumPath())('uninstalling takes the nodes and the files away, and n8n goes on', async () => {
	const editor = await openEditor(instance);
	const one = (id: string) => editor.page.locator(`[data-test-id="${id}"]`);
	try {
		await editor.page.goto(`${instance.url}/settings/community-nodes`);
		await one('community-package-card').locator('[data-test-id="action-toggle"]').click();
		await one('action-uninstall').click();
		await editor.page.getByRole('button', { name: /uninstall/i }).last().click();
		await one('community-package-card').waitFor({ state: 'detached' });
	} finally {
		await editor.close();
	}
	expect(await instance.api('GET', '/rest/community-packages')).toEqual([]);
	expect(existsSync(path.join(userFolder, '.n8n', 'nodes', 'node_modules', manifest.name))).toBe(false);
	const types = (await instance.api('GET', '/types/nodes.json')) as Array<{ name: string }>;
	expect(types.filter(({ name }) => name.startsWith(manifest.name))).toEqual([]);
	expect((await fetch(`${instance.url}/healthz`)).status).toBe(200);
});

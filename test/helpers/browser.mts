/** n8n's editor in a headless Chromium: for pictures, and for tests that see what a user sees. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { findProgram } from '../toolchain/system-packages.mts';
import type { N8nInstance } from './n8n-instance.mts';

export interface EditorOptions {
	width?: number;
	height?: number;
}

export interface Editor {
	readonly page: Page;
	readonly instance: N8nInstance;
	close(): Promise<void>;
}

const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** Chromium's path, or nothing where there is none: `test.skipIf(!chromiumPath())`. */
export function chromiumPath(): string | undefined {
	return process.env.CHROMIUM_BIN ?? findProgram('chromium') ?? findProgram('chromium-browser');
}

/** A browser of its own, without a profile that lasts. */
export async function openBrowser(): Promise<Browser> {
	return await chromium.launch({ executablePath: requireChromium(), headless: true, args: FLAGS });
}

function requireChromium(): string {
	const found = chromiumPath();
	if (!found) throw new Error('No Chromium on this machine. Debian: apt-get install chromium');
	return found;
}

/** A page of its own browser and profile, logged in as the owner. */
export async function openEditor(instance: N8nInstance, options: EditorOptions = {}): Promise<Editor> {
	const executablePath = requireChromium();
	const profile = await mkdtemp(path.join(tmpdir(), 'fastpath-chromium-'));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath,
		headless: true,
		args: FLAGS,
		viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
		reducedMotion: 'reduce',
	});
	const login = await context.request.post(`${instance.url}/rest/login`, {
		data: { emailOrLdapLoginId: instance.email, password: instance.password },
	});
	if (!login.ok()) throw new Error(`The editor's login failed: ${login.status()}`);
	return {
		page: context.pages()[0] ?? (await context.newPage()),
		instance,
		async close() {
			await context.close();
			await rm(profile, { recursive: true, force: true });
		},
	};
}

/** Opens a workflow on the canvas. */
export async function openWorkflow({ page, instance }: Editor, workflowId: string): Promise<void> {
	await page.goto(`${instance.url}/workflow/${workflowId}`);
	await page.locator('[data-test-id="canvas-node"]').first().waitFor();
}

/** Opens a workflow and one of its nodes: the panel with input, parameters and output. */
export async function openNode(editor: Editor, workflowId: string, nodeName: string): Promise<void> {
	await openWorkflow(editor, workflowId);
	await editor.page.locator(`[data-test-id="canvas-node"][data-node-name="${nodeName}"]`).dblclick();
	await editor.page.locator('[data-test-id="ndv"]').waitFor();
	await settle(editor.page);
}

/** Writes a PNG of the node's panel. */
export async function screenshotNode(editor: Editor, workflowId: string, nodeName: string, file: string): Promise<void> {
	await openNode(editor, workflowId, nodeName);
	await picture(editor.page, '[data-test-id="ndv"]', file);
}

/** On an open workflow: writes a PNG of a node's panel and closes it again; what it said. */
export async function screenshotPanel({ page }: Editor, nodeName: string, file: string): Promise<string> {
	const panel = page.locator('[data-test-id="ndv"]');
	await page.locator(`[data-test-id="canvas-node"][data-node-name="${nodeName}"]`).dblclick();
	await panel.waitFor();
	await page.waitForTimeout(600);
	await picture(page, '[data-test-id="ndv"]', file);
	const text = await panel.innerText();
	await page.keyboard.press('Escape');
	await panel.waitFor({ state: 'detached' });
	return text;
}

/** Writes a PNG of the whole window, e.g. the canvas after openWorkflow(). */
export async function screenshotPage(editor: Editor, file: string): Promise<void> {
	await settle(editor.page);
	await mkdir(path.dirname(file), { recursive: true });
	await editor.page.screenshot({ path: file });
}

async function picture(page: Page, selector: string, file: string): Promise<void> {
	await mkdir(path.dirname(file), { recursive: true });
	await page.locator(selector).first().screenshot({ path: file });
}

/** Waits for fonts, icons and the panel's transitions. */
async function settle(page: Page): Promise<void> {
	await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
	await page.waitForTimeout(400);
}

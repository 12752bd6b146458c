/** The workflows of workflows/endpoints in a real n8n, asked as programs ask them, and what Performance Alert Trigger starts there. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chromiumPath, openEditor, screenshotNode, type Editor } from '../helpers/browser.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';

const KEY = 'key-of-the-endpoints';
const CHAT = 'POST /v1/chat/completions';
const FILES = globSync('*.json', { cwd: path.resolve(import.meta.dirname, '../../workflows/endpoints') }).sort();

interface Workflow {
	name: string;
	nodes: Array<{ name: string; type: string; parameters: Record<string, unknown>; credentials?: Record<string, unknown> }>;
}

let installed: InstalledN8n;
const ids = new Map<string, string>();

beforeAll(async () => {
	installed = await startInstalledN8n();
	const { instance, standIn } = installed;
	const credentials: Record<string, unknown> = {
		openAiApi: await instance.createCredential({ name: 'OpenAI account', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false } }),
		httpHeaderAuth: await instance.createCredential({ name: 'Key of the endpoints', type: 'httpHeaderAuth', data: { name: 'X-Api-Key', value: KEY } }),
	};
	for (const file of FILES) {
		const workflow = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../workflows/endpoints', file), 'utf8')) as Workflow;
		for (const node of workflow.nodes) {
			for (const type of Object.keys(node.credentials ?? {})) node.credentials = { ...node.credentials, [type]: credentials[type] };
		}
		const id = await instance.importWorkflow({ ...workflow });
		await instance.activate(id);
		ids.set(file.replace('.json', ''), id);
	}
}, 300_000);

beforeEach(() => {
	installed.standIn.setBehaviour();
	installed.standIn.reset();
});

afterAll(async () => await installed?.close());

const calls = () => installed.standIn.counters().calls[CHAT] ?? 0;

interface Reply {
	readonly status: number;
	readonly body: Record<string, unknown>;
}

async function ask(method: 'GET' | 'POST', endpoint: string, body?: unknown, key = KEY): Promise<Reply> {
	const headers = { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
	const response = await fetch(`${installed.instance.url}/webhook/${endpoint}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
	const text = await response.text();
	return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text } };
}

async function well(method: 'GET' | 'POST', endpoint: string, body?: unknown): Promise<Record<string, unknown>> {
	const reply = await ask(method, endpoint, body);
	expect(reply.status, JSON.stringify(reply.body)).toBe(200);
	return reply.body;
}

const refused = (text: string) => ({ status: 400, body: { error: expect.stringContaining(text) as string, code: 'ERR_INVALID_OPTION' } });
const aNumber = expect.any(Number) as number;

describe('the endpoints', () => {
	test('optimize-ai-calls answers from the cache, explains, and refuses what is no prompt', async () => {
		const first = await well('POST', 'optimize-ai-calls', { prompt: 'tag this package: one', tags: ['endpoint'] });
		const second = await well('POST', 'optimize-ai-calls', { prompt: 'tag this package: one' });
		expect(first).toMatchObject({ text: expect.any(String) as string, cached: false, _fastpath: { cache: 'miss' } });
		expect(second).toMatchObject({ text: first.text, cached: true, _fastpath: { cache: 'hit' } });
		expect(await well('POST', 'optimize-ai-calls', { prompt: 'tag this package: two', explain: true })).toMatchObject({ cache: 'miss', wouldSend: true, key: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
		expect(calls()).toBe(1);
		for (const body of [{}, { prompt: '' }, { prompt: 'x', model: ' ' }]) expect((await ask('POST', 'optimize-ai-calls', body)).status).toBe(400);
		expect(calls()).toBe(1);
	});

	test('an origin that fails is no fault of the caller', async () => {
		installed.standIn.setBehaviour({ failRatio: { status: 401, ratio: 1 } });
		expect(await ask('POST', 'optimize-ai-calls', { prompt: 'tag this package: refused' })).toMatchObject({ status: 502, body: { error: expect.any(String) as string } });
	});

	test('api/generate/batch answers each prompt, and asks the same one once', async () => {
		const prompts = ['a', 'b', 'a'].map((name) => `tag this package: batch ${name}`);
		const reply = await well('POST', 'api/generate/batch', { prompts });
		expect(reply).toMatchObject({ total: 3, failed: 0, answers: [{ text: expect.any(String) as string }, {}, {}] });
		const answers = reply.answers as Array<{ text: string }>;
		expect(answers[2]?.text).toBe(answers[0]?.text);
		expect(calls()).toBe(2);
		for (const body of [{}, { prompts: 'one' }, { prompts: [] }, { prompts: ['a', ''] }, { prompts: ['a', 7] }]) expect(await ask('POST', 'api/generate/batch', body)).toMatchObject(refused('prompts'));
		expect(calls()).toBe(2);
	});

	test('api/cache/warm stores answers for calls that were only explained; all or none', async () => {
		const prompt = 'tag this package: known';
		const { key } = await well('POST', 'optimize-ai-calls', { prompt, explain: true });
		const entry = { key, answer: 'Tags: known', model: 'gpt-4o-mini', tags: ['warmed'] };
		expect(await ask('POST', 'api/cache/warm', { entries: [entry, { ...entry, key: 'none' }] })).toMatchObject(refused('Answers[1] Key'));
		expect(await ask('POST', 'api/cache/warm', {})).toMatchObject(refused('Answers'));
		expect(await well('POST', 'optimize-ai-calls', { prompt, explain: true })).toMatchObject({ cache: 'miss' });
		expect(await well('POST', 'api/cache/warm', { entries: [entry] })).toMatchObject({ answers: [{ key, stored: true }] });
		expect(await well('POST', 'optimize-ai-calls', { prompt })).toMatchObject({ text: 'Tags: known', cached: true });
		expect(calls()).toBe(0);
	});

	test('api/cache/clear clears by pattern, says beforehand what would go, and clears nothing by mistake', async () => {
		await well('POST', 'optimize-ai-calls', { prompt: 'tag this package: cleared', tags: ['prices-1'] });
		const entries = async () => ((await well('GET', 'api/cache/stats')).caches as Array<{ entries: number }>)[0]?.entries;
		const before = await entries();
		expect(await well('POST', 'api/cache/clear', { by: 'tag', value: 'prices-*', dryRun: true })).toMatchObject({ wouldClear: 'tag', inMemory: 1 });
		for (const body of [{}, { by: 'regex', value: '.*' }, { by: 'tag' }, { by: 'tag', value: '' }, { by: 'workflow' }, { by: 'all', dryRun: 'yes' }]) {
			expect(await ask('POST', 'api/cache/clear', body)).toMatchObject({ status: 400, body: { code: 'ERR_INVALID_OPTION' } });
		}
		expect(await entries()).toBe(before);
		expect(await well('POST', 'api/cache/clear', { by: 'tag', value: 'prices-*' })).toMatchObject({ cleared: 'tag', of: ['prices-*'], removed: 1 });
		expect(await entries()).toBe((before ?? 0) - 1);
		expect(await well('POST', 'api/cache/clear', { by: 'workflow', workflowId: ids.get('optimize-ai-calls') })).toMatchObject({ cleared: 'workflow', removed: aNumber });
		expect(await well('POST', 'api/cache/clear', { by: 'all' })).toMatchObject({ cleared: 'all' });
	});

	test.each([
		['get-optimization-metrics', { period: '1h', calls: aNumber, hits: aNumber, savedUsd: aNumber, durationMs: { p50: aNumber, p95: aNumber, p99: aNumber } }],
		['get-performance-bottlenecks', { period: '1h', bottlenecks: expect.any(Array) as unknown }],
		['get-cache-statistics', { period: '1h', hitRatio: aNumber, nodes: expect.any(Array) as unknown, caches: [{ name: 'memory' }] }],
		['monitor-system-performance', { period: '5m', grade: expect.any(String) as unknown, parts: { process: { why: expect.any(String) as unknown } }, processes: [{ kind: 'main' }] }],
		['api/performance', { period: '5m', load: { heapUsedBytes: aNumber }, processes: [{ pid: aNumber }] }],
		['api/cache/stats', { period: '24h', hits: aNumber, misses: aNumber, coalesced: aNumber }],
	])('%s answers for a period, and refuses one that does not exist', async (endpoint, shape) => {
		await well('POST', 'optimize-ai-calls', { prompt: 'tag this package: one' });
		const reply = await well('GET', endpoint);
		expect(reply, JSON.stringify(reply)).toMatchObject(shape);
		expect(await well('GET', `${endpoint}?period=24h`)).toMatchObject({ period: '24h' });
		expect(await ask('GET', `${endpoint}?period=2h`)).toMatchObject(refused('Period'));
	});

	test('get-optimization-metrics shows the calls of each node', async () => {
		await well('POST', 'optimize-ai-calls', { prompt: 'tag this package: one' });
		const { series } = await well('GET', `get-optimization-metrics?view=series&workflowId=${ids.get('optimize-ai-calls')}`);
		expect(series).toMatchObject([{ node: 'Ask', source: 'cachedAiCall', origin: installed.standIn.url, model: 'gpt-4o-mini' }]);
		expect(await ask('GET', 'get-optimization-metrics?view=all')).toMatchObject(refused('Show'));
	});

	test('optimize-workflow-performance recommends for a workflow', async () => {
		expect(await well('POST', 'optimize-workflow-performance', { workflowId: ids.get('optimize-ai-calls') })).toMatchObject({ period: '24h', recommendations: expect.any(Array) as unknown });
		expect(await ask('POST', 'optimize-workflow-performance', { period: 'ever' })).toMatchObject(refused('Period'));
	});

	test('optimize-template-processing fills a template with each item', async () => {
		const items = [{ name: 'alpha' }, { name: 'beta', tags: ['x', 'y'] }];
		const template = 'Describe {{ name }}.{% if tags %} Tags: {{ tags | join: ", " }}.{% endif %}';
		expect(await well('POST', 'optimize-template-processing', { template, items })).toEqual({ texts: [{ text: 'Describe alpha.' }, { text: 'Describe beta. Tags: x, y.' }], total: 2, failed: 0 });
		expect(await well('POST', 'optimize-template-processing', { template: 'Describe {{ name }}', items: [...items, { title: 7 }] })).toMatchObject({ texts: [{}, {}, { error: expect.stringContaining('name') as string }], total: 3, failed: 1 });
		expect(await ask('POST', 'optimize-template-processing', { template: '{% if %}', items })).toMatchObject({ status: 400, body: { failed: 2 } });
		for (const body of [{}, { template }, { template, items: [] }, { template, items: 'alpha' }, { template: ' ', items }, { template, items: ['alpha'] }]) expect(await ask('POST', 'optimize-template-processing', body)).toMatchObject(refused('template'));
	});

	test('configure-performance-settings changes what is given, or nothing', async () => {
		expect(await well('POST', 'configure-performance-settings', { responseMs: 800 })).toMatchObject({ settings: { responseMs: 800, memoryPercent: 80 }, untilRestart: true });
		expect(await ask('POST', 'configure-performance-settings', { responseMs: 100, cpuPercent: 'all' })).toMatchObject(refused('cpuPercent'));
		expect(await ask('POST', 'configure-performance-settings', { fast: true })).toMatchObject(refused('fast'));
		expect(await well('POST', 'configure-performance-settings', { responseMs: null })).toMatchObject({ settings: { responseMs: 5000 } });
	});

	test('without the key nothing runs', async () => {
		for (const [method, endpoint] of [['POST', 'api/cache/clear'], ['GET', 'api/performance'], ['POST', 'configure-performance-settings']] as const) {
			expect((await ask(method, endpoint, method === 'POST' ? { by: 'all' } : undefined, 'wrong')).status).toBe(403);
		}
	});
});

describe('Performance Alert Trigger', () => {
	test('starts a workflow once when an alert is raised and once when it is over; a test run in the editor works', async () => {
		const { instance } = installed;
		const id = await instance.importWorkflow({
			name: 'On alerts',
			nodes: [
				{ id: 'a1', name: 'Alerts', type: 'n8n-nodes-fastpath.performanceAlertTrigger', typeVersion: 1, position: [0, 0], parameters: { kinds: ['memory'], options: { everySeconds: 5 } } },
				{ id: 'a2', name: 'Then', type: 'n8n-nodes-base.noOp', typeVersion: 1, position: [240, 0], parameters: {} },
			],
			connections: { Alerts: { main: [[{ node: 'Then', type: 'main', index: 0 }]] } },
		});
		const tested = await instance.run(id, { triggerNode: 'Alerts' });
		expect(tested).toMatchObject({ status: 'success', nodes: { Then: [{ data: [[{ json: { event: 'raised', test: true } }]] }] } });
		await instance.activate(id);
		const events = async () => {
			const { results } = (await instance.api('GET', `/rest/executions?filter=${encodeURIComponent(JSON.stringify({ workflowId: id }))}`)) as { results: Array<{ id: string; mode: string }> };
			const started = await Promise.all(results.filter(({ mode }) => mode === 'trigger').reverse().map(async (one) => await instance.execution(one.id)));
			return started.flatMap(({ nodes }) => nodes.Then?.[0]?.data[0]?.map(({ json }) => json.event) ?? []);
		};
		await well('POST', 'configure-performance-settings', { memoryPercent: 0.01, cooldownMs: 1000 });
		await expect.poll(events, { timeout: 30_000, interval: 500 }).toEqual(['raised']);
		await well('POST', 'configure-performance-settings', { memoryPercent: 100 });
		await expect.poll(events, { timeout: 30_000, interval: 500 }).toEqual(['raised', 'resolved']);
		ids.set('alerts', id);
	}, 120_000);
});

describe.skipIf(!chromiumPath())('the editor', () => {
	let editor: Editor;

	beforeAll(async () => {
		editor = await openEditor(installed.instance, { height: 1100 });
	}, 60_000);

	afterAll(async () => await editor?.close());

	test('shows the report that a webhook serves, with charts and without a script', async () => {
		for (let index = 0; index < 30; index += 1) await well('POST', 'optimize-ai-calls', { prompt: `tag this package: number ${index % 10}` });
		const page = await editor.page.context().newPage();
		await page.setExtraHTTPHeaders({ 'x-api-key': KEY });
		await page.goto(`${installed.instance.url}/webhook/api/performance/report`);
		await page.screenshot({ path: path.join(PICTURES, 'performance-report.png'), fullPage: true });
		expect(await page.title()).toBe('Performance');
		expect(await page.locator('svg').count()).toBeGreaterThan(0);
		expect(await page.locator('script').count()).toBe(0);
		expect(await page.locator('body').innerText()).toContain('gpt-4o-mini');
		await page.close();
	}, 90_000);

	test.each([
		['alerts', 'Alerts', 'Severity From'],
		['get-performance-bottlenecks', 'Find Bottlenecks', 'Period'],
		['api-cache-clear', 'Clear', 'Dry Run'],
		['api-cache-warm', 'Warm', 'Answers'],
		['configure-performance-settings', 'Configure', 'Begin With Defaults'],
	])('shows the panel of %s: %s', async (workflow, node, field) => {
		await screenshotNode(editor, ids.get(workflow) ?? '', node, path.join(PICTURES, `performance-${workflow}.png`));
		await editor.page.locator('[data-test-id="ndv"]').filter({ hasText: field }).waitFor();
	}, 60_000);
});

import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { aiWorkflow } from '../helpers/ai-node.mts';
import { chromiumPath, openEditor, openWorkflow, screenshotNode } from '../helpers/browser.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import type { N8nInstance } from '../helpers/n8n-instance.mts';
import type { StandIn } from '../stand-in/ai-provider.mts';

const CHAT = 'POST /v1/chat/completions';

let installed: InstalledN8n;
let instance: N8nInstance;
let standIn: StandIn;
let credential: { id: string; name: string };

beforeAll(async () => {
	installed = await startInstalledN8n();
	({ instance, standIn } = installed);
	credential = await instance.createCredential({
		name: 'Stand-in',
		type: 'openAiApi',
		data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false },
	});
});

beforeEach(() => {
	standIn.setBehaviour();
	standIn.reset();
});

afterAll(async () => await installed?.close());

/** The test engine's workflow with this instance's credential, and another trigger where one is given. */
function workflow(name: string, parameters: Record<string, unknown>, trigger?: Record<string, unknown>): Record<string, unknown> {
	const { nodes, connections } = aiWorkflow({ parameters });
	const complete = nodes.map((node, index) => ({
		id: `${name}-${index}`,
		typeVersion: 1,
		position: [index * 240, 0],
		parameters: {},
		...node,
		...(node.credentials ? { credentials: { openAiApi: credential } } : {}),
		...(index === 0 ? trigger : {}),
	}));
	return { name, nodes: complete, connections };
}

const calls = () => standIn.counters().calls[CHAT] ?? 0;

test('a hundred webhook executions at once with one prompt make one call', async () => {
	standIn.setBehaviour({ delayMs: 500 });
	const trigger = {
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2,
		webhookId: 'fastpath-burst',
		parameters: { path: 'burst', httpMethod: 'POST', responseMode: 'lastNode', options: {} },
	};
	const id = await instance.importWorkflow(workflow('burst', { prompt: '=tag this package: {{ $json.body.text }}' }, trigger));
	await instance.activate(id);
	const answers = await Promise.all(
		Array.from({ length: 100 }, async () => {
			const response = await fetch(`${instance.url}/webhook/burst`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ text: 'a small and fast web server' }),
			});
			return { status: response.status, json: (await response.json()) as { text: string } };
		}),
	);
	expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
	expect(new Set(answers.map(({ json }) => json.text)).size).toBe(1);
	expect(calls()).toBe(1);
});

test('Stop ends the call at the provider', async () => {
	standIn.setBehaviour({ hang: true });
	const id = await instance.importWorkflow(workflow('stopped', { prompt: 'tag this package: stopped' }));
	const execution = await instance.startRun(id);
	await until(() => standIn.counters().inFlight === 1);
	await instance.stopExecution(execution);
	await until(() => standIn.counters().aborted === 1);
	expect((await instance.execution(execution)).status).toBe('canceled');
});

test('a second run is answered from the cache, and the output says so', async () => {
	const id = await instance.importWorkflow(workflow('twice', { prompt: 'tag this package: twice', options: { includeTrace: true } }));
	const first = await instance.run(id);
	const second = await instance.run(id);
	expect(first.nodes.AI?.[0]?.data[0]?.[0]?.json).toMatchObject({ cached: false, _fastpath: { cache: 'miss', attempts: 1 } });
	expect(second.nodes.AI?.[0]?.data[0]?.[0]?.json).toMatchObject({ cached: true, costUsd: 0, _fastpath: { cache: 'hit', attempts: 0 } });
	expect(JSON.stringify(second.nodes.AI?.[0]?.hints)).toContain('1 from the cache');
	expect(calls()).toBe(1);
});

test('a model of another provider steps in with its own credential, and a budget stops what it does not cover', async () => {
	const anthropic = await instance.createCredential({
		name: 'Stand-in (Anthropic)',
		type: 'anthropicApi',
		data: { apiKey: standIn.apiKey, url: standIn.url, header: false },
	});
	const both = (name: string, options: Record<string, unknown>) => {
		const parameters = { provider: 'anthropic+openAi', firstProvider: 'openAi', prompt: `tag this package: ${name}`, options };
		const made = workflow(name, { ...parameters, model: { __rl: true, mode: 'id', value: 'gpt-4o-mini' } });
		for (const node of made.nodes as Array<Record<string, unknown>>) {
			if (node.credentials) node.credentials = { openAiApi: credential, anthropicApi: anthropic };
		}
		return made;
	};
	const fallbackModels = { model: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }] };
	standIn.setBehaviour({ route: '/v1/chat', failRatio: { ratio: 1, status: 503 } });
	const cascade = await instance.run(await instance.importWorkflow(both('cascade', { maxRetries: 0, fallbackModels, includeTrace: true })));
	expect(cascade.nodes.AI?.[0]?.data[0]?.[0]?.json).toMatchObject({
		model: 'claude-haiku-4-5',
		_fastpath: { tried: [{ model: 'gpt-4o-mini', why: 'outage' }] },
	});
	standIn.setBehaviour();
	const before = standIn.counters().requests;
	const budgets = { budget: [{ scope: 'workflow', tokens: 5 }] };
	const broke = await instance.run(await instance.importWorkflow(both('budget', { budgets })));
	expect(JSON.stringify(broke.error)).toMatch(/The budget of this workflow for today is 5 tokens/);
	expect(standIn.counters().requests).toBe(before);
});

test('an agent uses it as a tool, and the second time the tool is answered from the cache', async () => {
	const position = [0, 0];
	const tool = workflow('tool', {}).nodes as Array<Record<string, unknown>>;
	const prompt = "={{ $fromAI('text', 'what to tag', 'string') }}";
	const made = {
		name: 'agent',
		nodes: [
			{ ...tool[0], name: 'Trigger' },
			{
				id: 'agent', name: 'Agent', type: '@n8n/n8n-nodes-langchain.agent', typeVersion: 3, position,
				parameters: { promptType: 'define', text: 'Ask the Tagger about: a small and fast web server', options: {} },
			},
			{
				id: 'model', name: 'Model', type: '@n8n/n8n-nodes-langchain.lmChatOpenAi', typeVersion: 1.2, position,
				parameters: { model: { __rl: true, mode: 'id', value: 'gpt-4o' }, options: {} }, credentials: { openAiApi: credential },
			},
			{
				...tool[1], name: 'Tagger', type: 'n8n-nodes-fastpath.cachedAiCallTool',
				parameters: { operation: 'chat', provider: 'openAi', model: { __rl: true, mode: 'id', value: 'gpt-4o-mini' }, prompt, options: {} },
			},
		],
		connections: {
			Trigger: { main: [[{ node: 'Agent', type: 'main', index: 0 }]] },
			Model: { ai_languageModel: [[{ node: 'Agent', type: 'ai_languageModel', index: 0 }]] },
			Tagger: { ai_tool: [[{ node: 'Agent', type: 'ai_tool', index: 0 }]] },
		},
	};
	const id = await instance.importWorkflow(made);
	const [first, second] = [await instance.run(id), await instance.run(id)];
	expect([first.error, second.error]).toEqual([undefined, undefined]);
	expect(JSON.stringify(first.nodes.Agent?.at(-1)?.data)).toContain('Tags:');
	const said = (result: typeof first) => JSON.stringify(result.nodes.Tagger?.[0]?.data);
	expect(said(first)).toMatch(/Tags:.*cached\W+false/);
	expect(said(second)).toMatch(/Tags:.*cached\W+true/);
	// Twice the agent's model, before and after the tool, per run; the tool's own model once.
	expect(calls()).toBe(5);
});

test('a cheap model goes first, and a better one steps in where its answer does not do', async () => {
	const options = { fallbackModels: { model: [{ provider: 'same', model: 'gpt-4o' }] }, fallbackTexts: ['Tags:'], includeTrace: true };
	const id = await instance.importWorkflow(workflow('escalates', { prompt: 'tag this package: escalates', options }));
	const [first, second] = [await instance.run(id), await instance.run(id)];
	expect(first.nodes.AI?.[0]?.data[0]?.[0]?.json).toMatchObject({ model: 'gpt-4o', _fastpath: { tried: [{ model: 'gpt-4o-mini', why: 'rejected' }] } });
	expect(second.nodes.AI?.[0]?.data[0]?.[0]?.json).toMatchObject({ model: 'gpt-4o', cached: true });
	expect(calls()).toBe(2);
});

test('a budget warns first, then refuses on the error output, and what is in the cache is still answered', async () => {
	const options = { budgets: { budget: [{ scope: 'workflow', tokens: 30, warnPercent: 10 }] } };
	const trigger = {
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2,
		webhookId: 'fastpath-budget',
		parameters: { path: 'budget', httpMethod: 'POST', responseMode: 'lastNode', options: {} },
	};
	const made = workflow('budget-flow', { prompt: '=tag this package: {{ $json.body.text }}', options }, trigger);
	const [start, ai] = made.nodes as Array<Record<string, unknown>>;
	const id = await instance.importWorkflow({ ...made, nodes: [start, { ...ai, onError: 'continueRegularOutput' }] });
	await instance.activate(id);
	const ask = async (text: string) => {
		const body = JSON.stringify({ text });
		return (await (await fetch(`${instance.url}/webhook/budget`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json()) as Record<string, unknown>;
	};
	expect(await ask('first and rather long, so that it takes its share')).toMatchObject({ cached: false });
	const refused = [await ask('second one, as long as the first and more'), await ask('third one, as long as the second and more')];
	expect(String(refused.at(-1)?.error)).toMatch(/The budget of this workflow for today is 30 tokens/);
	const before = calls();
	expect(await ask('first and rather long, so that it takes its share')).toMatchObject({ cached: true });
	expect(calls()).toBe(before);
	const [latest] = (await instance.api('GET', `/rest/executions?filter=${encodeURIComponent(JSON.stringify({ workflowId: id }))}&limit=10`)).results.slice(-1);
	expect(JSON.stringify((await instance.execution(latest.id)).nodes.AI?.[0]?.hints)).toContain('of the budget of this workflow for today are spent');
});

test('a wrong key gives a clear error in the execution, without the key', async () => {
	const wrong = await instance.createCredential({
		name: 'Wrong',
		type: 'openAiApi',
		data: { apiKey: 'a-wrong-key', url: `${standIn.url}/v1`, header: false },
	});
	const faulty = workflow('wrong', { prompt: 'tag this package: wrong' });
	for (const node of faulty.nodes as Array<Record<string, unknown>>) if (node.credentials) node.credentials = { openAiApi: wrong };
	const result = await instance.run(await instance.importWorkflow(faulty));
	expect(result.status).toBe('error');
	expect(JSON.stringify(result.error)).toMatch(/Incorrect API key/);
	expect(JSON.stringify(result.raw) + instance.logs()).not.toContain('a-wrong-key');
});

test.skipIf(!chromiumPath())('the panel shows provider, model, prompt and cache, and lists the models of the provider', async () => {
	const id = await instance.importWorkflow(workflow('panel', { prompt: 'tag this package: panel', model: { __rl: true, mode: 'list', value: '' } }));
	const editor = await openEditor(instance);
	try {
		await screenshotNode(editor, id, 'AI', path.join(PICTURES, 'cached-ai-call.png'));
		const panel = editor.page.locator('[data-test-id="ndv"]');
		for (const label of ['Credential for OpenAI', 'Provider', 'Model', 'System Message', 'Prompt', 'Output', 'Cache', 'Keep Answers For', 'Share Answers Within']) {
			await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		}
		await panel.locator('[data-test-id="rlc-input"]').first().click();
		await editor.page.getByText('gpt-4o-mini', { exact: true }).first().waitFor({ timeout: 10_000 });
		await editor.page.screenshot({ path: path.join(PICTURES, 'cached-ai-call-models.png') });
	} finally {
		await editor.close();
	}
});

test.skipIf(!chromiumPath())('the node is found in the panel by what it does, and its action can be dragged', async () => {
	const id = await instance.importWorkflow(workflow('search', { prompt: 'tag this package: search' }));
	const editor = await openEditor(instance);
	try {
		const { page } = editor;
		await openWorkflow(editor, id);
		await page.locator('[data-test-id="node-creator-plus-button"]').click();
		await page.locator('[data-test-id="node-creator-search-bar"]').fill('cached ai');
		await page.getByText('Cached AI Call', { exact: true }).first().click();
		const action = page.getByText('Message a model with caching').first();
		await action.waitFor({ timeout: 5000 });
		// The panel slides in; a drag needs it to stand still.
		await page.waitForTimeout(800);
		await page.screenshot({ path: path.join(PICTURES, 'cached-ai-call-creator.png') });
		const nodes = page.locator('[data-test-id="canvas-node"]');
		const before = await nodes.count();
		await action.hover();
		await page.mouse.down();
		await page.mouse.move(600, 300, { steps: 10 });
		await page.mouse.move(500, 350, { steps: 5 });
		await page.mouse.up();
		await nodes.nth(before).waitFor({ timeout: 5000 });
		expect(await nodes.count()).toBe(before + 1);
	} finally {
		await editor.close();
	}
});

async function until(condition: () => boolean): Promise<void> {
	for (let turns = 0; !condition(); turns += 1) {
		if (turns > 500) throw new Error('The awaited condition did not come true');
		await delay(20);
	}
}

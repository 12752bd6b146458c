/** Cached Chat Model and Cached Embeddings under n8n's own chains, agents and vector stores: the same output as without, fewer calls. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aiWorkflowOf, cachedChatModel, TRIGGER, type AiNode } from '../helpers/ai-workflow.mts';
import { chromiumPath, openEditor, openWorkflow, screenshotNode, screenshotPage } from '../helpers/browser.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import type { ExecutionResult, N8nInstance } from '../helpers/n8n-instance.mts';
import type { StandIn } from '../stand-in/ai-provider.mts';

let installed: InstalledN8n;
let instance: N8nInstance;
let standIn: StandIn;
let credentials: Record<'openAiApi' | 'anthropicApi' | 'ollamaApi', { id: string; name: string }>;

beforeAll(async () => {
	installed = await startInstalledN8n();
	({ instance, standIn } = installed);
	const openAiApi = await instance.createCredential({ name: 'OpenAI', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false } });
	const anthropicApi = await instance.createCredential({ name: 'Anthropic', type: 'anthropicApi', data: { apiKey: standIn.apiKey, url: standIn.url, header: false } });
	const ollamaApi = await instance.createCredential({ name: 'Ollama', type: 'ollamaApi', data: { baseUrl: standIn.url } });
	credentials = { openAiApi, anthropicApi, ollamaApi };
});

beforeEach(() => {
	standIn.setBehaviour();
	standIn.reset();
});

afterAll(async () => await installed?.close());

const calls = () => Object.values(standIn.counters().calls).reduce((sum, count) => sum + count, 0);

type Provider = 'openAi' | 'anthropic' | 'ollama';

/** One that copies itself, and two that are bound. */
const MODELS = {
	openAi: { type: 'lmChatOpenAi', typeVersion: 1.2, credential: 'openAiApi', parameters: { model: { mode: 'list', value: 'gpt-4o-mini' }, options: { maxRetries: 0 } } },
	anthropic: { type: 'lmChatAnthropic', typeVersion: 1.3, credential: 'anthropicApi', parameters: { model: { mode: 'list', value: 'claude-sonnet-4-5' }, options: {} } },
	ollama: { type: 'lmChatOllama', typeVersion: 1, credential: 'ollamaApi', parameters: { model: 'llama3', options: {} } },
} as const;

function model(provider: Provider, to: string, name = 'Model'): AiNode {
	const { credential, ...node } = MODELS[provider];
	return { name, ...node, credentials: { [credential]: credentials[credential] }, to: [[to, 'ai_languageModel']] };
}

const trigger = (to: string): AiNode => ({ name: 'Start', type: TRIGGER, to: [[to, 'main']] });

const items = (count: number, distinct = count): AiNode => ({
	name: 'Items',
	type: 'n8n-nodes-base.code',
	typeVersion: 2,
	parameters: { jsCode: `return Array.from({ length: ${count} }, (_, i) => ({ json: { text: 'package number ' + (i % ${distinct}) } }));` },
	to: [['Root', 'main']],
});

const chain = (text: string): AiNode => ({ name: 'Root', type: 'chainLlm', typeVersion: 1.7, parameters: { promptType: 'define', text, batching: {} } });

const agent = (text: string, parameters: Record<string, unknown> = {}): AiNode => ({
	name: 'Root',
	type: 'agent',
	typeVersion: 3,
	parameters: { promptType: 'define', text, options: {}, ...parameters },
});

const calculator: AiNode = { name: 'Calculator', type: 'toolCalculator', to: [['Root', 'ai_tool']] };

const output = ({ nodes }: ExecutionResult) => nodes.Root?.at(-1)?.data[0]?.map(({ json }) => json);
const error = (result: ExecutionResult) => JSON.stringify(result.error ?? result.nodes.Root?.at(-1)?.error);

/** What our node logged of each answer, in order. */
function log(result: ExecutionResult, node = 'Cached'): Array<Record<string, unknown>> {
	const { data } = result.raw as { data: { resultData: { runData: Record<string, Array<{ data?: Record<string, Array<Array<{ json: { cache?: Record<string, unknown> } }>>> }>> } } };
	const runs = data.resultData.runData[node] ?? [];
	return runs.map((run) => Object.values(run.data ?? {})[0]?.[0]?.[0]?.json.cache ?? {});
}

const ran = (result: ExecutionResult, node: string) => {
	const { data } = result.raw as { data: { resultData: { runData: Record<string, unknown[]> } } };
	return data.resultData.runData[node]?.length ?? 0;
};

/** Runs a workflow with the model bare, and then twice with ours before it. */
async function compare(name: string, root: readonly AiNode[], provider: Provider): Promise<{ upstream: number[]; outputs: unknown[]; results: ExecutionResult[] }> {
	const bare = await instance.importWorkflow(aiWorkflowOf(`${name} bare`, [...root, model(provider, 'Root')]));
	const cached = await instance.importWorkflow(aiWorkflowOf(name, [...root, cachedChatModel('Root'), model(provider, 'Cached')]));
	const upstream: number[] = [];
	const outputs: unknown[] = [];
	const results: ExecutionResult[] = [];
	for (const id of [bare, cached, cached]) {
		standIn.reset();
		const result = await instance.run(id);
		expect(error(result)).toBeUndefined();
		upstream.push(calls());
		outputs.push(output(result));
		results.push(result);
	}
	return { upstream, outputs, results };
}

for (const provider of ['openAi', 'anthropic', 'ollama'] as const) {
	describe(`with ${provider}`, () => {
		test('a chain asks once; a hit leaves the model alone and says what it saved', async () => {
			const { upstream, outputs, results } = await compare(`chain ${provider}`, [trigger('Root'), chain('tag this package: a web server')], provider);
			expect(upstream).toEqual([1, 1, 0]);
			expect(outputs[1]).toEqual(outputs[0]);
			expect(outputs[2]).toEqual(outputs[0]);
			expect(log(results[1]!)).toMatchObject([{ status: 'miss', savedTokens: 0 }]);
			const [hit] = log(results[2]!);
			expect(hit).toMatchObject({ status: 'hit' });
			expect(hit?.savedTokens).toBeGreaterThan(0);
			expect(ran(results[1]!, 'Model')).toBe(1);
			expect(ran(results[2]!, 'Model')).toBe(0);
		});

		test('an agent with a tool asks twice, then not at all', async () => {
			const root = [trigger('Root'), agent('Use the calculator for 2+2, then tag: sums'), calculator];
			const { upstream, outputs, results } = await compare(`agent ${provider}`, root, provider);
			expect(upstream).toEqual([2, 2, 0]);
			expect(outputs[1]).toEqual(outputs[0]);
			expect(outputs[2]).toEqual(outputs[0]);
			expect(ran(results[2]!, 'Calculator')).toBe(1);
			expect(ran(results[2]!, 'Model')).toBe(0);
		});

		test('an agent over five items, one of which needs a tool, makes six calls where it would make ten, then none', async () => {
			// With a tool's result, the agent asks again for all of its items, those that are done included.
			const text = '={{ $itemIndex === 0 ? "Use the calculator for 2+2, then tag: " : "Tag this package: " }}{{ $json.text }}';
			const { upstream, outputs } = await compare(`items ${provider}`, [trigger('Items'), items(5), agent(text), calculator], provider);
			expect(upstream).toEqual([10, 6, 0]);
			expect(outputs[1]).toEqual(outputs[0]);
			expect(outputs[2]).toEqual(outputs[0]);
		});

		test('information is extracted the same', async () => {
			const extractor: AiNode = {
				name: 'Root',
				type: 'informationExtractor',
				typeVersion: 1.2,
				parameters: { text: 'tag this package: a fast web server', schemaType: 'fromJson', jsonSchemaExample: '{ "tags": ["one"] }', options: {} },
			};
			const { upstream, outputs } = await compare(`extract ${provider}`, [trigger('Root'), extractor], provider);
			expect(upstream).toEqual([1, 1, 0]);
			expect(outputs[1]).toEqual(outputs[0]);
			expect(outputs[2]).toEqual(outputs[0]);
		});
	});
}

test('a text is classified the same', async () => {
	const classifier: AiNode = {
		name: 'Root',
		type: 'textClassifier',
		typeVersion: 1.1,
		parameters: { inputText: 'say exactly: {"fast":true,"slow":false}', categories: { categories: [{ category: 'fast' }, { category: 'slow' }] }, options: {} },
	};
	const { upstream, results } = await compare('classify', [trigger('Root'), classifier], 'openAi');
	expect(upstream).toEqual([1, 1, 0]);
	expect(results.map(({ nodes }) => nodes.Root?.at(-1)?.data.map((items) => items.length))).toEqual([[1, 0], [1, 0], [1, 0]]);
});

test('an error of the model is told as it is without us, and its fallback steps in from the cache', async () => {
	const text = 'tag this package: errors';
	standIn.setBehaviour({ route: 'POST /v1/chat/completions', failRatio: { ratio: 1, status: 400 } });
	const bare = await instance.run(await instance.importWorkflow(aiWorkflowOf('error bare', [trigger('Root'), chain(text), model('openAi', 'Root')])));
	const cached = await instance.run(await instance.importWorkflow(aiWorkflowOf('error', [trigger('Root'), chain(text), cachedChatModel('Root'), model('openAi', 'Cached')])));
	const message = (result: ExecutionResult) => (result.error as { message?: string } | undefined)?.message;
	expect(message(bare)).toBeTruthy();
	expect(message(cached)).toBe(message(bare));

	const fallback = [
		trigger('Root'),
		agent(text, { needsFallback: true }),
		cachedChatModel('Root'),
		model('openAi', 'Cached'),
		{ ...cachedChatModel('Root', {}, 'Cached 2'), to: [['Root', 'ai_languageModel', 1]] as const },
		model('anthropic', 'Cached 2', 'Model 2'),
	];
	const id = await instance.importWorkflow(aiWorkflowOf('fallback', fallback));
	const first = await instance.run(id);
	expect(error(first)).toBeUndefined();
	standIn.reset();
	const second = await instance.run(id);
	expect(output(second)).toEqual(output(first));
	expect(log(second, 'Cached 2')).toMatchObject([{ status: 'hit' }]);
	// The main model failed, which is not kept: it is asked again.
	expect(standIn.counters().calls).toEqual({ 'POST /v1/chat/completions': 1 });
});

test('below and above a Model Selector', async () => {
	const always = (modelIndex: number) => ({
		modelIndex,
		conditions: {
			options: { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 },
			conditions: [{ id: '1', leftValue: 'a', rightValue: 'a', operator: { type: 'string', operation: 'equals' } }],
			combinator: 'and',
		},
	});
	const selector = (to: string): AiNode => ({
		name: 'Selector',
		type: 'modelSelector',
		parameters: { numberInputs: 2, rules: { rule: [always(1)] } },
		to: [[to, 'ai_languageModel']],
	});
	const second = { ...model('anthropic', 'Selector', 'Other'), to: [['Selector', 'ai_languageModel', 1]] as const };
	const above = [trigger('Root'), chain('tag this package: selector above'), cachedChatModel('Root'), selector('Cached'), model('openAi', 'Selector'), second];
	const below = [trigger('Root'), chain('tag this package: selector below'), selector('Root'), cachedChatModel('Selector'), model('openAi', 'Cached'), second];
	for (const [name, nodes] of Object.entries({ above, below })) {
		standIn.reset();
		const id = await instance.importWorkflow(aiWorkflowOf(`selector ${name}`, nodes));
		const first = await instance.run(id);
		expect(error(first)).toBeUndefined();
		const again = await instance.run(id);
		expect(output(again)).toEqual(output(first));
		expect(calls(), name).toBe(1);
	}
});

test('twenty agents at once make the calls of one', async () => {
	const root = [agent('Use the calculator for 2+2, then tag: together'), calculator];
	expect(await burst('bare', [...root, model('openAi', 'Root')])).toBe(40);
	expect(await burst('cached', [...root, cachedChatModel('Root'), model('openAi', 'Cached')])).toBe(2);
});

/** Twenty executions at the same time; how many calls they made. */
async function burst(name: string, nodes: readonly AiNode[]): Promise<number> {
	standIn.setBehaviour({ delayMs: 3000 });
	standIn.reset();
	const hook: AiNode = {
		name: 'Start',
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2,
		webhookId: `fastpath-${name}`,
		parameters: { path: name, httpMethod: 'POST', responseMode: 'lastNode', options: {} },
		to: [['Root', 'main']],
	};
	const id = await instance.importWorkflow(aiWorkflowOf(name, [hook, ...nodes]));
	await instance.activate(id);
	const answers = await Promise.all(
		Array.from({ length: 20 }, async () => {
			const response = await fetch(`${instance.url}/webhook/${name}`, { method: 'POST' });
			return `${response.status} ${await response.text()}`;
		}),
	);
	expect(new Set(answers).size).toBe(1);
	expect(answers[0]).toMatch(/^200 .*sums|^200 .*together/);
	return calls();
}

test('a chat streams the answer as it comes, and one from the cache in one piece, never empty', async () => {
	const chat: AiNode = {
		name: 'Start',
		type: 'chatTrigger',
		typeVersion: 1.3,
		webhookId: 'fastpath-chat',
		parameters: { public: true, mode: 'webhook', options: { responseMode: 'streaming' } },
		to: [['Root', 'main']],
	};
	const root: AiNode = { ...agent('={{ $json.chatInput }}'), parameters: { promptType: 'define', text: '={{ $json.chatInput }}', options: { enableStreaming: true } } };
	const id = await instance.importWorkflow(aiWorkflowOf('streaming', [chat, root, calculator, cachedChatModel('Root'), model('openAi', 'Cached')]));
	await instance.activate(id);
	const say = async () => {
		const response = await fetch(`${instance.url}/webhook/fastpath-chat/chat`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ action: 'sendMessage', sessionId: '1', chatInput: 'Use the calculator, then tag: streams of many words in several pieces' }),
		});
		const lines = (await response.text()).split('\n').filter((line) => line !== '');
		const pieces = lines.map((line) => JSON.parse(line) as { type: string; content?: string }).filter(({ type }) => type === 'item');
		return { pieces: pieces.length, text: pieces.map(({ content }) => content ?? '').join('') };
	};
	const first = await say();
	expect(first.text).toContain('Tags:');
	expect(first.pieces).toBeGreaterThan(2);
	expect(calls()).toBe(2);
	const second = await say();
	expect(second.text).toBe(first.text);
	expect(second.pieces).toBeLessThan(first.pieces);
	expect(calls()).toBe(2);
});

test('structured output passes its parser, and a rejected answer is asked anew when the node is retried', async () => {
	const parser = (schema: string): AiNode => ({
		name: 'Parser',
		type: 'outputParserStructured',
		typeVersion: 1.3,
		parameters: { schemaType: 'manual', inputSchema: schema },
		to: [['Root', 'ai_outputParser']],
	});
	const root = (text: string): AiNode => ({ ...chain(text), parameters: { promptType: 'define', text, hasOutputParser: true, batching: {} } });
	const good = parser('{ "type": "object", "properties": { "tags": { "type": "array", "items": { "type": "string" } } }, "required": ["tags"] }');
	const nodes = [trigger('Root'), root('say exactly: {"output":{"tags":["one"]}}'), good, cachedChatModel('Root'), model('openAi', 'Cached')];
	const id = await instance.importWorkflow(aiWorkflowOf('parsed', nodes));
	const first = await instance.run(id);
	expect(error(first)).toBeUndefined();
	expect(output(first)).toEqual([{ output: { tags: ['one'] } }]);
	expect(output(await instance.run(id))).toEqual(output(first));
	expect(calls()).toBe(1);

	standIn.reset();
	const bad = parser('{ "type": "object", "properties": { "price": { "type": "number" } }, "required": ["price"] }');
	const retried = { ...root('say exactly: {"output":{"tags":["two"]}}'), retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
	const rejected = await instance.run(await instance.importWorkflow(aiWorkflowOf('rejected', [trigger('Root'), retried, bad, cachedChatModel('Root'), model('openAi', 'Cached')])));
	expect(rejected.status).toBe('error');
	expect(calls()).toBe(3);
});

test('a vector store is filled with each text embedded once', async () => {
	const insert = (count: number, distinct: number): AiNode[] => [
		trigger('Items'),
		items(count, distinct),
		{ name: 'Root', type: 'vectorStoreInMemory', typeVersion: 1.1, parameters: { mode: 'insert', memoryKey: { mode: 'list', value: 'texts' }, clearStore: true } },
		{ name: 'Loader', type: 'documentDefaultDataLoader', parameters: { jsonMode: 'expressionData', jsonData: '={{ $json.text }}', options: {} }, to: [['Root', 'ai_document']] },
		{ name: 'Splitter', type: 'textSplitterCharacterTextSplitter', parameters: { chunkSize: 1000 }, to: [['Loader', 'ai_textSplitter']] },
		{
			name: 'Cached',
			type: 'n8n-nodes-fastpath.cachedEmbeddings',
			parameters: { cacheMode: 'readWrite', contentType: 'aiAnswer', cacheScope: 'instance', store: 'memory', options: {} },
			to: [['Root', 'ai_embedding']],
		},
		{
			name: 'Embeddings',
			type: 'embeddingsOpenAi',
			typeVersion: 1.2,
			parameters: { model: 'text-embedding-3-small', options: {} },
			credentials: { openAiApi: credentials.openAiApi },
			to: [['Cached', 'ai_embedding']],
		},
	];
	const id = await instance.importWorkflow(aiWorkflowOf('vectors', insert(30, 20)));
	const sent = async (workflow: string) => {
		standIn.reset();
		const result = await instance.run(workflow);
		expect(error(result)).toBeUndefined();
		return { result, texts: log(result).reduce((sum, cache) => sum + Number(cache.misses ?? 0), 0), calls: calls() };
	};
	const first = await sent(id);
	expect(first.texts).toBe(20);
	const second = await sent(id);
	expect(second).toMatchObject({ texts: 0, calls: 0 });
	const more = await sent(await instance.importWorkflow(aiWorkflowOf('more vectors', insert(23, 23))));
	expect(more.texts).toBe(3);
});

test.skipIf(!chromiumPath())('the canvas shows a miss through the model, and a hit without it', async () => {
	const file = path.resolve(import.meta.dirname, '../../workflows/cached-chat-model.json');
	const example = JSON.parse(await readFile(file, 'utf8')) as { nodes: Array<Record<string, unknown>> };
	for (const node of example.nodes) if (node.name === 'OpenAI Chat Model') node.credentials = { openAiApi: credentials.openAiApi };
	const id = await instance.importWorkflow(example);
	const editor = await openEditor(instance);
	try {
		await openWorkflow(editor, id);
		for (const [name, shown] of [['miss', 1], ['hit', 0]] as const) {
			await editor.page.locator('[data-test-id="execute-workflow-button"]').first().click();
			await editor.page.getByText('Workflow executed successfully').first().waitFor({ timeout: 30_000 });
			await screenshotPage(editor, path.join(PICTURES, `cached-chat-model-${name}.png`));
			const done = editor.page.locator('[data-node-name="OpenAI Chat Model"] [data-test-id="canvas-node-status-success"]');
			expect(await done.count(), name).toBe(shown);
			await editor.page.locator('.el-notification__closeBtn').first().click();
		}
		await screenshotNode(editor, id, 'Cached Chat Model', path.join(PICTURES, 'cached-chat-model-panel.png'));
	} finally {
		await editor.close();
	}
});

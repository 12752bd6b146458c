/**
 * In a process of its own, under the engine of the folder in FASTPATH_ENGINE: the installed package loads whole, and each of its nodes
 * does its work. FASTPATH_LOADERS: what that n8n calls its functions which read workflows, with commas between them.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { INode, INodeParameters, NodeConnectionType } from 'n8n-workflow';
import { createEngine, type EngineWorkflow, type RunResult } from '../helpers/engine.mts';
import { engineRequire } from '../helpers/engine-home.mts';
import { createSubWorkflows, createWorker } from '../helpers/sub-workflows.mts';
import { ownFolder } from '../helpers/template-node.mts';
import { startStandIn } from '../stand-in/ai-provider.mts';
import { manifest } from '../toolchain/built-nodes.mts';
import { asked, nodeTypes } from './models.mts';

const root = path.join(process.env.FASTPATH_ENGINE ?? '', 'node_modules', manifest.name);
const worker = createWorker();
const engine = await createEngine({ root, credentialTypes: { openAiApi: { properties: [] } }, nodeTypes: { ...nodeTypes, 'test.worker': worker } });
const names = manifest.n8n.nodes.map((file) => path.basename(file, '.node.js')).map((name) => `${name.charAt(0).toLowerCase()}${name.slice(1)}`);
for (const name of names) {
	assert.equal(engine.nodeTypes.getByNameAndVersion(`${manifest.name}.${name}`).description.displayName.length > 0, true, name);
}

const standIn = await startStandIn();
const removeFolder = ownFolder();
const done = new Set<string>();
const START = { name: 'Start', type: 'n8n-nodes-base.manualTrigger' };

function worked(name: string, result: RunResult): RunResult {
	assert.equal(result.status, 'success', `${name}: ${result.error?.message}`);
	done.add(name);
	return result;
}

/** The node behind a trigger; what it puts out for the first item. */
async function step(name: string, parameters: INodeParameters = {}, extra: Partial<INode> = {}) {
	const credentials = [{ name: 'OpenAI', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1` } }];
	const nodes: EngineWorkflow['nodes'] = [START, { name, type: `${manifest.name}.${name}`, parameters, ...extra }];
	const connections = { Start: { main: [[{ node: name, type: 'main' as const, index: 0 }]] } };
	return worked(name, await engine.run({ workflow: { id: 'compat', nodes, connections }, credentials })).json(name)[0];
}

/** The node between what supplies a model and what asks it; twice, of which the second time from the cache. */
async function between(name: string, type: NodeConnectionType, source: string, consumer: string, counted: () => number): Promise<void> {
	const nodes = [START, { name: 'Consumer', type: consumer }, { name, type: `${manifest.name}.${name}` }, { name: 'Source', type: source }];
	const connections = {
		Start: { main: [[{ node: 'Consumer', type: 'main' as const, index: 0 }]] },
		[name]: { [type]: [[{ node: 'Consumer', type, index: 0 }]] },
		Source: { [type]: [[{ node: name, type, index: 0 }]] },
	};
	const run = async () => worked(name, await engine.run({ workflow: { id: 'compat', nodes, connections } })).json('Consumer')[0];
	const first = await run();
	const before = counted();
	assert.deepEqual([await run(), counted()], [first, before], name);
	assert.equal(before > 0, true, name);
}

async function cachedWorkflow(): Promise<void> {
	const name = 'cachedWorkflow';
	const subs = createSubWorkflows(engine);
	const sub = (work: string) => ({ id: 'sub', nodes: [START, { name: work, type: 'test.worker' }], connections: { Start: { main: [[{ node: work, type: 'main' as const, index: 0 }]] } } });
	const parameters = { workflowId: { __rl: true, mode: 'id', value: 'sub' } };
	const workflow = { id: 'compat', nodes: [START, { name, type: `${manifest.name}.${name}`, parameters }], connections: { Start: { main: [[{ node: name, type: 'main' as const, index: 0 }]] } } };
	const run = async () => worked(name, await subs.run({ workflow }));
	subs.workflows.set('sub', sub('Work'));
	// Without the functions of n8n that read workflows, each run is one of the sub-workflow, and says why.
	for (const runs of [1, 2]) {
		const { hints } = await run();
		assert.equal(worker.runs, runs);
		assert.match(hints.map(({ message }) => message).join(), /does not let nodes read workflows/);
	}
	subs.expose((process.env.FASTPATH_LOADERS ?? '').split(','));
	for (const expected of [3, 3]) assert.deepEqual([(await run()).json(name)[0]?.run, worker.runs], [expected, expected]);
	subs.workflows.set('sub', sub('Edited'));
	await run();
	assert.equal(worker.runs, 4, 'an edit is noticed');
	subs.hide();
}

try {
	assert.deepEqual(await step('pooledHttp', { url: `${standIn.url}/slow/1` }), { waitedMs: 1 });
	assert.deepEqual(await step('batchRequest', { url: `${standIn.url}/slow/2` }), { waitedMs: 2 });
	const ask = async () => await step('cachedAiCall', { model: { __rl: true, mode: 'id', value: 'gpt-4o-mini' }, prompt: 'tag this package: old' }, { credentials: { openAiApi: { id: null, name: 'OpenAI' } } });
	assert.equal((await ask())?.cached, false);
	assert.equal((await ask())?.cached, true);
	assert.equal(standIn.counters().calls['POST /v1/chat/completions'], 1);
	await between('cachedChatModel', 'ai_languageModel', 'test.model', 'test.agent', () => asked().model);
	await between('cachedEmbeddings', 'ai_embedding', 'test.embeddings', 'test.vectorStore', () => asked().embeddings);
	await cachedWorkflow();
	assert.deepEqual(await step('promptTemplate', { templateText: 'Hello {{ name }}', options: { strict: false } }), { text: 'Hello ' });
	assert.equal((await step('promptTemplate', { operation: 'save', name: 'greeting', templateText: 'Hi {{ name }}' }))?.outcome, 'created');
	assert.equal((await step('performanceMonitor'))?.period, '1h');
	const trigger = { name: 'performanceAlertTrigger', type: `${manifest.name}.performanceAlertTrigger` };
	const started = worked(trigger.name, await engine.run({ workflow: { id: 'compat', nodes: [trigger], connections: {} } }));
	assert.equal(started.items(trigger.name).length > 0, true, 'an item to build the workflow with');
	assert.deepEqual([...done].sort(), names);
} finally {
	await standIn.close();
	removeFolder();
}
const { version } = engineRequire('n8n-workflow/package.json') as { version: string };
console.log(`n8n-workflow ${version}, Node ${process.versions.node}: ${names.length} nodes load and run`);
// The engine keeps timers of its own.
process.exit(0);

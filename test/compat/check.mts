/** In a process of its own, under the n8n of the folder in FASTPATH_ENGINE: the installed package loads whole, and its main nodes work. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { INode, INodeParameters } from 'n8n-workflow';
import { createEngine, type EngineWorkflow } from '../helpers/engine.mts';
import { engineRequire } from '../helpers/engine-home.mts';
import { startStandIn } from '../stand-in/ai-provider.mts';
import { manifest } from '../toolchain/built-nodes.mts';

const root = path.join(process.env.FASTPATH_ENGINE ?? '', 'node_modules', manifest.name);
const engine = await createEngine({ root, credentialTypes: { openAiApi: { properties: [] } } });
for (const file of manifest.n8n.nodes) {
	const name = path.basename(file, '.node.js');
	const type = `${manifest.name}.${name.charAt(0).toLowerCase()}${name.slice(1)}`;
	assert.equal(engine.nodeTypes.getByNameAndVersion(type).description.displayName.length > 0, true, type);
}

const standIn = await startStandIn();
try {
	const credentials = [{ name: 'OpenAI', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1` } }];
	const step = async (name: string, parameters: INodeParameters, extra: Partial<INode> = {}) => {
		const nodes: EngineWorkflow['nodes'] = [{ name: 'Start', type: 'n8n-nodes-base.manualTrigger' }, { name, type: `${manifest.name}.${name}`, parameters, ...extra }];
		const connections = { Start: { main: [[{ node: name, type: 'main' as const, index: 0 }]] } };
		const result = await engine.run({ workflow: { id: 'compat', nodes, connections }, credentials });
		assert.equal(result.status, 'success', `${name}: ${result.error?.message}`);
		return result.json(name)[0];
	};
	assert.deepEqual(await step('pooledHttp', { url: `${standIn.url}/slow/1` }), { waitedMs: 1 });
	assert.deepEqual(await step('batchRequest', { url: `${standIn.url}/slow/2` }), { waitedMs: 2 });
	const ask = async () => await step('cachedAiCall', { model: { __rl: true, mode: 'id', value: 'gpt-4o-mini' }, prompt: 'tag this package: old' }, { credentials: { openAiApi: { id: null, name: 'OpenAI' } } });
	assert.equal((await ask())?.cached, false);
	assert.equal((await ask())?.cached, true);
	assert.equal(standIn.counters().calls['POST /v1/chat/completions'], 1);
} finally {
	await standIn.close();
}
const { version } = engineRequire('n8n-workflow/package.json') as { version: string };
console.log(`n8n-workflow ${version}, Node ${process.versions.node}: ${manifest.n8n.nodes.length} nodes load; three of them have run`);
// The engine keeps timers of its own.
process.exit(0);

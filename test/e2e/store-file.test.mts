import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aiWorkflow } from '../helpers/ai-node.mts';
import { createUserFolder, packPackage, startN8n, type N8nInstance } from '../helpers/n8n-instance.mts';
import { startStandIn, type StandIn } from '../stand-in/ai-provider.mts';

const CHAT = 'POST /v1/chat/completions';

let userFolder: string;
let standIn: StandIn;
let instance: N8nInstance | undefined;

beforeAll(async () => {
	const tarball = await packPackage();
	userFolder = await createUserFolder({ tarball });
	await rm(path.dirname(tarball), { recursive: true, force: true });
	standIn = await startStandIn();
	instance = await startN8n({ userFolder });
});

afterAll(async () => {
	await instance?.stop();
	await standIn?.close();
	if (userFolder) await rm(userFolder, { recursive: true, force: true });
});

test('answers in a file survive a restart of n8n, and the credential can be tested', async () => {
	let n8n = instance as N8nInstance;
	const openAiApi = await n8n.createCredential({
		name: 'Stand-in',
		type: 'openAiApi',
		data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false },
	});
	const store = { type: 'sqlite', file: 'store.db', maxMegabytes: 16, encryptionSecret: 'a-secret-for-this-test' };
	const fastpathStoreApi = await n8n.createCredential({ name: 'Store', type: 'fastpathStoreApi', data: store });
	const tested: unknown = await n8n.api('POST', '/rest/credentials/test', { credentials: { ...fastpathStoreApi, type: 'fastpathStoreApi', data: store } });
	expect(tested).toMatchObject({ status: 'OK' });

	const { nodes, connections } = aiWorkflow({ parameters: { prompt: 'tag this package: kept in a file', store: 'shared', options: { includeTrace: true } } });
	const complete = nodes.map((node, index) => ({
		id: `kept-${index}`,
		typeVersion: 1,
		position: [index * 240, 0],
		parameters: {},
		...node,
		...(node.credentials ? { credentials: { openAiApi, fastpathStoreApi } } : {}),
	}));
	const workflowId = await n8n.importWorkflow({ name: 'kept', nodes: complete, connections });
	const answer = async () => (await n8n.run(workflowId)).nodes.AI?.at(-1)?.data[0]?.[0]?.json;

	const first = await answer();
	expect(first).toMatchObject({ cached: false });
	await n8n.stop();
	const file = path.join(userFolder, '.n8n', 'fastpath', 'store.db');
	expect((await stat(file)).mode & 0o777).toBe(0o600);

	n8n = await startN8n({ userFolder });
	instance = n8n;
	expect(await answer()).toMatchObject({ text: first?.text, cached: true, _fastpath: { store: 'shared', attempts: 0 } });
	expect(standIn.counters().calls[CHAT]).toBe(1);
	expect(n8n.logs()).not.toMatch(/ExperimentalWarning|store file .* broken/);
});

import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsSignature } from '../helpers/aws-signature.mts';
import { chromiumPath, openEditor, screenshotNode, screenshotPage } from '../helpers/browser.mts';
import { echo, type Echo } from '../helpers/http-node.mts';
import { PICTURES, startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import type { N8nInstance } from '../helpers/n8n-instance.mts';
import { startOAuth2Server, type OAuth2Server } from '../helpers/oauth2-server.mts';
import { startServer, type TestServer } from '../helpers/with-server.mts';

let installed: InstalledN8n;
let instance: N8nInstance;
let api: TestServer;
let oauth2: OAuth2Server;

beforeAll(async () => {
	[api, oauth2] = await Promise.all([startServer(echo), startOAuth2Server()]);
	installed = await startInstalledN8n();
	({ instance } = installed);
});

afterAll(async () => {
	await installed?.close();
	await Promise.all([api, oauth2].map(async (server) => await server?.close()));
});

const HTTP_REQUEST = { type: 'n8n-nodes-base.httpRequest', typeVersion: 4.4 };
const POOLED = { type: 'n8n-nodes-fastpath.pooledHttp', typeVersion: 1 };

type Credentials = Record<string, { id: string; name: string }>;

async function credential(type: string, data: Record<string, unknown>): Promise<Credentials> {
	return { [type]: await instance.createCredential({ name: type, type, data }) };
}

/** `count` items with their number, then the node in question. */
function workflow(name: string, node: { type: string; typeVersion: number }, parameters: Record<string, unknown>, credentials: Credentials, count: number) {
	const code = `return Array.from({ length: ${count} }, (_, index) => ({ json: { index } }));`;
	const chain = [
		{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} },
		{ name: 'Items', type: 'n8n-nodes-base.code', typeVersion: 2, parameters: { jsCode: code } },
		{ name: 'Http', ...node, parameters, credentials },
	];
	return {
		name,
		nodes: chain.map((entry, index) => ({ id: `${name}-${index}`, position: [index * 240, 0], ...entry })),
		connections: {
			Trigger: { main: [[{ node: 'Items', type: 'main', index: 0 }]] },
			Items: { main: [[{ node: 'Http', type: 'main', index: 0 }]] },
		},
	};
}

async function run(node: { type: string; typeVersion: number }, parameters: Record<string, unknown>, credentials: Credentials, count = 1): Promise<Echo[]> {
	const id = await instance.importWorkflow(workflow('auth', node, parameters, credentials, count));
	const result = await instance.run(id);
	expect(result.error).toBeUndefined();
	return (result.nodes.Http?.[0]?.data[0] ?? []).map((item) => item.json as unknown as Echo);
}

/** What a credential has to do with; a space in a query may be spelled in two ways. */
function facts(seen: Echo | undefined): unknown[] {
	const { pathname, searchParams } = new URL(seen?.url ?? '', api.url);
	return [pathname, [...searchParams], seen?.body, seen?.headers.authorization];
}

test('a predefined credential of a workflow of HTTP Request is applied as HTTP Request does', async () => {
	const credentials = await credential('notionApi', { apiKey: 'k1' });
	const parameters = { url: `${api.url}/echo`, authentication: 'predefinedCredentialType', nodeCredentialType: 'notionApi', options: {} };
	const [theirs] = await run(HTTP_REQUEST, parameters, credentials);
	const before = api.count.connections;
	const ours = await run(POOLED, parameters, credentials, 200);
	expect(ours).toHaveLength(200);
	for (const name of ['authorization', 'notion-version']) expect(ours[0]?.headers[name]).toBe(theirs?.headers[name]);
	expect(ours[0]?.headers).toMatchObject({ authorization: 'Bearer k1' });
	expect(api.count.connections - before).toBeLessThanOrEqual(50);
});

test('a function of a credential finds address, query and body where it looks for them', async () => {
	const parameters = {
		method: 'POST',
		url: `${api.url}/echo`,
		authentication: 'predefinedCredentialType',
		sendQuery: true,
		queryParameters: { parameters: [{ name: 'q', value: 'x y' }] },
		sendBody: true,
		bodyParameters: { parameters: [{ name: 'a', value: '1' }] },
		options: {},
	};
	const types: Array<[string, Record<string, unknown>]> = [
		['trelloApi', { apiKey: 'k1', apiToken: 't1' }],
		['convertKitApi', { apiSecret: 's1' }],
		['wooCommerceApi', { consumerKey: 'k1', consumerSecret: 's1', url: api.url, includeCredentialsInQuery: false }],
		['pushoverApi', { apiKey: 'k1' }],
	];
	for (const [type, data] of types) {
		const credentials = await credential(type, data);
		const mine = { ...parameters, nodeCredentialType: type };
		const [theirs] = await run(HTTP_REQUEST, mine, credentials);
		const [ours] = await run(POOLED, mine, credentials);
		expect([type, ...facts(ours)]).toEqual([type, ...facts(theirs)]);
	}
});

test('AWS would accept the signature of address, headers and body', async () => {
	const credentials = await credential('aws', { region: 'eu-central-1', accessKeyId: 'AKID', secretAccessKey: 'topsecret' });
	const parameters = {
		method: 'POST',
		url: `${api.url}/echo`,
		authentication: 'predefinedCredentialType',
		nodeCredentialType: 'aws',
		sendQuery: true,
		queryParameters: { parameters: [{ name: 'q', value: 'x y' }] },
		sendBody: true,
		bodyParameters: { parameters: [{ name: 'a', value: 'ü' }] },
		options: {},
	};
	for (const seen of await run(POOLED, parameters, credentials, 3)) {
		expect(seen.body).toBe('{"a":"ü"}');
		const { sent, expected } = awsSignature(seen, 'topsecret');
		expect(sent).toBe(expected);
	}
});

test('Simplified Custom Auth is applied as HTTP Request does', async () => {
	const credentials = await credential('httpTemplatedCustomAuth', {
		template: '{"headers":{"X-Key":"Bearer {{key}}"},"qs":{"k":"{{key}}"},"body":{"secret":"{{key}}"}}',
		placeholderDefs: '[{"name":"key","title":"Key","type":"password"}]',
		placeholderValues: '{"key":"k1"}',
	});
	const parameters = {
		method: 'POST',
		url: `${api.url}/echo`,
		authentication: 'genericCredentialType',
		genericAuthType: 'httpTemplatedCustomAuth',
		sendBody: true,
		bodyParameters: { parameters: [{ name: 'a', value: '1' }] },
		options: {},
	};
	const [theirs] = await run(HTTP_REQUEST, parameters, credentials);
	const [ours] = await run(POOLED, parameters, credentials);
	expect(ours).toMatchObject({ url: '/echo?k=k1', headers: { 'x-key': 'Bearer k1' } });
	expect([...facts(ours), ours?.headers['x-key']]).toEqual([...facts(theirs), theirs?.headers['x-key']]);
});

test('OAuth2 acquires one token for 100 items, and one more when the server refuses it', async () => {
	const credentials = await credential('oAuth2Api', {
		grantType: 'clientCredentials',
		accessTokenUrl: `${oauth2.url}/token`,
		clientId: 'client',
		clientSecret: 'topsecret',
		authentication: 'header',
		scope: '',
	});
	const parameters = { url: `${oauth2.url}/echo`, authentication: 'genericCredentialType', genericAuthType: 'oAuth2Api', options: {} };
	expect((await run(POOLED, parameters, credentials, 100)).at(-1)?.headers.authorization).toBe('Bearer token-1');
	expect(oauth2.grants).toEqual(['client_credentials']);

	oauth2.expire();
	const before = oauth2.count.connections;
	expect((await run(POOLED, parameters, credentials, 100)).at(-1)?.headers.authorization).toBe('Bearer token-2');
	expect(oauth2.grants).toHaveLength(2);
	// The pool is open already; the token comes over n8n's own client.
	expect(oauth2.count.connections - before).toBeLessThanOrEqual(41);

	expect(await run(POOLED, parameters, credentials)).toHaveLength(1);
	expect(oauth2.grants).toHaveLength(2);
});

test('a credential that differs per item is resolved per item where the user asks for it', async () => {
	const credentials = await credential('httpHeaderAuth', { name: 'X-Key', value: '=key-{{ $json.index }}' });
	const keys = async (options: Record<string, unknown>) => {
		const parameters = { url: `${api.url}/echo`, authentication: 'genericCredentialType', genericAuthType: 'httpHeaderAuth', options };
		return (await run(POOLED, parameters, credentials, 3)).map(({ headers }) => headers['x-key']);
	};
	expect(await keys({ credentialPerItem: true })).toEqual(['key-0', 'key-1', 'key-2']);
	expect(await keys({})).toEqual(['key-0', 'key-0', 'key-0']);
});

test.skipIf(!chromiumPath())('the panel offers the predefined types, one picker for the credential, and certificates in the settings', async () => {
	const credentials = await credential('notionApi', { apiKey: 'k1' });
	const parameters = {
		url: `${api.url}/echo`,
		authentication: 'predefinedCredentialType',
		nodeCredentialType: 'notionApi',
		provideSslCertificates: true,
		options: {},
	};
	const id = await instance.importWorkflow(workflow('panel', POOLED, parameters, credentials, 1));
	const editor = await openEditor(instance);
	try {
		await screenshotNode(editor, id, 'Http', path.join(PICTURES, 'pooled-http-predefined.png'));
		const panel = editor.page.locator('[data-test-id="ndv"]');
		for (const label of ['Authentication', 'Credential Type']) await panel.getByText(label, { exact: true }).first().waitFor({ timeout: 5000 });
		expect(await panel.getByText('Credential for Notion API', { exact: true }).count()).toBe(1);
		await panel.getByText('Settings', { exact: true }).first().click();
		await screenshotPage(editor, path.join(PICTURES, 'pooled-http-certificates.png'));
		const bare = { url: `${api.url}/echo`, provideSslCertificates: true, options: {} };
		const other = await instance.importWorkflow(workflow('certificates', POOLED, bare, {}, 1));
		await screenshotNode(editor, other, 'Http', path.join(PICTURES, 'pooled-http-certificates-only.png'));
		await panel.getByText('SSL Certificates', { exact: true }).first().waitFor({ timeout: 5000 });
	} finally {
		await editor.close();
	}
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';

/** What reached the server that is not to be reached; it listens on all addresses of this machine. */
let reached: string[] = [];
const secret = createServer((request, response) => {
	reached.push(String(request.url));
	response.setHeader('content-type', 'application/json').end('{"secret":true}');
});
let sockets = 0;
secret.on('connection', () => void (sockets += 1));
let port = 0;

/** Redirects to wherever the query says; the one place that the allow list has. */
const open = createServer((request, response) => {
	const to = new URL(String(request.url), 'http://x').searchParams.get('to');
	response.writeHead(to === null ? 200 : 302, { 'content-type': 'application/json', ...(to === null ? {} : { location: to }) }).end('{"open":true}');
});
let openUrl = '';

beforeAll(async () => {
	await new Promise<void>((resolve) => secret.listen(0, '::', resolve));
	port = (secret.address() as AddressInfo).port;
	await new Promise<void>((resolve) => open.listen(0, '127.0.0.3', resolve));
	openUrl = `http://127.0.0.3:${(open.address() as AddressInfo).port}`;
});

afterAll(() => {
	secret.close();
	open.close();
});

beforeEach(() => {
	reached = [];
	sockets = 0;
});

async function request(installed: InstalledN8n, url: string, options: Record<string, unknown> = {}) {
	const nodes = [
		{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} },
		{ name: 'Http', type: 'n8n-nodes-fastpath.pooledHttp', typeVersion: 1, onError: 'continueRegularOutput', parameters: { url, options: { maxRetries: 0, ...options } } },
	];
	const { instance } = installed;
	const id = await instance.importWorkflow({
		name: url.slice(0, 100),
		nodes: nodes.map((node, index) => ({ id: `n${index}`, position: [index * 240, 0], ...node })),
		connections: { Trigger: { main: [[{ node: 'Http', type: 'main', index: 0 }]] } },
	});
	const result = await instance.run(id);
	return result.nodes.Http?.[0]?.data[0]?.[0]?.json ?? {};
}

const REFUSED = /blocked because it resolves to a restricted IP address|not allowed/;

describe('with n8n\'s protection on', () => {
	let installed: InstalledN8n;
	beforeAll(async () => {
		installed = await startInstalledN8n({ env: { N8N_SSRF_PROTECTION_ENABLED: 'true', N8N_SSRF_ALLOWED_IP_RANGES: '127.0.0.3/32' } });
	});
	afterAll(async () => await installed?.close());

	test.each([
		['loopback', 'http://127.0.0.1'],
		['another loopback', 'http://127.9.9.9'],
		['loopback over https', 'https://127.0.0.1'],
		['a decimal address', 'http://2130706433'],
		['an octal address', 'http://0177.0.0.1'],
		['a hexadecimal address', 'http://0x7f.1'],
		['a short address', 'http://127.1'],
		['the unspecified address', 'http://0.0.0.0'],
		['a private address', 'http://10.0.0.1'],
		['the metadata address', 'http://169.254.169.254'],
		['IPv6 loopback', 'http://[::1]'],
		['IPv4 mapped into IPv6', 'http://[::ffff:127.0.0.1]'],
		['IPv4 mapped into IPv6, in hexadecimal', 'http://[::ffff:7f00:1]'],
		['a name that resolves to loopback', 'http://localhost'],
	])('%s is refused, and nothing is connected to', async (_what, origin) => {
		const json = await request(installed, `${origin}:${port}/secret`);
		expect(json.error).toMatch(REFUSED);
		expect([reached, sockets]).toEqual([[], 0]);
	});

	test('a name that does not resolve is told as that, not as a refusal', async () => {
		const json = await request(installed, 'http://does-not-exist.invalid/');
		expect(json.error).toMatch(/^No connection to does-not-exist\.invalid: the host name (is not known|could not be resolved)/);
	});

	test('what the allow list has is reached', async () => {
		expect(await request(installed, openUrl)).toEqual({ open: true });
	});

	test.each(['http://127.0.0.1', 'http://2130706433', 'http://[::ffff:127.0.0.1]', 'http://localhost'])('a redirect to %s is refused', async (origin) => {
		const json = await request(installed, `${openUrl}/?to=${encodeURIComponent(`${origin}:${port}/secret`)}`);
		expect(json.error).toMatch(REFUSED);
		expect([reached, sockets]).toEqual([[], 0]);
	});

	test('an alternative origin, its probe and a proxy are refused as well', async () => {
		const alternativeOrigins = { origin: [{ origin: `http://127.0.0.1:${port}`, weight: 1000 }] };
		const balanced = await request(installed, openUrl, { alternativeOrigins, loadBalancing: 'weighted', healthCheckPath: '/health', healthCheckSeconds: 1 });
		expect(balanced.error).toMatch(REFUSED);
		const proxied = await request(installed, openUrl, { proxy: `http://127.0.0.1:${port}` });
		expect(proxied.error).toMatch(REFUSED);
		expect([reached, sockets]).toEqual([[], 0]);
	});
});

describe('with n8n\'s protection on and loopback on its allow list', () => {
	let installed: InstalledN8n;
	beforeAll(async () => {
		installed = await startInstalledN8n({ env: { N8N_SSRF_PROTECTION_ENABLED: 'true', N8N_SSRF_ALLOWED_IP_RANGES: '127.0.0.0/8,::1/128' } });
	});
	afterAll(async () => await installed?.close());

	test.each(['http://127.0.0.1', 'http://localhost'])('%s is reached', async (origin) => {
		expect(await request(installed, `${origin}:${port}/allowed`)).toEqual({ secret: true });
		expect(reached).toEqual(['/allowed']);
	});
});

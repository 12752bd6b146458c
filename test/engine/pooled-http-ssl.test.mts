import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { echo, NODE, runHttp } from '../helpers/http-node.mts';
import { certificate, clientCertificate, clientKey, startServer, type TestServer } from '../helpers/with-server.mts';

let engine: Engine;
let server: TestServer;

beforeAll(async () => {
	engine = await createEngine();
	server = await startServer(echo, { https: true, clientCertificate: true });
});

afterAll(async () => await server.close());

/** As a field of one line keeps it. */
const inOneLine = (pem: string) => pem.trim().replaceAll('\n', ' ');

const encryptedKey = createPrivateKey(clientKey).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pw' }).toString();

const run = async (data: Record<string, unknown>, count = 1, parameters: Record<string, unknown> = {}) =>
	await runHttp({
		engine,
		parameters: { url: `${server.url}/echo`, provideSslCertificates: true, options: { maxRetries: 0, circuitBreaker: false }, ...parameters },
		credential: { type: 'httpSslAuth', data },
		input: Array.from({ length: count }, () => ({})),
	});

describe('a server that asks for a certificate', () => {
	test.each([
		['as they are', { ca: certificate, cert: clientCertificate, key: clientKey, passphrase: '' }],
		['pasted into one line', { ca: inOneLine(certificate), cert: inOneLine(clientCertificate), key: inOneLine(clientKey), passphrase: '' }],
		['with a passphrase', { ca: certificate, cert: clientCertificate, key: encryptedKey, passphrase: 'pw' }],
	])('gets that of the credential, %s, once per connection', async (_how, data) => {
		const before = server.count.connections;
		const result = await run(data, 100);
		expect(result.error).toBeUndefined();
		expect(result.json(NODE)).toHaveLength(100);
		expect(server.count.connections - before).toBeLessThanOrEqual(50);
	});

	test('turns a client without one away', async () => {
		const result = await run({ ca: certificate, cert: '', key: '', passphrase: '' });
		expect(result.error).toBeDefined();
	});

	test('is not sent the certificate where the switch is off', async () => {
		const data = { ca: certificate, cert: clientCertificate, key: clientKey, passphrase: '' };
		const result = await run(data, 1, { provideSslCertificates: false, options: { allowUnauthorizedCerts: true, maxRetries: 0 } });
		expect(result.error).toBeDefined();
	});

	test('is trusted only where the authority is given', async () => {
		const result = await run({ ca: '', cert: clientCertificate, key: clientKey, passphrase: '' });
		expect(result.error?.message).toMatch(/certificate/i);
	});

	test('leaves neither key nor passphrase in the error', async () => {
		const result = await run({ ca: certificate, cert: clientCertificate, key: encryptedKey, passphrase: 'wr0ng-pass' });
		expect(result.error).toBeDefined();
		const shown = JSON.stringify([result.error, result.error?.stack, result.messages, result.hints]);
		expect(shown).not.toMatch(/wr0ng-pass|PRIVATE KEY/);
	});
});

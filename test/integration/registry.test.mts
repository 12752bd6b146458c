/** What the set-up says where npm's registry is not as it should be. In processes of their own: npm is waited for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { execute, freePort, plainEnvironment } from '../helpers/child-process.mts';
import { startServer } from '../helpers/with-server.mts';

const MODULE = new URL('../toolchain/registry.mjs', import.meta.url).href;
let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'fastpath-registry-'));
	await writeFile(path.join(folder, 'package.json'), '{ "private": true }');
});

afterEach(async () => await rm(folder, { recursive: true }));

/** What is printed where the registry has this address. */
async function ask(registry: string): Promise<string> {
	await writeFile(path.join(folder, '.npmrc'), `registry=${registry}\nnoproxy=127.0.0.1\n`);
	const script = `import { askRegistry } from '${MODULE}'; askRegistry(['npm'], { cwd: process.cwd() });`;
	return await execute(process.execPath, ['--input-type=module', '-e', script], folder, { ...plainEnvironment(), npm_config_cache: path.join(folder, 'cache') });
}

test('a certificate that npm does not trust ends the set-up at once, with what to do about it', async () => {
	const server = await startServer((_request, response) => response.end('{}'), { https: true });
	await expect(ask(server.url)).rejects.toThrow(/does not trust the certificate of its registry \(\w+\)\. Name the file .*NODE_EXTRA_CA_CERTS=/);
	await server.close();
});

test('a registry out of reach is told, and left to what npm has kept', async () => {
	expect(await ask(`http://127.0.0.1:${await freePort()}/`)).toContain('npm cannot reach its registry (ECONNREFUSED)');
});

test('nothing is said of a registry that answers', async () => {
	const server = await startServer((_request, response) => response.end(JSON.stringify({ name: 'n8n-workflow', versions: {}, 'dist-tags': {} })));
	expect(await ask(server.url)).toBe('');
	await server.close();
});

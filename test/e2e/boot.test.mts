import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUserFolder, packPackage, startN8n } from '../helpers/n8n-instance.mts';
import type { N8nInstance } from '../helpers/n8n-instance.mts';

const root = path.resolve(import.meta.dirname, '../..');
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
	name: string;
	n8n: { nodes: string[]; credentials: string[] };
};

let instance: N8nInstance;
let userFolder: string;
let tarball: string;

beforeAll(async () => {
	tarball = await packPackage();
	userFolder = await createUserFolder({ tarball });
	instance = await startN8n({ userFolder });
});

afterAll(async () => {
	await instance?.stop();
	for (const folder of [userFolder, tarball && path.dirname(tarball)]) {
		if (folder) await rm(folder, { recursive: true, force: true });
	}
});

/** `dist/nodes/CachedAiCall/CachedAiCall.node.js` → `n8n-nodes-fastpath.cachedAiCall` */
function typeName(file: string): string {
	const name = path.basename(file).split('.')[0] ?? '';
	return `${manifest.name}.${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

test('a real n8n offers every node of the installed archive, with its icon', async () => {
	const types = (await instance.api('GET', '/types/nodes.json')) as Array<{ name: string; iconUrl?: string | { light: string } }>;
	for (const file of manifest.n8n.nodes) {
		const type = types.find(({ name }) => name === typeName(file));
		expect(type, typeName(file)).toBeDefined();
		const icon = typeof type?.iconUrl === 'string' ? type.iconUrl : type?.iconUrl?.light;
		expect(icon, `icon of ${typeName(file)}`).toBeDefined();
		const picture = await fetch(new URL(`/${icon}`, instance.url));
		expect(picture.status).toBe(200);
		await picture.body?.cancel();
	}
});

test('a real n8n offers every credential type of the installed archive', async () => {
	const types = (await instance.api('GET', '/types/credentials.json')) as Array<{ name: string }>;
	const names = types.map(({ name }) => name.toLowerCase());
	for (const file of manifest.n8n.credentials) expect(names).toContain((path.basename(file).split('.')[0] ?? '').toLowerCase());
});

test('the installed package is the built tree alone: no dependencies of its own, no tests, no sources', () => {
	const installed = path.join(userFolder, '.n8n', 'nodes', 'node_modules', manifest.name);
	expect(existsSync(path.join(installed, 'dist', 'lib', 'vendor.LICENSES.txt'))).toBe(true);
	for (const name of ['node_modules', 'test', 'lib', 'nodes']) expect(existsSync(path.join(installed, name)), name).toBe(false);
});

test('n8n logs no error about the package while it starts', () => {
	const lines = instance.logs().split('\n');
	expect(lines.filter((line) => line.includes(manifest.name) && /error|fail|could not/i.test(line))).toEqual([]);
});

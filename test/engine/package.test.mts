/** The archive that is published: what is in it, how large it is, and that the same build gives the same bytes. */
import { readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute } from '../helpers/child-process.mts';
import { packPackage } from '../helpers/n8n-package.mts';
import { manifest } from '../toolchain/built-nodes.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MB = 1_048_576;
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

let archive: string;
let files: string[];

beforeAll(async () => {
	archive = await packPackage();
	files = (await execute('tar', ['-tzf', archive], ROOT)).trim().split('\n').map((file) => file.replace(/^package\//, '')).sort();
});

afterAll(() => rmSync(path.dirname(archive), { recursive: true, force: true }));

describe('the archive', () => {
	test('holds the built tree, the licences and the readme, and nothing else', () => {
		const strangers = files.filter((file) => !/^dist\/(nodes|lib|credentials)\/.+\.(js|svg|node\.json)$/.test(file));
		expect(strangers).toEqual(['LICENSE', 'README.md', 'dist/lib/vendor.LICENSES.txt', 'package.json']);
		for (const file of [...manifest.n8n.nodes, ...manifest.n8n.credentials]) expect(files).toContain(file);
	});

	test('is small', () => {
		expect(readFileSync(archive).length).toBeLessThan(MB);
	});

	test('is the same, byte for byte, when it is packed again later', async () => {
		for (const file of readdirSync(path.join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' }).slice(0, 50)) utimesSync(path.join(ROOT, 'dist', file), 0, 0);
		const again = await packPackage();
		const [one, other] = [readFileSync(archive), readFileSync(again)];
		rmSync(path.dirname(again), { recursive: true });
		expect(other.equals(one)).toBe(true);
	});

	test('names the licence of every package that is inlined, and only licences that allow it', () => {
		const notices = read('dist/lib/vendor.LICENSES.txt');
		const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
		const named = [...read('lib/vendor.ts').matchAll(/from '((?:@[^/']+\/)?[^/']+)/g)].map(([, name]) => name ?? '');
		expect(named.length).toBeGreaterThan(3);
		for (const name of named) expect(notices, name).toContain(`${name}@${devDependencies[name]} (`);
		const licences = new Set([...notices.matchAll(/^\S+@\d\S* \(([^)]+)\)$/gm)].map(([, licence]) => licence));
		for (const licence of licences) expect(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0']).toContain(licence);
	});
});

describe('the release', () => {
	test('has a semantic version, which the changelog and the runtime know', () => {
		expect(manifest.version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
		expect(read('CHANGELOG.md')).toContain(`## ${manifest.version} `);
		expect(read('dist/lib/runtime/index.js')).toContain(`BUILD = '${manifest.version}'`);
	});

	test('asks nothing of those who install it: no dependencies, no scripts that npm runs', () => {
		const whole = JSON.parse(read('package.json')) as Record<string, object>;
		expect(whole.dependencies).toBeUndefined();
		expect(whole.devEngines).toBeUndefined();
		expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?(install|pack|publish|prepare)/.test(name))).toEqual([]);
		expect(whole.peerDependencies).toEqual({ 'n8n-workflow': '*' });
	});

	test('is made by workflows whose actions are named by commit', () => {
		const { parse } = createRequire(import.meta.url)('yaml') as { parse(text: string): { jobs: Record<string, { steps: Array<{ uses?: string; run?: string }> }> } };
		for (const name of readdirSync(path.join(ROOT, '.github', 'workflows'))) {
			const steps = Object.values(parse(read(`.github/workflows/${name}`)).jobs).flatMap((job) => job.steps);
			for (const { uses, run } of steps) {
				if (uses) expect(uses, name).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
				for (const [, script] of (run ?? '').matchAll(/npm run ([\w:-]+)/g)) expect(Object.keys(manifest.scripts), name).toContain(script);
			}
		}
	});
});

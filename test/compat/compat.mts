/**
 * The packed package under other versions of n8n than the one of the tests: `npm run compat` takes the oldest that the README names,
 * the first of n8n 2 and the newest there is; `npm run compat -- 2.20.6` another. Of each, the package of n8n itself is looked into, and
 * the engine that it names (n8n-core) is installed into .n8n/compat (about 350 MB), once.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execute, npmCommand, plainEnvironment } from '../helpers/child-process.mts';
import { createUserFolder, packPackage } from '../helpers/n8n-package.mts';
import { manifest } from '../toolchain/built-nodes.mts';

export const OLDEST = '1.123.0';
const DEFAULT = [OLDEST, '2.0.0', 'latest'];

const root = path.resolve(import.meta.dirname, '../..');

interface Engine {
	readonly folder: string;
	readonly n8n: string;
	/** What this n8n calls its functions that read workflows, for which lib/n8n/host.ts looks. */
	readonly loaders: readonly string[];
}

async function npm(folder: string, ...args: readonly string[]): Promise<void> {
	const [command, first] = npmCommand();
	await execute(command, [...first, ...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder, plainEnvironment());
}

async function installEngine(version: string): Promise<Engine> {
	const folder = path.join(root, '.n8n', 'compat', version);
	const [stamp, package_] = [path.join(folder, '.installed'), path.join(folder, 'package')];
	const isFresh = version !== 'latest' && (await readFile(stamp, 'utf8').catch(() => '')) === version;
	if (!isFresh) {
		await rm(folder, { recursive: true, force: true });
		await mkdir(folder, { recursive: true });
		await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'compat', private: true }));
		await npm(folder, 'pack', `n8n@${version}`);
		const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
		await execute('tar', ['-xzf', archive], folder);
	}
	const n8n = JSON.parse(await readFile(path.join(package_, 'package.json'), 'utf8')) as { readonly version: string; readonly dependencies: Readonly<Record<string, string>> };
	if (!isFresh) {
		// A registry that mirrors another may not have the very last one.
		const core = `n8n-core@<=${n8n.dependencies['n8n-core']}`;
		console.log(`installing ${core} of n8n ${n8n.version} ...`);
		await npm(folder, 'install', core);
		await writeFile(stamp, version);
	}
	const source = await readFile(path.join(package_, 'dist', 'workflow-execute-additional-data.js'), 'utf8');
	const loaders = [...source.matchAll(/^exports\.(get\w*WorkflowData) = /gm)].flatMap(([, name]) => name ?? []);
	return { folder, n8n: n8n.version, loaders };
}

async function check(version: string, installed: string): Promise<void> {
	const { folder, n8n, loaders } = await installEngine(version);
	await cp(installed, path.join(folder, 'node_modules', manifest.name), { recursive: true, force: true });
	const env = { ...plainEnvironment(), FASTPATH_ENGINE: folder, FASTPATH_LOADERS: loaders.join() };
	const output = await execute(process.execPath, [path.join(import.meta.dirname, 'check.mts')], root, env);
	console.log(`n8n ${n8n}: ${output.trim()}`);
}

if (process.argv[1] === import.meta.filename) {
	const tarball = await packPackage();
	const userFolder = await createUserFolder({ tarball });
	try {
		const versions = process.argv.slice(2);
		for (const version of versions.length > 0 ? versions : DEFAULT) await check(version, path.join(userFolder, '.n8n', 'nodes', 'node_modules', manifest.name));
	} finally {
		for (const folder of [path.dirname(tarball), userFolder]) await rm(folder, { recursive: true, force: true });
	}
}

/**
 * The packed package under other versions of n8n's engine than the one of the tests: `npm run compat` takes the oldest that the
 * README names, the first of n8n 2 and the newest there is; `npm run compat -- 2.20.6` another. Each is installed into
 * .n8n/compat (about 350 MB), once, and is told by its version of n8n-core, which n8n names among its dependencies.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execute, npmCommand, plainEnvironment } from '../helpers/child-process.mts';
import { createUserFolder, packPackage } from '../helpers/n8n-package.mts';
import { manifest } from '../toolchain/built-nodes.mts';

/** Of n8n 1.123. */
export const OLDEST = '1.122.1';
const DEFAULT = [OLDEST, '2.0.2', 'latest'];

const root = path.resolve(import.meta.dirname, '../..');

async function installEngine(version: string): Promise<string> {
	const folder = path.join(root, '.n8n', 'compat', version);
	const stamp = path.join(folder, '.installed');
	const isFresh = version !== 'latest' && (await readFile(stamp, 'utf8').catch(() => '')) === version;
	if (isFresh) return folder;
	console.log(`installing n8n-core ${version} ...`);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'compat', private: true }));
	const [npm, first] = npmCommand();
	await execute(npm, [...first, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `n8n-core@${version}`], folder, plainEnvironment());
	await writeFile(stamp, version);
	return folder;
}

async function check(version: string, installed: string): Promise<void> {
	const folder = await installEngine(version);
	await cp(installed, path.join(folder, 'node_modules', manifest.name), { recursive: true, force: true });
	const env = { ...plainEnvironment(), FASTPATH_ENGINE: folder };
	const output = await execute(process.execPath, [path.join(import.meta.dirname, 'check.mts')], root, env);
	console.log(`n8n-core ${version}: ${output.trim()}`);
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

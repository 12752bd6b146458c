/** Puts the package into a user folder the way n8n's own community-node installer does. */
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureN8n } from '../n8n/install.mjs';
import { execute, npmCommand, plainEnvironment } from './child-process.mts';

const root = path.resolve(import.meta.dirname, '../..');

export interface Logger {
	(line: string): void;
}

/** Path of the n8n program; installs n8n first when it is missing. */
export function n8nBin(log: Logger = console.log): Promise<string> {
	return ensureN8n(log);
}

/** Packs the built tree into a new temporary folder; path of the archive. */
export async function packPackage(log: Logger = () => undefined): Promise<string> {
	await stat(path.join(root, 'dist')).catch(() => {
		throw new Error('Nothing to pack: run `npm run build` first');
	});
	const folder = await mkdtemp(path.join(tmpdir(), 'fastpath-pack-'));
	const [npm, first] = npmCommand();
	await execute(npm, [...first, 'pack', '--pack-destination', folder, '--ignore-scripts', '--loglevel=error'], root, plainEnvironment());
	const name = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
	if (!name) throw new Error('npm pack left no archive');
	const file = path.join(folder, name);
	log(`package: ${name}, ${Math.round((await stat(file)).size / 1024)} kB`);
	return file;
}

/**
 * Repeats the installer's steps (archive → node_modules/<name>, without development and peer dependencies, shallow
 * npm install without scripts) in a user folder, new unless `dir` is given; the folder is what N8N_USER_FOLDER takes.
 */
export async function createUserFolder(options: { dir?: string; tarball: string; log?: Logger }): Promise<string> {
	const { tarball, log = () => undefined } = options;
	const dir = path.resolve(options.dir ?? (await mkdtemp(path.join(tmpdir(), 'fastpath-n8n-'))));
	const { name } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { name: string };
	const downloads = path.join(dir, '.n8n', 'nodes');
	const target = path.join(downloads, 'node_modules', name);
	await rm(target, { recursive: true, force: true });
	await mkdir(target, { recursive: true });

	await execute('tar', ['-xzf', path.resolve(tarball), '-C', target, '--strip-components=1'], downloads);
	const manifestFile = path.join(target, 'package.json');
	const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as Record<string, unknown>;
	for (const field of ['devDependencies', 'peerDependencies', 'optionalDependencies']) delete manifest[field];
	await writeFile(manifestFile, JSON.stringify(manifest, null, 2));
	const [npm, first] = npmCommand();
	const flags = ['--audit=false', '--fund=false', '--bin-links=false', '--install-strategy=shallow', '--ignore-scripts=true', '--package-lock=false'];
	await execute(npm, [...first, 'install', ...flags], target, plainEnvironment());
	const installed = { name: 'installed-nodes', private: true, dependencies: { [name]: manifest.version } };
	await writeFile(path.join(downloads, 'package.json'), JSON.stringify(installed, null, 2));
	log(`package: ${name} ${String(manifest.version)} installed into ${dir}`);
	return dir;
}

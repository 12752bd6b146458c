/** Other libraries, from a lock file of their own, in a folder that git ignores: neither the package nor its tests need them. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { npmCi } from '../../test/n8n/install.mjs';

const FOLDER = path.resolve(import.meta.dirname, '../../.cache/peers');
const STAMP = path.join(FOLDER, 'node_modules/.fastpath-setup');
const LOCK = path.join(import.meta.dirname, 'package-lock.json');

export function peersAreInstalled(): boolean {
	try {
		return readFileSync(STAMP, 'utf8') === readFileSync(LOCK, 'utf8');
	} catch {
		return false;
	}
}

export async function installPeers(): Promise<void> {
	if (peersAreInstalled()) return;
	console.log('installing the libraries to compare with into .cache/peers (once, about 25 MB)');
	rmSync(FOLDER, { recursive: true, force: true });
	mkdirSync(FOLDER, { recursive: true });
	for (const name of ['package.json', 'package-lock.json']) copyFileSync(path.join(import.meta.dirname, name), path.join(FOLDER, name));
	await npmCi(FOLDER);
	writeFileSync(STAMP, readFileSync(LOCK));
}

const require = createRequire(path.join(FOLDER, 'package.json'));

/** The caller says what of the library it uses, for its types are not here. `entry` names another entry point of it. */
export async function peer(name: string, entry = name): Promise<unknown> {
	const { resolve } = require;
	return (await import(pathToFileURL(resolve(entry)).href)) as unknown;
}

export function versionOf(name: string): string {
	const { dependencies } = JSON.parse(readFileSync(path.join(import.meta.dirname, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
	return dependencies[name] ?? 'unknown';
}

/** Programs of the machine that some tests need: found, or installed through apt where that is possible. */
import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { accessSync, constants, globSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** Where Debian puts programs of which it has several versions; the newest first. */
function versioned(): string[] {
	return globSync('/usr/lib/postgresql/*/bin').sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).reverse();
}

/** Programs out of packages that are not installed. */
const UNPACKED = path.resolve(import.meta.dirname, '../../.cache/programs');

export function findProgram(name: string): string | undefined {
	return [...(process.env.PATH ?? '').split(path.delimiter), ...versioned(), path.join(UNPACKED, 'usr/bin')]
		.map((folder) => path.join(folder, name))
		.find((file) => {
			try {
				accessSync(file, constants.X_OK);
				return true;
			} catch {
				return false;
			}
		});
}

/** Tries to install the missing ones (as root, on Debian and its kin); what stays missing, its tests skip. */
export function ensurePrograms(programs: Record<string, string>, log: (line: string) => void = console.log): void {
	const missing = Object.entries(programs).filter(([program]) => !findProgram(program));
	if (missing.length === 0) return;
	const packages = missing.map(([, name]) => name);
	if (process.getuid?.() === 0 && findProgram('apt-get')) {
		log(`setup: installing ${packages.join(' and ')} with apt-get (about a minute) ...`);
		apt('update', '-qq');
		apt('install', '-y', '-qq', '--no-install-recommends', ...packages);
	}
	for (const [program, name] of missing) {
		if (!findProgram(program)) log(`setup: ${program} is not on this machine; the tests that need it are skipped. Debian: apt-get install ${name}`);
	}
}

/**
 * Fetches Debian's package and unpacks it into a folder that git ignores: for programs whose packages would start a server where
 * they are installed. What stays missing, its tests skip.
 */
export function ensureUnpacked(program: string, name: string, log: (line: string) => void = console.log): void {
	if (findProgram(program)) return;
	if (findProgram('apt-get') && findProgram('dpkg-deb')) {
		log(`setup: fetching ${program} out of Debian's package ${name} ...`);
		mkdirSync(UNPACKED, { recursive: true });
		const quiet = { cwd: UNPACKED, stdio: ['ignore', 'ignore', 'inherit'] } satisfies SpawnSyncOptions;
		const fetched = () => spawnSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], quiet).status === 0;
		if (!fetched() && process.getuid?.() === 0) {
			apt('update', '-qq');
			fetched();
		}
		const [file] = globSync(`${name}_*.deb`, { cwd: UNPACKED });
		if (file) spawnSync('dpkg-deb', ['-x', file, UNPACKED], quiet);
	}
	if (!findProgram(program)) log(`setup: ${program} is not on this machine; the tests that need it are skipped. Debian: apt-get install ${name}`);
}

function apt(...args: string[]): void {
	spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

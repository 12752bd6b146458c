// Installs a private n8n into .n8n/app (git-ignored), from its own lock file: ensureN8n() gives the path of its program.
// N8N_BIN names another installation to use instead. Nothing here imports from node_modules.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { askRegistry } from '../toolchain/registry.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '..', '..');
const app = path.join(root, '.n8n', 'app');
const bin = path.join(app, 'node_modules', 'n8n', 'bin', 'n8n');
const stampFile = path.join(app, 'node_modules', '.fastpath-setup');
const HEARTBEAT_MS = 15_000;

/**
 * @param {(line: string) => void} [log]
 * @returns {Promise<string>} path of the n8n program, to be run with Node
 */
export async function ensureN8n(log = console.log) {
	if (process.env.N8N_BIN) return path.resolve(process.env.N8N_BIN);
	const stamp = await fingerprint();
	if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return bin;

	log('n8n: installing n8n 2.41.1 into .n8n/app (once; about 700 MB to fetch, 1.5 to 3 minutes) ...');
	const started = Date.now();
	const seconds = () => Math.round((Date.now() - started) / 1000);
	const heartbeat = setInterval(() => log(`n8n: still installing, ${seconds()} s`), HEARTBEAT_MS);
	try {
		await rm(app, { recursive: true, force: true });
		await mkdir(app, { recursive: true });
		for (const name of ['package.json', 'package-lock.json', 'sqlite3']) {
			await cp(path.join(here, name), path.join(app, name), { recursive: true });
		}
		await npmCi(app);
	} finally {
		clearInterval(heartbeat);
	}
	await writeFile(stampFile, stamp);
	log(`n8n: installed in ${seconds()} s`);
	return bin;
}

/** What decides about the installation's content. */
async function fingerprint() {
	const hash = createHash('sha256');
	for (const name of ['package-lock.json', 'sqlite3/package.json', 'sqlite3/index.js']) hash.update(await readFile(path.join(here, name)));
	return hash.digest('hex');
}

/**
 * Installs what the lock file in that folder says. No install scripts: the stand-in database driver ships its binaries, and nothing
 * else that runs here needs a build. Rejects at once where npm does not trust its registry.
 * @param {string} folder
 * @returns {Promise<void>}
 */
export async function npmCi(folder) {
	const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
	const cli = process.env.npm_execpath;
	const [command, ...rest] = cli?.endsWith('.js') ? [process.execPath, cli, ...args] : ['npm', ...args];
	// Outside of an npm script's settings, which would otherwise speak for the project that the script belongs to.
	const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)));
	askRegistry(cli?.endsWith('.js') ? [process.execPath, cli] : ['npm'], { cwd: folder, env });
	await new Promise((resolve, reject) => {
		const child = spawn(command, rest, { cwd: folder, env, stdio: 'inherit', shell: command === 'npm' && process.platform === 'win32' });
		child.on('error', reject);
		child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`npm ci in ${folder} ended with code ${code}`))));
	});
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
	try {
		console.log(`n8n: ${await ensureN8n()}`);
	} catch (error) {
		console.error(`n8n: ${error.message}`);
		process.exitCode = 1;
	}
}

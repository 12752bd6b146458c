// Brings node_modules up to date with the lock file. Plain JavaScript without imports from node_modules, and it runs on
// an older Node too, because it is what puts the right Node into node_modules/.bin.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askRegistry } from './registry.mjs';

const MINIMUM = [22, 19];
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.fastpath-setup');
const windows = process.platform === 'win32';

const stamp = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
	reachRegistry();
	step('installing development packages (npm ci, about half a minute)', () => npm('ci', '--loglevel=error', '--no-audit', '--no-fund'));
	writeFileSync(stampFile, stamp);
}

let version = localNodeVersion();
if (!version) {
	// npm before 11.6 deletes the link again when it skips the package of another platform; linking anew brings it back.
	step('linking Node into node_modules/.bin', () => npm('rebuild', '--ignore-scripts', '--loglevel=error'));
	version = localNodeVersion();
}
if (!version) {
	// No binary for this platform on npm: scripts then run on the machine's own Node.
	version = process.versions.node;
}
if (!newEnough(version)) {
	fail(`Node ${MINIMUM.join('.')} or later is needed, this machine has ${version}, and none could be installed for ${process.platform}-${process.arch}.`);
}

function localNodeVersion() {
	const binary = join(modules, '.bin', windows ? 'node.cmd' : 'node');
	if (!existsSync(binary)) return undefined;
	const { status, stdout } = spawnSync(binary, ['-p', 'process.versions.node'], { encoding: 'utf8', shell: windows });
	return status === 0 ? stdout.trim() : undefined;
}

function newEnough(text) {
	const [major, minor] = text.split('.').map(Number);
	return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

function npmCommand() {
	const cli = process.env.npm_execpath;
	return cli?.endsWith('.js') ? [process.execPath, cli] : ['npm'];
}

function reachRegistry() {
	try {
		askRegistry(npmCommand(), { cwd: root }, (line) => console.log(`setup: ${line}`));
	} catch (error) {
		fail(error.message);
	}
}

function npm(...args) {
	const [command, ...first] = npmCommand();
	const { status } = spawnSync(command, [...first, ...args], { cwd: root, stdio: 'inherit', shell: command === 'npm' && windows });
	if (status !== 0) fail(`npm ${args[0]} failed`);
}

function step(title, run) {
	const started = Date.now();
	console.log(`setup: ${title} ...`);
	run();
	console.log(`setup: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function fail(message) {
	console.error(`setup: ${message}`);
	process.exit(1);
}

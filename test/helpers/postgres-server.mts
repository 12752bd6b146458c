/** A Postgres of the test's own, on a port of its own, in a folder of its own. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../toolchain/system-packages.mts';
import { freePort, plainEnvironment, startGroup, stopGroup } from './child-process.mts';

const initdb = findProgram('initdb');

/** For `describe.skipIf`: says loudly, once a file, what does not run. */
export function postgresIsMissing(): boolean {
	if (!initdb) console.warn('initdb is not on this machine: the tests that need Postgres are SKIPPED (Debian: apt-get install postgresql)');
	return !initdb;
}

export interface PostgresServer {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	readonly password: string;
	readonly database: string;
	stop(): Promise<void>;
}

const STOP_MS = 10_000;

/** Safe for as long as the machine runs; a test needs no more. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export async function startPostgres(): Promise<PostgresServer> {
	if (!initdb) throw new Error('initdb is not on this machine');
	const programs = path.dirname(realpathSync(initdb));
	const as = ordinaryUser();
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-postgres-'));
	const data = path.join(folder, 'data');
	const secret = path.join(folder, 'password');
	const login = { host: '127.0.0.1', port: await freePort(), user: 'n8n', password: randomBytes(12).toString('hex'), database: 'postgres' };
	writeFileSync(secret, login.password, { mode: 0o600 });
	if (as) for (const place of [folder, secret]) chownSync(place, as.uid, as.gid);

	let output = '';
	const run = (program: string, ...args: string[]) =>
		startGroup(path.join(programs, program), args, plainEnvironment(), (text) => (output = (output + text).slice(-4000)), as);
	const made = run('initdb', '-D', data, '-U', login.user, '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C', '--no-sync');
	const [code] = (await once(made, 'exit')) as [number | null];
	if (code !== 0) throw new Error(`initdb ended with code ${code}\n${output}`);

	const settings = { ...FAST, listen_addresses: login.host, unix_socket_directories: '' };
	const child = run('postgres', '-D', data, '-p', `${login.port}`, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]));
	const stop = async () => {
		// SIGINT ends the sessions that are left, too; SIGTERM would wait for them.
		await stopGroup(child, STOP_MS, 'SIGINT');
		rmSync(folder, { recursive: true, force: true });
	};
	for (const until = Date.now() + STOP_MS; Date.now() < until && child.exitCode === null; await delay(20)) {
		if (output.includes('ready to accept connections')) return { ...login, stop };
	}
	await stop();
	throw new Error(`Postgres did not come up on port ${login.port}\n${output}`);
}

/** Postgres refuses to run as root, and asks the system for the name of its user. */
function ordinaryUser(): { uid: number; gid: number } | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
	return { uid: idOf('-u'), gid: idOf('-g') };
}

/** Small tools for the processes that tests and the demo start. */
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Runs a command to its end; its output is part of the error when it fails. */
export function execute(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
		let output = '';
		let errors = '';
		child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
		child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
		child.on('error', reject);
		child.on('close', (code) => {
			if (code === 0) resolve(output);
			else reject(new Error(`${command} ${args[0] ?? ''} ended with code ${code}\n${output}${errors}`));
		});
	});
}

/** npm as the command and its first arguments: the one that runs this script, or the one on the PATH. */
export function npmCommand(): [string, string[]] {
	const cli = process.env.npm_execpath;
	return cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
}

/** The environment without what npm put there for the script in progress: it would speak for another package. */
export function plainEnvironment(): NodeJS.ProcessEnv {
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
}

/** A loopback port that was free a moment ago. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address() as AddressInfo;
			server.close(() => resolve(port));
		});
	});
}

const running = new Set<number>();
process.once('exit', () => {
	for (const pid of running) killGroup(pid, 'SIGKILL');
});

/** Starts a program as the head of a process group of its own, so that its children end with it. */
export function startGroup(
	command: string,
	args: string[],
	env: NodeJS.ProcessEnv,
	onOutput: (text: string) => void,
	as: Pick<SpawnOptions, 'uid' | 'gid'> = {},
): ChildProcess {
	const child = spawn(command, args, { ...as, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
	child.stdout.on('data', (chunk: Buffer) => onOutput(chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => onOutput(chunk.toString()));
	const { pid } = child;
	if (pid !== undefined) running.add(pid);
	return child;
}

/** A signal to the program, SIGKILL to what is left of its group after `graceMs`; resolves when it has ended. */
export async function stopGroup(child: ChildProcess, graceMs: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
	const { pid } = child;
	if (pid === undefined) return;
	if (child.exitCode === null && child.signalCode === null) {
		const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		child.kill(signal);
		const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs);
		await ended;
		clearTimeout(timer);
	}
	killGroup(pid, 'SIGKILL');
	running.delete(pid);
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
	try {
		process.kill(-pid, signal);
	} catch {
		// Nobody of the group is left.
	}
}

/** A redis-server of the test's own, on a port of its own, in a folder of its own, that can be made ill in all the usual ways. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findProgram } from '../toolchain/system-packages.mts';
import { freePort } from './child-process.mts';

const program = findProgram('redis-server') ?? findProgram('valkey-server');

/** For `describe.skipIf`: says loudly, once a file, what does not run. */
export function redisIsMissing(): boolean {
	if (!program) console.warn('redis-server is not on this machine: the tests that need it are SKIPPED (Debian: apt-get install redis-server)');
	return !program;
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
	for (const child of alive) child.kill('SIGKILL');
});

export class RedisServer {
	readonly host = '127.0.0.1';
	readonly folder = mkdtempSync(path.join(tmpdir(), 'fastpath-redis-'));
	readonly port: number;
	#child: ChildProcess | undefined;
	/** Sent before each command of `command()`. */
	password: string | undefined;

	constructor(port: number) {
		this.port = port;
	}

	static async start(...args: string[]): Promise<RedisServer> {
		const server = new RedisServer(await freePort());
		await server.start(...args);
		return server;
	}

	/** One that watches over a server, as `mymaster`. */
	static async sentinelOf(master: RedisServer): Promise<RedisServer> {
		const sentinel = new RedisServer(await freePort());
		const file = path.join(sentinel.folder, 'sentinel.conf');
		const { port, host, folder } = sentinel;
		writeFileSync(file, `port ${port}\nbind ${host}\ndir ${folder}\nsentinel monitor mymaster ${master.host} ${master.port} 1\n`);
		await sentinel.#launch([file, '--sentinel']);
		return sentinel;
	}

	async start(...args: string[]): Promise<void> {
		await this.#launch(['--port', String(this.port), '--bind', this.host, '--dir', this.folder, '--save', '', '--daemonize', 'no', ...args]);
	}

	async #launch(args: string[]): Promise<void> {
		if (!program) throw new Error('redis-server is not on this machine');
		const child = spawn(program, args, { stdio: 'ignore' });
		this.#child = child;
		alive.add(child);
		child.once('exit', () => alive.delete(child));
		for (let attempt = 0; attempt < 200; attempt += 1) {
			if (await this.command('PING').then((reply) => /PONG|NOAUTH/.test(reply), () => false)) return;
			await new Promise((resolve) => setTimeout(resolve, 25));
		}
		throw new Error(`redis-server did not come up on port ${this.port}`);
	}

	async kill(): Promise<void> {
		const child = this.#child;
		if (!child || child.exitCode !== null || child.signalCode !== null) return;
		const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		child.kill('SIGKILL');
		await ended;
	}

	pause(): void {
		this.#child?.kill('SIGSTOP');
	}

	resume(): void {
		this.#child?.kill('SIGCONT');
	}

	/** One inline command over a connection of its own; the raw reply. */
	async command(...words: string[]): Promise<string> {
		const commands = [...(this.password ? [['AUTH', this.password]] : []), words];
		return await new Promise((resolve, reject) => {
			const socket = createConnection({ port: this.port, host: this.host });
			let reply = '';
			socket.setTimeout(2000, () => socket.destroy(new Error('No reply from redis-server')));
			socket.on('connect', () => {
				socket.write([...commands, ['QUIT']].map((parts) => `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`).join(''));
			});
			socket.on('data', (chunk: Buffer) => {
				reply += chunk.toString('latin1');
				// A sentinel knows no QUIT.
				if (/unknown command .QUIT/.test(reply)) socket.end();
			});
			socket.on('error', reject);
			socket.on('close', () => resolve(reply.replace(this.password ? /^\+OK\r\n/ : /^$/, '').replace(/\+OK\r\n$/, '')));
		});
	}

	async stop(): Promise<void> {
		this.resume();
		await this.kill();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

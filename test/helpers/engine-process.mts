/** Engines in processes of their own, as workers in queue mode are: with their own memory, connections and limits. */
import { fork } from 'node:child_process';
import type { HttpRun } from './http-node.mts';

export interface EngineRequest {
	id: string;
	run: Omit<HttpRun, 'engine' | 'signal'>;
}

export interface EngineReply {
	id: string;
	/** The JSON of the node's items. */
	items: Array<Record<string, unknown>>;
	hints: string[];
	error: string | undefined;
}

export interface EngineProcess {
	readonly pid: number;
	/** As `runHttp`. */
	run(run: EngineRequest['run']): Promise<EngineReply>;
	stop(): Promise<void>;
}

/** Resolves once the engine has loaded the package. */
export async function startEngineProcess(): Promise<EngineProcess> {
	const child = fork(new URL('./engine-worker.mts', import.meta.url), {
		env: { ...process.env, VITEST_POOL_ID: `${process.env.VITEST_POOL_ID ?? 'alone'}-worker` },
		execArgv: [],
	});
	const waiting = new Map<string, { resolve(reply: EngineReply): void; reject(error: Error): void }>();
	const answer = async (id: string) => await new Promise<EngineReply>((resolve, reject) => waiting.set(id, { resolve, reject }));
	child.on('message', (reply: EngineReply) => {
		waiting.get(reply.id)?.resolve(reply);
		waiting.delete(reply.id);
	});
	const ended = new Promise<void>((resolve) => {
		child.once('exit', (code) => {
			for (const { reject } of waiting.values()) reject(new Error(`The engine's process ended with code ${code}`));
			resolve();
		});
	});
	await answer('ready');
	let runs = 0;
	return {
		pid: child.pid ?? 0,
		run: async (run) => {
			const id = String((runs += 1));
			const reply = answer(id);
			child.send({ id, run } satisfies EngineRequest);
			return await reply;
		},
		stop: async () => {
			child.kill();
			await ended;
		},
	};
}

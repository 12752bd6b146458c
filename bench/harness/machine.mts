import os from 'node:os';

export interface Machine {
	readonly node: string;
	readonly v8: string;
	readonly platform: string;
	readonly cpu: string;
	readonly cores: number;
	readonly memoryGb: number;
	/** Mean number of runnable tasks over the last minute, when the benchmark began and when it ended. */
	readonly load: readonly [before: number, after: number];
}

const loadNow = (): number => Math.round((os.loadavg()[0] ?? 0) * 100) / 100;

/** Call it at the beginning, and what it gives at the end. */
export function describeMachine(): () => Machine {
	const before = loadNow();
	return () => ({
		node: process.versions.node,
		v8: process.versions.v8,
		platform: `${process.platform}-${process.arch}`,
		cpu: os.cpus()[0]?.model.trim() || 'unknown',
		cores: os.availableParallelism(),
		memoryGb: Math.round(os.totalmem() / 2 ** 30),
		load: [before, loadNow()],
	});
}

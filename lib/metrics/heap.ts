import { getHeapStatistics } from 'node:v8';

const MB = 1_048_576;
const ASKED = /^--max[-_]old[-_]space[-_]size=(\d+)$/;

/**
 * What the heap may grow to: as V8 says, or less where the size of the old generation was set (--max-old-space-size). V8 adds the young
 * generation to it (192 MB in Node.js 24), which what lives long cannot use: a process whose old space is full dies below V8's own number.
 *
 * @param flags those of Node.js, the last one wins
 */
export function heapLimitBytes(flags: readonly string[] = flagsOf(process.env.NODE_OPTIONS, process.execArgv)): number {
	const { heap_size_limit: limit } = getHeapStatistics();
	const asked = flags.flatMap((flag) => ASKED.exec(flag)?.[1] ?? []).at(-1);
	return asked === undefined || Number(asked) === 0 ? limit : Math.min(limit, Number(asked) * MB);
}

/** The command line comes after the environment. */
export function flagsOf(options = '', execArgv: readonly string[] = []): string[] {
	return [...options.replaceAll('"', '').split(/\s+/), ...execArgv];
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Mode, Result } from './result.mts';

const CHILD = path.join(import.meta.dirname, 'child.mts');

/** Runs one benchmark of the package in `root`. What it prints is shown, or not where it is `quiet`. */
export async function runBench(name: string, mode: Mode, root: string, quiet = false): Promise<Result> {
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-bench-'));
	const file = path.join(folder, 'result.json');
	try {
		const child = spawn(process.execPath, ['--expose-gc', CHILD, name, mode, root, file], { stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'] });
		const [code] = (await once(child, 'exit')) as [number | null];
		if (code !== 0) throw new Error(`The benchmark ${name} ended with code ${code}`);
		return JSON.parse(readFileSync(file, 'utf8')) as Result;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

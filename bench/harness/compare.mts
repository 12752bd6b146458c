/** Two versions of the package on one machine, in turns: each turn a process of either, the same benchmarks for both. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Entry } from '../catalogue.mts';
import { grid, shown } from './markdown.mts';
import { ROOT } from './page.mts';
import type { Mode, Result } from './result.mts';
import { runBench } from './start.mts';
import { median, spread } from './stats.mts';

export async function compareRevisions(revision: string, entries: readonly Entry[], mode: Mode, turns: number): Promise<void> {
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-compare-'));
	const roots = { before: path.join(folder, 'before'), now: path.join(folder, 'now') };
	try {
		checkOut(revision, roots.before);
		// A commit that no branch knows, where files were changed.
		checkOut(git('stash', 'create') || 'HEAD', roots.now);
		for (const { name, comparable } of entries) {
			if (comparable) console.log(ratios(name, await inTurns(name, mode, roots, turns)));
		}
	} finally {
		for (const root of Object.values(roots)) git('worktree', 'remove', '--force', root);
		rmSync(folder, { recursive: true, force: true });
	}
}

type Pair<T> = Readonly<Record<'before' | 'now', T>>;

async function inTurns(name: string, mode: Mode, roots: Pair<string>, turns: number): Promise<Array<Pair<Result>>> {
	const results: Array<Pair<Result>> = [];
	for (let turn = 0; turn < turns; turn += 1) {
		const run = async (which: keyof typeof roots) => await runBench(name, mode, roots[which], true);
		if (turn % 2 === 0) results.push({ before: await run('before'), now: await run('now') });
		else {
			const now = await run('now');
			results.push({ before: await run('before'), now });
		}
	}
	return results;
}

/** How many times as fast (or as small) it is now, for each row; the median of the turns. */
export function ratios(name: string, results: ReadonlyArray<Pair<Result>>): string {
	const tables = results[0]?.now.tables ?? [];
	const rows = tables.flatMap(({ id, unit, more, rows: named }) =>
		named.flatMap((row) => {
			const of = (result: Result) => result.tables.find((table) => table.id === id)?.rows.find((one) => one.name === row.name)?.median ?? NaN;
			const pairs = results.map(({ before, now }) => ({ before: of(before), now: of(now) }));
			const { median: middle, low, high } = spread(pairs.map(({ before, now }) => (more ? now / before : before / now)));
			return [{ cells: [`${id}: ${row.name}`, unit, shown(median(pairs.map(({ before }) => before))), shown(median(pairs.map(({ now }) => now))), `${shown(middle)} (${shown(low)}–${shown(high)})`], middle }];
		}),
	);
	const known = rows.filter(({ middle }) => middle > 0);
	const mean = Math.exp(known.reduce((sum, { middle }) => sum + Math.log(middle), 0) / known.length);
	return `${grid([name, 'unit', 'before', 'now', 'times as good'], rows.map(({ cells }) => cells))}\n\n${name}: ${shown(mean)} times as good (geometric mean)\n`;
}

function checkOut(revision: string, root: string): void {
	console.log(`building ${git('log', '-1', '--format=%h %s', revision)}`);
	git('worktree', 'add', '--detach', '--quiet', root, revision);
	const lock = 'package-lock.json';
	const same = readFileSync(path.join(ROOT, lock), 'utf8') === readFileSync(path.join(root, lock), 'utf8');
	if (same) symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
	else execFileSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit' });
	execFileSync(path.join(root, 'node_modules/.bin/gulp'), ['build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

function git(...args: string[]): string {
	return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}

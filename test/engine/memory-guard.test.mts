import path from 'node:path';
import { expect, test } from 'vitest';
import { execute } from '../helpers/child-process.mts';

const DIST = path.join(import.meta.dirname, '..', '..', 'dist', 'lib', 'runtime', 'runtime.js');

/** Fills the cache, then the rest of a small heap with what cannot be let go, and looks after each step; then frees it. */
const SCRIPT = `
const { Runtime } = require(${JSON.stringify(DIST)});
const { systemClock } = require(${JSON.stringify(DIST.replace(/runtime.runtime\.js$/, 'core/clock.js'))});
// Its minutes pass in no time: the guard itself is looked at by hand.
let aheadMs = 0;
const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
const runtime = new Runtime({ clock });
const levels = [];
const look = () => {
	runtime.memoryGuard.look();
	const { level } = runtime.memoryGuard.stats();
	if (levels.at(-1) !== level) levels.push(level);
};
(async () => {
	const text = (size, number) => Array.from({ length: size }, (_, at) => String.fromCharCode(97 + ((at * 7 + number) % 26))).join('');
	for (let number = 0; number < 500; number += 1) await runtime.store.set('k' + number, text(20_000, number), { ttlMs: 1e9, keepMs: 1e9 });
	look();
	const full = runtime.stats().store.entries;
	const held = [];
	while (runtime.memoryGuard.stats().level !== 'critical' && held.length < 2000) {
		held.push(Array.from({ length: 20_000 }, (_, at) => ({ at })));
		look();
	}
	const left = runtime.stats().store.entries;
	const kept = await runtime.store.set('more', 'x', { ttlMs: 1e9, keepMs: 1e9 });
	held.length = 0;
	globalThis.gc();
	for (let minute = 0; minute < 5; minute += 1) {
		aheadMs += 70_000;
		look();
	}
	console.log(JSON.stringify({ full, left, kept, levels, again: await runtime.store.set('more', 'x', { ttlMs: 1e9, keepMs: 1e9 }) }));
	await runtime.dispose();
})();
`;

test('a process whose heap fills up keeps running: its caches shrink, stop and come back', async () => {
	const output = await execute(process.execPath, ['--max-old-space-size=200', '--expose-gc', '-e', SCRIPT], import.meta.dirname);
	const seen = JSON.parse(output) as { full: number; left: number; kept: boolean; again: boolean; levels: string[] };
	// Garbage that is not collected yet may carry it past the first limit in one step.
	expect(seen.levels.join(' ')).toMatch(/^none (high )?critical high none$/);
	expect(seen.full).toBe(500);
	expect(seen.left).toBeLessThanOrEqual(250);
	expect([seen.kept, seen.again]).toEqual([false, true]);
});

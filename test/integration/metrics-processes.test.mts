import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Histogram } from '../../lib/metrics/histogram.ts';
import { Runtime } from '../../lib/runtime/index.ts';
import { seeded } from '../helpers/seeded.mts';

const CALLS = 2000;
const SEEDS = [1, 20, 300];

test('three processes of their own over one store are told as one', { timeout: 90_000 }, async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-processes-'));
	const file = path.join(folder, 'store.db');
	const worker = path.resolve(import.meta.dirname, '../helpers/metrics-worker.mts');
	const runtime = new Runtime();
	const children: ChildProcess[] = [];
	try {
		for (const seed of SEEDS) children.push(spawn(process.execPath, [worker, file, `${seed}`, `${CALLS}`], { stdio: ['pipe', 'inherit', 'inherit'] }));
		const shared = runtime.sharedStores.obtain({ type: 'sqlite', sqlite: { path: file, maxBytes: 16 * 1_048_576 } });
		await expect.poll(async () => (await runtime.snapshotOver(shared)).windows['5m'].total.calls, { timeout: 60_000, interval: 500 }).toBe(SEEDS.length * CALLS);
		const { processes, windows } = await runtime.snapshotOver(shared);
		expect(processes.map(({ pid }) => pid).sort()).toEqual([process.pid, ...children.map(({ pid }) => pid)].sort());
		const union = new Histogram();
		for (const seed of SEEDS) {
			const random = seeded(seed);
			for (let call = 0; call < CALLS; call += 1) union.record(Math.exp(random.next() * 8) * seed);
		}
		const { sum, ...told } = union.facts();
		expect(windows['5m'].total.durationMs).toMatchObject(told);
		expect(windows['5m'].total.durationMs.sum / sum).toBeCloseTo(1, 9);
		expect(windows['5m'].series.map(({ node }) => node).sort()).toEqual(SEEDS.map((seed) => `Node ${seed}`).sort());
	} finally {
		await Promise.all(
			children.map(async (child) => {
				const ended = new Promise((resolve) => child.once('exit', resolve));
				child.stdin?.end();
				await ended;
			}),
		);
		await runtime.dispose();
		rmSync(folder, { recursive: true });
	}
});

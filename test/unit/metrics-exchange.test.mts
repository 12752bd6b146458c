import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { MetricsExchange } from '../../lib/metrics/exchange.ts';
import { LoadMonitor } from '../../lib/metrics/load.ts';
import { minutesOf, type ProcessState } from '../../lib/metrics/merge.ts';
import { MetricsRegistry, OTHERS } from '../../lib/metrics/registry.ts';
import { Tally } from '../../lib/metrics/tally.ts';
import { forEachWindow } from '../../lib/metrics/windows.ts';
import { Runtime } from '../../lib/runtime/runtime.ts';
import { newTrace } from '../../lib/core/trace.ts';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';
import { sickStore } from '../helpers/sick-store.mts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ENDED: Array<() => Promise<void> | void> = [];

afterEach(async () => {
	for (const end of ENDED.splice(0).reverse()) await end();
});

/** Three processes over one SQLite file, each a runtime of its own. */
async function threeProcesses(clock: FakeClock) {
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-metrics-'));
	ENDED.push(() => rmSync(folder, { recursive: true, force: true }));
	const settings = { type: 'sqlite', sqlite: { path: path.join(folder, 'store.db'), maxBytes: 8 * 1_048_576 } } as const;
	return await Promise.all(
		[0, 1, 2].map(async () => {
			const runtime = new Runtime({ clock });
			ENDED.push(async () => await runtime.dispose());
			const shared = runtime.sharedStores.obtain(settings);
			await shared.backend.get('anything');
			const call = (durationMs: number, node: string) =>
				runtime.measurements.calls
					.meter({ source: 'pooledHttp', workflowId: 'w', node, origin: 'https://a.test', model: '' })
					.record({ trace: { ...newTrace(), cache: 'miss', attempts: 1, upstreamMs: durationMs }, durationMs });
			return { runtime, shared, call };
		}),
	);
}

test('three processes over a store are told as one, with the percentiles of all their calls', async () => {
	const clock = new FakeClock(0, Date.UTC(2026, 0, 1, 0, 30));
	const processes = await threeProcesses(clock);
	const alone = new MetricsRegistry({ clock });
	const random = seeded(8);
	for (const { runtime } of processes) runtime.measurements.start();
	for (let call = 0; call < 900; call += 1) {
		const [ms, node] = [Math.exp(random.next() * 9), random.pick(['A', 'B'])];
		// The slow ones are all in one process: an average of percentiles would hide them.
		(ms > 2000 ? processes[2] : random.pick(processes.slice(0, 2)))?.call(ms, node);
		alone.meter({ source: '', workflowId: '', node: '', origin: '', model: '' }).record({ trace: newTrace(), durationMs: ms });
		if (call % 300 === 0) await clock.advance(MINUTE_MS);
	}
	await clock.advance(MINUTE_MS + 5000);
	const [one] = processes;
	const merged = await one!.runtime.snapshotOver(one!.shared);
	const [whole] = alone.written().windows['1h'].series;
	const single = await one!.runtime.snapshot();
	expect(whole).toBeDefined();
	expect(merged.processes).toHaveLength(3);
	expect(new Set(merged.processes.map(({ id }) => id)).size).toBe(3);
	expect(merged.windows['1h'].total.calls).toBe(900);
	expect(merged.windows['1h'].series.map(({ node }) => node).sort()).toEqual(['A', 'B']);
	const { sum: _order, ...union } = Tally.of(whole!.tally).facts(OTHERS, null).durationMs;
	expect(merged.windows['1h'].total.durationMs).toMatchObject(union);
	expect(single.windows['1h'].total.durationMs.p99).toBeLessThan(union.p99 / 2);
	expect(merged.totals?.map(({ series }) => series.reduce((sum, { calls }) => sum + calls, 0)).reduce((sum, calls) => sum + calls, 0)).toBe(900);
	expect(merged.history.map(({ calls }) => calls).filter((calls) => calls > 0)).toEqual([1, 300, 300, 299]);
	expect(merged.resources.caches.filter(({ name }) => name === 'memory')).toHaveLength(3);
	expect(merged.resources.caches.find(({ name }) => name === 'store.db')).toMatchObject({ state: 'up' });
});

test('a process that has gone is told of for a minute, and then no more', async () => {
	const clock = new FakeClock();
	const [one, other] = await threeProcesses(clock);
	for (const { runtime } of [one!, other!]) runtime.measurements.start();
	other!.call(10, 'A');
	await clock.advance(6000);
	await other!.runtime.dispose();
	expect((await one!.runtime.snapshotOver(one!.shared)).windows['1h'].total.calls).toBe(1);
	await clock.advance(2 * MINUTE_MS);
	const later = await one!.runtime.snapshotOver(one!.shared);
	expect([later.processes.length, later.windows['1h'].total.calls]).toEqual([1, 0]);
});

test('telling does not keep a store open that nobody uses', async () => {
	const clock = new FakeClock();
	const [one] = await threeProcesses(clock);
	one!.runtime.measurements.start();
	await clock.advance(32 * MINUTE_MS);
	expect(one!.runtime.sharedStores.list()).toEqual([]);
});

function newState(id: string, clock: FakeClock, metrics = new MetricsRegistry({ clock })): ProcessState {
	const load = new LoadMonitor(clock).now();
	const { windows, ever } = metrics.written();
	return {
		process: { id, pid: 1, host: 'h', kind: '', startedAt: 0, at: clock.wallNow(), now: load },
		windows: forEachWindow((name) => ({ ...windows[name], load })),
		ever,
		resources: { caches: [], pools: [], circuits: [], limiters: [], batches: [] },
	};
}

function exchangeOver(clock: FakeClock, memory: MemoryBackend, process: string) {
	const { backend: sick, patient } = sickStore(memory);
	const backend = new GuardedBackend(sick, { label: 'a store', clock });
	const parts = { clock, process, backend, aside: async <T,>(command: Parameters<typeof backend.aside<T>>[0]) => await backend.aside(command) };
	return { patient, backend, memory, exchange: new MetricsExchange(parts) };
}

test('a store that is not in use is sent nothing, and one that is out is not waited for', async () => {
	const clock = new FakeClock();
	const { patient, backend, exchange } = exchangeOver(clock, new MemoryBackend(clock, 1000), 'one');
	let asked = 0;
	const tell = async () => {
		await exchange.tell(
			async () => {
				asked += 1;
				return newState('one', clock);
			},
			() => [],
		);
	};
	await tell();
	expect([patient.sent, asked]).toEqual([0, 0]);
	await backend.get('anything');
	await tell();
	expect([patient.sent, asked]).toEqual([4, 1]);
	patient.health = 'hangs';
	for (let times = 0; times < 3; times += 1) {
		await clock.advance(5000);
		const told = tell();
		await clock.advance(600);
		await told;
	}
	expect(backend.status.state).toBe('down');
	const { sent } = patient;
	expect(await exchange.others()).toEqual([]);
	expect(patient.sent).toBe(sent);
});

test('a store that has forgotten everything is told anew within half a minute', async () => {
	const clock = new FakeClock();
	let current = new MemoryBackend(clock, 1000);
	const exchangeOf = (process: string) =>
		new MetricsExchange({
			clock,
			process,
			get backend() {
				return current;
			},
			aside: async (command) => ({ value: await command(current) }),
		});
	const [one, other] = [exchangeOf('one'), exchangeOf('other')];
	const seen = async () => (await one.others()).map(({ state }) => state.process.id);
	const run = async (seconds: number) => {
		for (let passed = 0; passed < seconds; passed += 5) {
			await clock.advance(5000);
			await other.tell(async () => newState('other', clock), () => []);
		}
	};
	await run(5);
	expect(await seen()).toEqual(['other']);
	current = new MemoryBackend(clock, 1000);
	expect(await seen()).toEqual([]);
	await run(30);
	expect(await seen()).toEqual(['other']);
});

test('what others wrote is read with care: broken, foreign and endless states are left out', async () => {
	const clock = new FakeClock();
	const memory = new MemoryBackend(clock, 1000);
	const { backend, exchange } = exchangeOver(clock, memory, 'one');
	await backend.get('anything');
	const other = exchangeOver(clock, memory, 'other');
	await other.backend.get('anything');
	await other.exchange.tell(async () => newState('other', clock), () => []);
	for (const [name, value] of [['a', 'no JSON'], ['b', '{}'], ['c', '{"process":{"id":7}}'], ['d', 'null'], ['e', '[]']] as const) {
		await memory.append('metrics 1 processes', Buffer.from(name), { ttlMs: HOUR_MS, max: 200 });
		await memory.set(`metrics 1 state ${name}`, Buffer.from(value), HOUR_MS);
	}
	expect((await exchange.others()).map(({ state }) => state.process.id)).toEqual(['other']);
});

test('the minutes of a day are told by the hour, and only those of the last hour anew', async () => {
	const clock = new FakeClock(0, Date.UTC(2026, 0, 1, 0, 0));
	const memory = new MemoryBackend(clock, 1000);
	const reader = exchangeOver(clock, memory, 'reader');
	const { backend, exchange } = exchangeOver(clock, memory, 'one');
	await backend.get('anything');
	const metrics = new MetricsRegistry({ clock });
	const meter = metrics.meter({ source: 's', workflowId: '', node: '', origin: '', model: '' });
	for (let minute = 0; minute < 90; minute += 1) {
		meter.record({ trace: newTrace(), durationMs: 5 });
		await clock.advance(MINUTE_MS);
		await exchange.tell(async () => newState('one', clock, metrics), () => minutesOf(metrics.minutes(), []));
	}
	const read = async () => (await reader.exchange.others()).flatMap(({ minutes }) => minutes);
	const first = await read();
	expect(first).toHaveLength(90);
	expect(first.map(({ at }) => at)).toEqual(Array.from({ length: 90 }, (_none, minute) => Date.UTC(2026, 0, 1) + minute * MINUTE_MS));
	// The first hour has nothing more to come: it is not read again.
	await memory.deleteByPrefix('metrics 1 minutes');
	expect(await read()).toHaveLength(60);
});

import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../lib/core/snapshot.ts';
import type { AlertEvent } from '../../lib/insight/index.ts';
import { Oversight } from '../../lib/runtime/oversight.ts';
import { OwnShelf, SharedShelf, type Shelf } from '../../lib/runtime/shelf.ts';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { sickStore } from '../helpers/sick-store.mts';
import { aLoad, aSnapshot } from '../helpers/snapshots.mts';

const SECOND = 1000;

/** Judges how full the heap is; `fill` says that. */
function setUp(shelf: Shelf = new OwnShelf(), clock = new FakeClock()) {
	let load = aLoad();
	let gate = Promise.resolve();
	const snapshot = async (): Promise<Snapshot> => {
		await gate;
		return aSnapshot({ at: clock.wallNow(), load });
	};
	/** Measuring takes until that settles. */
	const hold = (until: Promise<void>) => (gate = until);
	const oversight = new Oversight({ clock, snapshot, shelf });
	const heard: string[] = [];
	const told = (events: readonly AlertEvent[]) => void heard.push(...events.map(({ kind, alert }) => `${kind} ${alert.rule} ${alert.severity}`));
	const fill = (share: number) => (load = aLoad({ heapUsedBytes: share * aLoad().heapLimitBytes }));
	const follow = (since?: number) => oversight.alerts.follow(told, { everyMs: 15 * SECOND, since });
	return { clock, oversight, heard, fill, follow, hold };
}

describe('who follows the alerts of a process', () => {
	test('is told of each event once: raised, worse, over', async () => {
		const { clock, heard, fill, follow } = setUp();
		const end = follow();
		await clock.advance(60 * SECOND);
		expect(heard).toEqual([]);
		fill(0.82);
		await clock.advance(60 * SECOND);
		fill(0.97);
		await clock.advance(60 * SECOND);
		fill(0.4);
		await clock.advance(180 * SECOND);
		expect(heard).toEqual(['raised memory low', 'escalated memory critical', 'resolved memory low']);
		end();
		expect(clock.timers).toBe(0);
	});

	test('hears nothing more once it has left, also of a look that is under way', async () => {
		const { clock, heard, fill, follow } = setUp();
		fill(0.97);
		const end = follow();
		end();
		await clock.advance(60 * SECOND);
		expect(heard).toEqual([]);
		expect(clock.timers).toBe(0);
	});

	test('goes on where it was told last', async () => {
		const { clock, oversight, heard, fill, follow } = setUp();
		fill(0.97);
		const { at } = await oversight.alerts.look();
		const end = follow(at - 1);
		await settle();
		expect(heard).toEqual(['raised memory critical']);
		end();
		follow(at)();
		follow()();
		await clock.advance(30 * SECOND);
		expect(heard).toHaveLength(1);
	});

	test('is told again of nothing that a look went wrong with', async () => {
		const { clock, heard, fill, oversight } = setUp();
		let broken = true;
		const end = oversight.alerts.follow(
			(events) => {
				if (broken) throw new Error('the listener fails');
				heard.push(...events.map(({ kind }) => kind));
			},
			{ everyMs: SECOND },
		);
		fill(0.97);
		await clock.advance(3 * SECOND);
		broken = false;
		await clock.advance(3 * SECOND);
		expect(heard).toEqual([]);
		end();
		expect(clock.timers).toBe(0);
	});
});

describe('processes that share a store', () => {
	function twoProcesses() {
		const clock = new FakeClock();
		const { backend, patient } = sickStore(new MemoryBackend(clock));
		const shelf = () => {
			const guarded = new GuardedBackend(backend, { label: 'store', clock });
			return new SharedShelf(guarded, async (command) => await guarded.sure(command));
		};
		return { clock, patient, one: setUp(shelf(), clock), other: setUp(shelf(), clock) };
	}

	test('each hear of an alert once, whichever of them finds it', async () => {
		const { clock, one, other } = twoProcesses();
		const ends = [one.follow(), other.follow()];
		await clock.advance(20 * SECOND);
		one.fill(0.97);
		other.fill(0.97);
		await clock.advance(60 * SECOND);
		expect([one.heard, other.heard]).toEqual([['raised memory critical'], ['raised memory critical']]);
		for (const end of ends) end();
	});

	test('judge one at a time: a slow one does not undo what another has told', async () => {
		const { clock, one, other } = twoProcesses();
		one.fill(0.97);
		other.fill(0.97);
		let letGo = () => {};
		other.hold(new Promise((resolve) => (letGo = resolve)));
		const slow = other.oversight.alerts.look();
		await settle();
		const end = one.follow();
		await clock.advance(2 * SECOND);
		expect(one.heard).toEqual([]);
		letGo();
		await slow;
		await clock.advance(60 * SECOND);
		expect(one.heard).toEqual(['raised memory critical']);
		end();
	});

	test('hear of what a process found that follows nothing', async () => {
		const { clock, one, other } = twoProcesses();
		const end = one.follow();
		await clock.advance(SECOND);
		other.fill(0.97);
		await other.oversight.alerts.look();
		one.fill(0.97);
		await clock.advance(15 * SECOND);
		expect(one.heard).toEqual(['raised memory critical']);
		end();
	});

	test('have the same settings, which outlive a process', async () => {
		const { one, other } = twoProcesses();
		expect(await one.oversight.configure({ memoryPercent: 50 })).toMatchObject({ kept: true, settings: { memoryPercent: 50, cpuPercent: 90 } });
		expect(await other.oversight.configure({ cpuPercent: 40 })).toMatchObject({ settings: { memoryPercent: 50, cpuPercent: 40 } });
		expect(await one.oversight.settings()).toMatchObject({ memoryPercent: 50, cpuPercent: 40 });
		expect(await other.oversight.configure({}, { reset: true })).toMatchObject({ settings: { memoryPercent: 80, cpuPercent: 90 } });
	});

	test('go on by themselves while the store is out: with the settings and alerts that they have seen, and nothing is told twice', async () => {
		const { clock, patient, one } = twoProcesses();
		await one.oversight.configure({ memoryPercent: 50 });
		one.fill(0.6);
		const end = one.follow();
		await clock.advance(SECOND);
		patient.health = 'throws';
		await clock.advance(60 * SECOND);
		one.fill(0.99);
		await clock.advance(60 * SECOND);
		patient.health = 'well';
		await clock.advance(60 * SECOND);
		expect(one.heard).toEqual(['raised memory low', 'escalated memory critical']);
		expect(await one.oversight.configure({ cpuPercent: 30 })).toMatchObject({ kept: true, settings: { memoryPercent: 50 } });
		end();
	});
});

test('a setting that does not exist changes nothing', async () => {
	const { oversight } = setUp();
	await expect(oversight.configure({ cpuPercent: 50, memorypercent: 10 })).rejects.toThrow(/memorypercent/);
	expect(await oversight.settings()).toMatchObject({ cpuPercent: 90 });
});

test('settings of another version are left out', async () => {
	const shelf = new OwnShelf();
	await shelf.write('settings', { gone: 1 });
	expect(await setUp(shelf).oversight.settings()).toMatchObject({ memoryPercent: 80 });
});

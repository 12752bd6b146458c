import { describe, expect, test } from 'vitest';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { sickStore } from '../helpers/sick-store.mts';

function setUp() {
	const clock = new FakeClock();
	const { backend, patient } = sickStore(new MemoryBackend(clock));
	const log: string[] = [];
	const guard = new GuardedBackend(backend, { label: 'redis:6379', clock, log: (line) => log.push(line) });
	return { clock, patient, guard, log };
}

const value = Buffer.from('v');

describe('the guard of a shared store', () => {
	test('never throws, and sends nothing more after three failures in a row', async () => {
		const { patient, guard, log } = setUp();
		patient.health = 'throws';
		for (let call = 0; call < 20; call += 1) expect(await guard.get('k')).toBeUndefined();
		expect(patient.sent).toBe(3);
		expect(guard.status).toMatchObject({ state: 'down', reason: 'not connected', failures: 3 });
		expect(log).toHaveLength(1);
	});

	test('gives up on a store that hangs after its bound, and then waits no more', async () => {
		const { clock, patient, guard } = setUp();
		patient.health = 'hangs';
		for (let call = 0; call < 3; call += 1) {
			const answer = guard.get('k');
			await clock.advance(250);
			expect(await answer).toBeUndefined();
		}
		const started = clock.now();
		expect(await guard.get('k')).toBeUndefined();
		expect(clock.now()).toBe(started);
	});

	test('finds out within a second that the store is back, and says so once', async () => {
		const { clock, patient, guard, log } = setUp();
		patient.health = 'throws';
		for (let call = 0; call < 3; call += 1) await guard.get('k');
		await clock.advance(5000);
		expect(guard.status.state).toBe('down');
		patient.health = 'well';
		await clock.advance(1000);
		await settle();
		expect(guard.status.state).toBe('up');
		await guard.set('k', value, 1000);
		expect(await guard.get('k')).toEqual(value);
		expect(log).toHaveLength(2);
		expect(log[1]).toContain('is back after');
	});

	test('goes on reading from a store that is full', async () => {
		const { patient, guard, log } = setUp();
		await guard.set('k', value, 10_000);
		patient.health = 'full';
		for (let call = 0; call < 10; call += 1) await guard.set(`n${call}`, value, 10_000);
		expect(guard.status.state).toBe('readOnly');
		expect(await guard.get('k')).toEqual(value);
		expect(log).toHaveLength(1);
	});

	test('takes refusals for a full store only where there is nothing but refusals', async () => {
		const { patient, guard, log } = setUp();
		for (let day = 0; day < 5; day += 1) {
			patient.health = 'full';
			await guard.set('k', value, 1000);
			patient.health = 'well';
			await guard.set('k', value, 1000);
		}
		expect(guard.status).toMatchObject({ state: 'up', failures: 5 });
		expect(log).toEqual([]);
	});

	test('gives up a connection on which two probes got no answer', async () => {
		const { clock, patient, guard } = setUp();
		patient.health = 'hangs';
		for (let call = 0; call < 3; call += 1) void guard.get('k');
		await clock.advance(250 + 1250);
		expect(patient.reconnects).toBe(0);
		await clock.advance(1250);
		expect(patient.reconnects).toBe(1);
	});

	test('keeps limits in the memory of the process while the store is out, and grants every lease', async () => {
		const { patient, guard } = setUp();
		patient.health = 'throws';
		for (let call = 0; call < 3; call += 1) await guard.get('k');
		expect(await guard.acquire('l', 'me', 1000)).toBe(true);
		expect(await guard.acquire('l', 'you', 1000)).toBe(true);
		const grants = [];
		for (let call = 0; call < 5; call += 1) grants.push((await guard.take('w', 3, 1000)).granted);
		expect(grants).toEqual([true, true, true, false, false]);
	});

	test('leaves no timer behind when it is disposed of', async () => {
		const { clock, patient, guard } = setUp();
		patient.health = 'throws';
		for (let call = 0; call < 3; call += 1) await guard.get('k');
		await guard.dispose();
		expect(clock.timers).toBe(0);
	});
});

import { describe, expect, test } from 'vitest';
import type { JournalStore } from '../../lib/batch/journal.ts';
import { openRound, type Round } from '../../lib/batch/rounds.ts';
import { runOrdered } from '../../lib/batch/run.ts';
import { outage } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';
import { MemoryBackend } from '../../lib/shared/memory.ts';

const ITEMS = 300;
const HOUR = 3_600_000;
const key = (index: number) => index.toString(16).padStart(32, '0');

/** What a process sees of the store: once it is dead, nothing of what it began comes to an end. */
function processOn(memory: MemoryBackend) {
	let alive = true;
	let die = () => {};
	const death = new Promise<'died'>((resolve) => (die = () => resolve('died')));
	const store = new Proxy<JournalStore>(memory, {
		get(target, name) {
			const member = Reflect.get(target, name, target) as (...args: unknown[]) => Promise<unknown>;
			return async (...args: unknown[]) => {
				await settle();
				if (!alive) await new Promise(() => {});
				return await member.apply(target, args);
			};
		},
	});
	return {
		store,
		death,
		get alive() {
			return alive;
		},
		kill: () => {
			alive = false;
			die();
		},
	};
}

describe('a batch whose process dies again and again', () => {
	test.each([1, 2, 3, 4, 5, 6, 7, 8])('is done in the end, with no more items done twice than were under way at its deaths (seed %i)', async (seed) => {
		const random = seeded(seed);
		const clock = new FakeClock();
		const memory = new MemoryBackend(clock);
		const concurrency = 1 + Math.floor(random.next() * 20);
		const done = new Array<number>(ITEMS).fill(0);
		let deaths = 0;
		for (let execution = 1; execution < 100; execution += 1) {
			const own = processOn(memory);
			const diesAt = execution === 1 || random.next() < 0.7 ? Math.floor(random.next() * ITEMS) : Infinity;
			let sent = 0;
			const pass = { place: ['instance', 'workflow', 'node'], execution: String(execution), retryOf: undefined, pass: 0 };
			const work = async (round: Round, index: number): Promise<string> => {
				if (round.journal.has(key(index))) return String(await round.journal.read(key(index)));
				sent += 1;
				if (sent > diesAt) own.kill();
				for (let turns = Math.floor(random.next() * 3); turns > 0; turns -= 1) await settle();
				if (!own.alive) await new Promise(() => {});
				if (random.next() < 0.1) throw outage();
				done[index] = (done[index] ?? 0) + 1;
				await round.journal.write(key(index), Buffer.from(`answer ${index}`));
				return `answer ${index}`;
			};
			const run = async () => {
				const round = await openRound({ store: own.store, durable: true, clock }, pass, { kind: 'unfinished' }, HOUR);
				const options = { concurrency, signal: new AbortController().signal, stopOnFailure: false };
				const results = await runOrdered(done, options, async (_item, index) => await work(round, index));
				const complete = results.every(({ status }) => status === 'ok');
				await round.end(complete);
				return complete ? results : undefined;
			};
			const ended = await Promise.race([run(), own.death]);
			if (ended === 'died') deaths += 1;
			else if (ended) {
				expect(ended).toEqual(done.map((_times, index) => ({ status: 'ok', value: `answer ${index}` })));
				break;
			}
		}
		expect(Math.min(...done)).toBe(1);
		expect(deaths).toBeGreaterThan(0);
		const again = done.reduce((sum, times) => sum + times - 1, 0);
		expect(again).toBeLessThanOrEqual(deaths * concurrency);
	});
});

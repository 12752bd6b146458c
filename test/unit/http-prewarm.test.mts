import { describe, expect, test } from 'vitest';
import { Rhythm } from '../../lib/http/prewarm.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

function setUp() {
	const clock = new FakeClock();
	const opened: number[] = [];
	const rhythm = new Rhythm(clock, () => opened.push(clock.now()));
	/** Uses it after each of these pauses. */
	const use = async (...pausesMs: number[]) => {
		for (const pause of pausesMs) {
			await clock.advance(pause);
			rhythm.request(clock.now());
		}
	};
	return { clock, opened, rhythm, use };
}

const MINUTE = 60_000;

describe('the rhythm of a pool', () => {
	test('three regular intervals are enough to open a connection a second before the next use', async () => {
		const { clock, opened, use } = setUp();
		await use(0, MINUTE, MINUTE);
		expect(clock.timers).toBe(0);
		await use(MINUTE);
		await clock.advance(59_000);
		expect(opened).toEqual([4 * MINUTE - 1_000]);
	});

	test('goes on for as long as the uses come', async () => {
		const { opened, use } = setUp();
		await use(0, ...Array.from({ length: 10 }, () => MINUTE));
		expect(opened).toHaveLength(7);
	});

	test('many requests of one execution are one use', async () => {
		const { opened, use, clock } = setUp();
		for (let execution = 0; execution < 4; execution += 1) await use(execution === 0 ? 0 : MINUTE - 150, 50, 50, 50);
		await clock.advance(MINUTE);
		expect(opened).toHaveLength(1);
	});

	test('a little irregularity makes it open earlier, a great one not at all', async () => {
		const little = setUp();
		await little.use(0, MINUTE - 300, MINUTE + 300, MINUTE);
		await little.clock.advance(MINUTE);
		expect(3 * MINUTE + MINUTE - (little.opened[0] ?? 0)).toBeGreaterThan(1_000);
		const great = setUp();
		await great.use(0, MINUTE, 3 * MINUTE, MINUTE / 2);
		expect(great.clock.timers).toBe(0);
	});

	test.each([['a second', 4_000], ['hours', 4_000_000]])('a rhythm of %s is left alone', async (_name, interval) => {
		const { clock, use } = setUp();
		await use(0, interval, interval, interval);
		expect(clock.timers).toBe(0);
	});

	test('gives up after two uses that stayed away, and learns anew', async () => {
		const { clock, opened, use, rhythm } = setUp();
		await use(0, MINUTE, MINUTE, MINUTE);
		await clock.advance(10 * MINUTE);
		expect(opened).toHaveLength(2);
		expect([clock.timers, rhythm.armed]).toEqual([0, false]);
		await use(0, MINUTE, MINUTE, MINUTE);
		expect(rhythm.armed).toBe(true);
	});

	test('leaves no timer behind when it is stopped', async () => {
		const { clock, use, rhythm } = setUp();
		await use(0, MINUTE, MINUTE, MINUTE);
		rhythm.stop();
		await use(MINUTE);
		expect(clock.timers).toBe(0);
	});
});

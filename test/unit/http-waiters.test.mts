import { expect, test } from 'vitest';

import { Waiter, WaitingLine } from '../../lib/http/waiters.ts';

function lineOf(count: number) {
	const line = new WaitingLine();
	const controllers = Array.from({ length: count }, () => new AbortController());
	const waiters = controllers.map((controller, index) => {
		const waiter = new Waiter(line, index, false, controller.signal);
		waiter.connection.catch(() => {});
		line.push(waiter);
		return waiter;
	});
	return { line, controllers, waiters };
}

/** The `connectMs` of those in line, which here says who they are. */
function drain(line: WaitingLine): number[] {
	const order: number[] = [];
	for (let waiter = line.shift(); waiter; waiter = line.shift()) order.push(waiter.connectMs);
	return order;
}

test('those in line are served in the order in which they came', () => {
	const { line } = lineOf(4);
	expect(line.size).toBe(4);
	expect(drain(line)).toEqual([0, 1, 2, 3]);
	expect(line.size).toBe(0);
});

test.each([
	[[0], [1, 2, 3]],
	[[3], [0, 1, 2]],
	[[1, 2], [0, 3]],
	[[0, 1, 2, 3], []],
])('when %j give up, the others keep their places', async (leaving, staying) => {
	const { line, controllers, waiters } = lineOf(4);
	for (const index of leaving) controllers[index]?.abort();
	for (const index of leaving) await expect(waiters[index]?.connection).rejects.toMatchObject({ code: 'ERR_CANCELLED' });
	expect(line.size).toBe(staying.length);
	expect(drain(line)).toEqual(staying);
});

test('who gives up after having been served changes nothing', () => {
	const { line, controllers } = lineOf(3);
	line.shift();
	controllers[0]?.abort();
	expect(line.size).toBe(2);
	expect(drain(line)).toEqual([1, 2]);
});

import { describe, expect, test } from 'vitest';
import type { IExecuteFunctions } from 'n8n-workflow';
import { BatchBook } from '../../lib/batch/progress.ts';
import { reportProgress } from '../../lib/n8n/report-progress.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

const FACTS = { workflowId: 'w', executionId: '1', node: 'Batch' };

describe('the progress of a batch', () => {
	test('counts what has ended, and tells how long the rest will take at that pace', async () => {
		const clock = new FakeClock();
		const progress = new BatchBook(clock).begin(FACTS, 100);
		expect(progress.snapshot()).toMatchObject({ items: 100, ok: 0, perSecond: 0, leftMs: null });
		await clock.advance(2000);
		for (let item = 0; item < 18; item += 1) progress.settled('ok');
		for (let item = 0; item < 2; item += 1) progress.settled('failed');
		expect(progress.snapshot()).toMatchObject({ ok: 18, failed: 2, cancelled: 0, elapsedMs: 2000, perSecond: 10, leftMs: 8000 });
	});

	test('does not count items from the journal as pace', async () => {
		const clock = new FakeClock();
		const progress = new BatchBook(clock).begin(FACTS, 100);
		for (let item = 0; item < 80; item += 1) {
			progress.resumed();
			progress.settled('ok');
		}
		await clock.advance(1000);
		for (let item = 0; item < 10; item += 1) progress.settled('ok');
		expect(progress.snapshot()).toMatchObject({ ok: 90, resumed: 80, perSecond: 10, leftMs: 1000 });
	});

	test('ends with every item accounted for', async () => {
		const clock = new FakeClock();
		const book = new BatchBook(clock);
		const progress = book.begin(FACTS, 10);
		progress.settled('ok');
		progress.settled('cancelled');
		book.end(progress);
		await clock.advance(5000);
		expect(book.list()).toMatchObject([{ ...FACTS, state: 'ended', ok: 1, failed: 0, cancelled: 9, elapsedMs: 0, leftMs: 0 }]);
	});
});

test('the book shows running batches before ended ones, and holds fifty of these', () => {
	const book = new BatchBook(new FakeClock());
	const begin = (id: number) => book.begin({ ...FACTS, executionId: String(id) }, 1);
	const running = [1, 2, 3].map(begin);
	for (let id = 4; id < 104; id += 1) book.end(begin(id));
	const list = book.list();
	expect(list.map(({ state }) => state)).toEqual([...running.map(() => 'running'), ...Array.from({ length: 50 }, () => 'ended')]);
	expect(list.slice(0, 4).map(({ executionId }) => executionId)).toEqual(['3', '2', '1', '103']);
	for (let id = 0; id < 300; id += 1) begin(id);
	expect(book.list()).toHaveLength(250);
});

describe('reports of progress', () => {
	function setUp(mode: string) {
		const clock = new FakeClock();
		const told: string[] = [];
		const logged: unknown[][] = [];
		const context = {
			getMode: () => mode,
			sendMessageToUI: (message: string) => told.push(message),
			logger: { info: (...line: unknown[]) => logged.push(line) },
		} as unknown as IExecuteFunctions;
		const progress = new BatchBook(clock).begin(FACTS, 100);
		return { clock, told, logged, progress, stop: reportProgress(context, clock, progress) };
	}

	test('go to the console of the editor once a second in manual runs, until the batch ends', async () => {
		const { clock, told, logged, progress, stop } = setUp('manual');
		await clock.advance(999);
		expect(told).toEqual([]);
		await clock.advance(1);
		for (let item = 0; item < 10; item += 1) progress.settled('ok');
		progress.settled('failed');
		await clock.advance(1000);
		stop();
		await clock.advance(10_000);
		expect(told).toEqual(['Batch: 0 of 100 items done, 0 failed; 0 items per second', 'Batch: 11 of 100 items done, 1 failed; 5.5 items per second, about 17 s left']);
		expect(logged).toEqual([]);
	});

	test('go to the log every half minute in others', async () => {
		const { clock, told, logged, progress, stop } = setUp('trigger');
		progress.settled('ok');
		await clock.advance(60_000);
		stop();
		expect(told).toEqual([]);
		expect(logged.map(([line]) => line)).toEqual([
			'Batch: 1 of 100 items done, 0 failed; 0 items per second, about 50 min left',
			'Batch: 1 of 100 items done, 0 failed; 0 items per second, about 99 min left',
		]);
		expect(logged[0]?.[1]).toEqual({ workflowId: 'w', executionId: '1' });
	});
});

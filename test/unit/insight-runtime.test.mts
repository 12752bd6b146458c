/** What a runtime really measures, judged: that both mean the same by their numbers. */
import { afterEach, describe, expect, test } from 'vitest';
import { advance, DEFAULT_SETTINGS, EMPTY_BOOK, findBottlenecks, judgeHealth, recommend, renderReport } from '../../lib/insight/index.ts';
import type { CallContext } from '../../lib/core/policy.ts';
import type { LaneOptions } from '../../lib/runtime/compose.ts';
import { Runtime } from '../../lib/runtime/runtime.ts';
import { outage } from '../helpers/calls.mts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const made: Runtime[] = [];

afterEach(async () => {
	for (const runtime of made.splice(0)) await runtime.dispose();
});

interface Ill {
	readonly calls?: number;
	/** How long an answer takes, and which requests fail. */
	readonly ms?: number;
	readonly fails?: (number: number) => boolean;
	/** How long after the one before each call comes. */
	readonly apart?: number;
}

/** Calls to two origins: one of them well, and one as the test says. */
async function measured(more: Partial<LaneOptions>, { calls = 100, ms = 100, fails = () => false, apart = 0 }: Ill = {}) {
	const clock = new FakeClock(1);
	const heap = { usedBytes: 1, limitBytes: 10 };
	const runtime = new Runtime({ clock, random: seeded(2), readHeap: () => heap });
	made.push(runtime);
	const laneTo = (origin: string, options: Partial<LaneOptions> = {}) =>
		runtime.lane({
			source: 'pooledHttp', scope: { credential: 'none', origin }, place: { workflowId: 'w', nodeName: 'Fetch' }, retry: { maxRetries: 0, baseMs: 1, maxMs: 1 }, maxConcurrent: 1000,
			attemptTimeoutMs: 600_000, totalTimeoutMs: 600_000, ...options,
		});
	// As the transport notes it: what was waited for is not upstream.
	const upstream = (takes: number, failing: (number: number) => boolean) => {
		let number = 0;
		return async ({ trace }: CallContext) => {
			const fail = failing((number += 1));
			await clock.sleep(takes);
			trace.upstreamMs += takes;
			trace.connectionReused = true;
			if (fail) throw outage();
			return 'answer';
		};
	};
	const [ill, well] = [laneTo('https://ill.test', more), laneTo('https://well.test')];
	const [askIll, askWell] = [upstream(ms, fails), upstream(100, () => false)];
	const signal = new AbortController().signal;
	const running = Array.from({ length: calls }, async (_none, number) => {
		await clock.sleep(number * apart);
		await Promise.all([ill.run(askIll, { signal, idempotent: true }), well.run(askWell, { signal, idempotent: true })]);
	});
	await clock.advance(60_000);
	await Promise.all(running);
	return { runtime, snapshot: await runtime.snapshot() };
}

const first = async (...given: Parameters<typeof measured>) => {
	const { snapshot } = await measured(...given);
	const [found] = findBottlenecks(snapshot);
	return [found?.cause, found?.where.origin, Math.round((found?.lostMs ?? 0) / 1000)];
};

describe('what a runtime measures is judged for what it is', () => {
	test('a slow service', async () => {
		expect(await first({}, { ms: 2000 })).toEqual(['slowUpstream', 'https://ill.test', 200]);
	});

	test('waiting for a slot', async () => {
		// A hundred calls two at a time: the last one waits for 49 turns.
		expect(await first({ maxConcurrent: 2 })).toEqual(['waitingForSlot', 'https://ill.test', Math.round((100 * 24.5 * 100) / 1000)]);
	});

	test('waiting for a rate', async () => {
		expect((await first({ rate: { perSecond: 5 } })).slice(0, 2)).toEqual(['waitingForRate', 'https://ill.test']);
	});

	test('repetitions', async () => {
		expect((await first({ retry: { maxRetries: 3, baseMs: 500, maxMs: 500 } }, { fails: (number) => number <= 300 })).slice(0, 2)).toEqual(['retries', 'https://ill.test']);
	});

	test('an open circuit', async () => {
		// Refused calls take no time: they count as long as those that were sent.
		const breaker = { failureThreshold: 5, failureWindowMs: 60_000, openMs: 60_000 };
		const { snapshot } = await measured({ breaker }, { ms: 200, fails: () => true, apart: 300 });
		expect(findBottlenecks(snapshot)[0]).toMatchObject({ cause: 'openCircuit', where: { origin: 'https://ill.test' }, evidence: { refused: 95, calls: 100, trips: 1 } });
		expect(advance(EMPTY_BOOK, snapshot, DEFAULT_SETTINGS).events.map(({ alert }) => [alert.rule, alert.worst])).toEqual([['errorRate', 'critical'], ['circuit', 'high']]);
		expect(judgeHealth(snapshot).grade).toBe('bad');
	});

	test('and so is a page made of it, and advice', async () => {
		const { runtime, snapshot } = await measured({ maxConcurrent: 2 });
		expect(recommend(snapshot)[0]).toMatchObject({ remedy: 'moreSlots', parameter: { from: 2, to: 4 } });
		const page = renderReport(snapshot);
		expect([/https:\/\/ill\.test/, /Max Concurrent: 2 → 4/, /NaN|undefined|Infinity/].map((pattern) => pattern.test(page))).toEqual([true, true, false]);
		runtime.memoryGuard.configure({ shrinkCachesPercent: 10, stopCachesPercent: 10 });
		expect((await runtime.snapshot()).resources.caches).toMatchObject([{ name: 'memory', writes: true }]);
	});
});

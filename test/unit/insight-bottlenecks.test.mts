import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../lib/core/snapshot.ts';
import { findBottlenecks, type Cause } from '../../lib/insight/index.ts';
import { aSeries, aSnapshot, times, type Given } from '../helpers/snapshots.mts';

const OTHER = aSeries({ node: 'Other', origin: 'https://other.test', calls: 200 });
const CALLS = 200;

/** What is wrong, and what is to be found first. Each disturbs the same traffic: two origins with 200 calls each. */
const INJECTED: Record<Cause, Given> = {
	slowUpstream: { in: { '1h': [aSeries({ calls: CALLS, durationMs: times(CALLS, 900), upstreamMs: times(CALLS, 900) }), OTHER], '24h': [aSeries({ calls: 5000 }), OTHER] } },
	manyCalls: { series: [aSeries({ calls: 20_000, durationMs: times(20_000, 20), upstreamMs: times(20_000, 20) }), OTHER] },
	retries: { series: [aSeries({ calls: CALLS, attempts: 3 * CALLS, retries: 2 * CALLS, waitedMs: 200 * CALLS, durationMs: times(CALLS, 500), upstreamMs: times(CALLS, 300) }), OTHER] },
	connecting: { series: [aSeries({ calls: CALLS, reusedConnections: 0, connectMs: 250 * CALLS, durationMs: times(CALLS, 350), upstreamMs: times(CALLS, 350) }), OTHER] },
	waitingForSlot: {
		series: [aSeries({ calls: CALLS, waitedMs: 2000 * CALLS, durationMs: times(CALLS, 2100) }), OTHER],
		resources: { limiters: [{ process: 'p1', origin: 'https://api.test', kind: 'slots', active: 2, waiting: 30, limit: 2 }] },
	},
	waitingForRate: {
		series: [aSeries({ calls: CALLS, waitedMs: 2000 * CALLS, durationMs: times(CALLS, 2100) }), OTHER],
		resources: { limiters: [{ process: 'p1', origin: 'https://api.test', kind: 'rate', active: 0, waiting: 30, limit: 10 }] },
	},
	waitingForConnection: {
		series: [aSeries({ calls: CALLS, waitedMs: 2000 * CALLS, durationMs: times(CALLS, 2100) }), OTHER],
		resources: { pools: [{ process: 'p1', origin: 'https://api.test', open: 4, inUse: 4, queued: 40, requests: 400, connects: 4, handshakes: 4, prewarmed: 0 }] },
	},
	evictions: {
		series: [aSeries({ calls: CALLS, bypassed: 0, misses: CALLS, costUsd: 2, durationMs: times(CALLS, 300), upstreamMs: times(CALLS, 300) }), OTHER],
		resources: { caches: [{ process: 'p1', name: 'memory', entries: 50, bytes: 63e6, maxBytes: 64e6, evictions: 190, expired: 0, state: 'up' }] },
	},
	openCircuit: {
		in: {
			'1h': [aSeries({ calls: 5 * CALLS, attempts: 10, reusedConnections: 10, errors: { ERR_CIRCUIT_OPEN: 5 * CALLS - 10, ERR_TIMEOUT: 10 }, durationMs: times(5 * CALLS, 1), upstreamMs: times(10, 1000) }), OTHER],
			'24h': [aSeries({ calls: 5000 }), OTHER],
		},
		resources: { circuits: [{ process: 'p1', origin: 'https://api.test', state: 'open', trips: 3 }] },
	},
	eventLoop: { series: [aSeries({ calls: CALLS, durationMs: times(CALLS, 900), upstreamMs: times(CALLS, 900) }), OTHER], load: { loopDelayP99Ms: 700, loopUtilization: 0.97, cpu: 1 } },
	garbageCollection: {
		series: [aSeries({ calls: CALLS, durationMs: times(CALLS, 900), upstreamMs: times(CALLS, 900) }), OTHER],
		load: { loopDelayP99Ms: 300, loopUtilization: 0.9, gcMs: 2_600_000, heapUsedBytes: 1.9 * 2 ** 30 },
	},
};

describe('the bottleneck named first is the one injected', () => {
	test.each(Object.entries(INJECTED) as Array<[Cause, Given]>)('%s', (cause, given) => {
		const [first] = findBottlenecks(aSnapshot(given));
		expect(first).toMatchObject({ cause });
		expect(first?.lostMs).toBeGreaterThan(0);
		expect(first?.share).toBeGreaterThan(0.3);
		expect(Object.values(first?.evidence ?? {}).every(Number.isFinite)).toBe(true);
		expect(`${first?.what} ${first?.advice}`).not.toMatch(/NaN|Infinity|undefined|–/);
	});
});

describe('bottlenecks', () => {
	const first = (snapshot: Snapshot) => findBottlenecks(snapshot)[0];

	test('are none where nothing was called', () => {
		expect(findBottlenecks(aSnapshot())).toEqual([]);
	});

	test('come in the order of the time lost, and their shares are no more than all of it', () => {
		for (const given of Object.values(INJECTED)) {
			const found = findBottlenecks(aSnapshot(given));
			expect(found.map(({ lostMs }) => lostMs)).toEqual(found.map(({ lostMs }) => lostMs).sort((a, b) => b - a));
			expect(found.reduce((sum, { share }) => sum + share, 0)).toBeLessThanOrEqual(1.000001);
		}
	});

	test('split the time of a place so that no moment counts twice', () => {
		const busy = aSeries({ calls: 100, misses: 100, bypassed: 0, attempts: 150, retries: 50, reusedConnections: 50, connectMs: 3000, waitedMs: 10_000, durationMs: times(100, 600), upstreamMs: times(100, 500) });
		const found = findBottlenecks(aSnapshot({ series: [busy], load: { gcMs: 0 } }));
		expect(found.map(({ cause }) => cause).sort()).toEqual(['connecting', 'retries', 'slowUpstream']);
		expect(found.reduce((sum, { lostMs }) => sum + lostMs, 0)).toBeCloseTo(60_000);
	});

	test('name the node where one makes most of the calls, and none where several share them', () => {
		const part = (node: string, calls: number) => aSeries({ node, calls });
		expect(first(aSnapshot({ series: [part('A', 90), part('B', 10)] }))?.where).toMatchObject({ origin: 'https://api.test', node: 'A' });
		expect(first(aSnapshot({ series: [part('A', 34), part('B', 33), part('C', 33)] }))?.where).toMatchObject({ origin: 'https://api.test', node: '' });
	});

	test('say how much slower a place is than over the day, where the day has more to tell than the window', () => {
		expect(first(aSnapshot(INJECTED.slowUpstream))?.what).toContain('9 times as slow as over the day');
		const alone = { in: { '1h': INJECTED.slowUpstream.in?.['1h'] ?? [] }, series: INJECTED.slowUpstream.in?.['1h'] ?? [] };
		expect(first(aSnapshot(alone))?.what).not.toContain('as slow as');
	});

	test('do not blame the event loop for calls that were quicker than its delay', () => {
		const loop = (p50: number, p99: number) =>
			findBottlenecks(aSnapshot({ series: [aSeries({ calls: 1000, durationMs: times(1000, p50, { p95: p50, p99 }) })], load: { loopDelayP99Ms: 120 } })).find(({ cause }) => cause === 'eventLoop')?.evidence.delayed;
		expect([loop(10, 20), loop(10, 150), loop(200, 300)]).toEqual([undefined, 10, 500]);
	});

	test('count what answers that were thrown out cost a second time', () => {
		expect(first(aSnapshot(INJECTED.evictions))).toMatchObject({ cause: 'evictions', lostUsd: expect.closeTo(1.9), measured: false });
	});

	test('take of a process that is older than a day no more evictions than a day has', () => {
		const snapshot = aSnapshot(INJECTED.evictions);
		const old = { ...snapshot, processes: snapshot.processes.map((one) => ({ ...one, startedAt: one.at - 10 * 86_400_000 })) };
		expect(first(old)?.cause).toBe('slowUpstream');
	});
});

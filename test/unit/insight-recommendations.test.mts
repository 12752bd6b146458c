import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, recommend, type Remedy } from '../../lib/insight/index.ts';
import { aSeries, aSnapshot, times, type Given } from '../helpers/snapshots.mts';

const first = (given: Given) => recommend(aSnapshot(given))[0];
const slots = (waiting: number, limit = 4) => ({ limiters: [{ process: 'p1', origin: 'https://api.test', kind: 'slots' as const, active: limit, waiting, limit }] });
const MODEL = { origin: 'https://api.openai.com', model: 'gpt-5-mini', source: 'cachedAiCall' };

describe('recommendations', () => {
	test('are none where nothing was called, and none where nothing would be gained', () => {
		expect(recommend(aSnapshot())).toEqual([]);
		expect(recommend(aSnapshot({ series: [aSeries({ calls: 1000 })] }))).toEqual([]);
	});

	test('double the slots that calls wait for, for half of the waiting', () => {
		const series = [aSeries({ calls: 100, waitedMs: 90_000, durationMs: times(100, 1000) })];
		expect(first({ series, resources: slots(8) })).toMatchObject({
			remedy: 'moreSlots', parameter: { name: 'Max Concurrent', from: 4, to: 8 }, gain: { ms: 45_000, usd: null }, share: { ms: 0.45, usd: null }, bound: 'about',
		});
	});

	test('send no more at a time to a service that fails', () => {
		const sick = [aSeries({ calls: 100, waitedMs: 90_000, durationMs: times(100, 1000), errors: { ERR_HTTP_STATUS: 20 } })];
		expect(recommend(aSnapshot({ series: sick, resources: slots(8) })).map(({ remedy }) => remedy)).not.toContain('moreSlots');
	});

	test.each<[Remedy, Given, object]>([
		['preWarm', { series: [aSeries({ calls: 100, reusedConnections: 10, connectMs: 5000 })] }, { gain: { ms: 5000, usd: null }, bound: 'atMost' }],
		['longerTimeToLive', { series: [aSeries({ calls: 100, bypassed: 0, revalidated: 80, misses: 20 })] }, { gain: { ms: 4000, usd: null } }],
		[
			'cacheTheRest',
			{ series: [aSeries({ ...MODEL, origin: 'https://models.test', calls: 200, bypassed: 100, hits: 60, misses: 40, attempts: 140, upstreamMs: times(140, 100), costUsd: 14 })] },
			{ gain: { ms: 6000, usd: expect.closeTo(6) }, parameter: { name: 'Cache', from: 'Off', to: 'on' } },
		],
		[
			'sharedStore',
			{ series: [aSeries({ calls: 100, bypassed: 0, misses: 100, costUsd: 1 })], resources: { caches: [{ process: 'p1', name: 'memory', entries: 9, bytes: 1, maxBytes: 1, evictions: 50, expired: 0, state: 'up' }] }, load: { gcMs: 0 } },
			{ gain: { ms: 5000, usd: 0.5 }, bound: 'atMost' },
		],
		['hedge', { series: [aSeries({ calls: 1000, upstreamMs: times(1000, 100, { p95: 200, p99: 5000 }) })] }, { gain: { ms: 47_000, usd: null }, bound: 'atLeast' }],
		['providerBatches', { series: [aSeries({ ...MODEL, calls: 100, costUsd: 4 })] }, { gain: { ms: null, usd: 2 }, share: { ms: null, usd: 0.5 } }],
		['largerHeap', { load: { heapUsedBytes: 1.75 * 2 ** 30, heapLimitBytes: 2 ** 31 } }, { parameter: { name: 'NODE_OPTIONS', from: '--max-old-space-size=2048', to: '--max-old-space-size=3072' } }],
		['moreWorkers', { series: [aSeries({ calls: 100, durationMs: times(100, 900) })], load: { loopDelayP99Ms: 400 } }, { bound: 'atMost' }],
	])('%s, with a gain that comes from the numbers', (remedy, given, expected) => {
		expect(first(given)).toMatchObject({ remedy, ...expected });
	});

	test('put first what gains the largest part of time or money', () => {
		const found = recommend(aSnapshot({ series: [aSeries({ ...MODEL, calls: 100, costUsd: 4, connectMs: 1000, reusedConnections: 0 })] }), DEFAULT_SETTINGS);
		expect(found.map(({ remedy }) => remedy)).toEqual(['providerBatches', 'preWarm']);
	});

	test('promise no more than all', () => {
		for (const one of recommend(aSnapshot({ series: [aSeries({ calls: 100, reusedConnections: 0, connectMs: 1e9, waitedMs: 1e9 })], resources: slots(9) }))) {
			expect(one.share.ms).toBeLessThanOrEqual(1);
		}
	});
});

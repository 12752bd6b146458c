import { describe, expect, test } from 'vitest';
import { HEALTH_PARTS, judgeHealth, readSettings } from '../../lib/insight/index.ts';
import { aSeries, aSnapshot, HOUR, times, type Given } from '../helpers/snapshots.mts';

const health = (given: Given, settings = {}) => judgeHealth(aSnapshot(given), readSettings(settings));
const WELL = aSeries({ calls: 400, bypassed: 0, hits: 200, misses: 200, attempts: 200, reusedConnections: 195, costUsd: 0.1 });

describe('health', () => {
	test('is unknown where nothing was measured, and never full marks', () => {
		const nothing = health({ processes: [] });
		expect(nothing).toMatchObject({ score: null, grade: 'unknown', why: 'Nothing was measured yet.' });
		expect(HEALTH_PARTS.map((name) => nothing.parts[name].score)).toEqual([null, null, null, null, null, null]);
	});

	test('says of each part that is unknown why, and does not take the process for the whole', () => {
		const idle = health({});
		expect(idle).toMatchObject({ score: null, why: 'Too little was measured: see the parts.', parts: { latency: { score: null, grade: 'unknown' }, process: { score: 100 } } });
		expect(health({ series: [aSeries({ calls: 400 })] })).toMatchObject({ score: 100, parts: { spending: { score: null } } });
		expect(idle.parts.errors.why).toBe('Fewer than 20 calls: nothing can be said.');
	});

	test('is full where all is well', () => {
		expect(health({ series: [WELL] }, { dailyUsd: 10 })).toMatchObject({ score: 100, grade: 'good', why: 'All that is known is well.' });
	});

	test('is half at a limit, in that part', () => {
		const slow = { ...WELL, durationMs: times(400, 100, { p95: 5000 }) };
		expect(health({ series: [slow] }).parts.latency).toMatchObject({ score: 50, grade: 'poor' });
		const failing = { ...WELL, errors: { ERR_NETWORK: 40 } };
		expect(health({ series: [failing] }).parts.errors).toMatchObject({ score: 50, why: '10 % of 400 calls failed, most of them to https://api.test.' });
		expect(health({ load: { heapUsedBytes: 0.8, heapLimitBytes: 1 } }).parts.process.score).toBe(50);
	});

	test('does not let good parts hide a bad one', () => {
		const dead = health({ series: [{ ...WELL, errors: { ERR_NETWORK: 400 } }] }, { dailyUsd: 10 });
		expect(dead.parts.errors.score).toBe(0);
		expect(dead).toMatchObject({ grade: 'bad', why: '100 % of 400 calls failed, most of them to https://api.test.' });
		expect(dead.score).toBeLessThan(40);
	});

	test('weighs places by their calls', () => {
		const slow = aSeries({ origin: 'https://slow.test', calls: 100, durationMs: times(100, 9000, { p95: 20_000 }) });
		const quick = aSeries({ origin: 'https://quick.test', calls: 300 });
		expect(health({ series: [slow, quick] }).parts.latency).toMatchObject({ score: 75, why: 'One of twenty calls to https://slow.test takes 20 s or longer; 5 s are the limit.' });
	});

	test('does not blame the cache for work that does not repeat', () => {
		expect(health({ series: [{ ...WELL, hits: 0, misses: 400 }] }).parts.cache.score).toBe(100);
		const memory = { process: 'p1', name: 'memory', entries: 10, bytes: 1, maxBytes: 1, evictions: 300, expired: 0, state: 'up' as const };
		expect(health({ series: [{ ...WELL, hits: 0, misses: 400 }], resources: { caches: [memory] } }).parts.cache.score).toBeLessThan(70);
		expect(health({ series: [WELL], resources: { caches: [{ ...memory, name: 'redis', state: 'down' }] } }).parts.cache).toMatchObject({ score: 30, why: 'The store redis does not answer.' });
	});

	test('sees a cache that memory is too scarce for', () => {
		const memory = { process: 'p1', name: 'memory', entries: 10, bytes: 1, maxBytes: 1, evictions: 0, expired: 0, state: 'up' as const, writes: false };
		expect(health({ series: [WELL], resources: { caches: [memory] } }).parts.cache).toMatchObject({ score: 30, why: 'Memory is so scarce that the cache takes nothing new.' });
	});

	test('sees connections that are opened anew, and open circuits', () => {
		expect(health({ series: [{ ...WELL, reusedConnections: 0 }] }).parts.connections.score).toBe(60);
		const circuits = [{ process: 'p1', origin: 'https://api.test', state: 'open' as const, trips: 1 }];
		expect(health({ series: [WELL], resources: { circuits } }).parts.connections).toMatchObject({ score: 0, why: 'The circuit to https://api.test is open.' });
	});

	test('compares what an hour costs with the hours before, and a day with its limit', () => {
		const cost = (hour: number, day: number) => ({ in: { '1h': [aSeries({ calls: 1, costUsd: hour })], '24h': [aSeries({ calls: 24, costUsd: day })] } });
		expect(health(cost(1, 24)).parts.spending.score).toBe(100);
		expect(health(cost(5, 28)).parts.spending).toMatchObject({ score: 50, why: 'The last hour cost $5.00, 5 times the average of the hours before.' });
		expect(health({ ...cost(5, 28), spans: { '24h': 2 * HOUR } }).parts.spending.score).toBeNull();
		expect(health(cost(5, 28), { dailyUsd: 28 }).parts.spending.score).toBe(50);
	});
});

import { describe, expect, test } from 'vitest';
import type { SeriesFacts, SeriesLabels, Snapshot } from '../../lib/core/snapshot.ts';
import { newTrace, type CallTrace } from '../../lib/core/trace.ts';
import { NO_LOAD } from '../../lib/metrics/load.ts';
import { merge, minutesOf, type ProcessState } from '../../lib/metrics/merge.ts';
import { MetricsRegistry } from '../../lib/metrics/registry.ts';
import type { CallRecord } from '../../lib/metrics/tally.ts';
import { forEachWindow } from '../../lib/metrics/windows.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const LABELS: SeriesLabels = { source: 'pooledHttp', workflowId: 'w1', node: 'Fetch', origin: 'https://a.test', model: '' };
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const NOTHING = { caches: [], pools: [], circuits: [], limiters: [], batches: [] };

function record(trace: Partial<CallTrace> = {}, facts: Partial<CallRecord> = {}): CallRecord {
	return { trace: { ...newTrace(), ...trace }, durationMs: 10, ...facts };
}

function newRegistry(clock = new FakeClock()) {
	const metrics = new MetricsRegistry({ clock });
	const count = (call: CallRecord, labels: Partial<SeriesLabels> = {}) => metrics.meter({ ...LABELS, ...labels }).record(call);
	return { clock, metrics, count, look: () => snapshotOf(clock, metrics) };
}

function stateOf(id: string, metrics: MetricsRegistry): ProcessState {
	const { windows, ever } = metrics.written();
	const process = { id, pid: 1, host: 'h', kind: '', startedAt: 0, at: 0, now: NO_LOAD };
	return { process, windows: forEachWindow((name) => ({ ...windows[name], load: NO_LOAD })), ever, resources: NOTHING };
}

function snapshotOf(clock: FakeClock, ...all: readonly MetricsRegistry[]): Snapshot {
	const states = all.map((metrics, index) => stateOf(`p${index}`, metrics));
	return merge(clock.wallNow(), states, all.map((metrics) => minutesOf(metrics.minutes(), [])));
}

function seriesOf(...records: readonly CallRecord[]): SeriesFacts {
	const { count, look } = newRegistry();
	for (const one of records) count(one);
	const [series] = look().windows['1m'].series;
	if (!series) throw new Error('Nothing was recorded');
	return series;
}

describe('the metrics', () => {
	test('count every call under exactly one cache status', () => {
		const statuses = ['hit', 'similar', 'stale', 'revalidated', 'miss', 'bypass'] as const;
		const series = seriesOf(...statuses.map((cache) => record({ cache })));
		expect(series).toMatchObject({ ...LABELS, calls: 6, hits: 1, similar: 1, stale: 1, revalidated: 1, misses: 1, bypassed: 1 });
	});

	test('count what a shared request took and cost once, with its leader', () => {
		const shared = { cache: 'miss', attempts: 3, upstreamMs: 30, connectMs: 4, costUsd: 0.5, connectionReused: true } as const;
		const tokens = { inputTokens: 100, outputTokens: 7 };
		const followers = Array.from({ length: 12 }, () => record({ ...shared, coalesced: true }, tokens));
		const series = seriesOf(record(shared, tokens), ...followers);
		expect(series).toMatchObject({ calls: 13, coalesced: 12, attempts: 3, retries: 2, connectMs: 4, costUsd: 0.5, reusedConnections: 1, ...tokens });
		expect(series.upstreamMs).toMatchObject({ count: 1, sum: 30 });
		expect(series.durationMs.count).toBe(13);
	});

	test("keep answers from the cache out of the upstream's times, tokens and costs", () => {
		const hit = record({ cache: 'hit', savedUsd: 0.25, savedMs: 80, savedTokens: 107 }, { inputTokens: 100, outputTokens: 7 });
		const series = seriesOf(hit, record({ cache: 'miss', attempts: 1, upstreamMs: 80 }));
		expect(series.upstreamMs).toMatchObject({ count: 1, max: 80 });
		expect(series).toMatchObject({ inputTokens: 0, outputTokens: 0, costUsd: 0, savedUsd: 0.25, savedMs: 80, savedTokens: 107 });
	});

	test('count errors by code, of followers too', () => {
		const series = seriesOf(
			record({ attempts: 1 }, { errorCode: 'ERR_TIMEOUT' }),
			record({ attempts: 1, coalesced: true }, { errorCode: 'ERR_TIMEOUT' }),
			record({}, { errorCode: 'ERR_UNKNOWN' }),
		);
		expect(series.errors).toEqual({ ERR_TIMEOUT: 2, ERR_UNKNOWN: 1 });
	});

	test('take an unknown price for no price, and a saving below nothing for what it is', () => {
		expect(seriesOf(record({ attempts: 1, costUsd: null, savedUsd: null }))).toMatchObject({ costUsd: 0, savedUsd: 0 });
		expect(seriesOf(record({ cache: 'similar', savedUsd: -0.5, savedTokens: -3 }))).toMatchObject({ savedUsd: -0.5, savedTokens: -3 });
	});

	test('count what was asked behind stale answers apart, with what it cost', () => {
		const { metrics, count, look } = newRegistry();
		count(record({ cache: 'stale' }));
		metrics.meter(LABELS).refreshed(record({ cache: 'miss', attempts: 2, upstreamMs: 30, costUsd: 0.5 }));
		metrics.meter(LABELS).refreshed(record({ cache: 'miss', attempts: 1 }, { errorCode: 'ERR_NETWORK' }));
		const { total } = look().windows['1m'];
		expect(total).toMatchObject({ calls: 1, stale: 1, misses: 0, attempts: 0, costUsd: 0, errors: {}, upstreamMs: { count: 0 } });
		expect(total.refreshes).toEqual({ calls: 2, failed: 1, costUsd: 0.5 });
	});

	test('stay bounded whatever the labels, and lose no call', () => {
		const { count, look } = newRegistry();
		for (let origin = 0; origin < 1000; origin += 1) count(record(), { origin: `https://${origin}.test` });
		const { series, total } = look().windows['1m'];
		expect(series).toHaveLength(201);
		expect(series.reduce((sum, { calls }) => sum + calls, 0)).toBe(1000);
		expect(series.find(({ source }) => source === 'other')?.calls).toBe(800);
		expect(total).toMatchObject({ calls: 1000, source: '', node: '' });
	});

	test('hold no secret of an address, and names only up to their bound', () => {
		const { count, look } = newRegistry();
		count(record(), { origin: 'https://user:pw@a.test:8443/path?key=secret#x', node: 'n'.repeat(1000), model: 'm'.repeat(1000) });
		count(record(), { origin: 'user:pw@proxy/path?key=secret' });
		const { series } = look().windows['1m'];
		expect(series.map(({ origin }) => origin)).toEqual(['https://a.test:8443', 'proxy']);
		expect(series[0]).toMatchObject({ node: 'n'.repeat(100), model: 'm'.repeat(100) });
	});

	test('are data of their own, and plain', () => {
		const { count, look } = newRegistry();
		count(record({}, { errorCode: 'ERR_TIMEOUT' }));
		const before = look();
		count(record({}, { errorCode: 'ERR_TIMEOUT' }));
		expect(before.windows['1m'].total).toMatchObject({ calls: 1, errors: { ERR_TIMEOUT: 1 } });
		expect(JSON.parse(JSON.stringify(before))).toEqual(before);
	});

	test('count nothing while they are off', () => {
		const { metrics, count, look } = newRegistry();
		const meter = metrics.meter(LABELS);
		metrics.enabled = false;
		meter.record(record());
		meter.refreshed(record());
		expect(look().windows['24h'].series).toEqual([]);
		metrics.enabled = true;
		count(record());
		expect(look().windows['24h'].total.calls).toBe(1);
	});
});

describe('the windows', () => {
	test('hold what happened within them, and say how far they reach', async () => {
		const { clock, count, look } = newRegistry();
		const spans = () => Object.values(look().windows).map(({ spanMs }) => spanMs);
		const calls = () => Object.values(look().windows).map(({ total }) => total.calls);
		count(record());
		await clock.advance(30 * SECOND_MS);
		expect([calls(), spans()]).toEqual([[1, 1, 1, 1], [30_000, 30_000, 30_000, 30_000]]);
		await clock.advance(40 * SECOND_MS);
		expect(calls()).toEqual([0, 1, 1, 1]);
		await clock.advance(5 * MINUTE_MS);
		expect(calls()).toEqual([0, 0, 1, 1]);
		await clock.advance(HOUR_MS);
		expect(calls()).toEqual([0, 0, 0, 1]);
		await clock.advance(24 * HOUR_MS);
		expect(calls()).toEqual([0, 0, 0, 0]);
		expect(spans().map((ms) => Math.ceil(ms / MINUTE_MS))).toEqual([1, 5, 57, 1387]);
	});

	test('agree with a plain list of calls at any time', async () => {
		const { clock, metrics, look } = newRegistry(new FakeClock(123_456));
		const meter = metrics.meter(LABELS);
		const random = seeded(5);
		const calls: Array<{ readonly at: number; readonly ms: number }> = [];
		for (let step = 0; step < 400; step += 1) {
			await clock.advance(random.pick([10, 900, 7000, 61_000, 400_000]));
			const ms = random.next() * 1000;
			meter.record(record({}, { durationMs: ms }));
			calls.push({ at: clock.now(), ms });
			if (step % 20 > 0) continue;
			for (const { spanMs, total } of Object.values(look().windows)) {
				const inside = calls.filter(({ at }) => at >= clock.now() - spanMs);
				expect([total.calls, total.durationMs.max]).toEqual([inside.length, Math.max(...inside.map((call) => call.ms))]);
			}
		}
	});

	test('let an idle series go, and take it up again', async () => {
		const { clock, metrics, look } = newRegistry();
		const meter = metrics.meter(LABELS);
		meter.record(record());
		await clock.advance(26 * HOUR_MS);
		expect(look().totals?.[0]?.series).toEqual([]);
		meter.record(record());
		expect(look().windows['1m'].total).toMatchObject({ calls: 1, lastAt: clock.wallNow() });
		expect(look().totals?.[0]?.series).toHaveLength(1);
	});

	test('totals only grow, whatever the windows do', async () => {
		const { clock, metrics, look } = newRegistry();
		const meter = metrics.meter(LABELS);
		for (let hour = 1; hour <= 30; hour += 1) {
			meter.record(record({}, { durationMs: hour * 10 + 3 }));
			await clock.advance(HOUR_MS);
			expect(look().totals?.[0]?.series[0]).toMatchObject({ calls: hour });
		}
		expect(look().totals?.[0]?.series[0]?.durationMs.upTo?.slice(0, 6)).toEqual([0, 0, 2, 4, 9, 24]);
	});

	test('the history has a point for each minute with calls, and forgets after a day', async () => {
		const { clock, count, look } = newRegistry(new FakeClock(0, Date.UTC(2026, 0, 1, 0, 0, 30)));
		for (let minute = 0; minute < 3; minute += 1) {
			for (let call = 0; call <= minute; call += 1) count(record({ cache: 'hit' }, { durationMs: 100 * (minute + 1) }));
			count(record({ attempts: 1, connectionReused: true }, { errorCode: 'ERR_TIMEOUT' }));
			await clock.advance(2 * MINUTE_MS);
		}
		const { history } = look();
		expect(history.map(({ at }) => new Date(at).toISOString().slice(11, 19))).toEqual(['00:00:00', '00:02:00', '00:04:00']);
		expect(history.map(({ calls, hits, errors }) => [calls, hits, errors])).toEqual([[2, 1, 1], [3, 2, 1], [4, 3, 1]]);
		expect(history[2]).toMatchObject({ attempts: 1, reusedConnections: 1, errorsBy: { ERR_TIMEOUT: 1 } });
		expect(Math.abs((history[2]?.p95 ?? 0) / 300 - 1)).toBeLessThan(0.01);
		await clock.advance(24 * HOUR_MS);
		expect(look().history).toEqual([]);
	});
});

test('three processes together are what one would have been that saw it all', async () => {
	const clock = new FakeClock();
	const random = seeded(3);
	const one = newRegistry(clock);
	const three = [newRegistry(clock), newRegistry(clock), newRegistry(clock)];
	for (let step = 0; step < 3000; step += 1) {
		if (step % 100 === 0) await clock.advance(random.int(MINUTE_MS));
		const facts = { durationMs: Math.exp(random.next() * 10), ...(random.int(9) === 0 ? { errorCode: 'ERR_NETWORK' as const } : {}) };
		const call = record({ attempts: 1 + random.int(3), upstreamMs: facts.durationMs / 2, cache: random.pick(['hit', 'miss']), waitedMs: random.int(50) }, facts);
		const labels = { node: random.pick(['A', 'B', 'C']) };
		one.count(call, labels);
		random.pick(three).count(call, labels);
	}
	const whole = one.look();
	const merged = snapshotOf(clock, ...three.map(({ metrics }) => metrics));
	expect(byNode(merged)).toEqual(byNode(whole));
	expect(merged.history).toEqual(whole.history);
	expect(merged.processes.map(({ id }) => id)).toEqual(['p0', 'p1', 'p2']);
});

/** Sums of fractions depend on their order in the last digits. */
function byNode({ windows }: Snapshot): unknown {
	const rounded = ({ durationMs, upstreamMs, ...rest }: SeriesFacts) => ({
		...rest,
		durationMs: { ...durationMs, sum: Math.round(durationMs.sum) },
		upstreamMs: { ...upstreamMs, sum: Math.round(upstreamMs.sum) },
	});
	return Object.values(windows).map(({ series, total }) => [...series.map(rounded).sort((a, b) => a.node.localeCompare(b.node)), rounded(total)]);
}

/** The operations of Performance Monitor that show what was measured, and what is made of it. */
import { createRequire } from 'node:module';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Alert, AlertEvent, Bottleneck, Health, InsightSettings } from '../../lib/insight/index.ts';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { runAi } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { MONITOR, runMonitor, type MonitorRun } from '../helpers/monitor-node.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';

const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;

type Json = Record<string, unknown>;

const monitor = async (parameters: Json, run: Partial<MonitorRun> = {}) => await runMonitor({ engine, workflowId: 'monitor', parameters, ...run });

/** The one item that it gives. */
async function shown<T = Json>(parameters: Json, run: Partial<MonitorRun> = {}): Promise<T> {
	const result = await monitor(parameters, run);
	expect(result.error).toBeUndefined();
	expect(result.items(MONITOR)).toMatchObject([{ pairedItem: { item: 0 } }]);
	return result.json(MONITOR)[0] as T;
}

/** Asks each prompt, one after the other, as a node of this workflow. */
async function ask(workflowId: string, prompts: readonly string[], options: Json = {}): Promise<void> {
	for (const prompt of prompts) {
		await runAi({ engine, standIn, workflowId, parameters: { prompt: `tag this package: ${prompt}`, options }, node: { onError: 'continueRegularOutput' } });
	}
}

const ofHere = ({ origin }: { readonly origin?: unknown }) => origin === standIn.url;

beforeEach(async () => {
	await getRuntime().store.clear();
	await getRuntime().oversight.configure({}, { reset: true });
});

describe('Get Metrics', () => {
	test('counts what nodes did, by node, workflow, server and model', async () => {
		await ask('w1', ['one', 'one', 'two']);
		const { series, period } = await shown<{ series: Json[]; period: string }>({ operation: 'getMetrics', view: 'series' });
		expect(period).toBe('1h');
		const [own] = series.filter(ofHere);
		expect(own).toMatchObject({ source: 'cachedAiCall', workflowId: 'w1', node: 'AI', model: 'gpt-4o-mini', calls: 3, hits: 1, misses: 2, durationMs: { count: 3 } });
		const { series: others } = await shown<{ series: Json[] }>({ operation: 'getMetrics', view: 'series', workflowId: 'w2' });
		expect(others.filter(ofHere)).toEqual([]);
	});

	test('sums up by default, without a parameter set', async () => {
		await ask('w1', ['one']);
		const summary = await shown({});
		expect(summary).toMatchObject({ period: '1h', calls: expect.any(Number) as number, durationMs: { p99: expect.any(Number) as number }, load: { heapUsedBytes: expect.any(Number) as number } });
		expect(summary.processes).toHaveLength(1);
		expect(summary).not.toHaveProperty('origin');
	});

	test('gives the minutes and the whole snapshot', async () => {
		await ask('w1', ['one']);
		expect((await shown<{ history: unknown[] }>({ view: 'history' })).history.length).toBeGreaterThan(0);
		expect(Object.keys(await shown({ view: 'snapshot' }))).toEqual(expect.arrayContaining(['at', 'processes', 'windows', 'history', 'resources']));
	});

	test.each([
		[{ period: '={{ "2h" }}' }, 'Period'],
		[{ view: '={{ "all" }}' }, 'Show'],
	])('%j is refused', async (parameters, name) => {
		expect((await monitor(parameters)).error?.message).toContain(name);
	});
});

describe('Get Cache Statistics', () => {
	test('tells the hit ratio by node, and what the memory holds', async () => {
		await ask('w1', ['one', 'one', 'one', 'two']);
		const { nodes, caches } = await shown<{ nodes: Json[]; caches: Json[] }>({ operation: 'getCacheStatistics' });
		expect(nodes.filter(ofHere)).toMatchObject([{ node: 'AI', calls: 4, hits: 2, misses: 2, hitRatio: 0.5, savedTokens: expect.any(Number) as number }]);
		expect(caches).toMatchObject([{ name: 'memory', entries: 2, state: 'up' }]);
	});
});

describe('Get Pool Statistics', () => {
	test('tells how often connections were used again, and which circuits stand how', async () => {
		await ask('w1', ['one', 'two', 'three', 'four']);
		const { pools, circuits, total } = await shown<{ pools: Json[]; circuits: Json[]; total: Json }>({ operation: 'getPoolStatistics' });
		expect(pools.filter(ofHere)).toMatchObject([{ requests: 4, connects: 1, reuseRatio: 0.75 }]);
		expect(circuits.filter(ofHere)).toMatchObject([{ state: 'closed', trips: 0 }]);
		expect(total.reuseRatio).toBeGreaterThan(0);
	});
});

describe('Get Bottlenecks', () => {
	test('names the slow server first', async () => {
		standIn.setBehaviour({ delayMs: 300 });
		await ask('slow workflow', ['slow', 'slower']);
		const of = async (workflowId: string) => (await shown<{ bottlenecks: Bottleneck[] }>({ operation: 'getBottlenecks', workflowId })).bottlenecks;
		const [first] = (await of('slow workflow')).filter(({ where }) => where.origin !== '');
		expect(first).toMatchObject({ cause: 'slowUpstream', where: { origin: standIn.url, node: 'AI', model: 'gpt-4o-mini' }, advice: expect.any(String) as string });
		expect(await of('nowhere')).toEqual([]);
	});
});

describe('Get Health', () => {
	test('gives a score with parts that are explained', async () => {
		const health = await shown<Health>({ operation: 'getHealth' });
		expect(Object.keys(health.parts)).toEqual(['latency', 'errors', 'cache', 'connections', 'process', 'spending']);
		expect(health.parts.process).toMatchObject({ score: expect.any(Number) as number, why: expect.stringMatching(/heap|core|event loop/) as string });
	});
});

describe('Get Recommendations, Get Trends, Prometheus and Compare', () => {
	test('tell what is made of the measurements', async () => {
		await ask('w1', ['one', 'one', 'two']);
		expect(await shown({ operation: 'getRecommendations', workflowId: 'w1' })).toMatchObject({ period: '1h', recommendations: expect.any(Array) as unknown[] });
		const { trends } = await shown<{ trends: Json[] }>({ operation: 'getTrends', aheadHours: 2 });
		expect(trends).toContainEqual(expect.objectContaining({ metric: 'memory', direction: 'tooLittle' }));
		const { text, contentType } = await shown<{ text: string; contentType: string }>({ operation: 'prometheus' });
		expect(text).toContain(standIn.url);
		expect(contentType).toContain('text/plain');
	});

	test('a snapshot is compared with what is measured now, or with another one', async () => {
		const before = await shown({ view: 'snapshot' });
		await ask('w1', ['one', 'one', 'two']);
		const input = [before];
		const now = await shown<{ before: { calls: number }; after: { calls: number } }>({ operation: 'compare' }, { input });
		expect(now.after.calls - now.before.calls).toBe(3);
		const same = await shown<{ before: Json; after: Json }>({ operation: 'compare', compareWith: 'snapshot', after: '={{ $json }}' }, { input });
		expect(same.after).toEqual(same.before);
	});

	test.each([
		[{ operation: 'compare', before: '{}' }, 'Before'],
		[{ operation: 'compare', before: '[1]' }, 'Before'],
		[{ operation: 'getTrends', aheadHours: 0 }, 'Forecast'],
	])('%j is refused', async (parameters, name) => {
		expect((await monitor(parameters)).error?.message).toContain(name);
	});
});

describe('Report', () => {
	test('is a page that stands alone, as a file or as text', async () => {
		await ask('w1', ['one', 'one', 'two']);
		const file = await monitor({ operation: 'report', title: 'A <b>bold</b> title' });
		const { data } = file.items(MONITOR)[0]?.binary ?? {};
		expect(data).toMatchObject({ mimeType: 'text/html', fileName: 'performance.html' });
		const page = Buffer.from(data?.data ?? '', 'base64').toString('utf8');
		expect(page).toContain('A &lt;b&gt;bold&lt;/b&gt; title');
		expect(page).not.toContain('<script');
		const { html } = await shown<{ html: string }>({ operation: 'report', putOut: 'text', refreshSeconds: 30, timeZone: 'Europe/Berlin' });
		expect(html).toMatch(/^<!doctype html>/);
		expect(html).toContain('http-equiv="refresh" content="30"');
	});

	test.each([
		[{ timeZone: 'Nowhere/Land' }, /time zone/i],
		[{ putOut: '={{ "pdf" }}' }, /Put Out/],
		[{ refreshSeconds: -1 }, /Refresh Every/],
	])('%j is refused', async (parameters, words) => {
		expect((await monitor({ operation: 'report', ...parameters })).error?.message).toMatch(words);
	});
});

describe('Configure and Get Alerts', () => {
	interface Alerts { standing: Alert[]; recent: AlertEvent[] }
	const configure = async (parameters: Json, run: Partial<MonitorRun> = {}) => await shown<{ settings: InsightSettings; keptIn: string; untilRestart: boolean }>({ operation: 'configure', ...parameters }, run);
	const alerts = async (parameters: Json = {}) => await shown<Alerts>({ operation: 'getAlerts', ...parameters });
	const memory = ({ standing }: Alerts) => standing.filter(({ rule }) => rule === 'memory');

	test('what is above its limit by the settings is an alert, and ends when it is no longer', async () => {
		expect(memory(await alerts())).toEqual([]);
		expect(await configure({ changes: { memoryPercent: 0.01, cooldownMs: 0 } })).toMatchObject({ settings: { memoryPercent: 0.01, cpuPercent: 90, cooldownMs: 0 }, keptIn: 'memory of this process', untilRestart: true });
		const raised = await alerts();
		expect(memory(raised)).toMatchObject([{ limit: 0.0001, says: expect.stringContaining('heap') as string }]);
		expect(memory(await alerts({ kinds: ['cpu'] }))).toEqual([]);
		await configure({ reset: true, changes: { cooldownMs: 0 } });
		const after = await alerts({ kinds: ['memory'] });
		expect([after.standing, after.recent.at(-1)?.kind]).toEqual([[], 'resolved']);
	});

	test('takes JSON, in which null stands for the default', async () => {
		const settings = JSON.stringify({ responseMs: 700, slos: [{ name: 'fast', p99Ms: 100 }] });
		expect((await configure({ input: 'json', settings })).settings).toMatchObject({ responseMs: 700, slos: [{ name: 'fast' }] });
		expect((await configure({ input: 'json', settings: '{ "responseMs": null }' })).settings).toMatchObject({ responseMs: 5000, slos: [{ name: 'fast' }] });
		expect((await configure({ changes: { cooldownMs: 90, slos: '[]' } })).settings).toMatchObject({ cooldownMs: 90_000, slos: [] });
	});

	test.each([
		[{ input: 'json', settings: '{ "memoryPercent": 50, "cpuPercent": "much" }' }, 'cpuPercent'],
		[{ input: 'json', settings: '{ "memory": 50 }' }, 'memory'],
		[{ input: 'json', settings: '[]' }, 'Settings'],
		[{ input: 'json', settings: '{ no json' }, 'Settings'],
		[{ changes: { memoryPercent: 101 } }, 'memoryPercent'],
		[{ changes: { slos: '[{ "name": "x" }]' } }, 'slos[0]'],
	])('%j is refused, and changes nothing', async (parameters, name) => {
		const result = await monitor({ operation: 'configure', ...parameters });
		expect(result.error?.message).toContain(name);
		expect(await getRuntime().oversight.settings()).toMatchObject({ memoryPercent: 80, cpuPercent: 90, slos: [] });
	});

	test.skipIf(redisIsMissing())('with a shared store the settings are kept there', async () => {
		const redis = await RedisServer.start();
		try {
			const store = { host: redis.host, port: redis.port, prefix: 'fastpath', database: 0 };
			expect(await configure({ changes: { memoryPercent: 42 } }, { store })).toMatchObject({ keptIn: 'shared store', untilRestart: false });
			expect(await configure({ changes: {} }, { store })).toMatchObject({ settings: { memoryPercent: 42 } });
			expect(await configure({ changes: {} })).toMatchObject({ settings: { memoryPercent: 80 } });
		} finally {
			await redis.stop();
		}
	});
});

test('an item that fails has a code that says of what kind it is, and the others have their results', async () => {
	const result = await monitor({ period: '={{ $json.period }}' }, { input: [{ period: '1m' }, { period: 'never' }], node: { onError: 'continueRegularOutput' } });
	expect(result.json(MONITOR)).toMatchObject([{ period: '1m' }, { error: expect.stringContaining('Period') as string, details: { code: 'ERR_INVALID_OPTION' } }]);
	expect(result.items(MONITOR).map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
});

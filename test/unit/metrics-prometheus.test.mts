import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { Snapshot } from '../../lib/core/snapshot.ts';
import { newTrace } from '../../lib/core/trace.ts';
import { FAMILIES } from '../../lib/metrics/families.ts';
import { toPrometheus } from '../../lib/metrics/prometheus.ts';
import { Runtime } from '../../lib/runtime/index.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { findProgram } from '../toolchain/system-packages.mts';

const UGLY = 'Say "hi" \\ to\nthem';
const PROMTOOL = findProgram('promtool');
if (!PROMTOOL) console.warn('promtool is not on this machine: its check is SKIPPED (Debian: apt-get install prometheus)');

interface Line {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
}

/** After the grammar of the text format; throws on a line that is none. */
function parse(text: string): Line[] {
	return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
		const [, name = '', labels = '', value = ''] = /^([a-z_\d]+)\{(.*)\} (\S+)$/.exec(line) ?? [];
		if (name === '' || !Number.isFinite(Number(value))) throw new Error(`Not a line: ${line}`);
		const parts = [...labels.matchAll(/([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g)];
		expect(parts.map(([part]) => part).join('')).toBe(labels);
		const unescaped = (text: string) => text.replace(/\\(.)/g, (_all, char: string) => (char === 'n' ? '\n' : char));
		return { name, labels: Object.fromEntries(parts.map(([, key = '', text = '']) => [key, unescaped(text)])), value: Number(value) };
	});
}

/** One of everything that a process can tell of. */
async function fullSnapshot(): Promise<Snapshot> {
	const clock = new FakeClock();
	const runtime = new Runtime({ clock });
	const scope = { credential: 'c', origin: 'https://a.test' };
	runtime.limiter(scope, 3);
	runtime.limiter({ ...scope, credential: 'another' }, 3);
	runtime.breaker(scope, { failureThreshold: 1, failureWindowMs: 1000, openMs: 1000 });
	runtime.learntLimit(scope, 'model');
	runtime.batches.begin({ workflowId: 'w', executionId: '1', node: 'Batch' }, 5);
	const meter = runtime.measurements.calls.meter({ source: 'cachedAiCall', workflowId: 'w1', node: UGLY, origin: 'https://a.test', model: 'm' });
	for (const ms of [1, 7, 70, 700, 7_000_000]) meter.record({ trace: { ...newTrace(), cache: 'miss', attempts: 2, upstreamMs: ms }, durationMs: ms });
	meter.record({ trace: { ...newTrace(), cache: 'similar', savedUsd: -1 }, durationMs: 1, errorCode: 'ERR_TIMEOUT' });
	const snapshot = await runtime.snapshot();
	await runtime.dispose();
	const [{ id } = { id: '' }] = snapshot.processes;
	const pool = { process: id, origin: 'https://a.test', open: 1, inUse: 1, queued: 0, requests: 9, connects: 1, handshakes: 1, prewarmed: 0 };
	return { ...snapshot, resources: { ...snapshot.resources, pools: [{ ...pool, id: 'p1' }, { ...pool, id: 'p2' }] } };
}

test('every family has a name, a type and its help, and none stands there twice', async () => {
	const text = toPrometheus(await fullSnapshot());
	const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
	expect(types).toEqual(FAMILIES.map(({ name, type }) => [name, type]));
	expect([...text.matchAll(/^# HELP (\S+) \S.*$/gm)].map(([, name]) => name)).toEqual(FAMILIES.map(({ name }) => name));
	expect(FAMILIES.filter(({ type }) => type === 'counter').every(({ name }) => name.endsWith('_total'))).toBe(true);
	expect(FAMILIES.filter(({ type }) => type !== 'counter').every(({ name }) => !name.endsWith('_total'))).toBe(true);
	expect(text.endsWith('\n')).toBe(true);
});

test('no name and labels stand there twice, and what users named comes back from its escapes', async () => {
	const lines = parse(toPrometheus(await fullSnapshot()));
	const places = lines.map(({ name, labels }) => JSON.stringify([name, labels]));
	expect(new Set(places).size).toBe(places.length);
	expect(lines.find(({ name, labels }) => name === 'fastpath_calls_total' && labels.cache === 'miss')).toMatchObject({ labels: { node: UGLY }, value: 5 });
	expect(lines.find(({ name }) => name === 'fastpath_errors_total')).toMatchObject({ labels: { code: 'ERR_TIMEOUT' }, value: 1 });
	expect(lines.find(({ name, labels }) => name === 'fastpath_limiter_limit' && labels.kind === 'slots')?.value).toBe(6);
	expect(lines.filter(({ name }) => name === 'fastpath_pool_requests_total')).toHaveLength(2);
});

test('buckets ascend to the count, in seconds', async () => {
	const lines = parse(toPrometheus(await fullSnapshot()));
	const of = (suffix: string) => lines.filter(({ name }) => name === `fastpath_upstream_duration_seconds${suffix}`);
	const buckets = of('_bucket');
	expect(buckets.map(({ labels }) => Number(labels.le?.replace('+Inf', 'Infinity')))).toEqual(buckets.map(({ labels }) => Number(labels.le?.replace('+Inf', 'Infinity'))).sort((a, b) => a - b));
	expect(buckets.map(({ value }) => value)).toEqual([1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5]);
	expect([of('_count')[0]?.value, of('_sum')[0]?.value]).toEqual([5, 7000.778]);
});

test('a snapshot of nothing is a text without samples of calls', async () => {
	const runtime = new Runtime({ clock: new FakeClock() });
	const text = toPrometheus(await runtime.snapshot());
	await runtime.dispose();
	expect(text).not.toContain('fastpath_calls_total');
	expect(parse(text).map(({ name }) => name)).toContain('fastpath_process_info');
});

test.skipIf(!PROMTOOL)('promtool reads it and has nothing to say', async () => {
	expect(execFileSync(PROMTOOL ?? '', ['check', 'metrics'], { input: toPrometheus(await fullSnapshot()), encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })).toBe('');
});

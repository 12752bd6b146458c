import { afterEach, expect, test } from 'vitest';
import { newTrace } from '../../lib/core/trace.ts';
import { registryOf, runtimeFor, tell, type Registry } from '../../lib/n8n/metrics.ts';
import { FAMILIES, Runtime } from '../../lib/runtime/index.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

type Metric = Parameters<Registry['registerMetric']>[0];

/** Keeps metrics as prom-client's does, and refuses what it would refuse. */
function fakeRegistry() {
	const metrics = new Map<string, Metric>();
	const registry: Registry = {
		getSingleMetric: (name) => metrics.get(name),
		removeSingleMetric: (name) => void metrics.delete(name),
		registerMetric(metric) {
			if (metrics.has(metric.name)) throw new Error(`A metric with the name ${metric.name} has already been registered.`);
			metrics.set(metric.name, metric);
		},
	};
	return { metrics, registry };
}

const runtimes: Runtime[] = [];
function newRuntime(): Runtime {
	const runtime = new Runtime({ clock: new FakeClock() });
	runtimes.push(runtime);
	return runtime;
}

afterEach(async () => {
	await Promise.all(runtimes.splice(0).map(async (runtime) => await runtime.dispose()));
});

test("metrics are registered once, and tell the runtime's numbers of that moment", async () => {
	const { metrics, registry } = fakeRegistry();
	const runtime = newRuntime();
	tell(runtime, registry);
	const first = [...metrics.values()];
	tell(runtime, registry);
	expect([...metrics.values()]).toEqual(first);
	expect([...metrics.keys()]).toEqual(FAMILIES.map(({ name }) => name));
	const meter = runtime.measurements.calls.meter({ source: 's', workflowId: 'w', node: 'n', origin: 'https://a.test', model: '' });
	for (let call = 0; call < 3; call += 1) meter.record({ trace: { ...newTrace(), cache: 'miss', attempts: 1 }, durationMs: 20 });
	const calls = await metrics.get('fastpath_calls_total')?.get();
	expect(calls?.values).toContainEqual({ metricName: 'fastpath_calls_total', labels: expect.objectContaining({ node: 'n', cache: 'miss' }), value: 3 });
	const times = await metrics.get('fastpath_call_duration_seconds')?.get();
	expect(times?.values).toContainEqual({ metricName: 'fastpath_call_duration_seconds_count', labels: expect.objectContaining({ node: 'n' }), value: 3 });
});

test('all of a scrape share one snapshot', async () => {
	const { metrics, registry } = fakeRegistry();
	const runtime = newRuntime();
	let asked = 0;
	const { snapshot } = runtime;
	runtime.snapshot = async () => {
		asked += 1;
		return await snapshot.call(runtime);
	};
	tell(runtime, registry);
	for (let scrape = 1; scrape <= 2; scrape += 1) {
		await Promise.all([...metrics.values()].map(async (metric) => await metric.get()));
		expect(asked).toBe(scrape);
	}
});

test("a snapshot that fails leaves n8n's own metrics alone", async () => {
	const { metrics, registry } = fakeRegistry();
	const runtime = newRuntime();
	runtime.snapshot = async () => await Promise.reject(new Error('broken'));
	tell(runtime, registry);
	expect(await metrics.get('fastpath_calls_total')?.get()).toMatchObject({ values: [] });
});

test('the runtime of a newer build takes the place of the one before', async () => {
	const { metrics, registry } = fakeRegistry();
	tell(newRuntime(), registry);
	const newer = newRuntime();
	tell(newer, registry);
	expect(metrics.size).toBe(FAMILIES.length);
	expect([...metrics.values()].every(({ runtime }) => runtime === newer)).toBe(true);
});

test.each([undefined, null, {}, { register: {} }, { register: { getSingleMetric: () => undefined, registerMetric: 7 } }])('a prom-client of another shape is left alone: %j', (client) => {
	expect(registryOf(client)).toBeUndefined();
});

test('a node has its runtime also where there is no prom-client', () => {
	process.env.N8N_METRICS = 'true';
	try {
		const runtime = runtimeFor({ logger: { warn: () => {} } });
		runtimes.push(runtime);
		expect(runtime.n8nTellsMetrics).toBe(true);
	} finally {
		delete process.env.N8N_METRICS;
	}
});

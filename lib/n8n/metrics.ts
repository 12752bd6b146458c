import { createRequire } from 'node:module';
import { FAMILIES, getRuntime, samplesOf, type Runtime } from '../runtime';

/** What prom-client's registry needs to know of a metric, and all that it asks of one: whose it is, we add. */
interface Told {
	readonly name: string;
	readonly help: string;
	readonly type: string;
	readonly runtime: Runtime;
	get(): Promise<{ readonly name: string; readonly help: string; readonly type: string; readonly values: readonly object[] }>;
	reset(): void;
}

interface Registry {
	getSingleMetric(name: string): Partial<Told> | undefined;
	removeSingleMetric(name: string): void;
	registerMetric(metric: Told): void;
}

/** The runtime of this process. Where n8n serves metrics of its own, the runtime's are told among them. */
export function runtimeFor({ logger }: { readonly logger: { warn(message: string): void } }): Runtime {
	const runtime = getRuntime((message) => logger.warn(message));
	if (runtime.n8nTellsMetrics) tellN8n(runtime);
	return runtime;
}

/** Leaves n8n's metrics alone where they are not as expected. */
function tellN8n(runtime: Runtime): void {
	const registry = n8nRegistry();
	if (!registry || FAMILIES.every(({ name }) => registry.getSingleMetric(name)?.runtime === runtime)) return;
	let asked: ReturnType<Runtime['snapshot']> | undefined;
	/** All families are asked in the same moment, and share an answer. */
	const snapshot = async () =>
		await (asked ??= runtime.snapshot().finally(() => {
			asked = undefined;
		}));
	for (const family of FAMILIES) {
		const { name, help, type } = family;
		const get = async () => {
			const samples = samplesOf(family, await snapshot());
			return { name, help, type, values: samples.map(({ suffix = '', labels, value }) => ({ metricName: `${name}${suffix}`, labels, value })) };
		};
		registry.removeSingleMetric(name);
		registry.registerMetric({ name, help, type, runtime, get, reset: () => {} });
	}
}

/** Of the prom-client that n8n brings, which its own /metrics are made from; undefined where there is none, or one of another shape. */
function n8nRegistry(): Registry | undefined {
	try {
		const { register } = createRequire(__filename)('prom-client') as { readonly register?: Partial<Registry> };
		const isWhole = [register?.getSingleMetric, register?.removeSingleMetric, register?.registerMetric].every((method) => typeof method === 'function');
		return isWhole ? (register as Registry) : undefined;
	} catch {
		return undefined;
	}
}

import { createRequire } from 'node:module';
import type { Snapshot } from '../core/snapshot';
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

export interface Registry {
	getSingleMetric(name: string): Partial<Told> | undefined;
	removeSingleMetric(name: string): void;
	registerMetric(metric: Told): void;
}

/** The runtime of this process. Where n8n serves metrics of its own, the runtime's are told among them. */
export function runtimeFor(context: { readonly logger: { warn(message: string): void } }): Runtime {
	const runtime = getRuntime((message) => context.logger.warn(message));
	const registry = runtime.n8nTellsMetrics ? registryOf(promClient()) : undefined;
	if (registry) tell(runtime, registry);
	return runtime;
}

/** Puts the runtime's metrics into a registry, in the place of those of the build before; once for each runtime. */
export function tell(runtime: Runtime, registry: Registry): void {
	if (FAMILIES.every(({ name }) => registry.getSingleMetric(name)?.runtime === runtime)) return;
	let asked: Promise<Snapshot | undefined> | undefined;
	/** All families are asked in the same moment, and share an answer. A failure of ours must not take n8n's own metrics along. */
	const snapshot = async () =>
		await (asked ??= runtime
			.snapshot()
			.catch(() => undefined)
			.finally(() => {
				asked = undefined;
			}));
	for (const family of FAMILIES) {
		const { name, help, type } = family;
		const get = async () => {
			const now = await snapshot();
			const samples = now ? samplesOf(family, now) : [];
			return { name, help, type, values: samples.map(({ suffix = '', labels, value }) => ({ metricName: `${name}${suffix}`, labels, value })) };
		};
		registry.removeSingleMetric(name);
		registry.registerMetric({ name, help, type, runtime, get, reset: () => {} });
	}
}

/** The registry that n8n's own /metrics are made from; undefined where prom-client is missing or has another shape. */
export function registryOf(client: unknown): Registry | undefined {
	const { register } = (client ?? {}) as { readonly register?: Partial<Registry> };
	const isWhole = [register?.getSingleMetric, register?.removeSingleMetric, register?.registerMetric].every((method) => typeof method === 'function');
	return isWhole ? (register as Registry) : undefined;
}

/** The one that n8n brings. */
function promClient(): unknown {
	try {
		return createRequire(__filename)('prom-client') as unknown;
	} catch {
		return undefined;
	}
}

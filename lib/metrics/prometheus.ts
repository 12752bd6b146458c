import type { Snapshot } from '../core/snapshot';
import { FAMILIES, type Family, type Sample } from './families';

/** The Content-Type of the text. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * A snapshot in Prometheus' text format 0.0.4. Counters are those since the start of each process, which only grow: each stands
 * under its process, so that one that ends takes its own along and nothing ever seems to shrink.
 */
export function toPrometheus(snapshot: Snapshot): string {
	return FAMILIES.map((family) => textOf(family, samplesOf(family, snapshot))).join('');
}

/** The same name and labels stand there only once; what was told under them is added. */
export function samplesOf({ samples }: Family, snapshot: Snapshot): Sample[] {
	const sums = new Map<string, Sample>();
	for (const sample of samples(snapshot)) {
		const place = placeOf(sample);
		sums.set(place, { ...sample, value: sample.value + (sums.get(place)?.value ?? 0) });
	}
	return [...sums.values()];
}

function textOf({ name, type, help }: Family, samples: readonly Sample[]): string {
	if (samples.length === 0) return '';
	const lines = samples.map((sample) => `${name}${placeOf(sample)} ${sample.value}\n`);
	return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function placeOf({ suffix = '', labels }: Sample): string {
	return `${suffix}{${Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

function escaped(value: string): string {
	return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

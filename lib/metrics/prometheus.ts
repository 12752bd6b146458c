import type { Snapshot } from '../core/snapshot';
import { FAMILIES, type Family, type Labels, type Sample } from './families';

/** The Content-Type of the text. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * A snapshot in Prometheus' text format 0.0.4. Counters are those since the start of each process, which only grow: each stands
 * under its process, so that one that ends takes its own along and nothing ever seems to shrink.
 */
export function toPrometheus(snapshot: Snapshot): string {
	return FAMILIES.map((family) => textOf(family, family.samples(snapshot))).join('');
}

function textOf({ name, type, help }: Family, samples: readonly Sample[]): string {
	if (samples.length === 0) return '';
	const lines = [...together(samples)].map(([place, value]) => `${name}${place} ${value}\n`);
	return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

/** The same name and labels may stand there only once. */
function together(samples: readonly Sample[]): Map<string, number> {
	const sums = new Map<string, number>();
	for (const { suffix = '', labels, value } of samples) {
		const place = `${suffix}${labelsOf(labels)}`;
		sums.set(place, (sums.get(place) ?? 0) + value);
	}
	return sums;
}

function labelsOf(labels: Labels): string {
	return `{${Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

function escaped(value: string): string {
	return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

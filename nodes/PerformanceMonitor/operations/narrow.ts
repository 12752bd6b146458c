import type { Quantiles, SeriesFacts, Snapshot, WindowFacts } from '../../../lib/core/snapshot';

/**
 * What one workflow had part in. The load of the process stays as it is: it concerns every workflow. Of the percentiles of all its calls
 * together only the worst series' are known.
 */
export function narrowed(snapshot: Snapshot, workflowId: string | undefined): Snapshot {
	if (workflowId === undefined) return snapshot;
	const narrow = (window: WindowFacts): WindowFacts => {
		const series = window.series.filter((one) => one.workflowId === workflowId);
		return { ...window, series, total: together(series, window.total) };
	};
	const { windows } = snapshot;
	return { ...snapshot, windows: { '1m': narrow(windows['1m']), '5m': narrow(windows['5m']), '1h': narrow(windows['1h']), '24h': narrow(windows['24h']) } };
}

/** @param labels what the sum is called */
function together(series: readonly SeriesFacts[], { source, workflowId, node, origin, model, ...shape }: SeriesFacts): SeriesFacts {
	const add = (of: (one: SeriesFacts) => number) => series.reduce((sum, one) => sum + of(one), 0);
	const numbers = Object.keys(shape).filter((name): name is NumberName => typeof shape[name as NumberName] === 'number');
	const errors: Record<string, number> = {};
	for (const one of series) for (const [code, count] of Object.entries(one.errors)) errors[code] = (errors[code] ?? 0) + count;
	return {
		...shape,
		...{ source, workflowId, node, origin, model },
		...(Object.fromEntries(numbers.map((name) => [name, add((one) => one[name])])) as Record<NumberName, number>),
		errors,
		refreshes: { calls: add(({ refreshes }) => refreshes.calls), failed: add(({ refreshes }) => refreshes.failed), costUsd: add(({ refreshes }) => refreshes.costUsd) },
		durationMs: worst(series.map(({ durationMs }) => durationMs)),
		upstreamMs: worst(series.map(({ upstreamMs }) => upstreamMs)),
		lastAt: series.reduce<number | null>((last, one) => (last === null || (one.lastAt ?? 0) > last ? one.lastAt : last), null),
	};
}

type NumberName = { [name in keyof SeriesFacts]: SeriesFacts[name] extends number ? name : never }[keyof SeriesFacts];

function worst(all: readonly Quantiles[]): Quantiles {
	const add = (of: (one: Quantiles) => number) => all.reduce((sum, one) => sum + of(one), 0);
	const most = (of: (one: Quantiles) => number) => Math.max(0, ...all.map(of));
	return { count: add(({ count }) => count), sum: add(({ sum }) => sum), p50: most(({ p50 }) => p50), p95: most(({ p95 }) => p95), p99: most(({ p99 }) => p99), max: most(({ max }) => max) };
}

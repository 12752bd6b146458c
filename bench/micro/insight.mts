/** What it costs to judge what was measured, for 200 series and a whole day of minutes, and to look after the memory. */
import { aLoad, aPoint, aSeries, aSnapshot, MINUTE, NOW, times } from '../../test/helpers/snapshots.mts';
import type { Bench } from '../harness/bench.mts';

const SERIES = 200;
const MINUTES = 1440;

export default async function insight(bench: Bench): Promise<void> {
	const judge = bench.lib('insight/index') as typeof import('../../lib/insight/index.ts');
	const { MemoryGuard } = bench.lib('runtime/memory-guard') as typeof import('../../lib/runtime/memory-guard.ts');
	const { systemClock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');

	const series = Array.from({ length: SERIES }, (_none, index) =>
		aSeries({
			node: `Node ${index}`, origin: `https://${index % 50}.test`, calls: 500, misses: 300, hits: 200, bypassed: 0, attempts: 350, retries: 50, waitedMs: 9000, connectMs: 900,
			durationMs: times(500, 100 + index), upstreamMs: times(350, 120 + index), errors: index % 10 ? {} : { ERR_TIMEOUT: 80, ERR_NETWORK: 9 },
		}),
	);
	const history = Array.from({ length: MINUTES }, (_none, index) =>
		aPoint({ at: NOW - (MINUTES - index) * MINUTE, calls: 60, errors: index % 7, hits: 20, attempts: 45, reusedConnections: 40, costUsd: 0.01, savedUsd: 0.02, p50: 100, p95: 300 + (index % 50), p99: 900, errorsBy: { ERR_TIMEOUT: index % 7 }, load: aLoad() }),
	);
	const snapshot = aSnapshot({ series, history });
	const later = aSnapshot({ at: NOW + 3_600_000, series, history });
	const settings = judge.readSettings({ slos: [{ name: 'Answers', successPercent: 99, p99Ms: 2000 }] });
	const { book } = judge.advance(judge.EMPTY_BOOK, snapshot, settings);
	const guard = new MemoryGuard({ clock: systemClock, caches: [] });

	await bench.time({ id: 'judging', title: `judging ${SERIES} series and ${MINUTES} minutes` }, [
		{ name: 'a look of the memory guard, every five seconds', run: () => guard.look() },
		{ name: 'alerts and objectives', run: () => judge.advance(book, later, settings) },
		{ name: 'a book of alerts, from JSON and back', run: () => judge.readBook(JSON.parse(JSON.stringify(book))) },
		{ name: 'bottlenecks', run: () => judge.findBottlenecks(snapshot) },
		{ name: 'recommendations', run: () => judge.recommend(snapshot) },
		{ name: 'health', run: () => judge.judgeHealth(snapshot) },
		{ name: 'comparison of two snapshots', run: () => judge.compare(snapshot, later) },
		{ name: 'trends', run: () => judge.findTrends(snapshot) },
		{ name: 'the report', run: () => judge.renderReport(snapshot, { settings, book }) },
	]);
}

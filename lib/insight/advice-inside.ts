import type { LoadFacts, Snapshot } from '../core/snapshot';
import type { Finding } from './bottlenecks';
import { NOWHERE } from './places';
import type { Advice } from './recommendations';
import type { InsightSettings } from './settings';
import type { Split } from './split';
import { counted, inBytes, inPercent } from './words';

/** What a heap should be filled to, so that collecting garbage stays cheap. */
const HEAP_FILL = 0.6;
const MB = 1_048_576;
const HEAP_STEP = 256 * MB;

/** What concerns the process and its memory as a whole. */
export function adviseOnProcess(splits: readonly Split[], inside: readonly Finding[], snapshot: Snapshot, settings: InsightSettings): Advice[] {
	return [...sharedStore(splits, snapshot), ...moreWorkers(inside), ...largerHeap(snapshot, settings)];
}

function sharedStore(splits: readonly Split[], { resources: { caches } }: Snapshot): Advice[] {
	const ms = splits.reduce((sum, { evictedMs }) => sum + evictedMs, 0);
	const usd = splits.reduce((sum, { evictedUsd }) => sum + evictedUsd, 0);
	if (ms <= 0 || caches.some(({ name }) => name !== 'memory')) return [];
	const evictions = caches.reduce((sum, cache) => sum + cache.evictions, 0);
	return [
		{
			remedy: 'sharedStore',
			what: 'Put a Fastpath Store (Redis, Valkey or a SQLite file) behind the memory, so that answers are not lost when they make room.',
			where: NOWHERE,
			parameter: { name: 'Store', from: 'Memory of This Process', to: 'Shared Store' },
			gain: { ms, usd: usd > 0 ? usd : null },
			bound: 'atMost',
			how: `${counted(evictions, 'answer was', 'answers were')} thrown out; each is asked for again once at most.`,
		},
	];
}

function moreWorkers(inside: readonly Finding[]): Advice[] {
	return inside
		.filter(({ cause, lostMs }) => cause === 'eventLoop' && lostMs > 0)
		.map(({ lostMs, what, where }) => ({
			remedy: 'moreWorkers',
			what: 'Take work off the event loop: share it among more workers in queue mode, or split what computes for long.',
			where,
			gain: { ms: lostMs, usd: null },
			bound: 'atMost',
			how: what,
		}));
}

function largerHeap({ processes }: Snapshot, { memoryPercent }: InsightSettings): Advice[] {
	const filled = ({ heapUsedBytes, heapLimitBytes }: LoadFacts) => (heapLimitBytes > 0 ? heapUsedBytes / heapLimitBytes : 0);
	const [fullest] = processes.map(({ now }) => now).sort((a, b) => filled(b) - filled(a));
	if (!fullest || memoryPercent === 0 || filled(fullest) <= memoryPercent / 100) return [];
	const bytes = Math.ceil(fullest.heapUsedBytes / HEAP_FILL / HEAP_STEP) * HEAP_STEP;
	const option = (limit: number) => `--max-old-space-size=${Math.round(limit / MB)}`;
	return [
		{
			remedy: 'largerHeap',
			what: `Give n8n a heap of ${inBytes(bytes)}, or let it work on fewer items at a time.`,
			where: NOWHERE,
			parameter: { name: 'NODE_OPTIONS', from: option(fullest.heapLimitBytes), to: option(bytes) },
			gain: { ms: null, usd: null },
			bound: 'about',
			how: `${inBytes(fullest.heapUsedBytes)} are in use, ${inPercent(filled(fullest))} of what the heap may grow to; with that much, it would be ${inPercent(fullest.heapUsedBytes / bytes)}.`,
		},
	];
}

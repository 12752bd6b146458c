/** Snapshots for looking at the report: a day with its ups and downs, the first minutes, nothing at all, and names that mean harm. */
import type { HistoryPoint, Snapshot } from '../../lib/core/snapshot.ts';
import { advance, EMPTY_BOOK, readSettings } from '../../lib/insight/index.ts';
import { seeded } from './seeded.mts';
import { aLoad, aPoint, aProcess, aSeries, aSnapshot, HOUR, MINUTE, NOW, times } from './snapshots.mts';

export const SETTINGS = readSettings({ slos: [{ name: 'Answers within 4 s', successPercent: 99.5, p99Ms: 4000 }], dailyUsd: 40 });

function dayOfHistory(): HistoryPoint[] {
	const random = seeded(3);
	const points: HistoryPoint[] = [];
	for (let minute = 0; minute < 1440; minute += 1) {
		const hour = minute / 60;
		// Little at night, two peaks by day; n8n was restarted at three, and a service was ill at half past nine.
		const busy = 0.15 + Math.max(0, Math.sin(((hour - 6) / 14) * Math.PI)) * (1 + 0.4 * Math.sin((hour - 10) * 1.6));
		if (hour >= 3 && hour < 3.4) continue;
		const ill = hour >= 9.5 && hour < 10.6;
		const calls = Math.round(busy * 60 * (0.8 + 0.4 * random.next()));
		const errors = Math.min(calls, Math.round(calls * (ill ? 0.25 + 0.2 * random.next() : 0.006 * random.next() * 2)));
		const ratio = 0.25 + 0.4 * Math.min(1, hour / 14) + 0.05 * random.next();
		const hits = Math.round((calls - errors) * ratio);
		const slow = ill ? 3.5 : 1;
		const timeouts = Math.round(errors * (ill ? 0.7 : 0.3));
		points.push(
			aPoint({
				at: NOW - (1440 - minute) * MINUTE, calls, errors, hits, coalesced: Math.round(calls * 0.03), attempts: calls - hits + errors,
				reusedConnections: Math.round((calls - hits + errors) * (ill ? 0.6 : 0.93)), costUsd: (calls - hits) * 0.0011, savedUsd: hits * 0.0011,
				p50: (240 + 60 * random.next()) * slow, p95: (900 + 400 * random.next()) * slow, p99: (1900 + 900 * random.next()) * slow,
				errorsBy: errors > 0 ? { ERR_TIMEOUT: timeouts, ERR_HTTP_STATUS: errors - timeouts, ...(ill && minute % 3 === 0 ? { ERR_CIRCUIT_OPEN: 4 } : {}) } : {},
				load: aLoad({ heapUsedBytes: (0.35 + 0.02 * hour + 0.05 * random.next()) * 2 ** 31, heapLimitBytes: 2 ** 31, cpu: 0.1 + 0.5 * busy * random.next(), loopDelayP99Ms: 8 + 30 * busy * random.next() }),
			}),
		);
	}
	return points;
}

export function fullDay(): Snapshot {
	const history = dayOfHistory();
	const sum = (of: (point: HistoryPoint) => number) => history.reduce((total, point) => total + of(point), 0);
	const [calls, hits, costUsd, savedUsd] = [sum((one) => one.calls), sum((one) => one.hits), sum((one) => one.costUsd), sum((one) => one.savedUsd)];
	const failed = sum((one) => one.errors);
	const part = (share: number) => Math.round(calls * share);
	/** Only models cost money, and only they fail. */
	const ofModels = (whole: number, share: number) => (whole * share) / 0.55;
	const model = (name: string, node: string, share: number, p50: number) =>
		aSeries({
			source: 'cachedAiCall', workflowId: 'w1', node, origin: 'https://api.openai.com', model: name, calls: part(share), bypassed: 0, hits: Math.round(hits * share), misses: part(share) - Math.round(hits * share),
			attempts: part(share) - Math.round(hits * share) + 40, retries: 40, reusedConnections: Math.round(0.91 * (part(share) - Math.round(hits * share))), connectMs: 90_000 * share, waitedMs: 900_000 * share, costUsd: ofModels(costUsd, share), savedUsd: ofModels(savedUsd, share),
			savedMs: hits * share * p50, errors: { ERR_TIMEOUT: Math.round(ofModels(failed, share)) }, durationMs: times(part(share), p50 * 0.7, { p95: p50 * 4, p99: p50 * 7 }), upstreamMs: times(part(share) - Math.round(hits * share), p50, { p95: p50 * 4, p99: p50 * 7 }),
		});
	const day = [
		model('gpt-5-mini', 'Answer Tickets', 0.45, 900),
		model('gpt-5', 'Review Drafts', 0.1, 2600),
		aSeries({ source: 'pooledHttp', node: 'Fetch Orders', origin: 'https://shop.example', calls: part(0.35), bypassed: part(0.1), hits: part(0.15), misses: part(0.1), attempts: part(0.2), reusedConnections: part(0.186), durationMs: times(part(0.35), 120, { p95: 700, p99: 2200 }), upstreamMs: times(part(0.2), 150, { p95: 700, p99: 2200 }) }),
		aSeries({ source: 'batchRequest', node: 'Write to the Index', origin: 'http://10.0.0.7:9200', calls: part(0.1), waitedMs: 400_000, attempts: part(0.1), reusedConnections: part(0.094), durationMs: times(part(0.1), 90), upstreamMs: times(part(0.1), 60) }),
	];
	const hour = day.map((one) => ({ ...one, calls: Math.round(one.calls / 20), errors: { ERR_TIMEOUT: Math.round(one.calls / 20 / 8) } }));
	return aSnapshot({
		in: { '24h': day, '1h': hour, '5m': hour.map((one) => ({ ...one, calls: Math.round(one.calls / 6), errors: { ERR_TIMEOUT: Math.round(one.calls / 6 / 8) } })), '1m': [] },
		history, load: { heapUsedBytes: 0.86 * 2 ** 31, heapLimitBytes: 2 ** 31, loopDelayP99Ms: 31, cpu: 0.42 },
		processes: [aProcess({ kind: 'main', now: aLoad({ heapUsedBytes: 0.42 * 2 ** 31, heapLimitBytes: 2 ** 31 }) }), aProcess({ id: 'p2', pid: 21, host: 'n8n-worker-1', kind: 'worker', startedAt: NOW - 9 * HOUR, now: aLoad({ heapUsedBytes: 0.86 * 2 ** 31, heapLimitBytes: 2 ** 31, cpu: 0.61 }) })],
		resources: {
			caches: [{ process: 'p1', name: 'memory', entries: 900, bytes: 58e6, maxBytes: 64 * 2 ** 20, evictions: 900, expired: 400, state: 'up' }],
			limiters: [{ process: 'p2', origin: 'http://10.0.0.7:9200', kind: 'slots', active: 4, waiting: 12, limit: 4 }],
			pools: [{ process: 'p1', origin: 'https://api.openai.com', open: 6, inUse: 3, queued: 0, requests: 9000, connects: 40, handshakes: 40, prewarmed: 6 }],
		},
	});
}

/** Some minutes after a start. */
export function fewMinutes(): Snapshot {
	const series = [aSeries({ node: 'Fetch', calls: 7, misses: 5, hits: 2, bypassed: 0, attempts: 5, reusedConnections: 4, durationMs: times(7, 90), upstreamMs: times(5, 120) })];
	const at = (minutes: number) => aPoint({ at: NOW - minutes * MINUTE, calls: 3, hits: 1, attempts: 2, reusedConnections: 2, p50: 90, p95: 140, p99: 150 });
	return aSnapshot({ series, history: [at(3), at(1)], spans: { '5m': 3 * MINUTE, '1h': 3 * MINUTE, '24h': 3 * MINUTE }, processes: [aProcess({ startedAt: NOW - 3 * MINUTE })] });
}

export function nothing(): Snapshot {
	return aSnapshot({ processes: [], spans: { '1m': 0, '5m': 0, '1h': 0, '24h': 0 } });
}

/** All that a name may hold, everywhere where a name may stand. */
export function hostile(name: string): Snapshot {
	const series = [aSeries({ source: name, workflowId: name, node: name, origin: name, model: name, calls: 500, misses: 500, bypassed: 0, attempts: 900, retries: 400, reusedConnections: 1, connectMs: 9000, waitedMs: 9000, costUsd: 3, errors: { [name]: 100, ERR_CIRCUIT_OPEN: 50 } })];
	const history = Array.from({ length: 60 }, (_, index) => aPoint({ at: NOW - (60 - index) * MINUTE, calls: 10, errors: 5, errorsBy: { [name]: 5 }, p50: 1, p95: 2, p99: 3 }));
	return aSnapshot({
		series, history, load: { heapUsedBytes: 95, heapLimitBytes: 100 },
		processes: [aProcess({ id: name, host: name, kind: name, now: aLoad({ heapUsedBytes: 95, heapLimitBytes: 100 }) })],
		resources: {
			caches: [{ process: name, name, entries: 1, bytes: 1, maxBytes: 1, evictions: 300, expired: 0, state: 'down' }],
			circuits: [{ process: name, origin: name, state: 'open', trips: 1 }],
			limiters: [{ process: name, origin: name, kind: 'slots', active: 1, waiting: 3, limit: 1 }],
		},
	});
}

/** What a monitor that has watched it would know. */
export function bookOf(snapshot: Snapshot) {
	return advance(EMPTY_BOOK, { ...snapshot, at: snapshot.at - 4 * MINUTE, processes: snapshot.processes.map((one) => ({ ...one, at: snapshot.at - 4 * MINUTE })) }, SETTINGS).book;
}

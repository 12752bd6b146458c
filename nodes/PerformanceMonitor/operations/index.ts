import { compare } from './compare';
import { configure } from './configure';
import { getAlerts } from './get-alerts';
import { getBottlenecks } from './get-bottlenecks';
import { getCacheStatistics } from './get-cache-statistics';
import { getHealth } from './get-health';
import { getMetrics } from './get-metrics';
import { getPoolStatistics } from './get-pool-statistics';
import { getRecommendations } from './get-recommendations';
import { getTrends } from './get-trends';
import { invalidateCache } from './invalidate-cache';
import type { Operation } from './operation';
import { prewarmConnections } from './prewarm-connections';
import { prometheus } from './prometheus';
import { report } from './report';
import { resetBreaker } from './reset-breaker';
import { warmCache } from './warm-cache';

/** All that the node does; an entry gives the option in the panel, its fields and its handler. */
export const OPERATIONS = {
	compare,
	configure,
	getAlerts,
	getBottlenecks,
	getCacheStatistics,
	getHealth,
	getMetrics,
	getPoolStatistics,
	getRecommendations,
	getTrends,
	invalidateCache,
	prewarmConnections,
	prometheus,
	report,
	resetBreaker,
	warmCache,
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof OPERATIONS;

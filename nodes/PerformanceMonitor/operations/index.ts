import { invalidateCache } from './invalidate-cache';
import type { Operation } from './operation';
import { prewarmConnections } from './prewarm-connections';
import { resetBreaker } from './reset-breaker';
import { warmCache } from './warm-cache';

/** All that the node does; an entry gives the option in the panel, its fields and its handler. */
export const OPERATIONS = {
	invalidateCache,
	prewarmConnections,
	resetBreaker,
	warmCache,
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof OPERATIONS;

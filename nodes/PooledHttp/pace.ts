import type { Clock } from '../../lib/core/clock';
import { asValues } from './values';

/** HTTP Request's batching: so many requests begin at once, then a pause. */
export interface Batching {
	readonly size: number;
	/** Between the beginnings of two batches; 0 for none. */
	readonly intervalMs: number;
}

const NONE: Batching = { size: 1, intervalMs: 0 };

/** As in HTTP Request, a size of 0, -1 or none is 1, and the pause decides whether there are batches at all. */
export function toBatching(option: unknown): Batching {
	const { batch } = asValues(option);
	if (batch === undefined) return NONE;
	const { batchSize, batchInterval } = asValues(batch);
	return {
		size: typeof batchSize === 'number' && batchSize > 0 ? Math.ceil(batchSize) : 1,
		intervalMs: typeof batchInterval === 'number' && batchInterval > 0 ? batchInterval : 0,
	};
}

/**
 * Resolves when an item may begin. Items come in their order; what is in flight is bounded elsewhere,
 * so a batch may also begin later than its turn, and the pause then counts from there.
 */
export function createPace(clock: Clock, { size, intervalMs }: Batching): (itemIndex: number, signal: AbortSignal) => Promise<void> {
	let batch = 0;
	let dueAt = clock.now();
	return async (itemIndex, signal) => {
		if (intervalMs === 0) return;
		const own = Math.floor(itemIndex / size);
		if (own > batch) {
			batch = own;
			dueAt = Math.max(clock.now(), dueAt + intervalMs);
		}
		const waitMs = dueAt - clock.now();
		if (waitMs > 0) await clock.sleep(waitMs, signal);
	};
}

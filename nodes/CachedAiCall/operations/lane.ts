import { marksOf } from '../../../lib/cache/marks';
import type { CacheOptions } from '../../../lib/cache/policy';
import type { LaneOptions } from '../../../lib/runtime';
import type { CallParameters } from '../parameters';
import type { Place } from './chat';

/** How calls with these settings travel, but for the cache. `model`: what the provider counts apart in its limits. */
export function laneOf(credential: string, origin: string, call: CallParameters, place: Pick<Place, 'workflowId' | 'nodeName'>, model?: string): LaneOptions {
	const { resilience } = call;
	return {
		source: 'cachedAiCall',
		place,
		model,
		scope: { credential, origin },
		retry: resilience.retry,
		retryBudget: resilience.retryBudget,
		rate: resilience.rate,
		breaker: resilience.breaker,
		maxConcurrent: resilience.concurrency,
		learntLimitOf: model,
		attemptTimeoutMs: call.attemptTimeoutMs,
		totalTimeoutMs: call.totalTimeoutMs,
	};
}

export function cacheOf(
	call: CallParameters,
	place: Place,
	{ isCacheable, isSame }: Required<Pick<CacheOptions, 'isCacheable' | 'isSame'>>,
): CacheOptions {
	return {
		mode: call.cache.mode,
		ttlMs: call.cache.ttlMs,
		staleWhileRevalidateMs: call.staleWhileRevalidateMs,
		staleIfErrorMs: call.staleIfErrorMs,
		refreshTimeoutMs: call.totalTimeoutMs,
		maxTtlMs: call.maxTtlMs,
		isCacheable,
		isSame,
		marks: marksOf(place, call.cache.tags),
	};
}

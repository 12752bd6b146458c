import { isolate } from '../../../lib/cache/isolate';
import { cacheKey, digest } from '../../../lib/cache/key';
import { marksOf } from '../../../lib/cache/marks';
import { savedBy } from '../../../lib/metrics/savings';
import type { Outcome, Runtime, SharedStore } from '../../../lib/runtime';
import { partitionOf } from '../../shared/cache';
import type { Kept } from '../output';
import type { WorkflowParameters } from '../parameters';

export interface Place {
	readonly workflowId: string;
	readonly nodeId: string;
	readonly nodeName: string;
	/** Where results are kept; without it, in the memory of this process. */
	readonly shared: SharedStore | undefined;
}

/** What a result is known by. */
export interface Question {
	/** The sub-workflow. */
	readonly workflow: string;
	/** Another one after each edit. */
	readonly version: string;
	/** Of those whom the sub-workflow lets call it, with whom results may be shared. */
	readonly caller: string;
	readonly input: unknown;
}

/** Answers the questions of one run of the node from the cache, or lets the sub-workflow answer. */
export class Answers {
	/** What was not to be stored, so that the same input is not run again for the next item. */
	readonly #ran = new Map<string, Kept>();

	constructor(
		private readonly runtime: Runtime,
		private readonly place: Place,
	) {}

	/** @param question undefined where the cache takes no part */
	async answer(
		workflow: string,
		question: Question | undefined,
		parameters: WorkflowParameters,
		run: (signal: AbortSignal) => Promise<Kept>,
		signal: AbortSignal,
	): Promise<Outcome<Kept>> {
		const { runtime, place } = this;
		const scope = { credential: 'none', origin: `workflow:${workflow}` };
		const key = question && cacheKey({ ...scope, partition: partitionOf(parameters.cache, place) }, { subWorkflow: question, word: parameters.version });
		const isCacheable = (value: unknown) => isKept(value as Kept, parameters);
		const lane = runtime.lane({
			source: 'cachedWorkflow',
			scope,
			place,
			shared: place.shared,
			...(key !== undefined && {
				cache: {
					mode: parameters.cache.mode,
					ttlMs: parameters.cache.ttlMs,
					staleWhileRevalidateMs: parameters.staleWhileRevalidateMs,
					staleIfErrorMs: parameters.staleIfErrorMs,
					refreshTimeoutMs: parameters.totalTimeoutMs,
					maxTtlMs: parameters.maxTtlMs,
					isCacheable,
					isSame,
					marks: marksOf(place, parameters.cache.tags),
				},
			}),
			retry: { maxRetries: 0, baseMs: 0, maxMs: 0 },
			maxConcurrent: parameters.concurrency,
			attemptTimeoutMs: parameters.totalTimeoutMs,
			totalTimeoutMs: parameters.totalTimeoutMs,
		});
		let again = false;
		return await lane.run(
			async (context) => {
				const present = key === undefined ? undefined : this.#ran.get(key);
				if (present) {
					again = true;
					return isolate(present);
				}
				const startedAt = runtime.clock.now();
				const kept = await run(context.signal).finally(() => (context.trace.upstreamMs += runtime.clock.now() - startedAt));
				if (key !== undefined && (parameters.cache.mode !== 'readWrite' || !isCacheable(kept))) this.#ran.set(key, kept);
				return kept;
			},
			{ signal, key, idempotent: false },
			(kept, trace) => {
				// An item before it in this run was told the same.
				if (again) Object.assign(trace, { coalesced: true, attempts: 0 });
				const by = savedBy(trace);
				trace.executionId = kept.executionId;
				trace.savedMs = by === 'exact' ? kept.tookMs : 0;
				if (key !== undefined && by === undefined && !isCacheable(kept)) trace.notCached = kept.notStored ?? 'the result is empty';
				return {};
			},
		);
	}
}

function isKept({ items, notStored }: Kept, { keepEmpty }: WorkflowParameters): boolean {
	return notStored === undefined && (keepEmpty || items.length > 0);
}

/** Each run has an execution and a time of its own. */
function isSame(value: unknown, other: unknown): boolean {
	const [one, another] = [value as Kept, other as Kept];
	return digest(one.items) === digest(another.items);
}

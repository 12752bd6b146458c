import type { CircuitOptions } from '../breaker/circuit';
import { CachePolicy, type CacheLook, type CacheOptions } from '../cache/policy';
import { isolate } from '../cache/isolate';
import type { ErrorCode } from '../core/errors';
import { isFastpathError } from '../core/errors';
import { pipeline, type Call, type Policy } from '../core/policy';
import { newTrace, type CallTrace } from '../core/trace';
import { SingleFlightPolicy } from '../flight/single-flight';
import { TimeoutPolicy } from '../limit/deadline';
import { RetryPolicy, type RetryOptions } from '../retry/policy';
import type { Runtime } from './runtime';
import type { Scope } from './scope';

/** How calls of one kind travel. Everything is validated here, once, when the lane is made. */
export interface LaneOptions {
	/** What makes the calls, for the metrics: `cachedAiCall`, `pooledHttp`. */
	readonly source: string;
	readonly scope: Scope;
	/** Without it, calls are neither cached nor coalesced. */
	readonly cache?: CacheOptions | undefined;
	readonly retry: RetryOptions;
	/** Without it, no circuit guards the origin. */
	readonly breaker?: CircuitOptions | undefined;
	/** Calls to this scope at the same time, over all nodes and executions of the process that ask for the same bound. */
	readonly maxConcurrent: number;
	/** Keeps to the limits that the origin reports for what is named here, such as a model. */
	readonly learntLimitOf?: string | undefined;
	/** Bound of one attempt. */
	readonly attemptTimeoutMs: number;
	/** Bound of the call with all its attempts and waiting. */
	readonly totalTimeoutMs: number;
}

export interface LaneCall {
	readonly signal: AbortSignal;
	readonly key?: string | undefined;
	readonly idempotent: boolean;
}

export type Outcome<T> =
	| { readonly ok: true; readonly value: T; readonly trace: CallTrace }
	| { readonly ok: false; readonly error: unknown; readonly trace: CallTrace };

export interface Lane {
	/** Sends one call down the pipeline. Never rejects: the trace of a failed call is wanted too. */
	run<T>(call: Call<T>, options: LaneCall, account?: Account<T>): Promise<Outcome<T>>;
	/** What a call with that key would find in the cache; without side effects. */
	look(key: string): Promise<CacheLook>;
}

/** Fills in what a call cost, before it is counted. */
export type Account<T> = (value: T, trace: CallTrace) => { inputTokens?: number; outputTokens?: number };

/** The one place that knows the order in which a request travels. */
export function compose(runtime: Runtime, options: LaneOptions): Policy {
	const { clock, random } = runtime;
	const { cache, breaker } = options;
	const stages: Array<Policy | undefined> = [
		new TimeoutPolicy('total', options.totalTimeoutMs, clock),
		cache && cache.mode !== 'off'
			? new SingleFlightPolicy(runtime.flights, { boundMs: options.totalTimeoutMs, lane: cache.mode, isolate })
			: undefined,
		cache && new CachePolicy(cache, runtime),
		new RetryPolicy(options.retry, clock, random),
		breaker && runtime.breaker(options.scope, breaker),
		options.learntLimitOf === undefined ? undefined : runtime.learntLimit(options.scope, options.learntLimitOf),
		runtime.limiter(options.scope, options.maxConcurrent),
		new TimeoutPolicy('attempt', options.attemptTimeoutMs, clock),
		countAttempts,
	];
	return pipeline(...stages.filter((stage) => stage !== undefined));
}

const countAttempts: Policy = {
	name: 'attempt',
	async execute(call, context) {
		context.trace.attempts += 1;
		return await call(context);
	},
};

export function openLane(runtime: Runtime, options: LaneOptions): Lane {
	const policy = compose(runtime, options);
	const labels = { source: options.source, origin: options.scope.origin };
	return {
		look: async (key) => (options.cache ? await new CachePolicy(options.cache, runtime).look(key) : { status: 'bypass', asks: true }),
		async run<T>(call: Call<T>, lane: LaneCall, account?: Account<T>): Promise<Outcome<T>> {
			const trace = newTrace();
			const startedAt = runtime.clock.now();
			const elapsed = () => runtime.clock.now() - startedAt;
			try {
				const value = await policy.execute(call, { ...lane, trace });
				runtime.metrics.record(labels, { trace, durationMs: elapsed(), ...account?.(value, trace) });
				return { ok: true, value, trace };
			} catch (error) {
				runtime.metrics.record(labels, { trace, durationMs: elapsed(), errorCode: codeOf(error) });
				return { ok: false, error, trace };
			}
		},
	};
}

function codeOf(error: unknown): ErrorCode | 'ERR_UNKNOWN' {
	return isFastpathError(error) ? error.code : 'ERR_UNKNOWN';
}

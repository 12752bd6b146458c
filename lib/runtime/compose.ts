import type { BalanceOptions, Probe } from '../balance/balancer';
import { HedgePolicy, type HedgeOptions } from '../balance/hedge';
import { BalancePolicy } from '../balance/policy';
import type { CircuitOptions } from '../breaker/circuit';
import { HttpCachePolicy, type HttpCacheOptions, type HttpCacheParts } from '../cache/http-policy';
import { CachePolicy, type CacheLook, type CacheOptions } from '../cache/policy';
import { isolate } from '../cache/isolate';
import type { ErrorCode } from '../core/errors';
import { isFastpathError } from '../core/errors';
import { pipeline, type Call, type CallContext, type Policy, type RequestFacts } from '../core/policy';
import { newTrace, type CallTrace, type SimilarTrace } from '../core/trace';
import { LeasePolicy } from '../flight/lease';
import { SingleFlightPolicy } from '../flight/single-flight';
import type { AimdOptions } from '../limit/aimd';
import { TimeoutPolicy } from '../limit/deadline';
import { limitsRate, type RateOptions } from '../limit/rate';
import type { BudgetOptions } from '../retry/budget';
import { RetryPolicy, type RetryOptions } from '../retry/policy';
import { SimilarPolicy, type SimilarOptions } from '../similar/policy';
import type { Runtime } from './runtime';
import type { Scope } from './scope';
import type { SharedStore } from './shared-stores';

/** How calls of one kind travel. Everything is validated here, once, when the lane is made. */
export interface LaneOptions {
	/** What makes the calls, for the metrics: `cachedAiCall`, `pooledHttp`. */
	readonly source: string;
	readonly scope: Scope;
	/** Whose calls they are, for the metrics; bounded there, and shown. */
	readonly place?: { readonly workflowId: string; readonly nodeName?: string | undefined } | undefined;
	/** What answers them, where an origin has several, for the metrics. */
	readonly model?: string | undefined;
	/** Without it, calls are neither cached nor coalesced. */
	readonly cache?: CacheOptions | undefined;
	/** Where answers are kept, and flights and rates shared between processes; without it, in the memory of this process alone. */
	readonly shared?: SharedStore | undefined;
	/** The cache for HTTP requests; takes part in calls that come with a `request`. */
	readonly httpCache?: HttpCacheOptions | undefined;
	/** Calls with the same key are answered by one, also where nothing is cached. */
	readonly share?: boolean | undefined;
	/** Whether the answer to another wording may stand in where the cache has none. Without it, only to the same request. */
	readonly similar?: SimilarOptions | undefined;
	readonly retry: RetryOptions;
	/** Without it, nothing bounds the share of retries. Also pays for hedges. */
	readonly retryBudget?: BudgetOptions | undefined;
	/** Without it, no circuit guards the origin. */
	readonly breaker?: CircuitOptions | undefined;
	/** Calls to this scope at the same time, over all nodes and executions of the process that ask for the same bound. */
	readonly maxConcurrent: number;
	/** Look for the number of calls that the scope bears, up to `maxConcurrent`. */
	readonly adaptive?: Pick<AimdOptions, 'latencyTargetMs'> | undefined;
	/** Keeps to the limits that the origin reports for what is named here, such as a model. */
	readonly learntLimitOf?: string | undefined;
	/** Without it, calls go as fast as slots allow. */
	readonly rate?: RateOptions | undefined;
	/** Without it, only what the origin reports bounds the tokens of calls. */
	readonly tokensPerMinute?: number | undefined;
	/** Several origins that answer the same requests; the call is told which one under `context.origin`. */
	readonly balance?: (BalanceOptions & { readonly probeWith?: Probe | undefined }) | undefined;
	/** Without it, no second attempt is sent beside the first. */
	readonly hedge?: HedgeOptions | undefined;
	/** Bound of one attempt. */
	readonly attemptTimeoutMs: number;
	/** Bound of the call with all its attempts and waiting. */
	readonly totalTimeoutMs: number;
}

export interface LaneCall {
	readonly signal: AbortSignal;
	readonly key?: string | undefined;
	readonly prompt?: CallContext['prompt'];
	readonly tokens?: number | undefined;
	readonly idempotent: boolean;
	readonly request?: RequestFacts | undefined;
	readonly safe?: boolean | undefined;
}

export type Outcome<T> =
	| { readonly ok: true; readonly value: T; readonly trace: CallTrace }
	| { readonly ok: false; readonly error: unknown; readonly trace: CallTrace };

export interface LaneLook extends CacheLook {
	/** What a look for a similar prompt would come to, where one would be taken. */
	readonly similar?: SimilarTrace | undefined;
}

export interface Lane {
	/** Sends one call down the pipeline. Never rejects: the trace of a failed call is wanted too. */
	run<T>(call: Call<T>, options: LaneCall, account?: Account<T>): Promise<Outcome<T>>;
	/** What a call with that key and prompt would find in the cache; without side effects. */
	look(key: string, prompt?: CallContext['prompt']): Promise<LaneLook>;
}

/** Fills in what a call cost, before it is counted. */
export type Account<T> = (value: T, trace: CallTrace) => { inputTokens?: number; outputTokens?: number };

/** The one place that knows the order in which a request travels. */
export function compose(runtime: Runtime, given: LaneOptions): Policy {
	const options = shortened(given, runtime.longestTtlMs);
	const { clock, random } = runtime;
	const { cache, httpCache, scope } = options;
	const { store } = cacheParts(runtime, options);
	// Who accepts no similar answer never joins a flight that may bring one.
	const cached = cache && cache.mode !== 'off' ? [cache.mode, options.similar && JSON.stringify(options.similar)] : options.share ? ['shared'] : undefined;
	const lane = cached && [...cached, options.shared?.store.name].filter(Boolean).join(' ');
	const budget = options.retryBudget && runtime.retryBudget(scope, options.retryBudget);
	const answers = cache && new CachePolicy(cache, cacheParts(runtime, options));
	const responses = httpCache && new HttpCachePolicy(httpCache, cacheParts(runtime, options));
	const stages: Array<Policy | undefined> = [
		new TimeoutPolicy('total', options.totalTimeoutMs, clock),
		lane === undefined
			? undefined
			: new SingleFlightPolicy(runtime.flights, { boundMs: options.totalTimeoutMs, lane, isolate, generation: () => store.generation }),
		// Only who may take an answer from the store may wait for it to appear there.
		leased(options.shared, cache?.mode === 'readWrite' ? answers : undefined, responses),
		cache && options.similar && new SimilarPolicy(options.similar, cache, { ...runtime.similar, store }),
		answers,
		responses,
		new RetryPolicy(options.retry, clock, random, budget),
		options.hedge && new HedgePolicy(options.hedge, runtime.latencies(scope), clock, () => budget?.withdraw() ?? true),
		...(options.balance ? [balanced(runtime, options, options.balance)] : attemptStages(runtime, options, scope)),
	];
	return pipeline(...stages.filter((stage) => stage !== undefined));
}

function leased(shared: SharedStore | undefined, answers: CachePolicy | undefined, responses: HttpCachePolicy | undefined): Policy | undefined {
	if (!shared) return undefined;
	if (responses) return new LeasePolicy(shared.leases, async (context) => await responses.look(context));
	return answers && new LeasePolicy(shared.leases, async ({ key = '' }) => await answers.look(key));
}

function cacheParts(runtime: Runtime, { shared }: Pick<LaneOptions, 'shared'>): HttpCacheParts {
	const { background, detachedSignal, clock, random } = runtime;
	return { store: shared?.store ?? runtime.store, background, detachedSignal, clock, random };
}

/** What the user of n8n's process allows at most; what was stored for longer is stale as early. The rules of HTTP name no time to live here. */
function shortened<T extends Pick<LaneOptions, 'cache' | 'httpCache'>>(options: T, longestTtlMs: number): T {
	if (longestTtlMs === Infinity) return options;
	const { cache, httpCache } = options;
	const least = (ms: number | undefined) => (ms === undefined ? undefined : Math.min(ms, longestTtlMs));
	return {
		...options,
		cache: cache && { ...cache, ttlMs: Math.min(cache.ttlMs, longestTtlMs), maxTtlMs: least(cache.maxTtlMs) },
		httpCache: httpCache && { ...httpCache, ttlMs: least(httpCache.ttlMs), maxTtlMs: least(httpCache.maxTtlMs) },
	};
}

/** What an attempt passes on its way to one origin. The rate stands inside the limiter: tokens are spent as requests leave. */
function attemptStages(runtime: Runtime, options: LaneOptions, scope: Scope): Array<Policy | undefined> {
	// What is counted and told together with other processes, where a store is shared.
	const together = options.shared ? runtime.limitsOver(options.shared) : runtime;
	return [
		options.breaker && together.breaker(scope, options.breaker),
		options.learntLimitOf === undefined ? undefined : runtime.learntLimit(scope, options.learntLimitOf),
		options.adaptive ? runtime.adaptiveLimiter(scope, { ...options.adaptive, max: options.maxConcurrent }) : runtime.limiter(scope, options.maxConcurrent),
		limitsRate(options.rate) ? together.rateLimiter(scope, options.rate) : undefined,
		options.tokensPerMinute === undefined ? undefined : runtime.tokenRate(scope, options.tokensPerMinute),
		new TimeoutPolicy('attempt', options.attemptTimeoutMs, runtime.clock),
		countAttempts,
	];
}

function balanced(runtime: Runtime, options: LaneOptions, balance: NonNullable<LaneOptions['balance']>): Policy {
	const balancer = runtime.balancer(options.scope, balance);
	if (balance.probeWith) balancer.probeWith = balance.probeWith;
	const opened = new Map<string, Policy>();
	return new BalancePolicy(balancer, (origin) => {
		const stages =
			opened.get(origin) ??
			pipeline(...attemptStages(runtime, options, { ...options.scope, origin }).filter((stage) => stage !== undefined));
		opened.set(origin, stages);
		return stages;
	});
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
	const { source, scope, place, model = '' } = options;
	const meter = runtime.measurements.calls.meter({ source, workflowId: place?.workflowId ?? '', node: place?.nodeName ?? '', origin: scope.origin, model });
	const refreshedBy =
		<T>(account: Account<T> | undefined): CallContext['refreshed'] =>
		(outcome, behind) => {
			// The key names calls of one kind, so what was refreshed is of the caller's type.
			const facts = 'value' in outcome ? account?.(outcome.value as T, behind) : { errorCode: codeOf(outcome.error) };
			meter.refreshed({ trace: behind, durationMs: behind.upstreamMs, ...facts });
		};
	return {
		look: async (key, prompt) => await look(runtime, options, key, prompt),
		async run<T>(call: Call<T>, lane: LaneCall, account?: Account<T>): Promise<Outcome<T>> {
			const trace = newTrace();
			if (usesStore(options, lane)) trace.store = storeOf(options);
			const startedAt = runtime.clock.now();
			try {
				const value = await policy.execute(call, { ...lane, trace, refreshed: refreshedBy(account) });
				const endedAt = runtime.clock.now();
				trace.totalMs = endedAt - startedAt;
				const { inputTokens, outputTokens } = account?.(value, trace) ?? {};
				meter.record({ trace, durationMs: trace.totalMs, inputTokens, outputTokens }, endedAt);
				return { ok: true, value, trace };
			} catch (error) {
				const endedAt = runtime.clock.now();
				trace.totalMs = endedAt - startedAt;
				meter.record({ trace, durationMs: trace.totalMs, errorCode: codeOf(error) }, endedAt);
				return { ok: false, error, trace };
			}
		},
	};
}

function usesStore({ cache, httpCache }: LaneOptions, { key, request }: LaneCall): boolean {
	return (cache !== undefined && cache.mode !== 'off' && key !== undefined) || (httpCache !== undefined && request !== undefined);
}

function storeOf({ shared }: LaneOptions): NonNullable<CallTrace['store']> {
	return shared && shared.status.state !== 'down' ? 'shared' : 'process';
}

async function look(runtime: Runtime, given: LaneOptions, key: string, prompt: CallContext['prompt']): Promise<LaneLook> {
	const { cache, similar: wanted, ...options } = shortened(given, runtime.longestTtlMs);
	if (!cache) return { status: 'bypass', asks: true };
	const exact = await new CachePolicy(cache, cacheParts(runtime, options)).look(key);
	if (exact.status !== 'miss' || !prompt || !wanted) return exact;
	const similar = await new SimilarPolicy(wanted, cache, { ...runtime.similar, store: options.shared?.store ?? runtime.store }).peek(prompt);
	const answers = wanted.mode === 'on' && similar?.outcome === 'wouldServe';
	return { ...exact, ...(answers ? { status: 'similar', asks: false } : {}), similar };
}

function codeOf(error: unknown): ErrorCode | 'ERR_UNKNOWN' {
	return isFastpathError(error) ? error.code : 'ERR_UNKNOWN';
}

import type { INodeProperties } from 'n8n-workflow';
import type { CircuitOptions } from '../../lib/breaker/circuit';
import { requireInteger, requireNumber, requireOneOf } from '../../lib/core/validate';
import type { AimdOptions } from '../../lib/limit/aimd';
import type { RateOptions } from '../../lib/limit/rate';
import type { BudgetOptions } from '../../lib/retry/budget';
import type { RetryOptions } from '../../lib/retry/policy';

export interface ResilienceSettings {
	readonly concurrency: number;
	/** Where the node has the option: look for the number that the server bears, up to `concurrency`. */
	readonly adaptive: Pick<AimdOptions, 'latencyTargetMs'> | undefined;
	readonly retry: RetryOptions;
	/** Undefined where nothing bounds the share of retries. */
	readonly retryBudget: BudgetOptions | undefined;
	/** Undefined where calls go as fast as slots allow. */
	readonly rate: RateOptions | undefined;
	/** Where the node has the option: what calls count, in tokens, in any minute. */
	readonly tokensPerMinute: number | undefined;
	/** Where the node has the option: keep to the limits that the server reports. */
	readonly followsLimits: boolean;
	/** Undefined where the user switched it off. */
	readonly breaker: CircuitOptions | undefined;
}

export interface ResilienceDefaults {
	readonly concurrency: number;
	readonly maxRetries: number;
}

const RETRY_BUDGET_PERCENT = 20;

/** Members of a node's options collection: how many at once, how often again, when to stop trying. */
export function resilienceOptions(defaults: ResilienceDefaults): INodeProperties[] {
	return [
		{
			displayName: 'Circuit Breaker',
			name: 'circuitBreaker',
			type: 'boolean',
			default: true,
			description: 'Whether to stop calling a server that keeps failing, and probe it once in a while until it is back',
		},
		{
			displayName: 'Circuit Breaker Failures',
			name: 'circuitFailures',
			type: 'number',
			default: 5,
			typeOptions: { minValue: 1 },
			description: 'Failures in a row, within five minutes, after which no more calls are sent',
		},
		{
			displayName: 'Circuit Breaker Pause (Seconds)',
			name: 'circuitPauseSeconds',
			type: 'number',
			default: 60,
			typeOptions: { minValue: 1 },
			description: 'How long to wait before one call is let through as a probe',
		},
		{
			displayName: 'Max Concurrent',
			name: 'concurrency',
			type: 'number',
			default: defaults.concurrency,
			typeOptions: { minValue: 1, maxValue: 1000 },
			description: 'How many items are worked on at the same time. Results keep the order of the items.',
		},
		{
			displayName: 'Max Retries',
			name: 'maxRetries',
			type: 'number',
			default: defaults.maxRetries,
			typeOptions: { minValue: 0, maxValue: 20 },
			description:
				'How often a call is repeated after an error that may pass. Waits as long as the server asks for, otherwise a random and growing time.',
		},
		{
			displayName: 'Request Burst',
			name: 'requestBurst',
			type: 'number',
			default: 10,
			typeOptions: { minValue: 1 },
			description: 'How many of the requests per second or minute may go out in one go; without it, all of them',
		},
		{
			displayName: 'Requests per Minute',
			name: 'requestsPerMinute',
			type: 'number',
			default: 60,
			typeOptions: { minValue: 1 },
			description:
				'Most requests in any minute, with this credential to this server, over all nodes with the same limit; with a shared store, over all workers. Retries count; what cannot go before Total Timeout fails at once.',
		},
		{
			displayName: 'Requests per Second',
			name: 'requestsPerSecond',
			type: 'number',
			default: 10,
			typeOptions: { minValue: 1 },
			description:
				'Most requests in any second, with this credential to this server, over all nodes with the same limit; with a shared store, over all workers. Retries count; what cannot go before Total Timeout fails at once.',
		},
		{
			displayName: 'Retry Budget (Percent)',
			name: 'retryBudgetPercent',
			type: 'number',
			default: RETRY_BUDGET_PERCENT,
			typeOptions: { minValue: 0, maxValue: 1000 },
			description:
				'Most retries per hundred calls of the last minute, ten in any case, so that a server in trouble is not sent a multiple of its load. 0 sets no limit.',
		},
	];
}

const FAILURE_WINDOW_MS = 5 * 60_000;

export function toResilience(options: Readonly<Record<string, unknown>>, defaults: ResilienceDefaults): ResilienceSettings {
	const seconds = requireNumber('Circuit Breaker Pause (Seconds)', options.circuitPauseSeconds ?? 60, { min: 1, max: 86_400 });
	return {
		concurrency: requireInteger('Max Concurrent', options.concurrency ?? defaults.concurrency, { min: 1, max: 1000 }),
		adaptive: toAdaptive(options),
		retry: {
			maxRetries: requireInteger('Max Retries', options.maxRetries ?? defaults.maxRetries, { max: 20 }),
			baseMs: 500,
			maxMs: 30_000,
		},
		retryBudget: toRetryBudget(options.retryBudgetPercent),
		rate: toRate(options),
		tokensPerMinute: requireInteger('Tokens per Minute', options.tokensPerMinute ?? 0, { max: 1_000_000_000 }) || undefined,
		followsLimits: options.followRateLimitHeaders === true,
		breaker:
			options.circuitBreaker === false
				? undefined
				: {
						failureThreshold: requireInteger('Circuit Breaker Failures', options.circuitFailures ?? 5, { min: 1, max: 1000 }),
						failureWindowMs: FAILURE_WINDOW_MS,
						openMs: Math.round(seconds * 1000),
					},
	};
}

function toAdaptive(options: Readonly<Record<string, unknown>>): ResilienceSettings['adaptive'] {
	if (requireOneOf('Concurrency', options.concurrencyMode ?? 'fixed', ['adaptive', 'fixed']) === 'fixed') return undefined;
	return { latencyTargetMs: requireInteger('Latency Target (Ms)', options.latencyTargetMs ?? 0, { max: 3_600_000 }) || undefined };
}

function toRetryBudget(value: unknown): BudgetOptions | undefined {
	const percent = requireNumber('Retry Budget (Percent)', value ?? RETRY_BUDGET_PERCENT, { max: 1000 });
	return percent === 0 ? undefined : { percent };
}

/** As with timeouts, 0 means that nothing was said. */
function toRate(options: Readonly<Record<string, unknown>>): RateOptions | undefined {
	const read = (name: string, value: unknown) => requireInteger(name, value ?? 0, { max: 100_000 }) || undefined;
	const perSecond = read('Requests per Second', options.requestsPerSecond);
	const perMinute = read('Requests per Minute', options.requestsPerMinute);
	const burst = read('Request Burst', options.requestBurst);
	return perSecond === undefined && perMinute === undefined ? undefined : { perSecond, perMinute, burst };
}

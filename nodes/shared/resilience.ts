import type { INodeProperties } from 'n8n-workflow';
import type { CircuitOptions } from '../../lib/breaker/circuit';
import { requireInteger, requireNumber } from '../../lib/core/validate';
import type { RetryOptions } from '../../lib/retry/policy';

export interface ResilienceSettings {
	readonly concurrency: number;
	readonly retry: RetryOptions;
	/** Undefined where the user switched it off. */
	readonly breaker: CircuitOptions | undefined;
}

export interface ResilienceDefaults {
	readonly concurrency: number;
	readonly maxRetries: number;
}

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
	];
}

const FAILURE_WINDOW_MS = 5 * 60_000;

export function toResilience(options: Readonly<Record<string, unknown>>, defaults: ResilienceDefaults): ResilienceSettings {
	const seconds = requireNumber('Circuit Breaker Pause (Seconds)', options.circuitPauseSeconds ?? 60, { min: 1, max: 86_400 });
	return {
		concurrency: requireInteger('Max Concurrent', options.concurrency ?? defaults.concurrency, { min: 1, max: 1000 }),
		retry: {
			maxRetries: requireInteger('Max Retries', options.maxRetries ?? defaults.maxRetries, { max: 20 }),
			baseMs: 500,
			maxMs: 30_000,
		},
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

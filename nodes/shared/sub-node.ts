import type { INodeProperties } from 'n8n-workflow';
import { marksOf, type Place } from '../../lib/cache/marks';
import { requireNumber } from '../../lib/core/validate';
import { cacheProperties, readCacheSettings, type CacheSettings } from './cache';
import { costOptions } from './cost';
import { resilienceOptions, toResilience, type ResilienceSettings } from './resilience';
import { readSpending, type SpendingSettings } from './spending';
import { storeOfCache } from './store';
import { toTotalTimeoutMs, totalTimeoutOption } from './timeout';

/** What a node that stands between a model and its consumer has on its panel. */
export interface SubNodeSettings {
	readonly cache: CacheSettings;
	readonly staleIfErrorMs: number;
	readonly resilience: ResilienceSettings;
	readonly totalTimeoutMs: number;
	readonly spending: SpendingSettings;
}

const DEFAULTS = { concurrency: 50, maxRetries: 0, staleIfErrorSeconds: 0 } as const;

const WORDS: Readonly<Record<string, string>> = {
	concurrency: 'How many calls to the model may be under way at the same time, over all nodes with the same limit',
	maxRetries:
		'How often a call is repeated after an error that may pass. Counts only where the model repeats nothing by itself: set its own Max Retries to 0.',
};

/** @param own further members of its options collection */
export function subNodeProperties(own: INodeProperties[] = []): INodeProperties[] {
	const resilience = resilienceOptions(DEFAULTS).map((option) => ({ ...option, description: WORDS[option.name] ?? option.description ?? '' }));
	const options = [...own, ...costOptions(), ...resilience, staleIfError, totalTimeoutOption];
	return [
		...cacheProperties({}),
		storeOfCache({}),
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: options.sort((a, b) => a.displayName.localeCompare(b.displayName)),
		},
	];
}

const staleIfError: INodeProperties = {
	displayName: 'Serve Stale on Errors (Seconds)',
	name: 'staleIfErrorSeconds',
	type: 'number',
	default: DEFAULTS.staleIfErrorSeconds,
	typeOptions: { minValue: 0 },
	description: 'For how long past its time to live an answer stands in when the model cannot be reached',
};

export interface SubNodeParameters {
	readonly settings: SubNodeSettings;
	/** The option Store; one that is not shown (the cache is off) is not used. */
	readonly store: unknown;
}

/** @throws {InvalidOptionError} that names the parameter */
export function readSubNode(read: (name: string) => unknown): SubNodeParameters {
	const options = (read('options') ?? {}) as Readonly<Record<string, unknown>>;
	return { settings: toSettings(read, options), store: read('cacheMode') === 'off' ? undefined : read('store') };
}

function toSettings(read: (name: string) => unknown, options: Readonly<Record<string, unknown>>): SubNodeSettings {
	const staleSeconds = options.staleIfErrorSeconds ?? DEFAULTS.staleIfErrorSeconds;
	return {
		cache: readCacheSettings(read),
		staleIfErrorMs: Math.round(requireNumber('Serve Stale on Errors (Seconds)', staleSeconds, { max: 31_536_000 }) * 1000),
		resilience: toResilience(options, DEFAULTS),
		spending: readSpending(options),
		totalTimeoutMs: toTotalTimeoutMs(options.totalTimeoutSeconds),
	};
}

/** How a call that the cache has no answer to travels. A model that repeats calls by itself is not repeated on top of it. */
export function missOptions({ resilience, totalTimeoutMs }: SubNodeSettings, ownRetries: number) {
	return {
		retry: ownRetries > 0 ? { ...resilience.retry, maxRetries: 0 } : resilience.retry,
		retryBudget: resilience.retryBudget,
		rate: resilience.rate,
		breaker: resilience.breaker,
		maxConcurrent: resilience.concurrency,
		attemptTimeoutMs: totalTimeoutMs,
		totalTimeoutMs,
	};
}

/** How a call looks into the cache on its way. */
export function cacheOptions(
	{ cache, staleIfErrorMs, totalTimeoutMs }: SubNodeSettings,
	place: Place,
	{ refresh, isCacheable }: { readonly refresh: boolean; readonly isCacheable: (value: unknown) => boolean },
) {
	const mode: CacheSettings['mode'] = refresh && cache.mode === 'readWrite' ? 'refresh' : cache.mode;
	return { mode, ttlMs: cache.ttlMs, staleWhileRevalidateMs: 0, staleIfErrorMs, refreshTimeoutMs: totalTimeoutMs, isCacheable, marks: marksOf(place, cache.tags) };
}

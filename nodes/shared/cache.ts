import type { INodeProperties } from 'n8n-workflow';
import { CACHE_MODES, type CacheMode } from '../../lib/cache/policy';
import { CONTENT_TYPES, TTL_MS, type ContentType } from '../../lib/cache/ttl';
import { toTags } from '../../lib/cache/marks';
import { requireNumber, requireOneOf, requireText } from '../../lib/core/validate';

export const SCOPES = ['node', 'workflow', 'instance', 'custom'] as const;

export type CacheScope = (typeof SCOPES)[number];

export interface CacheSettings {
	readonly mode: CacheMode;
	readonly ttlMs: number;
	readonly scope: CacheScope;
	/** The user's own partition, for the scope `custom`. */
	readonly scopeKey: string;
	/** What the answers may be cleared by. */
	readonly tags: readonly string[];
}

/** How a node that caches asks for it: mode, time to live, scope. `contentType`: what is chosen where the user chooses nothing. */
export function cacheProperties(show: { [name: string]: string[] }, defaults: { readonly contentType: ContentType | 'custom' } = { contentType: 'aiAnswer' }): INodeProperties[] {
	const displayOptions = { show };
	return [
		{
			displayName: 'Cache',
			name: 'cacheMode',
			type: 'options',
			noDataExpression: true,
			default: 'readWrite',
			description: 'How answers that are already there are used',
			displayOptions,
			options: [
				{ name: 'Off', value: 'off', description: 'Always ask, store nothing' },
				{ name: 'Read and Write', value: 'readWrite', description: 'Answer from the cache where possible, store new answers' },
				{ name: 'Read Only', value: 'readOnly', description: 'Answer from the cache where possible, store nothing' },
				{ name: 'Refresh', value: 'refresh', description: 'Always ask, and store the new answer' },
			],
		},
		{
			displayName: 'Keep Answers For',
			name: 'contentType',
			type: 'options',
			noDataExpression: true,
			default: defaults.contentType,
			description: 'How long an answer counts as fresh (its time to live)',
			displayOptions: { show: { ...show, cacheMode: ['readWrite', 'readOnly', 'refresh'] } },
			options: [
				{ name: 'AI Answer (30 Minutes)', value: 'aiAnswer' },
				{ name: 'Configuration (2 Hours)', value: 'configuration' },
				{ name: 'Custom', value: 'custom' },
				{ name: 'Health Check (5 Minutes)', value: 'health' },
				{ name: 'Metrics (1 Minute)', value: 'metrics' },
				{ name: 'Template (1 Hour)', value: 'template' },
			],
		},
		{
			displayName: 'Time to Live (Seconds)',
			name: 'ttlSeconds',
			type: 'number',
			default: 1800,
			typeOptions: { minValue: 1 },
			description: 'How long an answer counts as fresh',
			displayOptions: { show: { ...show, cacheMode: ['readWrite', 'readOnly', 'refresh'], contentType: ['custom'] } },
		},
		...scopeProperties({ ...show, cacheMode: ['readWrite', 'readOnly', 'refresh'] }),
		tagsProperty({ ...show, cacheMode: ['readWrite', 'readOnly', 'refresh'] }),
	];
}

/** Who may get an answer that is stored. */
export function scopeProperties(show: { [name: string]: string[] }): INodeProperties[] {
	return [
		{
			displayName: 'Share Answers Within',
			name: 'cacheScope',
			type: 'options',
			noDataExpression: true,
			default: 'workflow',
			description: 'Who may get an answer that is stored. Answers are never shared between different credentials or servers.',
			displayOptions: { show },
			options: [
				{ name: 'Custom Key', value: 'custom', description: 'All calls with the same key, such as a customer number' },
				{ name: 'This Instance', value: 'instance', description: 'All workflows' },
				{ name: 'This Node', value: 'node', description: 'This node only' },
				{ name: 'This Workflow', value: 'workflow', description: 'All nodes and executions of this workflow' },
			],
		},
		{
			displayName: 'Custom Key',
			name: 'cacheScopeKey',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. {{ $json.customerId }}',
			description: 'Answers are shared only between calls with the same key',
			displayOptions: { show: { ...show, cacheScope: ['custom'] } },
		},
	];
}

/** By what the user may clear answers. */
export function tagsProperty(show: { [name: string]: string[] }): INodeProperties {
	return {
		displayName: 'Tags',
		name: 'cacheTags',
		type: 'string',
		default: '',
		placeholder: 'e.g. prices, customer-{{ $json.customer }}',
		description: 'Names with commas between them, by which the operation Clear Cache finds what is stored',
		displayOptions: { show },
	};
}

/** How long answers may live that stay the same; a member of a collection. */
export function adaptiveProperty(place: Partial<INodeProperties> & { readonly default: number }): INodeProperties {
	return {
		displayName: 'Adaptive Time to Live (Seconds)',
		name: 'adaptiveTtlSeconds',
		type: 'number',
		typeOptions: { minValue: 0 },
		description:
			'How long what stays the same may live at most: each time that it is asked for again after its time to live and comes unchanged, that time doubles up to this. What has changed begins anew. 0 for never.',
		...place,
	};
}

/** Undefined where the time to live stays as it is. */
export function toMaxTtlMs(seconds: unknown): number | undefined {
	const value = requireNumber('Adaptive Time to Live (Seconds)', seconds ?? 0, { max: 31_536_000 });
	return value === 0 ? undefined : Math.max(1, Math.round(value * 1000));
}

/** Reads and validates what the properties above gave. */
export function readCacheSettings(read: (name: string) => unknown): CacheSettings {
	return toCacheSettings({
		mode: read('cacheMode'),
		contentType: read('contentType'),
		ttlSeconds: read('ttlSeconds'),
		scope: read('cacheScope'),
		scopeKey: read('cacheScopeKey'),
		tags: read('cacheTags'),
	});
}

/** Validates what the properties above gave. Values that are hidden in the panel may be undefined. */
export function toCacheSettings(values: {
	readonly mode: unknown;
	readonly contentType: unknown;
	readonly ttlSeconds: unknown;
	readonly scope: unknown;
	readonly scopeKey: unknown;
	readonly tags: unknown;
}): CacheSettings {
	const mode = requireOneOf('Cache', values.mode, CACHE_MODES);
	if (mode === 'off') return { mode, ttlMs: TTL_MS.aiAnswer, scope: 'node', scopeKey: '', tags: [] };
	return { mode, ttlMs: ttlMs(values.contentType, values.ttlSeconds), ...toScope(values.scope, values.scopeKey), tags: toTags('Tags', values.tags) };
}

export function toScope(value: unknown, key: unknown): Pick<CacheSettings, 'scope' | 'scopeKey'> {
	const scope = requireOneOf('Share Answers Within', value, SCOPES);
	return { scope, scopeKey: scope === 'custom' ? requireText('Custom Key', asText(key)) : '' };
}

function ttlMs(contentType: unknown, seconds: unknown): number {
	const choice = requireOneOf<ContentType | 'custom'>('Keep Answers For', contentType, [...CONTENT_TYPES, 'custom']);
	return choice === 'custom' ? toTtlMs(seconds) : TTL_MS[choice];
}

export function toTtlMs(seconds: unknown): number {
	return Math.round(requireNumber('Time to Live (Seconds)', seconds, { min: 1, max: 31_536_000 }) * 1000);
}

/** An expression may give a number, where a customer's number is meant as a key. */
function asText(value: unknown): unknown {
	return typeof value === 'number' ? String(value) : value;
}

/** What keeps the answers of one scope apart from all others. */
export function partitionOf(settings: Pick<CacheSettings, 'scope' | 'scopeKey'>, place: { workflowId: string; nodeId: string }): string {
	switch (settings.scope) {
		case 'node':
			return JSON.stringify(['node', place.workflowId, place.nodeId]);
		case 'workflow':
			return JSON.stringify(['workflow', place.workflowId]);
		case 'instance':
			return JSON.stringify(['instance']);
		case 'custom':
			return JSON.stringify(['custom', settings.scopeKey]);
	}
}

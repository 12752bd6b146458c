import { InvalidOptionError } from '../../lib/core/errors';
import { requireInteger, requireNumber, requireOneOf, requireText } from '../../lib/core/validate';
import type { RuleReader } from '../../lib/n8n/clear';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters';
import type { SubWorkflowInfo, WorkflowSource } from '../../lib/n8n/sub-workflow';
import { readCacheSettings, toMaxTtlMs, type CacheSettings } from '../shared/cache';
import { toRules } from '../shared/clear';
import { requireJsonObject } from '../shared/json';
import { toTotalTimeoutMs } from '../shared/timeout';
import { DEFAULTS } from './defaults';
import type { KeyFields } from './input';

/** How a sub-workflow is to be run and its results kept; nothing of n8n's parameters is left in it. */
export interface WorkflowParameters {
	readonly info: SubWorkflowInfo;
	readonly cache: CacheSettings;
	/** The user's own condition. */
	readonly cacheIf: boolean;
	/** The user's yes to workflows that do more than compute and read. */
	readonly cacheActs: boolean;
	readonly keepEmpty: boolean;
	readonly key: KeyFields;
	/** The user's own word for the version of the sub-workflow; empty where there is none. */
	readonly version: string;
	readonly staleWhileRevalidateMs: number;
	readonly staleIfErrorMs: number;
	readonly maxTtlMs: number | undefined;
	readonly concurrency: number;
	readonly totalTimeoutMs: number;
	readonly includeTrace: boolean;
}

type Read = (name: string) => unknown;

const MAX_KEY_FIELDS = 50;

/** What it returns throws InvalidOptionError that names the parameter. */
export function parameterReader(context: ParameterContext): (itemIndex: number) => WorkflowParameters {
	const info = perItem(context, (from, itemIndex) => readInfo(reader(from, itemIndex)), ['source', 'workflowId', 'workflowJson']);
	const settings = perItem(context, (from, itemIndex) => readSettings(reader(from, itemIndex)));
	return (itemIndex) => ({ info: info(itemIndex), ...settings(itemIndex) });
}

/** The operation is the same for all items. */
export function readOperation(context: ParameterContext): unknown {
	return reader(context, 0)('operation');
}

export function readMode(context: ParameterContext): 'each' | 'once' {
	return requireOneOf('Mode', reader(context, 0)('mode') ?? 'each', ['each', 'once']);
}

/** One store for the whole run. */
export function readStore(context: ParameterContext): unknown {
	return reader(context, 0)('store');
}

/** Items worked on at the same time; one number for the whole run. What is not valid is reported with the item that it belongs to. */
export function readConcurrency(context: ParameterContext): number {
	const value: unknown = context.getNodeParameter('options.concurrency', 0, DEFAULTS.concurrency);
	return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 1;
}

/** What the operation Clear Cache is to clear. What it returns throws InvalidOptionError that names the parameter. */
export function clearReader(context: ParameterContext): RuleReader {
	return (itemIndex, workflow) => toRules(reader(context, itemIndex), workflow);
}

/** n8n throws on a parameter that is hidden and so has no value, unless it is given another than undefined. */
function reader(context: ParameterContext, itemIndex: number): Read {
	return (name) => context.getNodeParameter(name, itemIndex, null) ?? undefined;
}

function readInfo(read: Read): SubWorkflowInfo {
	if (requireOneOf('Source', read('source') ?? 'database', ['database', 'parameter']) === 'database') {
		const picked = read('workflowId');
		const id: unknown = typeof picked === 'object' && picked !== null && 'value' in picked ? picked.value : picked;
		return { id: requireText('Workflow', typeof id === 'number' ? String(id) : id).trim() };
	}
	const code = requireJsonObject('Workflow JSON', read('workflowJson'));
	const { nodes, connections } = code;
	if (!Array.isArray(nodes) || typeof connections !== 'object' || connections === null) {
		throw new InvalidOptionError('Workflow JSON', 'a workflow with nodes and connections, as the editor copies or exports it', code);
	}
	return { code: code as unknown as WorkflowSource };
}

function readSettings(read: Read): Omit<WorkflowParameters, 'info'> {
	const options = (read('options') ?? {}) as Readonly<Record<string, unknown>>;
	const milliseconds = (name: string, key: 'staleWhileRevalidateSeconds' | 'staleIfErrorSeconds') =>
		Math.round(requireNumber(name, options[key] ?? DEFAULTS[key], { max: 31_536_000 }) * 1000);
	return {
		cache: readCacheSettings(read),
		cacheIf: toCondition(options.cacheIf ?? true),
		cacheActs: options.cacheActs === true,
		keepEmpty: options.keepEmpty !== false,
		key: read('cacheMode') === 'off' ? 'all' : toKeyFields(read('keyFrom') ?? 'all', read('keyFields')),
		version: versionOf(options.version ?? ''),
		staleWhileRevalidateMs: milliseconds('Stale While Renewing (Seconds)', 'staleWhileRevalidateSeconds'),
		staleIfErrorMs: milliseconds('Serve Stale on Errors (Seconds)', 'staleIfErrorSeconds'),
		maxTtlMs: toMaxTtlMs(options.adaptiveTtlSeconds),
		concurrency: requireInteger('Max Concurrent', options.concurrency ?? DEFAULTS.concurrency, { min: 1, max: 1000 }),
		totalTimeoutMs: toTotalTimeoutMs(options.totalTimeoutSeconds),
		includeTrace: options.includeTrace === true,
	};
}

function toCondition(value: unknown): boolean {
	if (typeof value === 'boolean') return value;
	throw new InvalidOptionError('Cache Only If', 'true or false', value);
}

function versionOf(value: unknown): string {
	if (typeof value === 'string' || typeof value === 'number') return String(value).trim();
	throw new InvalidOptionError('Version', 'a text or a number', value);
}

function toKeyFields(from: unknown, fields: unknown): KeyFields {
	if (requireOneOf('Same Input Means', from, ['all', 'fields']) === 'all') return 'all';
	const names = requireText('Fields', fields).split(',').map((name) => name.trim()).filter((name) => name !== '');
	if (names.length > 0 && names.length <= MAX_KEY_FIELDS) return [...new Set(names)].sort();
	throw new InvalidOptionError('Fields', `1 to ${MAX_KEY_FIELDS} names with commas between them`, fields);
}

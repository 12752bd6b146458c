import type { Resume } from '../../lib/batch/rounds';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireNumber, requireOneOf, requireText } from '../../lib/core/validate';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters';
import { asText, asValues, type Values } from '../shared/http/values';
import { toGatherSettings, toGatherValue, toRest, type GatherItem, type GatherSettings } from './gather-parameters';

/** What holds for the batch as a whole; expressions in it see the first item. */
export interface BatchSettings {
	/** Failed items of which one more stops the batch; Infinity for none. */
	readonly mayFail: (items: number) => number;
	readonly timeLimitMs: number | undefined;
	readonly identical: 'each' | 'once' | 'reads';
	/** What an item costs; undefined where costs are not counted. */
	readonly costOf: ((itemIndex: number) => number) | undefined;
	/** What the batch may cost. */
	readonly costLimit: number | undefined;
	/** The header's name; undefined where there is to be none. */
	readonly idempotencyHeader: string | undefined;
	/** Undefined where no journal is kept. */
	readonly resume: Resume | undefined;
	readonly keepMs: number;
	/** What the user calls an item; '' for its request. */
	readonly itemKeyOf: (itemIndex: number) => string;
	readonly summaryOutput: boolean;
}

export function readBatch(context: ParameterContext): BatchSettings {
	const options = asValues(context.getNodeParameter('options', 0, {}));
	const policy = requireOneOf('When Items Fail', context.getNodeParameter('whenItemsFail', 0, 'continue') as unknown, [
		'continue',
		'stopAbove',
		'stopFirst',
	]);
	const percent = policy === 'stopAbove' ? requireNumber('Failed Share (Percent)', context.getNodeParameter('failedPercent', 0, 10), { max: 100 }) : 0;
	const seconds = options.timeLimitSeconds;
	const paginates = asValues(asValues(options.pagination).pagination).paginationMode;
	const identical = requireOneOf('Identical Requests', options.identicalRequests ?? 'reads', ['each', 'once', 'reads']);
	return {
		mayFail: (items) => (policy === 'continue' ? Infinity : (items * percent) / 100),
		timeLimitMs:
			seconds === undefined ? undefined : Math.round(requireNumber('Time Limit (Seconds)', seconds, { min: 0.001, max: 31_536_000 }) * 1000),
		// The pages of an item may depend on more of it than its first request shows.
		identical: paginates === undefined || paginates === 'off' ? identical : 'each',
		...readCosts(context, options),
		idempotencyHeader: options.idempotencyKey === true ? toHeader(options.idempotencyHeader ?? 'Idempotency-Key') : undefined,
		resume: readResume(context),
		keepMs: Math.round(requireNumber('Keep Journal For (Hours)', options.journalHours ?? 24, { min: 0.01, max: 8760 }) * 3_600_000),
		itemKeyOf: itemKeys(context, options),
		summaryOutput: options.summaryOutput === true,
	};
}

/** What an item counts under a limit of tokens; undefined where the user does not say. */
export function tokensReader(context: ParameterContext): (itemIndex: number) => number | undefined {
	return perItem(
		context,
		(from, itemIndex) => {
			const tokens: unknown = from.getNodeParameter('options.tokensPerItem', itemIndex, null);
			return tokens === null ? undefined : requireNumber('Tokens per Item', tokens);
		},
		['options'],
	);
}

function readResume(context: ParameterContext): Resume | undefined {
	const kind = requireOneOf('Resume', context.getNodeParameter('resume', 0, 'off') as unknown, ['off', 'retries', 'unfinished', 'key']);
	if (kind === 'off') return undefined;
	return kind === 'key' ? { kind, key: requireText('Batch Key', asText(context.getNodeParameter('batchKey', 0, ''))) } : { kind };
}

function itemKeys(context: ParameterContext, options: Values): (itemIndex: number) => string {
	if (options.itemKey === undefined) return () => '';
	return perItem(context, (from, itemIndex) => requireText('Item Key', asText(from.getNodeParameter('options.itemKey', itemIndex, ''))), ['options']);
}

function readCosts(context: ParameterContext, options: Values): Pick<BatchSettings, 'costOf' | 'costLimit'> {
	const { costPerItem, costLimit } = options;
	if (costLimit !== undefined && costPerItem === undefined) {
		throw new InvalidOptionError('Cost per Item', 'what an item costs, as there is a Cost Limit', costPerItem);
	}
	const toCost = (value: unknown) => requireNumber('Cost per Item', typeof value === 'string' ? Number(value) : value);
	const varies = perItem(context, (from, itemIndex) => toCost(from.getNodeParameter('options.costPerItem', itemIndex, 0)), ['options']);
	return {
		costOf: costPerItem === undefined ? undefined : varies,
		costLimit: costLimit === undefined ? undefined : requireNumber('Cost Limit', costLimit),
	};
}

/** RFC 9110 section 5.1. */
function toHeader(value: unknown): string {
	const name = asText(value).trim();
	if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new InvalidOptionError('Idempotency Key Header', 'the name of a header', name);
	return name;
}

/** Undefined where each item has a request of its own. */
export function readGather(context: ParameterContext): GatherSettings | undefined {
	if (context.getNodeParameter('operation', 0, 'request') !== 'gather') return undefined;
	return toGatherSettings((name) => context.getNodeParameter(name, 0, null) ?? undefined);
}

export function gatherReader(context: ParameterContext, settings: GatherSettings): (itemIndex: number) => GatherItem {
	const value = perItem(context, (from, itemIndex) => toGatherValue(from.getNodeParameter('gatherItem', itemIndex)), ['gatherItem']);
	const rest = perItem(context, (from, itemIndex) => toRest(from.getNodeParameter('gatherOptions.restOfBody', itemIndex, ''), settings), ['gatherOptions']);
	return (itemIndex) => ({ value: value(itemIndex), rest: rest(itemIndex) });
}

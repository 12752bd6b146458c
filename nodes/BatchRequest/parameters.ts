import { requireNumber, requireOneOf } from '../../lib/core/validate';
import type { ParameterContext } from '../../lib/n8n/parameters';
import { asValues } from '../shared/http/values';

/** What holds for the batch as a whole; expressions in it see the first item. */
export interface BatchSettings {
	/** Failed items of which one more stops the batch; Infinity for none. */
	readonly mayFail: (items: number) => number;
	readonly timeLimitMs: number | undefined;
	readonly identical: 'each' | 'once' | 'reads';
	readonly idempotencyKey: boolean;
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
		idempotencyKey: options.idempotencyKey === true,
		summaryOutput: options.summaryOutput === true,
	};
}

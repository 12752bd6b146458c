import type { INodeExecutionData } from 'n8n-workflow';
import { Once } from '../../lib/batch/once';
import type { CallTrace } from '../../lib/core/trace';
import type { HttpWork } from '../shared/http/work';
import { answerFor, isRead, ItemKeys, requestKey, withIdempotencyKey, withTokens } from './identity';
import type { BatchSettings } from './parameters';
import type { Resumption } from './resume';
import type { BatchSummary } from './summary';

export interface EachParts {
	readonly work: HttpWork;
	readonly settings: BatchSettings;
	/** What an item counts under a limit of tokens; undefined where it is taken from the body. */
	readonly tokensOf: (itemIndex: number) => number | undefined;
	readonly resumption: Resumption;
	readonly summary: BatchSummary;
	/** Resolves when a request may begin. */
	readonly pace: (itemIndex: number, signal: AbortSignal) => Promise<void>;
}

export type ItemWork = (
	input: INodeExecutionData,
	itemIndex: number,
	signal: AbortSignal,
	seen: (trace: CallTrace, counts: boolean) => void,
) => Promise<INodeExecutionData[]>;

/** Each item has a request of its own, unless an earlier try has done it, or another item asks the same. */
export function eachWork({ work, settings, tokensOf, resumption, summary, pace }: EachParts): ItemWork {
	const { idempotencyHeader, identical } = settings;
	const keyed = settings.resume !== undefined || idempotencyHeader !== undefined;
	const keys = new ItemKeys();
	const once = new Once<INodeExecutionData[]>();
	return async (input, itemIndex, signal, seen) => {
		const prepared = withTokens(await work.prepare(itemIndex), tokensOf(itemIndex));
		const send = async (item: string) => {
			await pace(itemIndex, signal);
			const named = idempotencyHeader === undefined ? prepared : withIdempotencyKey(prepared, idempotencyHeader, resumption.id, item);
			const fetched = await work.fetch(named, signal, (trace) => seen(trace, true));
			await resumption.note(item, fetched, signal);
			return fetched;
		};
		const perform = async () => {
			const item = keyed ? keys.of(prepared, settings.itemKeyOf(itemIndex)) : '';
			const recalled = await resumption.recall(item, prepared);
			if (recalled) summary.recall();
			return await work.render(prepared, recalled ?? (await send(item)));
		};
		if (identical === 'each' || (identical === 'reads' && !isRead(prepared))) return await perform();
		const { value, first } = await once.run(requestKey(prepared), perform);
		if (first) return value;
		summary.share();
		return answerFor(input, value, prepared);
	};
}

import type { INodeExecutionData } from 'n8n-workflow';
import { Once } from '../../lib/batch/once';
import type { CallTrace } from '../../lib/core/trace';
import { packFetched, unpackFetched, type Fetched } from '../shared/http/fetched';
import type { HttpWork } from '../shared/http/work';
import { answerFor, isRead, requestKeys, withIdempotencyKey, withTokens } from './identity';
import type { Keeping, Ledger } from './ledger';
import type { BatchSettings } from './parameters';
import type { BatchSummary } from './summary';

export interface EachParts {
	readonly work: HttpWork;
	readonly settings: BatchSettings;
	/** What an item counts under a limit of tokens; undefined where it is taken from the body. */
	readonly tokensOf: (itemIndex: number) => number | undefined;
	/** Names the batch: the same for all tries of it. */
	readonly batch: string;
	readonly ledger: Ledger;
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

const FETCHED: Keeping<readonly Fetched[]> = {
	// With Never Error on, an error status is an answer too.
	pack: (fetched) => (fetched.every(({ response: { status } }) => status >= 200 && status < 300) ? packFetched(fetched) : undefined),
	unpack: unpackFetched,
};

/** Each item has a request of its own, unless an earlier try has done it, or another item asks the same. */
export function eachWork({ work, settings, tokensOf, batch, ledger, summary, pace }: EachParts): ItemWork {
	const { idempotencyHeader, identical } = settings;
	const once = new Once<INodeExecutionData[]>();
	const keyOf = requestKeys();
	return async (input, itemIndex, signal, seen) => {
		const prepared = withTokens(await work.prepare(itemIndex), tokensOf(itemIndex));
		const send = async (item: string) => {
			await pace(itemIndex, signal);
			const named = idempotencyHeader === undefined ? prepared : withIdempotencyKey(prepared, idempotencyHeader, batch, item);
			return await work.fetch(named, signal, (trace) => seen(trace, true));
		};
		const perform = async () =>
			await work.render(prepared, await ledger.settle({ prepared, keeping: FETCHED, harmless: isRead(prepared), send, signal }));
		if (identical === 'each' || (identical === 'reads' && !isRead(prepared))) return await perform();
		const { value, first } = await once.run(keyOf(prepared), perform);
		if (first) return value;
		summary.share();
		return answerFor(input, value, prepared);
	};
}

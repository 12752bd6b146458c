import type { Round } from '../../lib/batch/rounds';
import type { Settled } from '../../lib/batch/run';
import { AnswerNotKeptError, hasCode } from '../../lib/core/errors';
import { abortable } from '../../lib/core/signal';
import type { Prepared } from '../shared/http/work';
import type { Costs } from './costs';
import { ItemKeys } from './identity';

/** How answers are kept. */
export interface Keeping<T> {
	/** Undefined for what is no success, and so to be sent again by another try. */
	pack(answer: T): Buffer | undefined;
	/** Undefined for what cannot be read any more. */
	unpack(packed: Buffer): T | undefined;
}

export interface LedgerEntry<T> {
	readonly prepared: Prepared;
	/** What is sent of the item, where its request does not hold it. */
	readonly content?: unknown;
	readonly keeping: Keeping<T>;
	/** To do it once more does no harm. */
	readonly harmless: boolean;
	/** `item` is its name, the same in each try. */
	readonly send: (item: string) => Promise<T>;
	readonly signal: AbortSignal;
}

export interface LedgerParts {
	/** Undefined where each try sends all items. */
	readonly round: Round | undefined;
	/** What the user calls an item; '' for its request. */
	readonly itemKeyOf: (itemIndex: number) => string;
	/** Whether items need a name though nothing is kept. */
	readonly named: boolean;
	readonly costs: Costs | undefined;
	/** Told of each item that an earlier try has done. */
	readonly onRecall: () => void;
}

/** Sees to it that what an earlier try has done is not done again, and that nothing is done that costs too much. */
export class Ledger {
	readonly #keys = new ItemKeys();
	#tooLarge = 0;

	constructor(private readonly parts: LedgerParts) {}

	/** Answers that were too large to be kept. */
	get tooLarge(): number {
		return this.#tooLarge;
	}

	/**
	 * The answer of an earlier try, or that of `send`; it is noted before this resolves, unless the signal aborts meanwhile.
	 * Throws AnswerNotKeptError, SkippedError, and what `send` throws.
	 */
	async settle<T>({ prepared, content, keeping, harmless, send, signal }: LedgerEntry<T>): Promise<T> {
		const { round, named, costs, itemKeyOf, onRecall } = this.parts;
		const item = round || named ? this.#keys.of(prepared, itemKeyOf(prepared.itemIndex), content) : '';
		if (round?.journal.has(item)) {
			const packed = await round.journal.read(item);
			const recalled = packed && keeping.unpack(packed);
			if (recalled !== undefined) {
				onRecall();
				return recalled;
			}
			if (!harmless) throw new AnswerNotKeptError();
		}
		costs?.charge(prepared.itemIndex);
		const answer = await send(item);
		const packed = round && keeping.pack(answer);
		if (packed) await abortable(this.#note(round, item, packed), signal);
		return answer;
	}

	/** Closes the round where another try would have nothing to send. */
	async end(results: ReadonlyArray<Settled<unknown>>): Promise<void> {
		await this.parts.round?.end(results.every(isDone));
	}

	async #note({ journal }: Round, item: string, packed: Buffer): Promise<void> {
		if ((await journal.write(item, packed)) === 'tooLarge') this.#tooLarge += 1;
	}
}

function isDone(result: Settled<unknown>): boolean {
	return result.status === 'ok' || (result.status === 'failed' && hasCode(result.error, 'ERR_ANSWER_NOT_KEPT'));
}

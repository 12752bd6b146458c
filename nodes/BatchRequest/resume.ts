import { idOf, openRound, type Pass, type Resume, type RoundParts } from '../../lib/batch/rounds';
import type { Settled } from '../../lib/batch/run';
import { AnswerNotKeptError, hasCode } from '../../lib/core/errors';
import { abortable } from '../../lib/core/signal';
import { packFetched, unpackFetched, type Fetched } from '../shared/http/fetched';
import type { Prepared } from '../shared/http/work';
import { isRead } from './identity';

/** What an earlier try of the batch has done, and where this one notes what it does. */
export interface Resumption {
	/** The same for all tries of the batch. */
	readonly id: string;
	/** Items that earlier tries have done. */
	readonly done: number;
	/** Answers of this run that were too large to be kept. */
	readonly tooLarge: number;
	/** The answer of an earlier try; undefined where there is none and the item is to be sent. Throws AnswerNotKeptError. */
	recall(item: string, prepared: Prepared): Promise<Fetched[] | undefined>;
	/** Resolves once it is noted, or the run is over. */
	note(item: string, fetched: readonly Fetched[], signal: AbortSignal): Promise<void>;
	end(results: ReadonlyArray<Settled<unknown>>): Promise<void>;
}

export async function startResumption(
	parts: RoundParts,
	pass: Pass,
	settings: { readonly resume: Resume | undefined; readonly keepMs: number },
): Promise<Resumption> {
	if (settings.resume === undefined) return notResuming(idOf(pass));
	const { id, journal, end } = await openRound(parts, pass, settings.resume, settings.keepMs);
	let tooLarge = 0;
	return {
		id,
		end: async (results) => await end(results.every(isDone)),
		done: journal.size,
		get tooLarge() {
			return tooLarge;
		},
		async recall(item, prepared) {
			if (!journal.has(item)) return undefined;
			const packed = await journal.read(item);
			const fetched = packed && unpackFetched(packed);
			// To read once more does no harm; anything else might.
			if (fetched === undefined && !isRead(prepared)) throw new AnswerNotKeptError();
			return fetched;
		},
		async note(item, fetched, signal) {
			// With Never Error on, an error status is an answer too; another try sends it again.
			if (fetched.some(({ response }) => response.status < 200 || response.status >= 300)) return;
			const noting = journal.write(item, packFetched(fetched)).then((kept) => {
				if (kept === 'tooLarge') tooLarge += 1;
			});
			await abortable(noting, signal);
		},
	};
}

function notResuming(id: string): Resumption {
	return { id, done: 0, tooLarge: 0, recall: async () => undefined, note: async () => {}, end: async () => {} };
}

/** Whether another try would send nothing for it. */
function isDone(result: Settled<unknown>): boolean {
	return result.status === 'ok' || (result.status === 'failed' && hasCode(result.error, 'ERR_ANSWER_NOT_KEPT'));
}

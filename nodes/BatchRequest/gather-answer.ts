import type { IDataObject } from 'n8n-workflow';
import type { Gathered } from '../../lib/batch/gather';
import { matchByKey, matchByPosition, type Matched } from '../../lib/batch/match';
import { HttpStatusError, ItemRefusedError, MalformedAnswerError } from '../../lib/core/errors';
import { saidIn } from '../shared/http/operations/status-error';
import { valueAt } from '../shared/http/paths';
import { keyOf } from './gather-body';
import type { GatherSettings } from './gather-parameters';

/** Takes an answer apart; `keys` are those of the items, in their order. Throws MalformedAnswerError where it holds no results. */
export function takeApart(answer: unknown, keys: ReadonlyArray<string | undefined>, settings: GatherSettings): Matched {
	const { match, resultsPath, resultKey } = settings;
	const results = valueAt(answer, resultsPath);
	if (match === 'position') return matchByPosition(requireList(results, resultsPath), keys.length);
	const own = keys.map((key) => key ?? '');
	// The names of an object are keys too.
	if (typeof results === 'object' && results !== null && !Array.isArray(results)) return matchByKey(Object.entries(results), own);
	return matchByKey(requireList(results, resultsPath).map((result) => [keyOf(result, resultKey), result]), own);
}

/** The text of an answer as it means: JSON, or JSON in lines. */
export function parseAnswer(text: string, contentType: string): unknown {
	try {
		if (!/ndjson|jsonl/i.test(contentType)) return JSON.parse(text) as unknown;
		return text.split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as unknown);
	} catch (cause) {
		throw new MalformedAnswerError('The answer is not valid JSON', { cause });
	}
}

/** What a result says of its own item: an answer like any other, or that it failed. */
export function judged(result: unknown, { statusPath, errorPath }: GatherSettings): Gathered<unknown> {
	const status = statusPath === '' ? undefined : Number(valueAt(result, statusPath));
	const error = errorPath === '' ? undefined : valueAt(result, errorPath);
	const reason = typeof error === 'string' && error !== '' ? error : saidIn(error ?? result);
	if (status !== undefined && status >= 400) {
		const message = `The answer gives status ${status} for this item${reason === undefined ? '' : `: ${reason}`}`;
		return { ok: false, error: new HttpStatusError({ status, headers: {}, body: result, message }) };
	}
	if (error === undefined || error === null || error === false || error === '') return { ok: true, value: result };
	return { ok: false, error: new ItemRefusedError(result, reason) };
}

export function jsonOf(result: unknown): IDataObject {
	return typeof result === 'object' && result !== null && !Array.isArray(result) ? (result as IDataObject) : { data: result as IDataObject[string] };
}

function requireList(results: unknown, path: string): readonly unknown[] {
	if (Array.isArray(results)) return results as unknown[];
	throw new MalformedAnswerError(path === '' ? 'The answer is not a list' : `The answer holds no list at "${path}"`);
}

import { MalformedAnswerError } from '../core/errors';
import type { Gathered } from './gather';

export interface Matched {
	/** One per item, in their order. */
	readonly answers: ReadonlyArray<Gathered<unknown>>;
	/** Results that belong to no item. */
	readonly surplus: number;
}

/**
 * The first result for the first item, and so on. Where their numbers differ, nobody can say which is missing or too
 * many, and so none is given to anyone.
 */
export function matchByPosition(results: readonly unknown[], items: number): Matched {
	if (results.length === items) return { answers: results.map((value) => ({ ok: true, value })), surplus: 0 };
	const error = new MalformedAnswerError(
		`The answer holds ${results.length} results for ${items} items, so that none of them can be told whose it is`,
	);
	return { answers: Array.from({ length: items }, () => ({ ok: false, error })), surplus: 0 };
}

/** Each item gets the one result that has its key. `keys` are those of the items, each its own. */
export function matchByKey(results: ReadonlyArray<readonly [key: string | undefined, result: unknown]>, keys: readonly string[]): Matched {
	const found = new Map(keys.map((key): [string, unknown[]] => [key, []]));
	let surplus = 0;
	for (const [key, result] of results) {
		const own = key === undefined ? undefined : found.get(key);
		if (own) own.push(result);
		else surplus += 1;
	}
	return { answers: keys.map((key) => onlyOne(key, found.get(key) ?? [])), surplus };
}

function onlyOne(key: string, results: readonly unknown[]): Gathered<unknown> {
	if (results.length === 1) return { ok: true, value: results[0] };
	const many = results.length === 0 ? 'no result' : `${results.length} results`;
	return { ok: false, error: new MalformedAnswerError(`The answer holds ${many} with the key "${shortened(key)}"`) };
}

const MAX_SHOWN = 60;

function shortened(key: string): string {
	return key.length > MAX_SHOWN ? `${key.slice(0, MAX_SHOWN)}…` : key;
}

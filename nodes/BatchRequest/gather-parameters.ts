import { InvalidOptionError } from '../../lib/core/errors';
import { requireInteger, requireNumber, requireOneOf, requireText } from '../../lib/core/validate';
import { asText, asValues, type Values } from '../shared/http/values';
import { parseJsonField, requireJsonObject } from '../shared/json';

/** How items share requests, and how the answers are told apart; expressions in it see the first item. */
export interface GatherSettings {
	readonly format: 'json' | 'ndjson';
	/** Of the list in the body; empty where the list is the body. */
	readonly bodyPath: string;
	readonly match: 'key' | 'position';
	/** Paths of the key in what is sent of an item, and in a result. */
	readonly itemKey: string;
	readonly resultKey: string;
	/** Of the results in the answer; empty where the answer is the list. */
	readonly resultsPath: string;
	readonly maxItems: number;
	/** Infinity for no limit. */
	readonly maxBytes: number;
	readonly maxWaitMs: number;
	/** Paths in a result that say whether the item failed; empty where none does. */
	readonly statusPath: string;
	readonly errorPath: string;
	/** How often an item is sent again that the answer says has failed. */
	readonly resends: number;
}

/** What one item brings to a request. */
export interface GatherItem {
	readonly value: unknown;
	/** The body around the list. */
	readonly rest: Values;
}

const BYTES_PER_KB = 1024;

/** `read` gives the value of a field of the panel, undefined where it is hidden. */
export function toGatherSettings(read: (name: string) => unknown): GatherSettings {
	const options = asValues(read('gatherOptions'));
	const path = (value: unknown) => asText(value).trim();
	const match = requireOneOf('Match Results', read('matchResults') ?? 'position', ['key', 'position']);
	const kilobytes = requireNumber('Max Request Size (KB)', options.maxRequestKb ?? 0, { max: 1_048_576 });
	return {
		format: requireOneOf('Body Format', read('gatherFormat') ?? 'json', ['json', 'ndjson']),
		bodyPath: path(read('listInBody')),
		match,
		itemKey: match === 'key' ? requireText('Key in Item', path(read('keyInItem') ?? 'id')) : '',
		resultKey: match === 'key' ? requireText('Key in Result', path(read('keyInResult') ?? 'id')) : '',
		resultsPath: path(read('resultsInAnswer')),
		maxItems: requireInteger('Max Items per Request', read('maxItemsPerRequest') ?? 10, { min: 1, max: 10_000 }),
		maxBytes: kilobytes === 0 ? Infinity : Math.floor(kilobytes * BYTES_PER_KB),
		maxWaitMs: requireInteger('Max Wait (Ms)', read('maxWaitMs') ?? 100, { max: 60_000 }),
		statusPath: path(options.statusInResult),
		errorPath: path(options.errorInResult),
		resends: requireInteger('Send Failed Items Again', options.sendAgain ?? 0, { max: 10 }),
	};
}

/** A JSON field, or what an expression in it gave. */
export function toGatherValue(field: unknown): unknown {
	const value = parseJsonField('Item', field);
	if (value === undefined || value === '') throw new InvalidOptionError('Item', 'a value to send', value);
	return value;
}

export function toRest(field: unknown, { bodyPath, format }: GatherSettings): Values {
	const rest = field === undefined || field === '' || format === 'ndjson' ? {} : requireJsonObject('Rest of the Body', field);
	if (bodyPath === '' && Object.keys(rest).length > 0) {
		throw new InvalidOptionError('List in Body', 'the place of the list in the Rest of the Body', bodyPath);
	}
	return rest;
}

import type { INodeExecutionData } from 'n8n-workflow';
import { cacheKey } from '../../lib/cache/key';
import type { Access } from '../shared/http/access';
import { ofLast } from '../shared/http/of-last';
import type { Settings } from '../shared/http/parameters';
import type { Prepared } from '../shared/http/work';

const NOWHERE = { credential: '', origin: '', partition: '' };
const KEY_DIGITS = 32;

/** Names requests: the same for all that are sent, and answered, alike. A hash, as what a credential holds is part of it. */
export function requestKeys(): (prepared: Prepared) => string {
	// Settings and credential are as a rule the same objects for all items, and the greater part of what is hashed.
	const common = ofLast((access: Access, settings: Settings) => cacheKey({ ...NOWHERE, credential: access.credentialId }, [settings, access.held()]));
	return ({ access, ready: { settings, ...own } }) => cacheKey(NOWHERE, [common(access, settings), own]);
}

export function isRead({ ready }: Prepared): boolean {
	return ready.method === 'GET' || ready.method === 'HEAD';
}

/** The answer of another item's request as this one's own; a file joins what the item itself brings along. */
export function answerFor(input: INodeExecutionData, answer: readonly INodeExecutionData[], { ready }: Prepared): INodeExecutionData[] {
	const { outputPropertyName: name, full } = ready.settings.response;
	return answer.map(({ json, binary }) => {
		const file = binary?.[name];
		if (file === undefined) return { json: structuredClone(json) };
		return { json: full ? structuredClone(json) : input.json, binary: { ...input.binary, [name]: { ...file } } };
	});
}

/** With what it counts under a limit of tokens. */
export function withTokens(prepared: Prepared, tokens: number | undefined): Prepared {
	return tokens === undefined ? prepared : { ...prepared, ready: { ...prepared.ready, tokens } };
}

/**
 * Names the items of a run so that another try finds the same names. Only what is asked for counts, not how: a longer timeout,
 * or another format of the response, makes no other item, nor does a renewed token. Of items that ask alike, each has a name.
 */
export class ItemKeys {
	readonly #seen = new Map<string, number>();

	/**
	 * @param own what the user calls the item; '' for the request itself
	 * @param content what is sent of the item beside the request
	 */
	of({ access, ready }: Prepared, own: string, content?: unknown): string {
		const { method, url, query, headers, body, settings } = ready;
		const request = [method, url, query, headers, body, settings.arrayFormat, content];
		const credential = settings.access.perItem ? cacheKey(NOWHERE, [access.credentialId, access.held()]) : access.credentialId;
		const name = cacheKey({ ...NOWHERE, credential }, own === '' ? request : own).slice(0, KEY_DIGITS);
		const before = this.#seen.get(name) ?? 0;
		this.#seen.set(name, before + 1);
		return before === 0 ? name : cacheKey(NOWHERE, [name, before]).slice(0, KEY_DIGITS);
	}
}

/** Adds a header that is the same for all tries of an item, and no other's; one that is there already stays. */
export function withIdempotencyKey(prepared: Prepared, header: string, batch: string, item: string): Prepared {
	const { ready } = prepared;
	const present = Object.keys(ready.headers).some((name) => name.toLowerCase() === header.toLowerCase());
	const headers = present ? ready.headers : { ...ready.headers, [header]: cacheKey(NOWHERE, [batch, item]).slice(0, KEY_DIGITS) };
	return { ...prepared, ready: { ...ready, headers, repeatable: true } };
}

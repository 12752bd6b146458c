import { InvalidOptionError } from '../core/errors';
import type { Marks } from './store';

const MAX_TAGS = 20;
const MAX_TAG_LENGTH = 100;
const MAX_NAME_LENGTH = 200;
const MAX_URL_LENGTH = 1000;

/** Query parameters whose values are more likely keys than not. */
const SECRET = /key|token|secret|passw|pwd|auth|sig|session|credential|jwt|code/i;

export interface Place {
	readonly workflowId: string;
	readonly nodeId: string;
	readonly nodeName?: string | undefined;
}

export function marksOf({ workflowId, nodeId, nodeName }: Place, tags: readonly string[], url?: string): Marks {
	return {
		workflow: workflowId,
		node: nodeId,
		nodeName: nodeName?.slice(0, MAX_NAME_LENGTH),
		...(tags.length > 0 ? { tags } : {}),
		...(url === undefined ? {} : { url: url.slice(0, MAX_URL_LENGTH), ...(url.length > MAX_URL_LENGTH ? { urlIsCut: true } : {}) }),
	};
}

/** A text with commas between the tags, or a list of texts and numbers. */
export function toTags(name: string, value: unknown): string[] {
	const parts: unknown[] = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : value === undefined ? [] : [value];
	const tags = [...new Set(parts.map((part) => (typeof part === 'number' ? String(part) : part)))].map((part) => (typeof part === 'string' ? part.trim() : part));
	const given = tags.filter((tag): tag is string => typeof tag === 'string' && tag !== '');
	const isWrong = tags.some((tag) => typeof tag !== 'string') || given.length > MAX_TAGS || given.some((tag) => tag.length > MAX_TAG_LENGTH);
	if (isWrong) throw new InvalidOptionError(name, `at most ${MAX_TAGS} tags of at most ${MAX_TAG_LENGTH} characters, with commas between them`, value);
	return given;
}

/**
 * An address, or a pattern of addresses, as it may be kept: without user, password and fragment, without the query parameters
 * named in `without`, and with stars in place of values that look like secrets.
 */
export function shownUrl(url: string, without: readonly string[] = []): string {
	const [address = ''] = normal(url).split('#');
	const start = address.indexOf('?');
	const base = (start < 0 ? address : address.slice(0, start)).replace(/^([a-z*]+:\/\/)[^/@]*@/i, '$1');
	if (start < 0) return base;
	const pairs = address.slice(start + 1).split('&').filter((pair) => !without.includes(nameOf(pair)));
	const shown = pairs.map((pair) => (pair.includes('=') && SECRET.test(nameOf(pair)) ? `${pair.slice(0, pair.indexOf('='))}=***` : pair));
	return shown.length === 0 ? base : `${base}?${shown.join('&')}`;
}

/** As a request would be sent; a star in the host makes it something else than an address. */
function normal(url: string): string {
	return /^https?:\/\/[^/?#*]+([/?#]|$)/i.test(url) && URL.canParse(url) ? new URL(url).href : url;
}

function nameOf(pair: string): string {
	const [name = ''] = pair.split('=');
	try {
		return decodeURIComponent(name.replaceAll('+', ' '));
	} catch {
		return name;
	}
}

import { deltaMs, directivesOf, fieldOf, httpDate, membersOf, secondsOf, type Directives, type Fields } from './fields';

/** A response as a cache keeps it: plain data. */
export interface HttpMessage {
	readonly status: number;
	readonly statusMessage: string;
	/** Lower-case names. */
	readonly headers: Readonly<Record<string, string | string[]>>;
	readonly body: Buffer;
	/** Where it came from in the end. */
	readonly url: string;
	/** How many were followed on the way. */
	readonly redirects: number;
}

/** Where a response says nothing of its freshness, a guess is never longer than this. */
const LONGEST_HEURISTIC_MS = 86_400_000;
const HEURISTIC_SHARE = 0.1;

/** RFC 9110 section 15.1. */
const HEURISTIC_STATUS = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);
/** Of a range, of a condition, or of who asks and how often: never an answer to a later request. */
const NEVER_STORED_STATUS = new Set([206, 304, 401, 403, 407, 408, 425, 429]);

/** RFC 9110 section 9.2.1. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export function isUnsafe(method: string): boolean {
	return !SAFE_METHODS.has(method);
}

/** Section 3, for a private cache: `private` and `Authorization` are no obstacle. Failures of the server are not kept. */
export function isStorable(request: Fields, status: number, response: Fields): boolean {
	const directives = directivesOf(response);
	if (status < 200 || status >= 500 || NEVER_STORED_STATUS.has(status)) return false;
	// Section 5.2.2.3: who understands the status may overlook the no-store beside it.
	const understood = directives.has('must-understand') && HEURISTIC_STATUS.has(status);
	if (directives.has('no-store') && !understood) return false;
	if (directives.has('must-understand') && !HEURISTIC_STATUS.has(status)) return false;
	if (directivesOf(request).has('no-store') || variesByAll(response)) return false;
	return (
		directives.has('max-age') || response.expires !== undefined || directives.has('public') ||
		directives.has('private') || HEURISTIC_STATUS.has(status)
	);
}

/** Section 4.1: a `*` never matches. */
function variesByAll(response: Fields): boolean {
	return membersOf(fieldOf(response, 'vary')).includes('*');
}

/** Section 4.2.1, in milliseconds; 0 where there is none, or where what is said of it cannot be read. */
export function lifetimeMs(status: number, response: Fields, receivedAt: number): number {
	const directives = directivesOf(response);
	const maxAge = secondsOf(directives, 'max-age');
	if (maxAge !== undefined) return Number.isNaN(maxAge) ? 0 : maxAge;
	const stated = httpDate(fieldOf(response, 'date'), receivedAt);
	const date = Number.isNaN(stated) ? receivedAt : stated;
	if (response.expires !== undefined) {
		// Section 5.3: what is no date, 0 above all, is the past.
		const expires = httpDate(fieldOf(response, 'expires'), receivedAt);
		return Number.isNaN(expires) ? 0 : Math.max(0, expires - date);
	}
	if (!HEURISTIC_STATUS.has(status) && !directives.has('public')) return 0;
	const modified = httpDate(fieldOf(response, 'last-modified'), receivedAt);
	return modified < date ? Math.min((date - modified) * HEURISTIC_SHARE, LONGEST_HEURISTIC_MS) : 0;
}

/** Section 4.2.3: the age at the moment of arrival, in milliseconds. Times are on the wall clock. */
export function initialAgeMs(response: Fields, requestedAt: number, receivedAt: number): number {
	const date = httpDate(fieldOf(response, 'date'), receivedAt);
	const apparent = Number.isNaN(date) ? 0 : Math.max(0, receivedAt - date);
	// The first of several counts; what is no number counts as none.
	const age = deltaMs(membersOf(fieldOf(response, 'age'))[0]);
	return Math.max(apparent, Number.isNaN(age) ? 0 : age + (receivedAt - requestedAt));
}

/** Whether it can ever serve again: while it is fresh, in place of an error, or once it is confirmed. */
export function isReusable(status: number, response: Fields, receivedAt: number): boolean {
	return (
		lifetimeMs(status, response, receivedAt) > 0 || staleIfErrorMs(directivesOf(response)) > 0 ||
		Object.keys(conditionsOf(response)).length > 0
	);
}

export interface Freshness {
	/** What the response says; empty where the user's own time to live overrules it. */
	readonly directives: Directives;
	readonly lifetimeMs: number;
	/** Now. */
	readonly ageMs: number;
}

/** `refresh`: serve it and fetch a new one behind it. `validate`: ask before it is used. */
export type Verdict = 'fresh' | 'stale' | 'refresh' | 'validate';

/** Section 4.2 with the request's directives of section 5.2.1, and RFC 5861 section 3. */
export function judge(request: Fields, { directives, lifetimeMs: lifetime, ageMs }: Freshness): Verdict {
	const asked = directivesOf(request);
	if (asked.has('no-cache') || directives.has('no-cache')) return 'validate';
	if (request['cache-control'] === undefined && membersOf(fieldOf(request, 'pragma')).includes('no-cache')) return 'validate';
	const maxAge = secondsOf(asked, 'max-age');
	if (maxAge !== undefined && !(ageMs <= maxAge)) return 'validate';
	const remaining = lifetime - ageMs;
	const minFresh = secondsOf(asked, 'min-fresh');
	if (minFresh !== undefined && !(remaining >= minFresh)) return 'validate';
	if (remaining > 0) return 'fresh';
	if (directives.has('must-revalidate')) return 'validate';
	if (asked.has('max-stale')) {
		const limit = asked.get('max-stale') === undefined ? Infinity : (secondsOf(asked, 'max-stale') ?? NaN);
		if (-remaining <= limit) return 'stale';
	}
	const behind = staleWhileRevalidateMs(directives);
	return behind > 0 && -remaining <= behind ? 'refresh' : 'validate';
}

/** RFC 5861 section 4: of the response, or of the request. */
export function mayStandIn(request: Fields, { directives, lifetimeMs: lifetime, ageMs }: Freshness): boolean {
	if (directives.has('must-revalidate') || directives.has('no-cache')) return false;
	const limit = Math.max(staleIfErrorMs(directives), staleIfErrorMs(directivesOf(request)));
	return limit > 0 && ageMs - lifetime <= limit;
}

export function staleWhileRevalidateMs(directives: Directives): number {
	return secondsOf(directives, 'stale-while-revalidate') || 0;
}

export function staleIfErrorMs(directives: Directives): number {
	return secondsOf(directives, 'stale-if-error') || 0;
}

/** Section 4.3.1: with these the server is asked whether the stored response still holds. */
export function conditionsOf(stored: Fields): Record<string, string> {
	const etag = fieldOf(stored, 'etag');
	const modified = fieldOf(stored, 'last-modified');
	return {
		...(etag !== undefined && etag !== '' && { 'if-none-match': etag }),
		...(modified !== undefined && !Number.isNaN(httpDate(modified, 0)) && { 'if-modified-since': modified }),
	};
}

const PARTIAL = ['range', 'if-range', 'if-match', 'if-unmodified-since'];

/** The origin alone can answer these. */
export function isForOriginOnly(request: Fields): boolean {
	return PARTIAL.some((name) => request[name] !== undefined);
}

export function isConditional(request: Fields): boolean {
	return request['if-none-match'] !== undefined || request['if-modified-since'] !== undefined;
}

/** Section 4.3.2: whether the caller's own condition is answered with 304 by what is stored. */
export function holdsFor(request: Fields, stored: Fields, receivedAt: number): boolean {
	const tags = fieldOf(request, 'if-none-match');
	if (tags !== undefined) {
		const etag = fieldOf(stored, 'etag');
		return etag !== undefined && (tags.trim() === '*' || entityTags(tags).includes(opaque(etag)));
	}
	const since = httpDate(fieldOf(request, 'if-modified-since'), receivedAt);
	const modified = httpDate(fieldOf(stored, 'last-modified'), receivedAt);
	return (Number.isNaN(modified) ? httpDate(fieldOf(stored, 'date'), receivedAt) : modified) <= since;
}

function entityTags(list: string): string[] {
	return list.match(/(?:W\/)?"[^"]*"/g)?.map(opaque) ?? [];
}

/** For the weak comparison of RFC 9110 section 8.8.3.2. */
function opaque(etag: string): string {
	return etag.replace(/^W\//, '');
}

/** Section 4.3.4: whether a 304 speaks of the stored response. */
export function confirms(notModified: Fields, stored: Fields): boolean {
	const etag = fieldOf(notModified, 'etag');
	return etag === undefined || stored.etag === undefined || opaque(etag) === opaque(fieldOf(stored, 'etag') ?? '');
}

/** They speak of the connection (RFC 9110 section 7.6.1), not of the response. */
const OF_THE_CONNECTION = new Set([
	'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization', 'proxy-connection',
	'te', 'trailer', 'transfer-encoding', 'upgrade',
]);
/** They describe the stored bytes, which a 304 does not replace. */
const OF_THE_CONTENT = new Set(['content-encoding', 'content-length', 'content-range', 'content-type']);

/** Section 3.1: what is stored of a response's headers. */
export function storedHeaders(headers: HttpMessage['headers']): Record<string, string | string[]> {
	const named = new Set(membersOf(fieldOf(headers, 'connection')));
	return Object.fromEntries(
		Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.has(name) && !named.has(name)),
	);
}

/** Section 3.2: the stored headers, brought up to date by those of a 304. */
export function updatedHeaders(stored: HttpMessage['headers'], by: HttpMessage['headers']): Record<string, string | string[]> {
	const update = Object.entries(storedHeaders(by)).filter(([name]) => !OF_THE_CONTENT.has(name));
	const headers: Record<string, string | string[]> = { ...stored };
	// An age that the 304 does not state is over.
	delete headers.age;
	return { ...headers, ...Object.fromEntries(update) };
}

/** Section 4.4: what an unsafe request that was not refused makes invalid, beside the address itself. */
export function alsoInvalid(url: string, response: Fields): string[] {
	return ['location', 'content-location'].flatMap((name) => {
		const value = fieldOf(response, name);
		const target = value === undefined ? null : URL.parse(value, url);
		return target && target.origin === new URL(url).origin ? [target.href] : [];
	});
}

/** Section 4.1: the request's values of the fields that a response varies by, in one spelling. */
export function selecting(request: Fields, names: readonly string[]): Array<string | null> {
	return names.map((name) => fieldOf(request, name)?.trim().replace(/\s*,\s*/g, ',').replace(/\s+/g, ' ') ?? null);
}

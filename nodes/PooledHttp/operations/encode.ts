import type { AppliedAuth } from '../../../lib/n8n/generic-auth';
import type { ArrayFormat, ResponseFormat } from '../choices';
import type { RequestBody, RequestParameters, Settings } from '../parameters';

type Values = Readonly<Record<string, unknown>>;
type Headers = Record<string, string | string[]>;

const ACCEPT: Readonly<Record<ResponseFormat, string>> = {
	json: 'application/json,text/*;q=0.99',
	text: 'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, */*;q=0.1',
	autodetect: 'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7',
	file: 'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7',
};

/** Keys and values in turn, lists and objects spelled out in the names. What is undefined is left out. */
function* flatten(name: string, value: unknown, format: ArrayFormat): Generator<[string, string]> {
	if (value === undefined) return;
	if (Array.isArray(value)) {
		for (const [index, entry] of (value as unknown[]).entries()) {
			yield* flatten(format === 'repeat' ? name : format === 'brackets' ? `${name}[]` : `${name}[${index}]`, entry, format);
		}
	} else if (value instanceof Date) {
		yield [name, value.toISOString()];
	} else if (typeof value === 'object' && value !== null) {
		for (const [key, entry] of Object.entries(value)) yield* flatten(`${name}[${key}]`, entry, format);
	} else {
		yield [name, value === null ? '' : String(value)];
	}
}

/** The pairs of name and value that are sent for an object. */
export function pairsOf(values: Values, format: ArrayFormat): Array<[string, string]> {
	return Object.entries(values).flatMap(([name, value]) => [...flatten(name, value, format)]);
}

/** These may stand in a query as they are, and servers that sign or compare addresses know them so. */
const PLAIN_IN_QUERY: Readonly<Record<string, string>> = { '%3A': ':', '%24': '$', '%2C': ',', '%20': '+' };

function encodePlain(text: string): string {
	return encodeURIComponent(text).replace(/%(?:3A|24|2C|20)/g, (escaped) => PLAIN_IN_QUERY[escaped] ?? escaped);
}

/** The address with the query behind whatever query it has. */
export function withQuery(url: string, query: Values, auth: AppliedAuth | undefined, arrayFormat: ArrayFormat | undefined): string {
	const values = auth === undefined ? query : { ...query, ...auth.query };
	return appendQuery(url, pairsOf(values, arrayFormat ?? 'brackets'), arrayFormat);
}

export function appendQuery(url: string, pairs: ReadonlyArray<readonly [string, string]>, arrayFormat: ArrayFormat | undefined): string {
	const encode = arrayFormat === undefined ? encodePlain : encodeURIComponent;
	const text = pairs
		.map(([name, value]) => `${encode(name)}=${encode(value)}`)
		.join('&');
	if (text === '') return url;
	const [address = '', ...fragment] = url.split('#');
	const joint = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
	return [address + joint + text, ...fragment].join('#');
}

export interface EncodedBody {
	readonly text: string | undefined;
	readonly contentType: string | undefined;
}

/** The body as it is sent, completed by what the credential adds to it. */
export function encodeBody(body: RequestBody, auth: AppliedAuth | undefined): EncodedBody {
	const added = auth?.body ?? {};
	const adds = Object.keys(added).length > 0;
	switch (body.kind) {
		case 'none':
			return adds ? json(added) : { text: undefined, contentType: undefined };
		case 'json':
			return json(adds && isRecord(body.value) ? { ...body.value, ...added } : body.value);
		case 'form': {
			const { fields } = body;
			const pairs = fields instanceof URLSearchParams ? [...fields] : pairsOf(fields, 'indices');
			const kept = pairs.filter(([name]) => !Object.hasOwn(added, name));
			const text = new URLSearchParams([...kept, ...pairsOf(added, 'indices')]).toString();
			return { text, contentType: 'application/x-www-form-urlencoded' };
		}
		case 'raw':
			return { text: body.text, contentType: body.contentType === '' ? undefined : body.contentType };
	}
}

function json(value: unknown): EncodedBody {
	return { text: JSON.stringify(value) as string | undefined, contentType: 'application/json' };
}

function isRecord(value: unknown): value is Values {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The user's headers, then what a request needs besides, then the credential's, which nobody overrules. */
export function encodeHeaders(
	headers: Values,
	body: Pick<EncodedBody, 'contentType'>,
	isRaw: boolean,
	auth: AppliedAuth | undefined,
	settings: Settings,
): Headers {
	const sent: Headers = {};
	const present = new Set<string>();
	for (const [name, value] of Object.entries(headers)) {
		const written = headerValue(value);
		if (name === '' || written === undefined) continue;
		const lower = name.toLowerCase();
		// The content type of a raw body is a field of its own; the credential's headers come last.
		if ((isRaw && lower === 'content-type' && body.contentType !== undefined) || (auth && Object.hasOwn(auth.headers, lower))) continue;
		sent[settings.lowercaseHeaders ? lower : name] = written;
		present.add(lower);
	}
	const supplement = (name: string, value: string | undefined) => {
		if (value !== undefined && !present.has(name)) sent[name] = value;
	};
	supplement('content-type', body.contentType);
	supplement('accept', ACCEPT[settings.response.format]);
	supplement('accept-encoding', 'gzip, deflate, br');
	supplement('user-agent', 'n8n');
	return auth ? { ...sent, ...auth.headers } : sent;
}

function headerValue(value: unknown): string | string[] | undefined {
	if (value === undefined || value === null) return undefined;
	if (Array.isArray(value)) return value.map((entry: unknown) => text(entry));
	return text(value);
}

function text(value: unknown): string {
	return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT']);

/** RFC 9110 section 9.2.1: it changes nothing. */
export function isSafe(method: RequestParameters['method']): boolean {
	return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** RFC 9110 section 9.2.2; a key of the caller's makes any other method safe to repeat. */
export function isIdempotent(method: RequestParameters['method'], headers: Headers): boolean {
	return SAFE_METHODS.has(method) || Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key');
}

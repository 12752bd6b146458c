import type { Random } from '../../../lib/core/random';
import type { AppliedAuth } from '../../../lib/n8n/generic-auth';
import type { ArrayFormat, ResponseFormat } from '../choices';
import type { LoadedBody } from '../load-body';
import type { RequestParameters, Settings } from '../parameters';
import { formEncoded, pairsOf } from './form';
import { multipart } from './multipart';

type Values = Readonly<Record<string, unknown>>;
type Headers = Record<string, string | string[]>;

const ACCEPT: Readonly<Record<ResponseFormat, string>> = {
	json: 'application/json,text/*;q=0.99',
	text: 'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, */*;q=0.1',
	autodetect: 'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7',
	file: 'application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7',
};

/** The address with the query behind whatever query it has. */
export function withQuery(url: string, query: Values, auth: AppliedAuth | undefined, arrayFormat: ArrayFormat): string {
	return appendQuery(url, pairsOf(auth === undefined ? query : { ...query, ...auth.query }, arrayFormat));
}

export function appendQuery(url: string, pairs: ReadonlyArray<readonly [string, string]>): string {
	const text = formEncoded(pairs);
	if (text === '') return url;
	const [address = '', ...fragment] = url.split('#');
	const joint = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
	return [address + joint + text, ...fragment].join('#');
}

export interface EncodedBody {
	readonly content: string | Uint8Array | undefined;
	readonly contentType: string | undefined;
	/** The content type counts more than one among the user's headers. */
	readonly overrules: boolean;
}

const NO_BODY: EncodedBody = { content: undefined, contentType: undefined, overrules: false };
const FORM = 'application/x-www-form-urlencoded';

/** HTTP Request writes no bodies of these kinds for them. */
const MOSTLY_BODILESS: ReadonlySet<string> = new Set(['HEAD', 'OPTIONS']);

/** The body as it is sent, completed by what the credential adds to it. */
export function encodeBody(
	body: LoadedBody,
	method: RequestParameters['method'],
	headers: Values,
	auth: AppliedAuth | undefined,
	random: Random,
): EncodedBody {
	const added = auth?.body ?? {};
	const adds = Object.keys(added).length > 0;
	const bodiless = MOSTLY_BODILESS.has(method);
	switch (body.kind) {
		case 'none':
			return adds ? json(added) : NO_BODY;
		case 'json':
			return encodeObject(adds && isRecord(body.value) ? { ...body.value, ...added } : body.value, headers, random);
		case 'form': {
			const fields = { ...body.fields, ...added };
			return bodiless ? json(fields) : form(fields, true);
		}
		case 'multipart':
			return { ...multipart(body.parts, random), overrules: true };
		case 'binary':
			return bodiless ? NO_BODY : { content: body.file.bytes, contentType: body.file.mimeType, overrules: false };
		case 'raw': {
			const contentType = body.contentType === '' ? undefined : body.contentType;
			return { content: bodiless ? undefined : body.text, contentType, overrules: contentType !== undefined };
		}
	}
}

/** As JSON, unless a content type among the headers says that it is a form. */
function encodeObject(value: unknown, headers: Values, random: Random): EncodedBody {
	const [, announced] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type') ?? [];
	if (!isRecord(value) || typeof announced !== 'string') return json(value);
	if (announced === FORM) return form(value, false);
	if (!announced.includes('multipart/form-data')) return json(value);
	const parts = Object.entries(value).flatMap(([name, entry]) =>
		(Array.isArray(entry) ? (entry as unknown[]) : [entry]).map((each) => ({ name, value: text(each) })),
	);
	return { ...multipart(parts, random), overrules: true };
}

function form(fields: Values, overrules: boolean): EncodedBody {
	return { content: formEncoded(pairsOf(fields, 'indices')), contentType: FORM, overrules };
}

function json(value: unknown): EncodedBody {
	return { content: JSON.stringify(value) as string | undefined, contentType: 'application/json', overrules: false };
}

function isRecord(value: unknown): value is Values {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The user's headers, then what a request needs besides, then the credential's, which nobody overrules. */
export function encodeHeaders(
	headers: Values,
	body: Pick<EncodedBody, 'contentType' | 'overrules'>,
	auth: AppliedAuth | undefined,
	settings: Settings,
	userAgent: string,
): Headers {
	const sent: Headers = {};
	const present = new Set<string>();
	for (const [name, value] of Object.entries(headers)) {
		const written = headerValue(value);
		if (name === '' || written === undefined) continue;
		const lower = name.toLowerCase();
		// The credential's headers come last.
		if ((body.overrules && lower === 'content-type') || (auth && Object.hasOwn(auth.headers, lower))) continue;
		sent[settings.lowercaseHeaders ? lower : name] = written;
		present.add(lower);
	}
	const supplement = (name: string, value: string | undefined) => {
		if (value !== undefined && !present.has(name)) sent[name] = value;
	};
	supplement('content-type', body.contentType);
	supplement('accept', ACCEPT[settings.response.format]);
	supplement('accept-encoding', 'gzip, deflate, br');
	supplement('user-agent', userAgent);
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

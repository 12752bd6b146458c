import type { SignableBody, SignableRequest, SignedRequest } from './signing';

/**
 * A request in the shape that n8n hands to credentials, the older and the newer one at once: some
 * credentials read `uri`, some `url`. They write to it, or return another one.
 */
export interface SignOptions {
	method: string;
	url: string;
	uri: string;
	headers: Record<string, unknown>;
	qs: Record<string, unknown>;
	body?: unknown;
	form?: unknown;
	auth?: unknown;
	json: boolean;
}

type Values = Readonly<Record<string, unknown>>;

/** The copies are as deep as n8n's credentials write: one level. */
export function toSignOptions(request: SignableRequest): SignOptions {
	const { method, url, headers, query, body } = request;
	const options = { method, url, uri: url, headers: { ...headers }, qs: { ...query }, json: body.kind === 'json' };
	switch (body.kind) {
		case 'none':
			return options;
		case 'json':
			return { ...options, body: isRecord(body.value) ? { ...body.value } : body.value };
		case 'form':
			return { ...options, form: { ...body.fields } };
		case 'encoded': {
			const length = typeof body.data === 'string' ? {} : { 'content-length': body.data.byteLength };
			return { ...options, headers: { ...options.headers, ...length }, body: body.data };
		}
	}
}

/**
 * What is to be sent of it. The caller's own headers survive a credential that puts its own in place of
 * all; where both name one, the credential's counts.
 */
export function fromSignOptions(request: SignableRequest, signed: Partial<SignOptions>, secretQuery: Set<string>): SignedRequest {
	const url = [signed.url, signed.uri].find((address) => address !== undefined && address !== request.url) ?? request.url;
	const query = signed.qs ?? {};
	const known = new Set(url === request.url ? [] : [...Object.keys(request.query), ...namesIn(request.url)]);
	for (const name of url === request.url ? [] : namesIn(url)) if (!known.has(name)) secretQuery.add(name);
	for (const [name, value] of Object.entries(query)) if (value !== request.query[name]) secretQuery.add(name);
	return {
		url,
		query: isSame(query, request.query) ? undefined : query,
		body: bodyOf(request.body, signed),
		...headersOf(request, signed),
	};
}

function namesIn(url: string): string[] {
	return url.includes('?') && URL.canParse(url) ? [...new URL(url).searchParams.keys()] : [];
}

function headersOf(request: SignableRequest, signed: Partial<SignOptions>): Pick<SignedRequest, 'headers' | 'secretHeaders'> {
	const headers: Record<string, string | string[]> = { ...request.headers };
	const spelled = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
	const secretHeaders: string[] = [];
	const basic = basicOf(signed.auth);
	const brought = [...Object.entries(signed.headers ?? {}), ...(basic === undefined ? [] : [['authorization', basic] as const])];
	for (const [name, value] of brought) {
		if (value === undefined || value === null || value === request.headers[name]) continue;
		const lower = name.toLowerCase();
		delete headers[spelled.get(lower) ?? ''];
		spelled.set(lower, name);
		headers[name] = Array.isArray(value) ? value.map(String) : String(value as string | number | boolean);
		secretHeaders.push(lower);
	}
	return { headers, secretHeaders };
}

/** n8n's two spellings of basic authentication. */
function basicOf(auth: unknown): string | undefined {
	if (!isRecord(auth)) return undefined;
	const pair = [auth.username ?? auth.user, auth.password ?? auth.pass].map((part) => String(part ?? '')).join(':');
	return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function bodyOf(original: SignableBody, signed: Partial<SignOptions>): SignableBody | undefined {
	const { body, form } = signed;
	if (typeof body === 'string' || body instanceof Uint8Array) {
		return original.kind === 'encoded' && original.data === body ? undefined : { kind: 'encoded', data: body };
	}
	switch (original.kind) {
		case 'none':
		case 'encoded':
			return isRecord(body) && Object.keys(body).length > 0 ? { kind: 'json', value: body } : undefined;
		case 'json':
			if (body === undefined) return { kind: 'none' };
			return body === original.value || isSame(body, original.value) ? undefined : { kind: 'json', value: body };
		case 'form': {
			const fields = { ...(isRecord(form) ? form : {}), ...(isRecord(body) ? body : {}) };
			return isSame(fields, original.fields) ? undefined : { kind: 'form', fields };
		}
	}
}

function isRecord(value: unknown): value is Values {
	return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Whether two objects have the same members. */
function isSame(one: unknown, other: unknown): boolean {
	if (!isRecord(one) || !isRecord(other)) return false;
	const names = Object.keys(one);
	return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

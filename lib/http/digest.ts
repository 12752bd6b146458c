import { createHash, randomBytes } from 'node:crypto';

export interface DigestAccount {
	readonly user: string;
	readonly password: string;
}

/** What a server asks for (RFC 7616 section 3.3). */
export interface DigestChallenge {
	readonly realm: string;
	readonly nonce: string;
	readonly opaque: string | undefined;
	/** As the server spelled it; undefined means MD5. */
	readonly algorithm: string | undefined;
	/** Undefined: the server knows nothing of qop, as before RFC 2617. */
	readonly qop: 'auth' | undefined;
	readonly userhash: boolean;
}

export interface DigestRequest {
	readonly method: string;
	/** Path and query, as on the request line. */
	readonly uri: string;
	/** How often this nonce has been used, this time included. */
	readonly count: number;
	readonly cnonce: string;
}

const HASHES: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256', 'sha-512-256': 'sha512-256' };

/**
 * The first Digest challenge of a `www-authenticate` header that can be answered; servers name the one
 * that they prefer first. Undefined where there is none: other schemes, unknown hashes, qop=auth-int only.
 */
export function parseDigestChallenge(header: string | readonly string[] | undefined): DigestChallenge | undefined {
	const lines = typeof header === 'string' ? [header] : (header ?? []);
	for (const line of lines) {
		for (const [, parameters = ''] of line.matchAll(/(?:^|[\s,])digest\s+((?:[\w*-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,"]+)[\s,]*)+)/gi)) {
			const challenge = toChallenge(parameters);
			if (challenge) return challenge;
		}
	}
	return undefined;
}

function toChallenge(text: string): DigestChallenge | undefined {
	const values = new Map<string, string>();
	for (const [, name = '', quoted, bare] of text.matchAll(/([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
		values.set(name.toLowerCase(), quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'));
	}
	const nonce = values.get('nonce');
	const algorithm = values.get('algorithm');
	const qops = values.get('qop')?.toLowerCase().split(/[\s,]+/);
	if (nonce === undefined || hashOf(algorithm) === undefined || (qops && !qops.includes('auth'))) return undefined;
	return {
		realm: values.get('realm') ?? '',
		nonce,
		opaque: values.get('opaque'),
		algorithm,
		qop: qops ? 'auth' : undefined,
		userhash: values.get('userhash')?.toLowerCase() === 'true',
	};
}

function hashOf(algorithm = 'MD5'): { readonly name: string; readonly session: boolean } | undefined {
	const lower = algorithm.toLowerCase();
	const session = lower.endsWith('-sess');
	const name = HASHES[session ? lower.slice(0, -'-sess'.length) : lower];
	return name === undefined ? undefined : { name, session };
}

/** The `authorization` header that answers a challenge (RFC 7616 section 3.4). */
export function digestAuthorization(challenge: DigestChallenge, account: DigestAccount, request: DigestRequest): string {
	const { realm, nonce, opaque, algorithm, qop } = challenge;
	const { name, session } = hashOf(algorithm) ?? { name: 'md5', session: false };
	const hash = (text: string) => createHash(name).update(text).digest('hex');
	const count = request.count.toString(16).padStart(8, '0');
	const secret = hash(`${account.user}:${realm}:${account.password}`);
	const a1 = session ? hash(`${secret}:${nonce}:${request.cnonce}`) : secret;
	const a2 = hash(`${request.method}:${request.uri}`);
	const response = qop ? hash(`${a1}:${nonce}:${count}:${request.cnonce}:${qop}:${a2}`) : hash(`${a1}:${nonce}:${a2}`);
	const fields = [
		`username=${quote(challenge.userhash ? hash(`${account.user}:${realm}`) : account.user)}`,
		`realm=${quote(realm)}`,
		`uri=${quote(request.uri)}`,
		...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
		`nonce=${quote(nonce)}`,
		...(qop ? [`nc=${count}`, `cnonce=${quote(request.cnonce)}`, `qop=${qop}`] : session ? [`cnonce=${quote(request.cnonce)}`] : []),
		`response=${quote(response)}`,
		...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
		...(challenge.userhash ? ['userhash=true'] : []),
	];
	return `Digest ${fields.join(', ')}`;
}

function quote(text: string): string {
	return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * One account's talk with one server: answers a challenge, and goes on with the same nonce for later
 * requests, so that only the first of them is sent twice.
 */
export class DigestSession {
	readonly #byOrigin = new Map<string, { readonly challenge: DigestChallenge; count: number }>();

	constructor(
		private readonly account: DigestAccount,
		private readonly newCnonce: () => string = () => randomBytes(16).toString('hex'),
	) {}

	/** The header for a request, where a challenge of its origin is known already. */
	authorize(method: string, url: string): string | undefined {
		const target = new URL(url);
		const held = this.#byOrigin.get(target.origin);
		if (!held) return undefined;
		held.count += 1;
		return digestAuthorization(held.challenge, this.account, {
			method,
			uri: target.pathname + target.search,
			count: held.count,
			cnonce: this.newCnonce(),
		});
	}

	/** Takes up what a 401 asks for. Says whether it can be answered. */
	challenge(url: string, header: string | readonly string[] | undefined): boolean {
		const challenge = parseDigestChallenge(header);
		if (!challenge) return false;
		const { origin } = new URL(url);
		// Many requests get the same nonce at first; its count must go on for all of them together.
		if (this.#byOrigin.get(origin)?.challenge.nonce !== challenge.nonce) this.#byOrigin.set(origin, { challenge, count: 0 });
		return true;
	}
}

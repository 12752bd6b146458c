import { InvalidOptionError } from '../core/errors';

/** An address, taken apart once. */
export interface Target {
	url: URL;
	/** `https://host` or `http://host:8080`; holds no secrets. */
	origin: string;
	secure: boolean;
	/** Without the brackets of an IPv6 literal. */
	hostname: string;
	port: number;
	/** What a request line holds; no fragment. */
	path: string;
	/** From the user name and password in the address. */
	authorization: string | undefined;
}

/** Throws InvalidOptionError; its message holds nothing of the address but the protocol. */
export function parseTarget(address: string, option = 'URL'): Target {
	const url = parse(address, option);
	const secure = url.protocol === 'https:';
	return {
		url,
		origin: url.origin,
		secure,
		hostname: bareHost(url.hostname),
		port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
		path: url.search === '' ? url.pathname : url.pathname + url.search,
		authorization: url.username === '' && url.password === '' ? undefined : basic(url),
	};
}

/** For messages: `host:port`. */
export function hostAndPort(target: Target): string {
	return `${target.url.hostname}:${target.port}`;
}

/** As shown to the user: without credentials. */
export function shownUrl(target: Target): string {
	if (target.authorization === undefined) return target.url.href;
	const shown = new URL(target.url);
	shown.username = '';
	shown.password = '';
	return shown.href;
}

function parse(address: string, option: string): URL {
	const expected = 'an address that begins with http:// or https://';
	const url = URL.parse(address);
	if (!url) throw new InvalidOptionError(option, expected, 'something else');
	if (url.protocol !== 'http:' && url.protocol !== 'https:') {
		throw new InvalidOptionError(option, expected, url.protocol);
	}
	return url;
}

function bareHost(hostname: string): string {
	return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function basic(url: URL): string {
	const pair = `${decode(url.username)}:${decode(url.password)}`;
	return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		// A stray percent sign: the user meant it literally.
		return text;
	}
}

import type { Target } from './target';
import type { HttpRequest } from './transport';

/** They speak of the connection or of the framing, which are not the caller's to decide (RFC 9110 section 7.6.1). */
const OF_THE_CONNECTION = new Set([
	'connection',
	'content-length',
	'expect',
	'keep-alive',
	'proxy-connection',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

/** Names and values in turn, as undici takes them with the least work. */
export function requestHeaders(
	headers: HttpRequest['headers'],
	target: Target,
	proxyAuthorization: string | undefined,
): string[] {
	const list: (string | string[])[] = [];
	let authorized = target.authorization === undefined;
	for (const name of Object.keys(headers)) {
		const value = headers[name];
		const lowerCase = name.toLowerCase();
		if (value === undefined || OF_THE_CONNECTION.has(lowerCase)) continue;
		// The caller's would go to the target where the proxy only tunnels.
		if (lowerCase === 'proxy-authorization') continue;
		if (lowerCase === 'authorization') authorized = true;
		list.push(name, value);
	}
	if (!authorized && target.authorization !== undefined) list.push('authorization', target.authorization);
	if (proxyAuthorization !== undefined) list.push('proxy-authorization', proxyAuthorization);
	// undici takes lists of values as well; its types do not say so.
	return list as string[];
}

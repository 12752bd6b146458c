import type { BalanceOptions } from '../../../lib/balance/balancer';
import { HttpStatusError } from '../../../lib/core/errors';
import { newTrace } from '../../../lib/core/trace';
import type { HttpRequest } from '../../../lib/http';
import type { LaneOptions, Runtime } from '../../../lib/runtime';

const PROBE_TIMEOUT_MS = 5_000;

/** The origins that calls to `origin` are spread over: itself first, then the others of the list. */
export function balanceOver(
	runtime: Runtime,
	balance: BalanceOptions,
	origin: string,
	common: Omit<HttpRequest, 'method' | 'url' | 'headers' | 'body'>,
): NonNullable<LaneOptions['balance']> {
	const weights = new Map([{ origin, weight: 1 }, ...balance.origins].map((entry) => [entry.origin, entry.weight]));
	return {
		...balance,
		origins: [...weights].map(([each, weight]) => ({ origin: each, weight })),
		/** Without credentials; goes through the same checks of where requests may go. */
		async probeWith(url, signal) {
			const timeouts = { ...common.timeouts, totalMs: PROBE_TIMEOUT_MS };
			const request: HttpRequest = { ...common, method: 'GET', url, headers: {}, timeouts };
			const { status, headers } = await runtime.transport.send(request, { signal, trace: newTrace(), idempotent: true });
			if (status >= 400) throw new HttpStatusError({ status, headers, body: undefined });
		},
	};
}

/** The request as it goes to `origin`, which is undefined where there was no choice. */
export function sentTo(request: HttpRequest, origin: string | undefined): HttpRequest {
	return origin === undefined ? request : { ...request, url: movedTo(request.url, origin) };
}

/** The same address at another origin. A user name and password in it belong to the old one, and stay behind. */
export function movedTo(address: string, origin: string): string {
	const url = new URL(address);
	return url.origin === origin ? address : origin + url.pathname + url.search;
}

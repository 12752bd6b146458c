import type { BalanceOptions, ProbeOptions } from '../../lib/balance/balancer';
import type { HedgeOptions } from '../../lib/balance/hedge';
import { STRATEGIES } from '../../lib/balance/strategies';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireHttpUrl, requireInteger, requireNumber, requireOneOf } from '../../lib/core/validate';

type Values = Readonly<Record<string, unknown>>;

/** Several origins, second attempts, and the times of one attempt apart. */
export interface SteadinessSettings {
	/** The origins beside the one in the URL; undefined where there are none. */
	readonly balance: BalanceOptions | undefined;
	readonly hedge: HedgeOptions | undefined;
	/** Milliseconds; undefined where the user said nothing. */
	readonly connectMs: number | undefined;
	readonly headersMs: number | undefined;
	readonly bodyIdleMs: number | undefined;
}

export function toSteadiness(options: Values): SteadinessSettings {
	return {
		balance: toBalance(options),
		hedge: toHedge(options),
		connectMs: toTimeout('Connect Timeout', options.connectTimeout),
		headersMs: toTimeout('First Byte Timeout', options.firstByteTimeout),
		bodyIdleMs: toTimeout('Body Idle Timeout', options.bodyIdleTimeout),
	};
}

function toBalance(options: Values): BalanceOptions | undefined {
	const { origin: rows } = (options.alternativeOrigins ?? {}) as Values;
	const origins = (Array.isArray(rows) ? (rows as Values[]) : []).map(toOrigin);
	if (origins.length === 0) return undefined;
	return {
		origins,
		strategy: requireOneOf('Load Balancing', options.loadBalancing ?? 'roundRobin', STRATEGIES),
		probe: toProbe(options),
	};
}

function toOrigin({ origin, weight }: Values): BalanceOptions['origins'][number] {
	const url = requireHttpUrl('Alternative Origins', origin);
	if (url.href !== `${url.origin}/`) {
		throw new InvalidOptionError('Alternative Origins', 'scheme, host and port alone, as in https://eu.example.com', 'something more');
	}
	return { origin: url.origin, weight: requireNumber('Weight', weight ?? 1, { min: 0.001, max: 1_000_000 }) };
}

function toProbe(options: Values): ProbeOptions | undefined {
	const path = typeof options.healthCheckPath === 'string' ? options.healthCheckPath.trim() : '';
	if (path === '') return undefined;
	if (!/^\/(?!\/)/.test(path)) throw new InvalidOptionError('Health Check Path', 'a path that begins with one slash', path);
	const seconds = requireNumber('Health Check Interval (Seconds)', options.healthCheckSeconds ?? 30, { min: 1, max: 86_400 });
	return { path, intervalMs: Math.round(seconds * 1000) };
}

function toHedge(options: Values): HedgeOptions | undefined {
	switch (requireOneOf('Hedged Requests', options.hedgedRequests ?? 'off', ['fixed', 'off', 'p95'])) {
		case 'off':
			return undefined;
		case 'p95':
			return { after: 'p95' };
		case 'fixed':
			return { after: requireInteger('Hedge After', options.hedgeAfter ?? 1000, { min: 1, max: 3_600_000 }) };
	}
}

/** As with n8n's own timeout, 0 means that nothing was said. */
function toTimeout(name: string, value: unknown): number | undefined {
	const timeoutMs = requireNumber(name, value ?? 0, { max: 31_536_000_000 });
	return timeoutMs === 0 ? undefined : Math.max(1, Math.round(timeoutMs));
}

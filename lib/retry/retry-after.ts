import type { HeaderMap } from '../core/errors';

/**
 * How long the origin asks us to stay away, in milliseconds; undefined where it does not say.
 * Read in this order: `retry-after-ms` and `x-ms-retry-after-ms` (milliseconds), `Retry-After`
 * (RFC 9110 section 10.2.3: seconds or a date), then the reset of an exhausted rate limit:
 * `x-ratelimit-reset-requests` / `-tokens` (durations such as 1m30s), `anthropic-ratelimit-*-reset`
 * (RFC 3339), `x-ratelimit-reset` and `ratelimit-reset` (seconds, or seconds since the epoch), `ratelimit`.
 *
 * @param wallNow milliseconds since the epoch
 */
export function retryAfterMs(headers: HeaderMap, wallNow: number): number | undefined {
	const explicit =
		milliseconds(headers, 'retry-after-ms') ??
		milliseconds(headers, 'x-ms-retry-after-ms') ??
		secondsOrDate(header(headers, 'retry-after'), wallNow);
	return explicit ?? rateLimitReset(headers, wallNow);
}

function rateLimitReset(headers: HeaderMap, wallNow: number): number | undefined {
	const waits = [
		...LIMITS.map(({ remaining, reset }) => exhausted(headers, remaining, duration(header(headers, reset)))),
		...ANTHROPIC_LIMITS.map((limit) =>
			exhausted(headers, `${limit}-remaining`, secondsOrDate(header(headers, `${limit}-reset`), wallNow)),
		),
		...PLAIN_LIMITS.map((limit) =>
			exhausted(headers, `${limit}-remaining`, secondsOrEpoch(header(headers, `${limit}-reset`), wallNow)),
		),
		...rateLimitField(header(headers, 'ratelimit')).filter(({ remaining }) => remaining === 0).map(({ resetMs }) => resetMs),
	].filter((wait) => wait !== undefined);
	return waits.length === 0 ? undefined : Math.max(...waits);
}

const LIMITS = [
	{ limit: 'x-ratelimit-limit-requests', remaining: 'x-ratelimit-remaining-requests', reset: 'x-ratelimit-reset-requests' },
	{ limit: 'x-ratelimit-limit-tokens', remaining: 'x-ratelimit-remaining-tokens', reset: 'x-ratelimit-reset-tokens' },
];

const ANTHROPIC_LIMITS = [
	'anthropic-ratelimit-requests',
	'anthropic-ratelimit-tokens',
	'anthropic-ratelimit-input-tokens',
	'anthropic-ratelimit-output-tokens',
];

/** GitHub, for one, sends these with every response, however much is left. */
const PLAIN_LIMITS = ['x-ratelimit', 'ratelimit'];

/** A limit that an origin reports with every answer. */
interface Reported {
	readonly counts: 'requests' | 'input' | 'output' | 'tokens';
	readonly remaining: number;
	readonly resetMs: number;
	readonly whole: number | undefined;
}

/** The limits of which the headers say both what is left and when it will be whole again. */
export function reportedLimits(headers: HeaderMap, wallNow: number): Reported[] {
	const at = (name: string) => header(headers, name);
	const all = [
		...LIMITS.map(({ remaining, reset, limit }) => ({ remaining: at(remaining), resetMs: duration(at(reset)), whole: at(limit), counts: countedBy(limit) })),
		...ANTHROPIC_LIMITS.map((limit) => ({
			remaining: at(`${limit}-remaining`),
			resetMs: secondsOrDate(at(`${limit}-reset`), wallNow),
			whole: at(`${limit}-limit`),
			counts: countedBy(limit),
		})),
		...PLAIN_LIMITS.map((limit) => ({
			remaining: at(`${limit}-remaining`),
			resetMs: secondsOrEpoch(at(`${limit}-reset`), wallNow),
			whole: at(`${limit}-limit`),
			counts: 'requests' as const,
		})),
	];
	const apart = all.flatMap(({ remaining, resetMs, whole, counts }) =>
		remaining !== undefined && NUMBER.test(remaining) && resetMs !== undefined
			? [{ counts, remaining: Number(remaining), resetMs, whole: whole !== undefined && NUMBER.test(whole) ? Number(whole) : undefined }]
			: [],
	);
	return [...apart, ...rateLimitField(at('ratelimit'))];
}

/** The limits that an answer speaks of. A rejection that names a wait holds for all calls; the wait says more than the reset, which is when the limit is whole again. */
export function limitsSaid(status: number, headers: HeaderMap, wallNow: number): Reported[] {
	const askedMs = status === 429 ? retryAfterMs(headers, wallNow) : undefined;
	return askedMs === undefined ? reportedLimits(headers, wallNow) : [{ counts: 'requests', remaining: 0, resetMs: askedMs, whole: undefined }];
}

/**
 * The one field of draft-ietf-httpapi-ratelimit-headers, as `"default";r=50;t=30` (seconds; a list of policies), and as
 * its earlier versions had it: `limit=100, remaining=50, reset=30`.
 */
function rateLimitField(text: string | undefined): Reported[] {
	if (text === undefined) return [];
	const early = /\bremaining=(\d+).*?\breset=(\d+)/.exec(text);
	const pairs = early ? [early] : text.split(',').map((policy) => /;\s*r=(\d+).*?;\s*t=(\d+)/.exec(policy));
	return pairs.flatMap((pair) => (pair ? [{ counts: 'requests' as const, remaining: Number(pair[1]), resetMs: Number(pair[2]) * 1000, whole: undefined }] : []));
}

function countedBy(name: string): Reported['counts'] {
	if (name.endsWith('requests')) return 'requests';
	return name.endsWith('input-tokens') ? 'input' : name.endsWith('output-tokens') ? 'output' : 'tokens';
}

/** A reset only matters for a limit that has nothing left; where the origin does not say what is left, it does. */
function exhausted(headers: HeaderMap, remaining: string, wait: number | undefined): number | undefined {
	const left = Number(header(headers, remaining) ?? 0);
	return left > 0 ? undefined : wait;
}

function header(headers: HeaderMap, name: string): string | undefined {
	const value = headers[name];
	return (Array.isArray(value) ? value[0] : value)?.trim();
}

const NUMBER = /^\d+(\.\d+)?$/;

function milliseconds(headers: HeaderMap, name: string): number | undefined {
	const text = header(headers, name);
	return text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
}

function secondsOrDate(text: string | undefined, wallNow: number): number | undefined {
	if (text === undefined || text === '') return undefined;
	if (NUMBER.test(text)) return Number(text) * 1000;
	// Date.parse takes much that is no date ("-1" is a year to it): a date has a month name or an ISO form.
	if (!/[a-z]{3}|^\d{4}-\d{2}-\d{2}/i.test(text)) return undefined;
	// asctime, the third form of an HTTP date, ends with the year and means GMT, not this machine's zone.
	const date = Date.parse(/ \d{4}$/.test(text) ? `${text} GMT` : text);
	return Number.isNaN(date) ? undefined : Math.max(0, date - wallNow);
}

/** Anything above ten years of seconds is a moment, not a wait; and above three thousand years, one in milliseconds (OpenRouter). */
const EPOCH_FROM_SECONDS = 315_360_000;
const EPOCH_FROM_MS = 100_000_000_000;

function secondsOrEpoch(text: string | undefined, wallNow: number): number | undefined {
	if (text === undefined || !NUMBER.test(text)) return undefined;
	const seconds = Number(text);
	if (seconds < EPOCH_FROM_SECONDS) return seconds * 1000;
	return Math.max(0, (seconds < EPOCH_FROM_MS ? seconds * 1000 : seconds) - wallNow);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A Go duration, as OpenAI writes it: 20ms, 1s, 6m0s, 1h2m3.5s. */
function duration(text: string | undefined): number | undefined {
	if (text === undefined || !/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
	let total = 0;
	for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
		total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
	}
	return total;
}

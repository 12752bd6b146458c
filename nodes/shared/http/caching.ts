import { toTags } from '../../../lib/cache/marks';
import { InvalidOptionError } from '../../../lib/core/errors';
import { requireNumber, requireOneOf } from '../../../lib/core/validate';
import { BODY_ENCODINGS, canEncode, type Compression } from '../../../lib/http/compress';
import { toMaxTtlMs, toScope, toTtlMs, type CacheSettings } from '../cache';

type Values = Readonly<Record<string, unknown>>;

export interface ResponseCacheSettings extends Pick<CacheSettings, 'scope' | 'scopeKey' | 'tags'> {
	/** Undefined: as the server says. */
	readonly ttlMs: number | undefined;
	/** How far that may grow; undefined where it does not. */
	readonly maxTtlMs: number | undefined;
}

/** What the options of `description/caching.ts` mean. */
export interface CachingSettings {
	readonly cache: ResponseCacheSettings | undefined;
	readonly shareInFlight: boolean;
	readonly compression: Compression | undefined;
	readonly dnsCache: boolean;
}

const BYTES_PER_KB = 1024;

export function toCaching(options: Values): CachingSettings {
	const cache = toResponseCache(options.responseCache);
	return {
		cache,
		shareInFlight: options.shareInFlight === true || cache !== undefined,
		compression: toCompression(options),
		dnsCache: options.dnsCache !== false,
	};
}

function toResponseCache(option: unknown): ResponseCacheSettings | undefined {
	const { cache } = asValues(option);
	if (cache === undefined) return undefined;
	const values = asValues(cache);
	const mode = requireOneOf('Response Cache', values.mode ?? 'server', ['server', 'fixed', 'off']);
	if (mode === 'off') return undefined;
	return {
		ttlMs: mode === 'fixed' ? toTtlMs(values.ttlSeconds ?? 300) : undefined,
		maxTtlMs: mode === 'fixed' ? toMaxTtlMs(values.adaptiveTtlSeconds) : undefined,
		...toScope(values.cacheScope ?? 'workflow', values.cacheScopeKey),
		tags: toTags('Tags', values.cacheTags),
	};
}

function toCompression(options: Values): Compression | undefined {
	const encoding = requireOneOf('Compress Request Body', options.compressBody ?? 'off', ['off', ...BODY_ENCODINGS] as const);
	if (encoding === 'off') return undefined;
	if (!canEncode(encoding)) throw new InvalidOptionError('Compress Request Body', 'an encoding that this Node.js has', encoding);
	const kilobytes = requireNumber('Compress Request Body From (KB)', options.compressFromKb ?? 1, { max: 1_048_576 });
	return { encoding, minBytes: Math.round(kilobytes * BYTES_PER_KB) };
}

function asValues(value: unknown): Values {
	return typeof value === 'object' && value !== null ? (value as Values) : {};
}

import type { Clock } from '../core/clock';
import { isFastpathError } from '../core/errors';
import type { Call, CallContext, Policy, RequestFacts } from '../core/policy';
import type { Random } from '../core/random';
import { requireInteger } from '../core/validate';
import { directivesOf, fieldOf, membersOf, type Directives, type Fields } from './fields';
import { countConfirmed, grownTtlMs, tellAdaptive } from './adaptive';
import { cacheKey, type KeyScope } from './key';
import type { CacheLook, CacheParts } from './policy';
import { refreshBehind } from './refresh';
import * as rules from './rfc9111';
import type { HttpMessage } from './rfc9111';
import type { Marks, Tier } from './store';

export type { HttpMessage } from './rfc9111';

export interface HttpCacheOptions {
	/** What no answer crosses: a cache is private to it. */
	readonly scope: KeyScope;
	/** Answers with 2xx stay fresh for this long, whatever the server says of them; without it, as the server says. */
	readonly ttlMs?: number | undefined;
	/** Lets that time double with each confirmation of a response, up to this. */
	readonly maxTtlMs?: number | undefined;
	/** What the answer to a request is known by where it is to be cleared. */
	readonly marksOf?: ((request: RequestFacts) => Marks) | undefined;
	/** Bound of a refresh behind a stale answer, which no caller's deadline covers. */
	readonly refreshTimeoutMs: number;
	/** The response that a call gave or failed with, where there is one. */
	readonly toMessage: (outcome: unknown) => HttpMessage | undefined;
	/** A stored response as a call would have given it: returned, or thrown. */
	readonly fromMessage: (message: HttpMessage) => unknown;
}

export interface HttpCacheParts extends CacheParts {
	readonly clock: Clock;
	readonly random: Random;
}

/** Of one address: what its variants differ by. A new epoch makes all earlier variants unreachable. */
interface Marker {
	readonly epoch: number;
	readonly vary: readonly string[];
}

interface Entry {
	readonly message: HttpMessage;
	readonly lifetimeMs: number;
	/** How often in a row the server gave it again. */
	readonly confirmed?: number;
	/** Its age when it came. */
	readonly initialAgeMs: number;
	/** On the wall clock. */
	readonly receivedAt: number;
}

interface Found {
	readonly key: string;
	readonly entry: Entry;
	readonly freshness: rules.Freshness;
	readonly tier: Tier | undefined;
}

/** One call: the request with lower-case header names, and where its answer is kept. */
interface Inquiry {
	readonly request: RequestFacts;
	readonly headers: Fields;
	/** Of the address. */
	readonly place: string;
	readonly marker: Marker | undefined;
	readonly marks: Marks | undefined;
	readonly context: CallContext;
}

/** When a request left: by the clock, and in the order of clearings. */
interface Begun {
	readonly requestedAt: number;
	readonly asOf: number | undefined;
}

/** How long a response that may be revalidated is kept once it is stale. */
const KEEP_STALE_MS = 86_400_000;
/** What clients negotiate a representation by; a forced time to live does not trust the server to name them. */
const NEGOTIATED = ['accept', 'accept-language'];
const NO_DIRECTIVES: Directives = new Map();

/**
 * A private cache after RFC 9111 and RFC 5861, or one with a time to live of the user's. Conditional
 * requests go inwards like any other; a 304 comes back as the stored answer.
 */
export class HttpCachePolicy implements Policy {
	readonly name = 'http-cache';

	constructor(
		private readonly options: HttpCacheOptions,
		private readonly parts: HttpCacheParts,
	) {
		if (options.ttlMs !== undefined) requireInteger('ttlMs', options.ttlMs, { min: 1 });
		if (options.maxTtlMs !== undefined) requireInteger('maxTtlMs', options.maxTtlMs, { min: 1 });
		requireInteger('refreshTimeoutMs', options.refreshTimeoutMs, { min: 1 });
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const { request, trace } = context;
		trace.cache = 'bypass';
		if (request === undefined) return await call(context);
		if (rules.isUnsafe(request.method)) return await this.#invalidating(call, context, request);
		const inquiry = await this.#inquire(context, request);
		return inquiry ? await this.#answer(call, inquiry) : await call(context);
	}

	/** Whether the origin would be asked before the call is answered. */
	async look(context: CallContext): Promise<Pick<CacheLook, 'asks' | 'tier'>> {
		const inquiry = context.request && (await this.#inquire(context, context.request));
		const found = inquiry && (await this.#find(inquiry));
		return { asks: !found || rules.judge(inquiry.headers, found.freshness) === 'validate', tier: found?.tier };
	}

	/** Undefined for what the store has no part in. */
	async #inquire(context: CallContext, request: RequestFacts): Promise<Inquiry | undefined> {
		const headers = lowerCase(request.headers);
		if ((request.method !== 'GET' && request.method !== 'HEAD') || rules.isForOriginOnly(headers)) return undefined;
		const place = this.#placeOf(request.url);
		const marks = this.options.marksOf?.(request);
		const marker = (await this.parts.store.get(place))?.value as Marker | undefined;
		context.trace.key = place;
		return { request, headers, place, marker, marks, context };
	}

	async #answer<T>(call: Call<T>, inquiry: Inquiry): Promise<T> {
		const { headers, context } = inquiry;
		const found = await this.#find(inquiry);
		const verdict = found ? rules.judge(headers, found.freshness) : 'validate';
		if (found && verdict !== 'validate') {
			if (verdict === 'refresh') refreshBehind(this.parts, found.key, inquiry.context, this.options.refreshTimeoutMs, async (context) => await this.#ask(call, { ...inquiry, context }, found));
			return this.#serve<T>(found, verdict === 'fresh' ? 'hit' : 'stale', inquiry);
		}
		context.trace.cache = 'miss';
		if (directivesOf(headers).has('only-if-cached')) return this.options.fromMessage(notCached(inquiry.request.url)) as T;
		return await this.#ask(call, inquiry, found);
	}

	async #find(inquiry: Inquiry): Promise<Found | undefined> {
		const { marker } = inquiry;
		if (!marker) return undefined;
		const key = this.#keyOf(inquiry, marker);
		const stored = await this.parts.store.get(key, inquiry.marks);
		if (!stored) return undefined;
		// A key names what only this stage writes.
		const entry = stored.value as Entry;
		return {
			key,
			entry,
			tier: stored.tier,
			freshness: {
				directives: this.options.ttlMs === undefined ? directivesOf(entry.message.headers) : NO_DIRECTIVES,
				// The shorter of the writer's time to live and the reader's.
				lifetimeMs: Math.min(entry.lifetimeMs, this.#ttlMs(entry.confirmed) ?? Infinity),
				ageMs: entry.initialAgeMs + stored.ageMs,
			},
		};
	}

	/** Asks inwards, with the stored answer's validators where the caller has no condition of their own. */
	async #ask<T>(call: Call<T>, inquiry: Inquiry, found: Found | undefined): Promise<T> {
		const { request, headers, context } = inquiry;
		const own = rules.isConditional(headers);
		const conditions = found && !own ? rules.conditionsOf(found.entry.message.headers) : {};
		const asked = Object.keys(conditions).length > 0;
		const inward = asked ? { ...context, request: { ...request, headers: { ...request.headers, ...conditions } } } : context;
		const begun = { requestedAt: this.parts.clock.wallNow(), asOf: this.parts.store.generation };
		const outcome = await settled(call(inward));
		const message = this.options.toMessage(outcome.ok ? outcome.value : outcome.error);
		if (found && !outcome.ok && isOutage(outcome.error) && rules.mayStandIn(headers, found.freshness)) {
			return this.#serve<T>(found, 'stale', inquiry);
		}
		if (message?.status === 304 && asked && found) {
			const holds = message.redirects === 0 && rules.confirms(message.headers, found.entry.message.headers);
			if (!holds) return await this.#ask(call, inquiry, undefined);
			const updated = { ...found.entry.message, headers: rules.updatedHeaders(found.entry.message.headers, message.headers) };
			const entry = await this.#keep(inquiry, updated, begun, found);
			return this.#serve<T>({ ...found, entry, freshness: { ...found.freshness, ageMs: entry.initialAgeMs } }, 'revalidated', inquiry);
		}
		if (message && request.method === 'GET') await this.#consider(inquiry, message, begun, found);
		if (!outcome.ok) throw outcome.error;
		return outcome.value;
	}

	/** Keeps what may be kept; what came in place of a stored answer ends it. */
	async #consider(inquiry: Inquiry, message: HttpMessage, begun: Begun, found: Found | undefined): Promise<void> {
		if (this.#isStorable(inquiry.headers, message)) await this.#keep(inquiry, message, begun, found && isSame(found.entry.message, message) ? found : undefined);
		else if (found && message.status < 500 && message.status !== 304) await this.parts.store.delete(found.key);
	}

	#isStorable(request: Fields, message: HttpMessage): boolean {
		const { status } = message;
		if (this.options.ttlMs !== undefined) return status >= 200 && status < 300 && status !== 206;
		// Where redirects were followed, what each of them says of its own freshness is not known here.
		if (message.redirects > 0 || !rules.isStorable(request, status, message.headers)) return false;
		return rules.isReusable(status, message.headers, this.parts.clock.wallNow());
	}

	/** @param confirmed the stored response that came again */
	async #keep(inquiry: Inquiry, message: HttpMessage, { requestedAt, asOf }: Begun, confirmed?: Found): Promise<Entry> {
		const { store, clock, random } = this.parts;
		const count = confirmed && countConfirmed({ confirmed: confirmed.entry.confirmed, ageMs: confirmed.freshness.ageMs, ttlMs: confirmed.freshness.lifetimeMs });
		const ttlMs = this.#ttlMs(count);
		const receivedAt = clock.wallNow();
		const headers = rules.storedHeaders(message.headers);
		const entry: Entry = {
			message: { ...message, headers },
			lifetimeMs: ttlMs ?? rules.lifetimeMs(message.status, headers, receivedAt),
			initialAgeMs: ttlMs === undefined ? rules.initialAgeMs(headers, requestedAt, receivedAt) : 0,
			receivedAt,
			...(this.options.maxTtlMs !== undefined && { confirmed: count ?? 0 }),
		};
		this.#tell(inquiry.context, entry);
		const present = (await store.get(inquiry.place))?.value as Marker | undefined;
		// An unsafe request went through meanwhile: what was fetched before it is not kept.
		if (inquiry.marker && present?.epoch !== inquiry.marker.epoch) return entry;
		const vary = new Set([...(present?.vary ?? (ttlMs === undefined ? [] : NEGOTIATED)), ...membersOf(fieldOf(headers, 'vary'))]);
		vary.delete('*');
		const marker: Marker = { epoch: present?.epoch ?? random.next(), vary: [...vary].sort() };
		const directives = directivesOf(headers);
		const staleMs = Math.max(KEEP_STALE_MS, rules.staleIfErrorMs(directives), rules.staleWhileRevalidateMs(directives));
		const kept = { ttlMs: Math.max(1, Math.round(entry.lifetimeMs)), keepMs: Math.round(entry.lifetimeMs + staleMs), asOf };
		await store.set(inquiry.place, marker, { ...kept, keepMs: Math.max(kept.keepMs, MARKER_KEPT_MS) });
		await store.set(this.#keyOf(inquiry, marker), entry, { ...kept, marks: inquiry.marks });
		return entry;
	}

	/** Section 4.4: an unsafe request that the server did not refuse ends what is stored for its address. */
	async #invalidating<T>(call: Call<T>, context: CallContext, request: RequestFacts): Promise<T> {
		const outcome = await settled(call(context));
		const message = this.options.toMessage(outcome.ok ? outcome.value : outcome.error);
		if (message && message.status < 400) {
			const urls = [request.url, ...rules.alsoInvalid(request.url, message.headers)];
			await Promise.all(urls.map(async (url) => await this.parts.store.delete(this.#placeOf(url))));
		}
		if (!outcome.ok) throw outcome.error;
		return outcome.value;
	}

	#serve<T>({ entry, freshness, tier }: Found, status: 'hit' | 'stale' | 'revalidated', { request, headers, context }: Inquiry): T {
		context.trace.cache = status;
		context.trace.ageMs = Math.round(freshness.ageMs);
		this.#tell(context, entry);
		if (tier) context.trace.cachedIn ??= tier;
		const { message } = entry;
		const served = { ...message, headers: { ...message.headers, age: String(Math.floor(freshness.ageMs / 1000)) } };
		const unchanged = message.status === 200 && rules.isConditional(headers) && rules.holdsFor(headers, message.headers, entry.receivedAt);
		const whole = unchanged ? { ...served, status: 304, statusMessage: 'Not Modified' } : served;
		const answer = unchanged || request.method === 'HEAD' ? { ...whole, body: Buffer.alloc(0) } : whole;
		// A key names one request, whose answers are all of the caller's type.
		return this.options.fromMessage(answer) as T;
	}

	/** Undefined where the server says. */
	#ttlMs(confirmed?: number): number | undefined {
		const { ttlMs, maxTtlMs } = this.options;
		return ttlMs === undefined ? undefined : grownTtlMs({ ttlMs, maxTtlMs }, confirmed);
	}

	#tell({ trace }: CallContext, { confirmed }: Entry): void {
		const { ttlMs, maxTtlMs } = this.options;
		if (ttlMs !== undefined) tellAdaptive(trace, { ttlMs, maxTtlMs }, confirmed);
	}

	#placeOf(url: string): string {
		const end = url.indexOf('#');
		return cacheKey(this.options.scope, ['http', this.options.ttlMs !== undefined, end < 0 ? url : url.slice(0, end)]);
	}

	#keyOf({ place, headers, request }: Inquiry, { epoch, vary }: Marker): string {
		return cacheKey(this.options.scope, [place, epoch, vary, rules.selecting(headers, vary), request.identity ?? null]);
	}
}

/** A marker that leaves before its variants only costs a miss. */
const MARKER_KEPT_MS = 2 * KEEP_STALE_MS;

function isSame(message: HttpMessage, other: HttpMessage): boolean {
	return message.status === other.status && Buffer.compare(message.body, other.body) === 0;
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

async function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
	try {
		return { ok: true, value: await promise };
	} catch (error) {
		return { ok: false, error };
	}
}

function isOutage(error: unknown): boolean {
	return isFastpathError(error) && error.outage;
}

function lowerCase(headers: RequestFacts['headers']): Fields {
	return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** RFC 9111 section 5.2.1.7. */
function notCached(url: string): HttpMessage {
	return { status: 504, statusMessage: 'Not in the cache', headers: {}, body: Buffer.alloc(0), url, redirects: 0 };
}

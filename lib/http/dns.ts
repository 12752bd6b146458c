import { lookup as systemLookup } from 'node:dns';

import type { LookupAddress, LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';

import type { Clock } from '../core/clock';
import { systemCodeOf } from './failure';

/** `getaddrinfo` tells no time to live; as long as most servers that fail over give theirs. */
const FOUND_MS = 30_000;
/** Long enough for the items of one run. */
const NOT_FOUND_MS = 1_000;
const MAX_NAMES = 500;

type Answer = [error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number];
type Callback = Parameters<LookupFunction>[2];

interface Entry {
	/** Absent while the look-up is under way. */
	answer: Answer | undefined;
	expiresAt: number;
	readonly waiting: Callback[];
}

/**
 * Remembers what names resolved to, and lets look-ups of one name at the same time share one. Answers of
 * one look-up function never serve another: one may be guarded where the other is not. Refusals are asked
 * for anew each time. The order of the addresses is the resolver's.
 */
export class DnsCache {
	readonly #caching = new WeakMap<LookupFunction, NameCache>();

	constructor(private readonly clock: Clock) {}

	/** A caching look-up on top of the one given, or of the system's. */
	lookup(through: LookupFunction = systemLookup as LookupFunction): LookupFunction {
		return this.#namesOf(through).lookup;
	}

	/** None of its addresses could be reached: the next connection asks anew. */
	forget(hostname: string, through: LookupFunction = systemLookup as LookupFunction): void {
		this.#namesOf(through).forget(hostname);
	}

	#namesOf(through: LookupFunction): NameCache {
		const present = this.#caching.get(through) ?? new NameCache(through, this.clock);
		this.#caching.set(through, present);
		return present;
	}
}

class NameCache {
	readonly #entries = new Map<string, Entry>();

	constructor(
		private readonly through: LookupFunction,
		private readonly clock: Clock,
	) {}

	readonly lookup: LookupFunction = (hostname, options, callback) => {
		const key = `${hostname} ${termsOf(options)}`;
		const present = this.#entries.get(key);
		if (present?.answer && this.clock.now() < present.expiresAt) return deliver(callback, present.answer);
		if (present && !present.answer) {
			present.waiting.push(callback);
			return;
		}
		const entry: Entry = { answer: undefined, expiresAt: 0, waiting: [callback] };
		this.#entries.delete(key);
		this.#entries.set(key, entry);
		this.#trim();
		this.through(hostname, options, (...answer: Answer) => this.#settle(key, entry, answer));
	};

	forget(hostname: string): void {
		for (const [key, entry] of this.#entries) {
			if (entry.answer && key.startsWith(`${hostname} `)) this.#entries.delete(key);
		}
	}

	#settle(key: string, entry: Entry, answer: Answer): void {
		const keepMs = keptMs(answer);
		entry.answer = answer;
		entry.expiresAt = this.clock.now() + keepMs;
		if (keepMs === 0 && this.#entries.get(key) === entry) this.#entries.delete(key);
		for (const callback of entry.waiting.splice(0)) deliver(callback, answer);
	}

	/** The oldest go; what is under way is delivered all the same. */
	#trim(): void {
		for (const key of this.#entries.keys()) {
			if (this.#entries.size <= MAX_NAMES) return;
			this.#entries.delete(key);
		}
	}
}

/** Only what the resolver says for certain: not its own failures, and no refusal of a guard. */
function keptMs([error]: Answer): number {
	if (!error) return FOUND_MS;
	return systemCodeOf(error) === 'ENOTFOUND' && 'syscall' in error ? NOT_FOUND_MS : 0;
}

/** Never before the caller has the result of its call, and each with a list of its own. */
function deliver(callback: Callback, [error, address, family]: Answer): void {
	queueMicrotask(() => callback(error, Array.isArray(address) ? address.map((one) => ({ ...one })) : address, family));
}

function termsOf({ all, family, hints, order }: LookupOptions): string {
	return `${all === true} ${family ?? 0} ${hints ?? 0} ${order ?? ''}`;
}

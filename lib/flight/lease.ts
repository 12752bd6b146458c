import { randomUUID } from 'node:crypto';
import { Bell } from '../core/bell';
import type { Clock } from '../core/clock';
import { hasCode } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import type { Random } from '../core/random';
import type { SharedLeases, SharedSignals } from '../core/shared';
import type { CallTrace } from '../core/trace';

export interface LeaseParts {
	readonly shared: SharedLeases & SharedSignals;
	readonly clock: Clock;
	readonly random: Random;
	/** Resolves when what was stored by now is where others find it; undefined where it is. */
	readonly settled?: () => Promise<void> | undefined;
}

/** What stands in the store for a call. */
interface Look {
	readonly asks: boolean;
	readonly tier?: CallTrace['cachedIn'];
}

/** A leader that is dead is found out after this long; one that is alive renews in time. */
const LEASE_MS = 5000;
const RENEW_EVERY_MS = LEASE_MS / 3;
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 500;
const CHANNEL = 'landed';
/** For how long a key whose answer was not kept is asked for by each process itself, and how many such keys are remembered. */
const ALONE_MS = 30_000;
const MAX_ALONE = 1000;
const KEPT = '+';
const NOT_KEPT = '-';

/**
 * Who waits for which key, in this process, and the news of other processes that a flight has landed. News may be
 * lost: who waits looks again and again, ever less often.
 */
export class LeaseDeck {
	readonly #waiting = new Map<string, Bell>();
	/** Until when, by key; those that have just been said to be so stand last. */
	readonly #alone = new Map<string, number>();
	#listening = false;

	constructor(readonly parts: LeaseParts) {}

	/** Resolves at the news that the key has landed, at the latest after `ms`; rejects with the signal's reason. */
	async news(key: string, ms: number, signal: AbortSignal): Promise<void> {
		if (!this.#listening) {
			this.#listening = true;
			await this.parts.shared.subscribe(CHANNEL, (landed) => this.#tell(landed));
		}
		const bell = this.#waiting.get(key) ?? new Bell(this.parts.clock);
		this.#waiting.set(key, bell);
		try {
			await bell.wait(ms, signal);
		} finally {
			if (bell.waiting === 0) this.#waiting.delete(key);
		}
	}

	/** @param kept whether the answer is in the store now; if not, nobody need wait for the next one */
	async landed(key: string, kept: boolean): Promise<void> {
		if (!kept) this.#goAlone(key);
		await this.parts.shared.publish(CHANNEL, (kept ? KEPT : NOT_KEPT) + key);
	}

	/** Whether the last answer to it was not kept, so that waiting for others' is in vain. */
	isAlone(key: string): boolean {
		const until = this.#alone.get(key);
		if (until === undefined) return false;
		if (until > this.parts.clock.now()) return true;
		this.#alone.delete(key);
		return false;
	}

	#goAlone(key: string): void {
		this.#alone.delete(key);
		const [oldest] = this.#alone.keys();
		if (this.#alone.size >= MAX_ALONE && oldest !== undefined) this.#alone.delete(oldest);
		this.#alone.set(key, this.parts.clock.now() + ALONE_MS);
	}

	#tell(landed: string): void {
		const key = landed.slice(1);
		if (landed.startsWith(NOT_KEPT)) this.#goAlone(key);
		this.#waiting.get(key)?.ring();
	}
}

/**
 * Single-flight over all processes that share a store: one of them holds the lease of a key and asks, the
 * others wait for its answer to appear in the store. A holder that dies loses the lease, and another takes over;
 * one that fails gives it back at once. An answer that is not kept (it may not be stored, or the origin refused) is
 * nobody else's: for a while, each process asks for that key itself. Where the store is out, every lease is granted, and
 * each process works for itself.
 */
export class LeasePolicy implements Policy {
	readonly name = 'lease';

	constructor(
		private readonly deck: LeaseDeck,
		/** Whether somebody would have to be asked, or where the answer is already. */
		private readonly look: (context: CallContext) => Promise<Look>,
	) {}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const { key, signal, trace } = context;
		if (key === undefined || this.deck.isAlone(key)) return await call(context);
		const { clock, random, shared } = this.deck.parts;
		const token = randomUUID();
		for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LONGEST_LOOK_MS)) {
			const { asks, tier } = await this.look(context);
			// Whoever looks takes the answer to the memory of its process, where it is found next.
			if (!asks && tier) trace.cachedIn = tier;
			if (!asks || this.deck.isAlone(key)) return await call(context);
			if (await shared.acquire(key, token, LEASE_MS)) return await this.#lead(call, context, key, token);
			const since = clock.now();
			await this.deck.news(key, lookMs * (0.5 + random.next() / 2), signal);
			trace.waitedMs += clock.now() - since;
		}
	}

	async #lead<T>(call: Call<T>, context: CallContext, key: string, token: string): Promise<T> {
		const { clock, shared } = this.deck.parts;
		let cancel = () => {};
		const keep = () => {
			cancel = clock.after(RENEW_EVERY_MS, () => {
				void shared.renew(key, token, LEASE_MS);
				keep();
			});
		};
		keep();
		let kept = true;
		try {
			const value = await call(context);
			kept = !(await this.look(context)).asks;
			return value;
		} catch (error) {
			// After a refusal there is nothing to wait for; after an outage the others try one by one.
			kept = !hasCode(error, 'ERR_HTTP_STATUS') || error.outage || error.retryable;
			throw error;
		} finally {
			const end = async () => {
				cancel();
				await shared.release(key, token);
				await this.deck.landed(key, kept);
			};
			// Others go on waiting until they can find the answer; who has it need not.
			const settled = this.deck.parts.settled?.();
			if (settled) void settled.then(end);
			else await end();
		}
	}
}

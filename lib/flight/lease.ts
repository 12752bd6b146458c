import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock';
import type { Call, CallContext, Policy } from '../core/policy';
import type { Random } from '../core/random';
import type { SharedLeases, SharedSignals } from '../core/shared';
import { childController } from '../core/signal';

export interface LeaseParts {
	readonly shared: SharedLeases & SharedSignals;
	readonly clock: Clock;
	readonly random: Random;
}

/** A leader that is dead is found out after this long; one that is alive renews in time. */
const LEASE_MS = 5000;
const RENEW_EVERY_MS = LEASE_MS / 3;
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 500;
const CHANNEL = 'landed';

/**
 * Who waits for which key, in this process, and the news of other processes that a flight has landed. News may be
 * lost: who waits looks again and again, ever less often.
 */
export class LeaseDeck {
	readonly #waiting = new Map<string, Set<() => void>>();
	#listening = false;

	constructor(readonly parts: LeaseParts) {}

	/** Resolves at the news that the key has landed, at the latest after `ms`; rejects with the signal's reason. */
	async news(key: string, ms: number, signal: AbortSignal): Promise<void> {
		if (!this.#listening) {
			this.#listening = true;
			await this.parts.shared.subscribe(CHANNEL, (landed) => this.#tell(landed));
		}
		const { controller, release } = childController(signal);
		const wake = () => controller.abort();
		const waiting = this.#waiting.get(key) ?? new Set();
		waiting.add(wake);
		this.#waiting.set(key, waiting);
		try {
			await this.parts.clock.sleep(ms, controller.signal);
		} catch (error) {
			if (signal.aborted) throw error;
		} finally {
			release();
			waiting.delete(wake);
			if (waiting.size === 0) this.#waiting.delete(key);
		}
	}

	async landed(key: string): Promise<void> {
		await this.parts.shared.publish(CHANNEL, key);
	}

	#tell(key: string): void {
		for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
	}
}

/**
 * Single-flight over all processes that share a store: one of them holds the lease of a key and asks, the
 * others wait for its answer to appear in the store. A holder that dies loses the lease, and another takes over;
 * one that fails gives it back at once. Where the store is out, every lease is granted, and each process works
 * for itself.
 */
export class LeasePolicy implements Policy {
	readonly name = 'lease';

	constructor(
		private readonly deck: LeaseDeck,
		/** Whether the answer is in the store already, so that nobody need be asked. */
		private readonly isThere: (key: string) => Promise<boolean>,
	) {}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const { key, signal, trace } = context;
		if (key === undefined) return await call(context);
		const { clock, random, shared } = this.deck.parts;
		const token = randomUUID();
		for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LONGEST_LOOK_MS)) {
			if (await this.isThere(key)) return await call(context);
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
		try {
			return await call(context);
		} finally {
			cancel();
			await shared.release(key, token);
			await this.deck.landed(key);
		}
	}
}

import type { Clock } from '../core/clock';
import { LimitExceededError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { onAbort } from '../core/signal';
import { Allowance, COUNTED, TokenForecast, type Cost, type Counted, type ReportedLimit } from './allowance';
import { left } from './left';

interface Waiter {
	readonly cost: Cost;
	readonly deadlineAt: number | undefined;
	readonly go: () => void;
	readonly fail: (error: Error) => void;
}

const PROBE_EVERY_MS = 60_000;

/**
 * Keeps within limits that nobody configured: what the origin last said is left of requests and tokens is handed out in the order in
 * which calls came, and then they wait for the reset, instead of running into rejections. What a call will take in tokens is an
 * estimate that learns from what calls were counted; the origin's next word corrects it. A wait beyond a call's deadline is not
 * begun; but one call a minute sees whether the limit still holds, because origins have been known to err about themselves.
 */
export class LearntLimit implements Policy {
	readonly name = 'learnt limit';
	readonly #allowances = new Map<Counted, Allowance>();
	readonly #forecast = new TokenForecast();
	readonly #waiters = new Set<Waiter>();
	readonly #underWay = new Set<Cost>();
	#cancelTimer: () => void = () => {};
	/** When the next call may go against what is known. */
	#probeAt = 0;

	constructor(private readonly clock: Clock) {}

	get idle(): boolean {
		const now = this.clock.now();
		return this.#underWay.size === 0 && this.#waiters.size === 0 && [...this.#allowances.values()].every(({ resetAt }) => resetAt <= now);
	}

	get active(): number {
		return this.#underWay.size;
	}

	get queued(): number {
		return this.#waiters.size;
	}

	/** Requests that are left, as far as the origin has said; null where it has not. */
	get limit(): number | null {
		return this.#allowances.get('requests')?.left ?? null;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const cost = this.#forecast.cost(context.tokens);
		if (this.#waiters.size > 0 || !this.#take(cost)) await this.#wait(cost, context);
		try {
			return await call(context);
		} finally {
			this.#underWay.delete(cost);
		}
	}

	/**
	 * What the headers of an answer say; to be called while the call that got them is still under way. They may not know of the
	 * others under way, so what these are expected to take is taken off.
	 */
	observe(limits: readonly ReportedLimit[]): void {
		if (limits.length === 0) return;
		const now = this.clock.now();
		for (const counted of COUNTED) {
			const tightest = limits.filter(({ counts }) => counts === counted).sort((a, b) => a.remaining - b.remaining || b.resetMs - a.resetMs)[0];
			if (!tightest) continue;
			const allowance = this.#allowances.get(counted) ?? new Allowance();
			this.#allowances.set(counted, allowance);
			allowance.report(tightest, this.#takenByOthers(counted), now);
		}
		this.#probeAt = now + PROBE_EVERY_MS;
		this.#pump();
	}

	/** What a call was counted, of which `estimate` tokens of input had been expected by length. */
	learn(estimate: number, used: { readonly inputTokens: number; readonly outputTokens: number }): void {
		this.#forecast.learn(estimate, used);
	}

	/** How long a call with so many tokens would wait if it came now, in milliseconds. Without side effects on what is handed out. */
	waitMs(tokens: number): number {
		const cost = this.#forecast.cost(tokens);
		return Math.max(0, this.#readyAt(cost) - this.clock.now());
	}

	/** One of those under way is the call whose answer it is; which one, is not known here. */
	#takenByOthers(counted: Counted): number {
		const count = this.#underWay.size;
		const sum = [...this.#underWay].reduce((total, cost) => total + cost[counted], 0);
		return count === 0 ? 0 : Math.round((sum * (count - 1)) / count);
	}

	/** Looks and takes in one: two who wake together must not take the same. */
	#take(cost: Cost): boolean {
		const now = this.clock.now();
		const allowances = [...this.#allowances];
		if (!allowances.every(([counted, allowance]) => allowance.hasRoom(cost[counted], now))) return false;
		for (const [counted, allowance] of allowances) allowance.take(cost[counted]);
		this.#underWay.add(cost);
		return true;
	}

	/** When there will be room, as far as is known. */
	#readyAt(cost: Cost): number {
		const now = this.clock.now();
		const lacking = [...this.#allowances].filter(([counted, allowance]) => !allowance.hasRoom(cost[counted], now));
		return Math.max(now, ...lacking.map(([, { resetAt }]) => resetAt));
	}

	async #wait(cost: Cost, context: CallContext): Promise<void> {
		const since = this.clock.now();
		let removeListener = () => {};
		try {
			await new Promise<void>((resolve, reject) => {
				const waiter: Waiter = { cost, deadlineAt: context.deadlineAt, go: resolve, fail: reject };
				this.#waiters.add(waiter);
				removeListener = onAbort(context.signal, () => {
					this.#waiters.delete(waiter);
					this.#pump();
					reject(left(context.signal));
				});
				this.#pump();
			});
		} finally {
			removeListener();
			context.trace.waitedMs += this.clock.now() - since;
		}
	}

	/** Lets go who may, turns away whose time is too short, and sets the one timer for the next. */
	#pump(): void {
		this.#cancelTimer();
		this.#cancelTimer = () => {};
		for (const waiter of this.#waiters) {
			if (!this.#take(waiter.cost)) return this.#sleepUntil(this.#readyAt(waiter.cost));
			this.#waiters.delete(waiter);
			waiter.go();
		}
	}

	#sleepUntil(readyAt: number): void {
		const waitMs = Math.max(1, Math.ceil(readyAt - this.clock.now()));
		for (const waiter of this.#waiters) {
			if (waiter.deadlineAt === undefined || readyAt < waiter.deadlineAt) continue;
			this.#waiters.delete(waiter);
			if (this.#mayProbe()) {
				this.#underWay.add(waiter.cost);
				waiter.go();
				continue;
			}
			const wait = `${Math.ceil(waitMs / 1000)} s`;
			waiter.fail(new LimitExceededError(`The server's rate limit is used up for another ${wait}, which is longer than this call may take`));
		}
		if (this.#waiters.size > 0) this.#cancelTimer = this.clock.after(waitMs, () => this.#pump());
	}

	#mayProbe(): boolean {
		if (this.clock.now() < this.#probeAt) return false;
		this.#probeAt = this.clock.now() + PROBE_EVERY_MS;
		return true;
	}
}

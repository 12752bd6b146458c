import type { Clock } from '../core/clock';
import { CancelledError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { childController } from '../core/signal';
import { newTrace, type CallTrace } from '../core/trace';
import { requireInteger } from '../core/validate';

export interface HedgeOptions {
	/** How long the first attempt is waited for; 'p95' takes that of the recent latencies. */
	readonly after: number | 'p95';
}

/** How many latencies are remembered, and how many it takes to speak of a 95th percentile. */
const REMEMBERED = 100;
const ENOUGH = 20;

/** The latest latencies of one scope, in ms. */
export class RecentLatencies {
	readonly #latencies: number[] = [];
	#next = 0;
	#p95: number | undefined;

	observe(latencyMs: number): void {
		this.#latencies[this.#next] = latencyMs;
		this.#next = (this.#next + 1) % REMEMBERED;
		this.#p95 = undefined;
	}

	/** By nearest rank; undefined while there are too few. */
	p95(): number | undefined {
		if (this.#latencies.length < ENOUGH) return undefined;
		this.#p95 ??= this.#latencies.toSorted((a, b) => a - b)[Math.ceil(this.#latencies.length * 0.95) - 1];
		return this.#p95;
	}
}

/**
 * Sends a second attempt where the first takes long; the first success counts, and the other attempt is
 * aborted. Only for methods that are safe (RFC 9110 section 9.2.1). Source: J. Dean and L. A. Barroso,
 * "The Tail at Scale", 2013.
 */
export class HedgePolicy implements Policy {
	readonly name = 'hedge';

	constructor(
		private readonly options: HedgeOptions,
		private readonly latencies: RecentLatencies,
		private readonly clock: Clock,
		/** Asked before each second attempt. */
		private readonly mayRepeat: () => boolean,
	) {
		if (options.after !== 'p95') requireInteger('Hedge After', options.after);
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		if (context.safe !== true) return await call(context);
		const origins = (context.trace.origins ??= []);
		const afterMs = this.options.after === 'p95' ? this.latencies.p95() : this.options.after;
		const race = new Race(call, context, this.clock, this.latencies);
		const cancel =
			afterMs === undefined
				? undefined
				: this.clock.after(afterMs, () => {
						if (context.signal.aborted || !this.mayRepeat()) return;
						context.trace.hedged = true;
						race.start();
					});
		try {
			return await race.first();
		} finally {
			cancel?.();
			// Without a choice of origins there is nothing to tell.
			if (origins.length === 0) delete context.trace.origins;
		}
	}
}

interface Runner {
	readonly controller: AbortController;
	/** Its own; that of the one that counts goes into the caller's. */
	readonly trace: CallTrace;
	readonly startedAt: number;
}

/** Attempts at the same call, side by side. */
class Race<T> {
	readonly #runners = new Set<Runner>();
	#settle: { resolve(value: T): void; reject(error: unknown): void } | undefined;
	#over = false;

	constructor(
		private readonly call: Call<T>,
		private readonly context: CallContext,
		private readonly clock: Clock,
		private readonly latencies: RecentLatencies,
	) {}

	async first(): Promise<T> {
		return await new Promise<T>((resolve, reject) => {
			this.#settle = { resolve, reject };
			this.start();
		});
	}

	start(): void {
		void this.#run();
	}

	async #run(): Promise<void> {
		const { controller, release } = childController(this.context.signal);
		const trace: CallTrace = { ...newTrace(), ...origins(this.context.trace) };
		const runner: Runner = { controller, trace, startedAt: this.clock.now() };
		this.#runners.add(runner);
		try {
			const value = await this.call({ ...this.context, signal: controller.signal, trace });
			if (this.#over) return;
			this.#over = true;
			this.#cutOthers(runner);
			this.#measure(runner);
			this.#add(trace);
			this.#settle?.resolve(value);
		} catch (error) {
			this.#runners.delete(runner);
			if (this.#over) return;
			this.#add(trace);
			if (this.#runners.size > 0) return;
			this.#over = true;
			this.#settle?.reject(error);
		} finally {
			release();
		}
	}

	#cutOthers(winner: Runner): void {
		for (const runner of this.#runners) {
			if (runner === winner) continue;
			// It took at least this long; left out, the latencies would look better than they are.
			this.#measure(runner);
			this.context.trace.attempts += runner.trace.attempts;
			runner.controller.abort(new CancelledError());
		}
	}

	#measure({ startedAt }: Runner): void {
		this.latencies.observe(this.clock.now() - startedAt);
	}

	#add({ attempts, waitedMs, upstreamMs, connectionReused, ...facts }: CallTrace): void {
		const { trace } = this.context;
		const { cache, coalesced } = trace;
		Object.assign(trace, facts, { cache, coalesced, connectionReused });
		trace.attempts += attempts;
		trace.waitedMs += waitedMs;
		trace.upstreamMs += upstreamMs;
	}
}

/** The list itself, so that attempts see where the others have been. */
function origins(trace: CallTrace): Pick<CallTrace, 'origins'> {
	return trace.origins === undefined ? {} : { origins: trace.origins };
}

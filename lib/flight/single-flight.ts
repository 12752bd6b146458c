import type { Clock } from '../core/clock';
import { CancelledError, TimeoutError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { abortable, throwIfAborted } from '../core/signal';
import { newTrace, type CallTrace } from '../core/trace';

export interface SingleFlightOptions {
	/** A flight outlives its callers' deadlines, so it has a bound of its own. */
	readonly boundMs: number;
	/** Only calls of the same lane share a flight: one that must ask anew never joins one that may answer from a cache. */
	readonly lane: string;
	/** Number of what was cleared last: who comes after it never joins a flight from before it. */
	readonly generation?: (() => number | undefined) | undefined;
	/** Gives each follower a copy of its own. */
	readonly isolate: <T>(value: T) => T;
}

interface Flight {
	readonly result: Promise<unknown>;
	readonly controller: AbortController;
	readonly trace: CallTrace;
	waiters: number;
	/** It has come to its end, good or bad. */
	landed: boolean;
	/** Somebody has its result. */
	shared: boolean;
}

/** The flights of one process. Kept small and apart from the cache: a key leaves as soon as its flight ends. */
export class FlightDeck {
	readonly #flights = new Map<string, Flight>();
	#coalesced = 0;

	constructor(private readonly clock: Clock) {}

	get inFlight(): number {
		return this.#flights.size;
	}

	/** Calls that were answered by another caller's request. */
	get coalesced(): number {
		return this.#coalesced;
	}

	/**
	 * Joins the flight of that key, or starts one. The flight belongs to nobody: it lives while at least
	 * one caller waits. Each caller leaves when its own signal aborts; when the last one leaves, the
	 * request upstream is aborted and the key is free at once.
	 */
	async join<T>(key: string, call: Call<T>, context: CallContext, options: SingleFlightOptions): Promise<T> {
		throwIfAborted(context.signal);
		const existing = this.#flights.get(key);
		const flight = existing ?? this.#start(key, call, context, options);
		flight.waiters += 1;
		try {
			await abortable(flight.result, context.signal);
		} finally {
			// Who left before the end has no part in what came of the flight.
			const coalesced = flight.landed ? this.#share(flight) : existing !== undefined;
			Object.assign(context.trace, flight.trace, { coalesced });
			flight.waiters -= 1;
			if (flight.waiters === 0) this.#abandon(key, flight);
		}
		// What a key names is always of one type: the flight's result is a T for every caller.
		const value = (await flight.result) as T;
		return context.trace.coalesced ? options.isolate(value) : value;
	}

	/**
	 * Whether the flight's result is another's already. The first caller to get it is the one whom its cost
	 * and attempts are counted with: usually who started it, but somebody even if that one has left.
	 */
	#share(flight: Flight): boolean {
		if (flight.shared) this.#coalesced += 1;
		const { shared } = flight;
		flight.shared = true;
		return shared;
	}

	#start<T>(key: string, call: Call<T>, context: CallContext, options: SingleFlightOptions): Flight {
		const controller = new AbortController();
		const trace = newTrace();
		const deadlineAt = this.clock.now() + options.boundMs;
		const cancelBound = this.clock.after(options.boundMs, () =>
			controller.abort(new TimeoutError('total', options.boundMs)),
		);
		const result = abortable(call({ ...context, signal: controller.signal, trace, deadlineAt }), controller.signal);
		const flight: Flight = { result, controller, trace, waiters: 0, landed: false, shared: false };
		this.#flights.set(key, flight);
		const land = () => {
			cancelBound();
			flight.landed = true;
			if (this.#flights.get(key) === flight) this.#flights.delete(key);
		};
		result.then(land, land);
		return flight;
	}

	/** After the flight has landed this changes nothing: its key is gone, and its abort reaches nobody. */
	#abandon(key: string, flight: Flight): void {
		if (this.#flights.get(key) !== flight) return;
		this.#flights.delete(key);
		flight.controller.abort(new CancelledError());
	}
}

/** The stage: one flight per key; without a key a call passes through alone. */
export class SingleFlightPolicy implements Policy {
	readonly name = 'single-flight';

	constructor(
		private readonly deck: FlightDeck,
		private readonly options: SingleFlightOptions,
	) {}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		if (context.key === undefined) return await call(context);
		const { lane, generation } = this.options;
		return await this.deck.join(`${lane} ${generation?.() ?? 0} ${context.key}`, call, context, this.options);
	}
}

import { Bell } from '../core/bell';
import type { Clock } from '../core/clock';
import { CircuitOpenError, isFastpathError, type ErrorCode } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger } from '../core/validate';
import { admit, CLOSED, fail, reset, succeed, warn, withdraw, type Circuit, type CircuitOptions } from './circuit';

/** Failures that prove an answer. */
const ANSWERED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
	'ERR_HTTP_STATUS',
	'ERR_RESPONSE_TOO_LARGE',
	'ERR_MALFORMED_ANSWER',
	'ERR_TOO_MANY_REDIRECTS',
]);

/** For how long the news of another process's circuit holds, and how long calls wait for the one that goes ahead. */
const WARY_MS = 30_000;
const LONGEST_WAIT_MS = 2000;

/**
 * Rejects calls to an origin that has failed repeatedly, and probes it with one call per `openMs`. Warned by another process, it lets
 * one call go ahead, and the others wait for how that ends, though not for long.
 */
export class BreakerPolicy implements Policy {
	readonly name = 'breaker';
	/** Told when the circuit opens after it was closed; by whom they are for. */
	readonly onOpen = new Map<string, () => void>();
	readonly #changed: Bell;
	#circuit: Circuit = CLOSED;
	#trips = 0;

	constructor(
		/** Shown to the user when the circuit is open. */
		readonly origin: string,
		private readonly options: CircuitOptions,
		private readonly clock: Clock,
	) {
		this.#changed = new Bell(clock);
		requireInteger('failureThreshold', options.failureThreshold, { min: 1, max: 1000 });
		requireInteger('failureWindowMs', options.failureWindowMs, { min: 1 });
		requireInteger('openMs', options.openMs, { min: 1 });
	}

	get state(): Circuit['state'] {
		return this.#circuit.state;
	}

	/** How often it has opened after it was closed. */
	get trips(): number {
		return this.#trips;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const epoch = this.#enter() ?? (await this.#waitToEnter(context));
		try {
			const value = await call(context);
			this.#become(succeed(this.#circuit, epoch));
			return value;
		} catch (error) {
			this.#become(this.#after(error, epoch));
			throw error;
		}
	}

	/** Another process has found the origin failing. */
	warn(): void {
		this.#become(warn(this.#circuit, this.clock.now(), WARY_MS));
	}

	/** Lets calls through again, whatever was found before. */
	reset(): void {
		this.#become(reset(this.#circuit));
	}

	/** The epoch of the admission; undefined where another call goes ahead. */
	#enter(): number | undefined {
		const admission = admit(this.#circuit, this.clock.now(), this.options);
		this.#become(admission.circuit);
		if (admission.admitted === 'wait') return undefined;
		if (!admission.admitted) throw new CircuitOpenError(this.origin, admission.retryAfterMs);
		return admission.circuit.epoch;
	}

	async #waitToEnter({ signal, trace }: CallContext): Promise<number> {
		const since = this.clock.now();
		try {
			for (let leftMs = LONGEST_WAIT_MS; leftMs > 0; leftMs = since + LONGEST_WAIT_MS - this.clock.now()) {
				await this.#changed.wait(leftMs, signal);
				const epoch = this.#enter();
				if (epoch !== undefined) return epoch;
			}
			// The call that went ahead takes long, which is no failure.
			return this.#circuit.epoch;
		} finally {
			trace.waitedMs += this.clock.now() - since;
		}
	}

	#become(circuit: Circuit): void {
		const before = this.#circuit;
		this.#circuit = circuit;
		if (circuit === before) return;
		this.#changed.ring();
		if (circuit.state !== 'open' || before.state === 'half-open') return;
		this.#trips += 1;
		for (const tell of this.onOpen.values()) tell();
	}

	#after(error: unknown, epoch: number): Circuit {
		const now = this.clock.now();
		if (!isFastpathError(error)) return withdraw(this.#circuit, epoch, now, this.options);
		if (error.outage) return fail(this.#circuit, epoch, now, this.options);
		// An origin that answered, if only to refuse this one request, is well. The rest never reached it.
		return ANSWERED.has(error.code) ? succeed(this.#circuit, epoch) : withdraw(this.#circuit, epoch, now, this.options);
	}
}

import type { Clock } from '../core/clock';
import { CircuitOpenError, isFastpathError, type ErrorCode } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { requireInteger } from '../core/validate';
import { admit, CLOSED, fail, succeed, withdraw, type Circuit, type CircuitOptions } from './circuit';

/** Failures that prove an answer. */
const ANSWERED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
	'ERR_HTTP_STATUS',
	'ERR_RESPONSE_TOO_LARGE',
	'ERR_MALFORMED_ANSWER',
	'ERR_TOO_MANY_REDIRECTS',
]);

/** Rejects calls to an origin that has failed repeatedly, and probes it with one call per `openMs`. */
export class BreakerPolicy implements Policy {
	readonly name = 'breaker';
	#circuit: Circuit = CLOSED;

	constructor(
		/** Shown to the user when the circuit is open. */
		private readonly origin: string,
		private readonly options: CircuitOptions,
		private readonly clock: Clock,
	) {
		requireInteger('failureThreshold', options.failureThreshold, { min: 1, max: 1000 });
		requireInteger('failureWindowMs', options.failureWindowMs, { min: 1 });
		requireInteger('openMs', options.openMs, { min: 1 });
	}

	get state(): Circuit['state'] {
		return this.#circuit.state;
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const admission = admit(this.#circuit, this.clock.now(), this.options);
		this.#circuit = admission.circuit;
		if (!admission.admitted) throw new CircuitOpenError(this.origin, admission.retryAfterMs);
		const { epoch } = admission.circuit;
		try {
			const value = await call(context);
			this.#circuit = succeed(this.#circuit, epoch);
			return value;
		} catch (error) {
			this.#circuit = this.#after(error, epoch);
			throw error;
		}
	}

	#after(error: unknown, epoch: number): Circuit {
		const now = this.clock.now();
		if (!isFastpathError(error)) return withdraw(this.#circuit, epoch, now, this.options);
		if (error.outage) return fail(this.#circuit, epoch, now, this.options);
		// An origin that answered, if only to refuse this one request, is well. The rest never reached it.
		return ANSWERED.has(error.code) ? succeed(this.#circuit, epoch) : withdraw(this.#circuit, epoch, now, this.options);
	}
}

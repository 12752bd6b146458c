/**
 * The circuit as pure transitions: every function takes a state and the time and returns a state.
 * `openedAt` exists only when open, so a closed circuit cannot be asked for it.
 * All times are on the scale of `Clock.now()`, in milliseconds.
 *
 * `epoch` grows whenever the state changes its kind or another probe is let through. A call carries the
 * epoch of its admission, and its result counts only in that epoch: what was sent before the circuit
 * opened, or as a probe that was given up, says nothing about the origin now.
 */
export type Circuit = { readonly epoch: number } & (
	| { readonly state: 'closed'; /** When the failures of the present run happened. */ readonly failures: readonly number[] }
	| { readonly state: 'wary'; readonly until: number; /** A call is under way whose result decides. */ readonly probing: boolean }
	| { readonly state: 'open'; readonly openedAt: number }
	| { readonly state: 'half-open'; readonly probeStartedAt: number }
);

export interface CircuitOptions {
	/** Failures in a row, with no success between them, that open the circuit; default 5. */
	readonly failureThreshold: number;
	/** A failure older than this no longer counts; default 5 min. */
	readonly failureWindowMs: number;
	/** How long the circuit stays open before one probe is let through; default 60 s. */
	readonly openMs: number;
}

export const CLOSED: Circuit = { state: 'closed', failures: [], epoch: 0 };

export type Admission =
	| { readonly admitted: true; readonly circuit: Circuit }
	| { readonly admitted: false; readonly circuit: Circuit; readonly retryAfterMs: number }
	/** It may be worth while to wait for the result of the call that is under way. */
	| { readonly admitted: 'wait'; readonly circuit: Circuit };

/** May a call pass now? In the half-open state only the one probe does; in the wary state one goes ahead. */
export function admit(circuit: Circuit, now: number, options: CircuitOptions): Admission {
	if (circuit.state === 'closed') return { admitted: true, circuit };
	if (circuit.state === 'wary') {
		if (now >= circuit.until) return { admitted: true, circuit: { state: 'closed', failures: [], epoch: circuit.epoch + 1 } };
		if (circuit.probing) return { admitted: 'wait', circuit };
		return { admitted: true, circuit: { ...circuit, probing: true, epoch: circuit.epoch + 1 } };
	}
	// A probe that never came back must not keep the circuit shut for ever.
	const since = circuit.state === 'open' ? circuit.openedAt : circuit.probeStartedAt;
	const retryAfterMs = since + options.openMs - now;
	if (retryAfterMs > 0) return { admitted: false, circuit, retryAfterMs };
	return { admitted: true, circuit: { state: 'half-open', probeStartedAt: now, epoch: circuit.epoch + 1 } };
}

/** @param epoch of the circuit when the call was admitted; the same holds for the next two */
export function succeed(circuit: Circuit, epoch: number): Circuit {
	if (epoch !== circuit.epoch) return circuit;
	if (circuit.state === 'half-open' || circuit.state === 'wary') return { state: 'closed', failures: [], epoch: epoch + 1 };
	return circuit.state === 'closed' && circuit.failures.length > 0 ? { ...circuit, failures: [] } : circuit;
}

export function fail(circuit: Circuit, epoch: number, now: number, options: CircuitOptions): Circuit {
	if (epoch !== circuit.epoch || circuit.state === 'open') return circuit;
	const opened: Circuit = { state: 'open', openedAt: now, epoch: epoch + 1 };
	if (circuit.state === 'half-open' || circuit.state === 'wary') return opened;
	const failures = [...circuit.failures.filter((at) => now - at < options.failureWindowMs), now];
	return failures.length >= options.failureThreshold ? opened : { ...circuit, failures };
}

/** The call brought no news of the origin (its caller left, or it never got there): a probe makes way for the next one. */
export function withdraw(circuit: Circuit, epoch: number, now: number, options: CircuitOptions): Circuit {
	if (epoch !== circuit.epoch) return circuit;
	if (circuit.state === 'wary') return { ...circuit, probing: false, epoch: epoch + 1 };
	if (circuit.state !== 'half-open') return circuit;
	return { state: 'open', openedAt: now - options.openMs, epoch: epoch + 1 };
}

/** Closed by hand; what was sent before says nothing any more. */
export function reset(circuit: Circuit): Circuit {
	return { state: 'closed', failures: [], epoch: circuit.epoch + 1 };
}

/**
 * Another process has found the origin failing. That may be its own fault, so nothing is refused: for a while one call goes ahead, and its
 * failure is enough.
 */
export function warn(circuit: Circuit, now: number, forMs: number): Circuit {
	if (circuit.state !== 'closed') return circuit;
	return { state: 'wary', until: now + forMs, probing: false, epoch: circuit.epoch + 1 };
}

import { CancelledError, hasCode } from '../core/errors';
import { abortReason } from '../core/signal';

/**
 * Whoever leaves a queue has sent nothing. A deadline that ran out there is wrapped, so that no circuit
 * counts it against the origin; the stage that set the deadline has told the caller of it already.
 */
export function left(signal: AbortSignal): Error {
	const reason = abortReason(signal);
	return hasCode(reason, 'ERR_CANCELLED') ? reason : new CancelledError({ cause: reason });
}

import type { Clock } from '../core/clock';
import { TimeoutError } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import { abortable, childController } from '../core/signal';
import { requireInteger } from '../core/validate';

/** Bounds whatever stands inside it, by time: the caller's deadline outermost, an attempt's timeout innermost. */
export class TimeoutPolicy implements Policy {
	readonly name: string;

	constructor(
		private readonly phase: 'attempt' | 'total',
		private readonly timeoutMs: number,
		private readonly clock: Clock,
	) {
		requireInteger('timeoutMs', timeoutMs, { min: 1 });
		this.name = phase === 'total' ? 'deadline' : 'attempt timeout';
	}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const { controller, release } = childController(context.signal);
		const cancel = this.clock.after(this.timeoutMs, () =>
			controller.abort(new TimeoutError(this.phase, this.timeoutMs)),
		);
		const ownEnd = this.clock.now() + this.timeoutMs;
		const deadlineAt = Math.min(ownEnd, context.deadlineAt ?? Infinity);
		try {
			return await abortable(call({ ...context, signal: controller.signal, deadlineAt }), controller.signal);
		} finally {
			cancel();
			release();
		}
	}
}

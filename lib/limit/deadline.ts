import { within } from '../core/bounded';
import type { Clock } from '../core/clock';
import type { Call, CallContext, Policy } from '../core/policy';
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
		const { clock, phase, timeoutMs: ms } = this;
		const deadlineAt = Math.min(clock.now() + ms, context.deadlineAt ?? Infinity);
		return await within({ clock, phase, ms, parent: context.signal }, async (signal) => await call({ ...context, signal, deadlineAt }));
	}
}

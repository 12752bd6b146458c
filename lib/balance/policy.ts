import { hasCode } from '../core/errors';
import type { Call, CallContext, Policy } from '../core/policy';
import type { Balancer } from './balancer';

/**
 * Chooses an origin for each attempt, and sends it down that origin's own stages. A retry prefers an
 * origin that the call has not been to. One whose circuit is open is passed over within the attempt,
 * as nothing was sent there.
 */
export class BalancePolicy implements Policy {
	readonly name = 'balance';

	constructor(
		private readonly balancer: Balancer,
		/** The stages of one origin; the same object each time. */
		private readonly stagesOf: (origin: string) => Policy,
	) {}

	async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
		const tried = (context.trace.origins ??= []);
		const open = new Set<string>();
		for (let refusal: unknown; ; ) {
			const attempt = this.balancer.begin(tried, open);
			if (!attempt) throw refusal;
			const { origin } = attempt;
			tried.push(origin);
			context.trace.origin = origin;
			try {
				const value = await this.stagesOf(origin).execute(call, { ...context, origin });
				attempt.end();
				return value;
			} catch (error) {
				attempt.end(error);
				if (!hasCode(error, 'ERR_CIRCUIT_OPEN')) throw error;
				tried.pop();
				open.add(origin);
				refusal = error;
			}
		}
	}
}

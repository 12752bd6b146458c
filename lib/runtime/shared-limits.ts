import { createHash } from 'node:crypto';
import type { Circuit, CircuitOptions } from '../breaker/circuit';
import { CircuitNews } from '../breaker/news';
import type { BreakerPolicy } from '../breaker/policy';
import { SharedBudgetBook, type BudgetBook, type Spending } from '../ai';
import type { Clock } from '../core/clock';
import type { Random } from '../core/random';
import { RateLimiter, type RateOptions } from '../limit/rate';
import { Registry } from './registry';
import { scopeKey, type Scope } from './scope';
import type { SharedStore } from './shared-stores';

/** A circuit that was closed by hand. */
export interface CircuitReset {
	readonly origin: string;
	readonly was: Circuit['state'];
}

export interface SharedLimitsParts {
	readonly clock: Clock;
	readonly random: Random;
	/** Of this process alone. */
	readonly spending: BudgetBook;
	readonly breaker: (scope: Scope, options: CircuitOptions) => BreakerPolicy;
	/** Of this process alone. */
	readonly resetCircuits: (origin?: string) => CircuitReset[];
	/** Names this process among the others. */
	readonly process: string;
	/** Of each kind of limit. */
	readonly bounds: { readonly max: number; readonly idleMs: number; readonly now: () => number };
}

/** What processes count together in a store that they share. */
export class SharedLimits {
	/** What AI calls of all processes may spend and have spent today. */
	readonly spending: Spending;
	readonly #circuits: CircuitNews;
	readonly #rates: Registry<RateLimiter>;

	constructor(
		private readonly shared: Pick<SharedStore, 'backend' | 'status' | 'store'>,
		private readonly parts: SharedLimitsParts,
	) {
		const { spending: own, clock, process } = parts;
		this.spending = new SharedBudgetBook({ own, shared: shared.backend, clock, process });
		const onReset = (origin: string | undefined) => void parts.resetCircuits(origin);
		this.#circuits = new CircuitNews({ signals: shared.backend, store: shared.store.name, process, onReset });
		this.#rates = new Registry({ ...parts.bounds, isIdle: (rate) => rate.idle });
	}

	/** The circuit stays this process's own; it is warned of what others find, and tells them. */
	breaker(scope: Scope, options: CircuitOptions): BreakerPolicy {
		const breaker = this.parts.breaker(scope, options);
		const { failureThreshold, failureWindowMs, openMs } = options;
		this.#circuits.join(nameOf('circuit', JSON.stringify([scopeKey(scope), failureThreshold, failureWindowMs, openMs])), breaker);
		return breaker;
	}

	/** As the runtime's, and in all processes whose circuits warn each other through this store. */
	async resetCircuits(origin?: string): Promise<CircuitReset[]> {
		const reset = this.parts.resetCircuits(origin);
		await this.#circuits.tellReset(origin);
		return reset;
	}

	rateLimiter(scope: Scope, options: RateOptions): RateLimiter {
		const { perSecond, perMinute, burst } = options;
		const key = JSON.stringify([scopeKey(scope), perSecond, perMinute, burst]);
		const { backend: counters } = this.shared;
		const isUp = () => this.shared.status.state === 'up';
		const { clock, random } = this.parts;
		return this.#rates.obtain(key, () => new RateLimiter(options, clock, { counters, isUp, name: nameOf('rate', key), random }));
	}

	rates(): Array<[string, RateLimiter]> {
		return this.#rates.entries();
	}
}

/** Nothing of what it stands for can be read from it. */
function nameOf(kind: string, key: string): string {
	return `${kind} ${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

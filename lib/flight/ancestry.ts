import { AsyncLocalStorage } from 'node:async_hooks';
import { RecursionError } from '../core/errors';

/** Longer chains are a mistake, whatever is in them. */
const MAX_DEPTH = 20;

/**
 * Who waits for the work that runs now, outermost first. It follows the work through everything that is awaited, so it reaches
 * through code that knows nothing of it. Work that waited for itself would wait until its bound: its flight is its own.
 */
export class Ancestry {
	readonly #chain = new AsyncLocalStorage<readonly string[]>();

	/**
	 * `self` and all who wait for it.
	 *
	 * @throws {RecursionError} where one of them is `child`
	 */
	descend(self: string, child: string): readonly string[] {
		const waiting = this.#chain.getStore() ?? [];
		const chain = waiting.includes(self) ? waiting : [...waiting, self];
		if (chain.includes(child)) {
			throw new RecursionError(`The workflow ${child} is under way already and waits for this one (${[...chain, child].join(' → ')}): it cannot be run inside itself`);
		}
		if (chain.length >= MAX_DEPTH) throw new RecursionError(`Workflows wait for each other ${MAX_DEPTH} levels deep (${chain.join(' → ')})`);
		return [...chain, child];
	}

	async run<T>(chain: readonly string[], work: () => Promise<T>): Promise<T> {
		return await this.#chain.run(chain, work);
	}
}

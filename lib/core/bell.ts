import type { Clock } from './clock';
import { childController } from './signal';

/** Wakes all who wait for it. */
export class Bell {
	readonly #waiting = new Set<() => void>();

	constructor(private readonly clock: Clock) {}

	get waiting(): number {
		return this.#waiting.size;
	}

	ring(): void {
		for (const wake of [...this.#waiting]) wake();
	}

	/** Resolves when it rings, at the latest after `ms`; rejects with the signal's reason. */
	async wait(ms: number, signal: AbortSignal): Promise<void> {
		const { controller, release } = childController(signal);
		const wake = () => controller.abort();
		this.#waiting.add(wake);
		try {
			await this.clock.sleep(ms, controller.signal);
		} catch (error) {
			if (signal.aborted) throw error;
		} finally {
			release();
			this.#waiting.delete(wake);
		}
	}
}

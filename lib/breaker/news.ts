import type { SharedSignals } from '../core/shared';
import type { BreakerPolicy } from './policy';

export interface CircuitNewsParts {
	readonly signals: SharedSignals;
	/** Tells stores apart. */
	readonly store: string;
	/** Names this process; it need not be told of itself. */
	readonly process: string;
	/** Somebody has closed the circuits of an origin, or all. */
	readonly onReset?: (origin: string | undefined) => void;
}

const CHANNEL = 'circuit opened';
const RESET = 'circuits reset';
/** In place of an origin. */
const ALL = '*';
const MAX_CIRCUITS = 500;

/**
 * Tells other processes that a circuit has opened here, and warns the circuits here of those that opened elsewhere. News may be
 * lost: each process finds out by itself all the same.
 */
export class CircuitNews {
	/** Those that are joined last stand last. */
	readonly #circuits = new Map<string, WeakRef<BreakerPolicy>>();
	#listening = false;

	constructor(private readonly parts: CircuitNewsParts) {}

	/** @param name the same in all processes for the same circuit; no secrets */
	join(name: string, breaker: BreakerPolicy): void {
		const { signals, store, process } = this.parts;
		this.#circuits.delete(name);
		const [oldest] = this.#circuits.keys();
		if (this.#circuits.size >= MAX_CIRCUITS && oldest !== undefined) this.#circuits.delete(oldest);
		this.#circuits.set(name, new WeakRef(breaker));
		breaker.onOpen.set(store, () => void signals.publish(CHANNEL, `${process} ${name}`));
		if (this.#listening) return;
		this.#listening = true;
		void signals.subscribe(CHANNEL, (message) => this.#hear(message));
		void signals.subscribe(RESET, (message) => this.#hearReset(message));
	}

	/** Tells those who have joined a circuit. */
	async tellReset(origin: string | undefined): Promise<void> {
		const { signals, process } = this.parts;
		await signals.publish(RESET, `${process} ${origin ?? ALL}`);
	}

	#hearReset(message: string): void {
		const [process, origin] = message.split(' ');
		if (process !== this.parts.process) this.parts.onReset?.(origin === ALL ? undefined : origin);
	}

	#hear(message: string): void {
		const space = message.indexOf(' ');
		if (message.slice(0, space) !== this.parts.process) this.#circuits.get(message.slice(space + 1))?.deref()?.warn();
	}
}

import { LimitExceededError } from '../core/errors';

interface Slot<T> {
	readonly value: T;
	usedAt: number;
}

/**
 * Things that are made on first use and shared by name: circuits, limiters. Bounded: the least
 * recently used one that is idle makes room; idle ones leave after `idleMs`.
 */
export class Registry<T> {
	readonly #slots = new Map<string, Slot<T>>();

	constructor(
		private readonly options: {
			readonly max: number;
			readonly idleMs: number;
			readonly now: () => number;
			readonly isIdle: (value: T) => boolean;
		},
	) {}

	get size(): number {
		return this.#slots.size;
	}

	obtain(key: string, create: () => T): T {
		const found = this.#slots.get(key);
		if (found) {
			found.usedAt = this.options.now();
			return found.value;
		}
		if (this.#slots.size >= this.options.max) this.#makeRoom();
		const value = create();
		this.#slots.set(key, { value, usedAt: this.options.now() });
		return value;
	}

	entries(): Array<[string, T]> {
		return [...this.#slots].map(([key, slot]) => [key, slot.value]);
	}

	sweep(): void {
		const expired = this.options.now() - this.options.idleMs;
		for (const [key, slot] of this.#slots) {
			if (slot.usedAt <= expired && this.options.isIdle(slot.value)) this.#slots.delete(key);
		}
	}

	#makeRoom(): void {
		let oldest: [string, Slot<T>] | undefined;
		for (const entry of this.#slots) {
			if (this.options.isIdle(entry[1].value) && entry[1].usedAt < (oldest?.[1].usedAt ?? Infinity)) oldest = entry;
		}
		if (!oldest) throw new LimitExceededError(`More than ${this.options.max} origins are in use at the same time`);
		this.#slots.delete(oldest[0]);
	}
}

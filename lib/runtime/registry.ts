import { LimitExceededError } from '../core/errors';

interface Slot<T> {
	readonly value: T;
	usedAt: number;
}

/**
 * Things that are made on first use and shared by name: circuits, limiters. Bounded: the least
 * recently used one that is idle makes room; idle ones leave after `idleMs`.
 *
 * What leaves may still be held by a lane that has not ended. It is remembered weakly, so that whoever
 * asks for it again shares it with that lane, instead of getting a second one beside it.
 */
export class Registry<T extends WeakKey> {
	readonly #slots = new Map<string, Slot<T>>();
	/** Bounded by `max` as well; those that nobody holds any more go at the next sweep. */
	readonly #left = new Map<string, WeakRef<T>>();

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
		const value = this.#left.get(key)?.deref() ?? create();
		this.#left.delete(key);
		this.#slots.set(key, { value, usedAt: this.options.now() });
		return value;
	}

	entries(): Array<[string, T]> {
		return [...this.#slots].map(([key, slot]) => [key, slot.value]);
	}

	sweep(): void {
		for (const [key, ref] of this.#left) if (ref.deref() === undefined) this.#left.delete(key);
		const expired = this.options.now() - this.options.idleMs;
		for (const [key, slot] of this.#slots) {
			if (slot.usedAt <= expired && this.options.isIdle(slot.value)) this.#leave(key, slot.value);
		}
	}

	#makeRoom(): void {
		let oldest: [string, Slot<T>] | undefined;
		for (const entry of this.#slots) {
			if (this.options.isIdle(entry[1].value) && entry[1].usedAt < (oldest?.[1].usedAt ?? Infinity)) oldest = entry;
		}
		if (!oldest) throw new LimitExceededError(`More than ${this.options.max} origins are in use at the same time`);
		this.#leave(oldest[0], oldest[1].value);
	}

	#leave(key: string, value: T): void {
		this.#slots.delete(key);
		this.#left.delete(key);
		const [longestGone] = this.#left.keys();
		if (this.#left.size >= this.options.max && longestGone !== undefined) this.#left.delete(longestGone);
		this.#left.set(key, new WeakRef(value));
	}
}

/** Hands values from one who makes them to one who takes them, in order; the maker never waits. */
export class Channel<T> {
	readonly #waiting: T[] = [];
	#closed = false;
	#wake: () => void = () => {};

	push(value: T): void {
		if (this.#closed) return;
		this.#waiting.push(value);
		this.#wake();
	}

	/** What was pushed before is still to be had. */
	close(): void {
		this.#closed = true;
		this.#wake();
	}

	async *values(): AsyncGenerator<T, void, undefined> {
		for (;;) {
			while (this.#waiting.length > 0) yield this.#waiting.shift() as T;
			if (this.#closed) return;
			await new Promise<void>((resolve) => (this.#wake = resolve));
		}
	}
}

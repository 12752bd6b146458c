import { abortReason } from '../core/signal';

import type { Connection } from './connection';

/** A request in line for a connection. Leaves the line at once when its signal aborts. */
export class Waiter {
	previous: Waiter | undefined;
	next: Waiter | undefined;
	readonly connection: Promise<Connection>;
	#resolve: (connection: Connection) => void = () => {};
	#reject: (error: Error) => void = () => {};

	constructor(
		private readonly line: WaitingLine,
		readonly connectMs: number,
		/** Takes no connection that has served a request. */
		readonly fresh: boolean,
		private readonly signal: AbortSignal,
	) {
		this.connection = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		signal.addEventListener('abort', this, { once: true });
	}

	handleEvent(): void {
		this.line.remove(this);
		this.#reject(abortReason(this.signal));
	}

	/** Only for a waiter that has been taken from the line. */
	resolve(connection: Connection): void {
		this.signal.removeEventListener('abort', this);
		this.#resolve(connection);
	}

	reject(error: Error): void {
		this.signal.removeEventListener('abort', this);
		this.#reject(error);
	}
}

/** First come, first served; leaving from the middle is O(1). */
export class WaitingLine {
	first: Waiter | undefined;
	size = 0;
	#last: Waiter | undefined;

	push(waiter: Waiter): void {
		waiter.previous = this.#last;
		if (this.#last) this.#last.next = waiter;
		else this.first = waiter;
		this.#last = waiter;
		this.size += 1;
	}

	shift(): Waiter | undefined {
		const { first } = this;
		if (first) this.remove(first);
		return first;
	}

	remove(waiter: Waiter): void {
		if (waiter.previous) waiter.previous.next = waiter.next;
		else if (this.first === waiter) this.first = waiter.next;
		else return;
		if (waiter.next) waiter.next.previous = waiter.previous;
		else this.#last = waiter.previous;
		waiter.previous = undefined;
		waiter.next = undefined;
		this.size -= 1;
	}
}

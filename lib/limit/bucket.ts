/**
 * Tokens that each come back `returnMs` after they were spent. That bounds every sliding window of this
 * length, where a bucket that refills evenly lets up to twice its size through.
 */
export class Bucket {
	/** When each token was spent; a ring, the next one to be spent at `#next`. Grows only as far as it is used. */
	readonly #spent: number[] = [];
	#next = 0;

	constructor(
		private readonly tokens: number,
		private readonly returnMs: number,
	) {}

	/** When at the earliest the call may go that has `ahead` others before it. */
	readyAt(ahead: number, now: number): number {
		const spentAt = this.#spent[(this.#next + ahead) % this.tokens] ?? -Infinity;
		return Math.max(now, spentAt + this.returnMs) + Math.floor(ahead / this.tokens) * this.returnMs;
	}

	spend(now: number): void {
		this.#spent[this.#next] = now;
		this.#next = (this.#next + 1) % this.tokens;
	}

	isFull(now: number): boolean {
		const last = this.#spent[(this.#next + this.tokens - 1) % this.tokens];
		return last === undefined || last + this.returnMs <= now;
	}
}

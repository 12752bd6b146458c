/**
 * Notices who comes back with a question: an attempt that asks what an earlier attempt of the same run was answered
 * did not like the answer. Bounded; the oldest questions are forgotten first.
 */
export class Comebacks {
	readonly #asked = new Map<string, symbol>();

	constructor(private readonly max = 5000) {}

	/** Whether another attempt of that run has asked this before. The same attempt may ask as often as it likes. */
	isComeback(run: string, question: string, attempt: symbol): boolean {
		const name = `${run} ${question}`;
		const before = this.#asked.get(name);
		if (before === attempt) return false;
		this.#asked.delete(name);
		this.#asked.set(name, attempt);
		if (this.#asked.size > this.max) this.#forgetOldest();
		return before !== undefined;
	}

	#forgetOldest(): void {
		const [oldest] = this.#asked.keys();
		if (oldest !== undefined) this.#asked.delete(oldest);
	}
}

/** Work that goes out once per key, for as long as the object lives: who comes later shares what came of it, failures too. */
export class Once<T> {
	readonly #made = new Map<string, Promise<T>>();

	/** `first` says whether it was this caller's work that was done; the others share its value and must not change it. */
	async run(key: string, make: () => Promise<T>): Promise<{ readonly value: T; readonly first: boolean }> {
		const present = this.#made.get(key);
		if (present) return { value: await present, first: false };
		const made = make();
		this.#made.set(key, made);
		return { value: await made, first: true };
	}
}

/** What a cache may do for the time being. */
export interface Allowance {
	/** Of its bound, from 0 to 1. */
	readonly share: number;
	/** Whether it takes anything new. */
	readonly writes: boolean;
}

export const ALL: Allowance = { share: 1, writes: true };

/** How many bytes a cache may hold: as many as it was made for, or less for a while. */
export class ByteBound {
	#allowance = ALL;

	/**
	 * @param held what the cache holds now
	 * @param fit lets go of what was not used for the longest time, until no more than so many bytes are held
	 */
	constructor(
		private most: number,
		private readonly held: () => number,
		private readonly fit: (maxBytes: number) => void,
	) {}

	get bytes(): number {
		return this.#allowance.share * this.most;
	}

	get writes(): boolean {
		return this.#allowance.writes;
	}

	/** Another bound from now on, of which as much may be used as before. */
	resize(most: number): void {
		this.most = most;
		this.fit(this.bytes);
	}

	allow(allowance: Allowance): void {
		this.#allowance = allowance;
		this.fit(this.bytes);
	}

	dropColdHalf(): void {
		this.fit(this.held() / 2);
	}
}

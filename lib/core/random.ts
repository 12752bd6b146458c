/** The only source of chance: a number in [0, 1). */
export interface Random {
	next(): number;
}

export const systemRandom: Random = { next: () => Math.random() };

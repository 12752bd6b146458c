/** Contenders take turns, round by round, in one process: what disturbs the machine disturbs all of them. */

/** What one round of a contender came to: the measured value, and what else is worth a column. */
export interface Sample {
	readonly value: number;
	readonly also?: Readonly<Record<string, number>>;
}

export interface Contender {
	readonly name: string;
	/** One round. */
	round(): Promise<Sample>;
}

export interface Turns {
	readonly rounds: number;
	/** Rounds before those that count. */
	readonly warmUp: number;
}

/** The samples of each contender, in the order of the rounds. */
export async function alternate(contenders: readonly Contender[], { rounds, warmUp }: Turns): Promise<Sample[][]> {
	const samples: Sample[][] = contenders.map(() => []);
	for (let round = -warmUp; round < rounds; round += 1) {
		for (let turn = 0; turn < contenders.length; turn += 1) {
			// Each round begins with another one, so that none always follows the same neighbour's garbage.
			const place = (turn + round + warmUp) % contenders.length;
			const sample = await contenders[place]?.round();
			if (sample && round >= 0) samples[place]?.push(sample);
		}
	}
	return samples;
}

export interface Operation {
	readonly name: string;
	/** One operation, or as many as `operations` says. What gives a promise is awaited. */
	run(): unknown;
	readonly operations?: number;
	/** Before each round, outside of the measured time. */
	before?(): unknown;
	/** For columns of their own. */
	readonly also?: Readonly<Record<string, number>>;
}

/** Keeps the optimizer from dropping operations whose results nobody reads. */
export const sink: { last?: unknown } = {};

/**
 * A contender whose value is nanoseconds per operation: processor time of all threads of the process, garbage collection among them,
 * which a busy machine spoils less than the time on the clock. It finds out how often to run to fill a round.
 */
export function timed({ name, run, operations = 1, before, also }: Operation, roundMs: number): Contender {
	let count = 0;
	let isAsync = false;
	const measure = async (times: number): Promise<number> => {
		const before = process.cpuUsage();
		// An await costs as much as some of what is measured, so only those wait who have to.
		if (isAsync) for (let index = 0; index < times; index += 1) sink.last = await run();
		else for (let index = 0; index < times; index += 1) sink.last = run();
		const { user, system } = process.cpuUsage(before);
		return (user + system) * 1000;
	};
	const calibrate = async (): Promise<void> => {
		const first = run();
		isAsync = first instanceof Promise;
		await first;
		for (count = 1; (await measure(count)) < (roundMs * 1e6) / 2; count *= 2);
	};
	return {
		name,
		round: async () => {
			await before?.();
			if (count === 0) await calibrate();
			await before?.();
			return { value: (await measure(count)) / count / operations, ...(also ? { also } : {}) };
		},
	};
}

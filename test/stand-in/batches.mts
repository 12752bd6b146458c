import { seededRandom } from './behaviour.mts';
import { idOf, objectOf, type Exchange, type JsonObject, type Reply, type TokenUsage } from './http.mts';

/**
 * What becomes of a request in a batch. All are answered, but those with one of these words anywhere in them:
 * `[fails]`, `[expires]`, `[is cancelled]`; and `[spoils the batch]` makes the whole batch fail.
 */
export type Fate = 'answered' | 'failed' | 'expired' | 'cancelled';

export interface BatchEntry {
	readonly id: string;
	readonly fate: Fate;
	/** What a single call would have been answered with. */
	readonly reply: Reply;
}

export interface Batch {
	readonly id: string;
	readonly createdAt: Date;
	/** In another order than they came in. */
	readonly entries: readonly BatchEntry[];
	/** Of the batch as a whole, where it fails; its requests are then not tried. */
	readonly problem: string | undefined;
	readonly facts: Readonly<Record<string, string>>;
	pollsLeft: number;
	cancelled: boolean;
}

const FATES: ReadonlyArray<[word: string, fate: Fate]> = [
	['[fails]', 'failed'],
	['[expires]', 'expired'],
	['[is cancelled]', 'cancelled'],
];

/** Batches and files of all three providers. A batch is done once it has been looked at often enough. */
export class BatchDesk {
	readonly #batches = new Map<string, Batch>();
	readonly #files = new Map<string, string>();
	readonly #polls: number;

	constructor(polls: number) {
		this.#polls = polls;
	}

	/** `answer` makes of a request's body what a single call would be answered with. */
	open(
		exchange: Exchange,
		prefix: string,
		requests: ReadonlyArray<{ id: string; body: JsonObject }>,
		answer: (call: Exchange) => Reply,
		facts: Record<string, string> = {},
		problem?: string,
	): Batch {
		const spoilt = requests.some(({ body }) => JSON.stringify(body).includes('[spoils the batch]'));
		const entries = requests.map(({ id, body }, index) => {
			const text = JSON.stringify(body);
			const fate = FATES.find(([word]) => text.includes(word))?.[1] ?? 'answered';
			const reply = answer({ ...exchange, body: Buffer.from(text), sequence: exchange.sequence * 1000 + index });
			return { id, fate: fate === 'answered' && reply.status >= 400 ? 'failed' : fate, reply } as const;
		});
		const batch: Batch = {
			id: idOf(prefix, exchange.sequence, 24),
			createdAt: new Date(),
			entries: shuffled(entries),
			problem: problem ?? (spoilt ? 'The batch is spoilt.' : undefined),
			facts,
			pollsLeft: this.#polls,
			cancelled: false,
		};
		this.#batches.set(batch.id, batch);
		return batch;
	}

	/** The latest first. Looking at them all brings none nearer to its end. */
	all(): Batch[] {
		return [...this.#batches.values()].reverse();
	}

	/** A look at it brings it nearer to its end. */
	look(id: string): Batch | undefined {
		const batch = this.#batches.get(id);
		if (batch && batch.pollsLeft > 0) batch.pollsLeft -= 1;
		else if (batch) batch.pollsLeft = -1;
		return batch;
	}

	cancel(id: string): Batch | undefined {
		const batch = this.#batches.get(id);
		if (batch && !isDone(batch)) batch.cancelled = true;
		return batch;
	}

	keep(id: string, content: string): string {
		this.#files.set(id, content);
		return id;
	}

	file(id: string): string | undefined {
		return this.#files.get(id);
	}
}

export function isDone(batch: Batch): boolean {
	return batch.pollsLeft < 0;
}

export function fateOf(batch: Batch, entry: BatchEntry): Fate {
	return batch.cancelled ? 'cancelled' : entry.fate;
}

export function countOf(batch: Batch, ...fates: readonly Fate[]): number {
	return batch.entries.filter((entry) => fates.includes(fateOf(batch, entry))).length;
}

export function tokensOf({ entries }: Batch): TokenUsage {
	const sum = (of: (tokens: TokenUsage) => number) =>
		entries.reduce((total, { fate, reply }) => total + (fate === 'answered' && reply.tokens ? of(reply.tokens) : 0), 0);
	return { input: sum(({ input }) => input), output: sum(({ output }) => output) };
}

export function jsonLines(text: string): JsonObject[] {
	return text.split('\n').filter((line) => line !== '').map((line) => objectOf(JSON.parse(line)));
}

export function toJsonLines(lines: readonly unknown[]): string {
	return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function shuffled<T>(list: readonly T[]): T[] {
	const random = seededRandom(list.length);
	const mixed = list.map((entry) => ({ entry, at: random() })).sort((a, b) => a.at - b.at).map(({ entry }) => entry);
	// Of two, chance may leave the order as it was.
	return mixed.every((entry, index) => entry === list[index]) ? mixed.reverse() : mixed;
}

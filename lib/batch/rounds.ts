import { hash } from 'node:crypto';
import type { Clock } from '../core/clock';
import { Journal, type JournalStore } from './journal';

/** One pass of one node through its items. */
export interface Pass {
	/** The node, over all that may share a store. */
	readonly place: readonly string[];
	readonly execution: string;
	/** The execution that this one is another try of. */
	readonly retryOf: string | undefined;
	/** How many passes the node has had in this execution before, as in a loop; another try of a pass is the same pass. */
	readonly pass: number;
}

/**
 * Which runs go on with which:
 * - `retries`: the tries of one execution, whether n8n repeats the node, the user the execution, or a worker a job that another left behind.
 * - `unfinished`: each run goes on with the one before, until one has ended with nothing left to do.
 * - `key`: all runs with the same key, for as long as entries are kept.
 */
export type Resume = { readonly kind: 'retries' | 'unfinished' } | { readonly kind: 'key'; readonly key: string };

/** Runs that go on with each other, and what they have done. */
export interface Round {
	/** The same for all of them, and for no others. */
	readonly id: string;
	readonly journal: Journal;
	/** @param complete nothing is left to do */
	end(complete: boolean): Promise<void>;
}

export interface RoundParts {
	readonly store: JournalStore;
	/** Whether it outlives this process. */
	readonly durable: boolean;
	readonly clock: Clock;
}

export async function openRound(parts: RoundParts, pass: Pass, resume: Resume, ttlMs: number): Promise<Round> {
	const { store, clock, durable } = parts;
	const open = async (id: string, close: (journal: Journal) => Promise<void>, leaveOpen = async () => {}): Promise<Round> => {
		const journal = await Journal.open(store, clock, { name: `journal/${id}`, ttlMs });
		return { id, journal, end: async (complete) => await (complete ? close(journal) : leaveOpen()) };
	};
	// Where a later node fails, or the process dies, all of the execution is run again, and finds what was done; memory would be gone.
	const leave = async (journal: Journal) => await (durable ? undefined : journal.clear());
	if (resume.kind === 'key') return await open(nameOf(pass.place, 'key', resume.key), async () => {});
	const own = idOf(pass, await firstTry(store, pass, ttlMs));
	if (resume.kind === 'retries') return await open(own, leave);

	const mine = `round/${own}`;
	const latest = `round/${nameOf(pass.place, 'unfinished', String(pass.pass))}`;
	const [ofTry, unfinished] = await store.getMany([mine, latest]);
	// The first execution gives the round its name.
	const id = (ofTry ?? unfinished)?.toString() ?? own;
	const note = async () => void (await Promise.all([mine, latest].map(async (name) => await store.set(name, Buffer.from(id), ttlMs))));
	await note();
	const close = async (journal: Journal) => {
		await store.delete([latest]);
		await leave(journal);
	};
	// Noted once more, as the entries of this run count from now on, and the store may be another one meanwhile.
	return await open(id, close, note);
}

/** What the tries of one execution have in common, as far as it can be told without a store. */
export function idOf(pass: Pass, first: string = pass.retryOf ?? pass.execution): string {
	return nameOf(pass.place, 'execution', first, String(pass.pass));
}

/** n8n tells an execution which one it repeats, and not what that one repeated: each try notes whose it is. */
async function firstTry(store: JournalStore, { place, execution, retryOf }: Pass, ttlMs: number): Promise<string> {
	if (retryOf === undefined) return execution;
	const note = (of: string) => `try/${nameOf(place, of)}`;
	const [noted] = await store.getMany([note(retryOf)]);
	const first = noted?.toString() ?? retryOf;
	await store.set(note(execution), Buffer.from(first), ttlMs);
	return first;
}

function nameOf(place: readonly string[], ...parts: readonly string[]): string {
	return hash('sha256', JSON.stringify([place, parts])).slice(0, 32);
}

import { matchesGlob } from '../cache/glob';
import type { KeyvStore } from '../cache/keyv-store';
import { keysMatching, type Rule } from '../cache/rules';
import type { WalkableStore } from '../cache/store';
import type { GuardedBackend } from '../shared/guard';

/** What a clearing would take away, were it done now. */
export interface Foreseen {
	/** Answers in the memory of this process. */
	readonly inMemory: number;
	/** Answers in the shared store. Null where there is none, where it does not answer, and where only reading all of them would tell. */
	readonly inStore: number | null;
	/** Of the first of them. */
	readonly keys: readonly string[];
}

/** The place behind the memory. */
export interface Behind {
	readonly guard: GuardedBackend;
	readonly store: KeyvStore;
	/** What the keys of answers begin with. */
	readonly prefix: string;
}

const MAX_NAMED = 20;
/** From so many keys on they are too many to be counted. */
const MAX_COUNTED = 10_000;

export function foreseeIn(front: WalkableStore, rule: Rule): Foreseen {
	return foreseen(keysMatching(front, rule), undefined);
}

export async function foreseeOver(front: WalkableStore, behind: Behind, rule: Rule): Promise<Foreseen> {
	return foreseen(keysMatching(front, rule), await keysBehind(behind, rule));
}

function foreseen(near: readonly string[], far: readonly string[] | undefined): Foreseen {
	// A memory that holds parts of several stores names the store before the key.
	const keys = new Set([...near.map((key) => key.slice(key.lastIndexOf(' ') + 1)), ...(far ?? [])]);
	return { inMemory: near.length, inStore: far?.length ?? null, keys: [...keys].slice(0, MAX_NAMED) };
}

async function keysBehind({ guard, store, prefix }: Behind, rule: Rule): Promise<string[] | undefined> {
	if (rule.kind !== 'all' && rule.kind !== 'key') return undefined;
	const pattern = rule.kind === 'key' ? rule.pattern : '*';
	const [beginning = '', ...stars] = pattern.split('*');
	const found = stars.length === 0 ? await one(store, pattern) : await scanned(guard, prefix, beginning);
	return guard.status.state === 'down' || found.length >= MAX_COUNTED ? undefined : found.filter((key) => matchesGlob(pattern, key));
}

async function one(store: KeyvStore, key: string): Promise<string[]> {
	return (await store.get(key)) ? [key] : [];
}

async function scanned(guard: GuardedBackend, prefix: string, beginning: string): Promise<string[]> {
	return (await guard.scan(prefix + beginning, MAX_COUNTED)).map((key) => key.slice(prefix.length));
}

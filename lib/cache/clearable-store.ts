import type { RuleBook } from './rules';
import type { Marks, Store, StoredAnswer, StoreOptions } from './store';
import { StoreOver } from './store-over';

/** The rules that a store obeys. */
export interface Rules {
	readonly book: RuleBook;
	/** What a call that begins now is as of: the last rule before which none is missing. */
	readonly generation: number;
	/** Resolves when the book holds what other processes have cleared, but for the last few seconds. */
	current(): Promise<void> | undefined;
}

/** A store in front of another, which does not find what was cleared. */
export class ClearableStore extends StoreOver {
	constructor(
		inner: Store,
		private readonly rules: Rules,
	) {
		super(inner);
	}

	get generation(): number {
		return this.rules.generation;
	}

	override async get(key: string, asker?: Marks): Promise<StoredAnswer | undefined> {
		const current = this.rules.current();
		if (current) await current;
		const found = await this.inner.get(key);
		if (!found) return undefined;
		const verdict = this.rules.book.judge(key, found, asker);
		if (verdict === 'cleared') await this.inner.delete(key);
		return verdict === 'kept' ? found : undefined;
	}

	/** An answer that is cleared already does not take the place of one that came after the rule. */
	override async set(key: string, value: unknown, options: StoreOptions): Promise<boolean> {
		const known = options.asOf === undefined ? { ...options, asOf: this.rules.generation } : options;
		if (this.rules.book.judge(key, known) === 'cleared') return false;
		return await this.inner.set(key, value, known);
	}
}

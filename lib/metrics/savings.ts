import type { CallTrace } from '../core/trace';

/** `exact`: the same request was answered before · `similar`: one like it was · `coalesced`: it was under way. */
export type SavedBy = 'exact' | 'similar' | 'coalesced';

export interface Savings {
	calls: number;
	tokens: number;
	usd: number;
	ms: number;
}

const SAVED_BY = ['exact', 'similar', 'coalesced'] as const;

/** Undefined where a call was not saved. */
export function savedBy({ cache, coalesced }: Pick<CallTrace, 'cache' | 'coalesced'>): SavedBy | undefined {
	if (coalesced) return 'coalesced';
	if (cache === 'similar') return 'similar';
	return cache === 'hit' || cache === 'stale' ? 'exact' : undefined;
}

/** Of nothing yet. */
export function noSavings(): Record<SavedBy, Savings> {
	const entries = SAVED_BY.map((by) => [by, { calls: 0, tokens: 0, usd: 0, ms: 0 }] as const);
	return Object.fromEntries(entries) as Record<SavedBy, Savings>;
}

export function addSavings(savings: Record<SavedBy, Savings>, trace: CallTrace): void {
	const by = savedBy(trace);
	if (!by) return;
	savings[by].calls += 1;
	savings[by].tokens += trace.savedTokens ?? 0;
	savings[by].usd += trace.savedUsd ?? 0;
	savings[by].ms += trace.savedMs ?? 0;
}

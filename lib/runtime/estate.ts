import type { SpentToday } from '../ai/budget';
import type { Numbered } from '../cache/rules';
import type { MovedAnswer } from '../cache/store';
import type { MovedEntry } from '../shared/memory';

/** Another number for another shape: a build that does not know it begins with nothing. */
export const ESTATE_FORMAT = 1;

/**
 * What one build's runtime leaves to that of the next, when n8n updates the package without a restart. Plain data, as the two know
 * none of each other's classes; no more than the bounds of the memory allow. Connections, circuits, limits,
 * measurements and wordings for similar prompts are not in it: they are learnt anew.
 */
export interface Estate {
	readonly format: typeof ESTATE_FORMAT;
	/** The most recently used first. */
	readonly answers: readonly MovedAnswer[];
	/** By which answers were cleared. */
	readonly rules: readonly Numbered[];
	readonly spent: SpentToday;
	/** Of batches, as far as they are in memory. */
	readonly journals: readonly MovedEntry[];
}

/** Undefined where the runtime of the other build leaves nothing, or something of another shape. */
export function estateOf(runtime: { estate?: () => { readonly format: number } }): Estate | undefined {
	const estate = runtime.estate?.();
	return estate?.format === ESTATE_FORMAT ? (estate as Estate) : undefined;
}

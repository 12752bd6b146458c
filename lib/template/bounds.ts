/** Characters of one template. */
export const MAX_TEXT = 262_144;
/** Templates that one may draw in by `render`, directly or through others. */
export const MAX_PARTIALS = 50;
/** Blocks within blocks, and lists or objects within others. */
export const MAX_NESTING = 50;
/** Characters of the values for one filling, names included. */
export const MAX_VALUES = 4_194_304;
/** Characters that one filling may give. */
export const MAX_OUTPUT = 4_194_304;
/** What the engine may make on its way: characters of texts, and entries of lists. */
export const MAX_MEMORY = 8_388_608;
/** What one filling may take. */
export const MAX_FILL_MS = 1000;

/** Names that lead from data into the machinery of JavaScript. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

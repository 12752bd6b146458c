import { readingOf, type Reading } from './reading';
import { OPPOSITES } from './words';

/**
 * Why two prompts that look alike must not share an answer. `opposites`: enable and disable · `order`: A over B and B over
 * A · `words`: a further word that only one of them has, and that is neither a filler nor a known synonym ·
 * `text`: what follows the question (after a colon, a line break, the first sentence), where not a letter may differ.
 */
export type Veto =
	| 'code' | 'urls' | 'quoted' | 'numbers' | 'units' | 'dates' | 'language' | 'negation' | 'names' | 'opposites' | 'comparison'
	| 'order' | 'words' | 'text';

/** In the order in which they are looked for: the first that applies is the reason that is given. */
const VETOES: ReadonlyArray<readonly [Veto, (a: Reading, b: Reading) => boolean]> = [
	['code', (a, b) => differ(a.code, b.code)],
	['urls', (a, b) => differ(a.urls, b.urls)],
	['quoted', (a, b) => differ(a.quoted, b.quoted)],
	['numbers', (a, b) => differ(a.numbers, b.numbers)],
	['units', (a, b) => differ(a.units, b.units)],
	['dates', (a, b) => differ(a.dates, b.dates)],
	['language', (a, b) => !speaksAs(a.language, b.language)],
	['negation', (a, b) => differ(a.negations, b.negations)],
	['order', isReordered],
	['names', (a, b) => differ(a.names, b.names)],
	['opposites', hasOpposites],
	['comparison', (a, b) => differ(a.comparatives, b.comparatives)],
	['words', (a, b) => differ(a.words, b.words)],
	['text', (a, b) => a.text !== b.text],
];

/** Judges one prompt against others; reads it once. A doubt is a veto: a miss costs a call, a false hit a wrong answer. */
export function guardFor(prompt: string): (other: string) => Veto | undefined {
	const reading = readingOf(prompt);
	return (other) => {
		const otherReading = readingOf(other);
		return VETOES.find(([, applies]) => applies(reading, otherReading))?.[0];
	};
}

function differ(a: readonly string[], b: readonly string[]): boolean {
	return a.length !== b.length || a.some((value, index) => value !== b[index]);
}

function sorted(values: readonly string[]): string[] {
	return [...values].sort();
}

/** The language of a text too short to tell is anybody's; the words decide then. Scripts always differ. */
function speaksAs(a: string, b: string): boolean {
	const [languageA = '', ...scriptsA] = a.split(' ');
	const [languageB = '', ...scriptsB] = b.split(' ');
	return !differ(scriptsA, scriptsB) && (languageA === languageB || languageA === '' || languageB === '');
}

function isReordered(a: Reading, b: Reading): boolean {
	return differ(a.words, b.words) && !differ(sorted(a.words), sorted(b.words));
}

function hasOpposites(a: Reading, b: Reading): boolean {
	const [inA, inB] = [new Set(a.words), new Set(b.words)];
	for (const word of inA) {
		if (inB.has(word)) continue;
		for (const opposite of OPPOSITES.get(word) ?? []) {
			if (inB.has(opposite) && !inA.has(opposite)) return true;
		}
	}
	return false;
}

/** Characters per n-gram: long enough that few texts share one by chance, short enough to outlive an inflection. */
const GRAM_LENGTH = 4;

/** Of a longer text only the n-grams with the lowest hashes are kept: the same ones in every text (bottom-k sampling). */
export const SKETCH_SIZE = 128;

/** What two wordings of one prompt share: letters and digits in lower case, one space between words and at both ends. */
function plainText(prompt: string): string {
	const words = prompt.normalize('NFKC').toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
	return ` ${words.join(' ')} `;
}

/**
 * The character n-grams of a prompt as hashes, ascending and distinct, at most `SKETCH_SIZE`. The scope is part of each
 * hash, so that prompts of different scopes meet neither in a posting list nor in the count of a rarity.
 */
export function sketchOf(scope: string, prompt: string): Uint32Array {
	const units = unitsOf(plainText(prompt));
	const seed = unitsOf(scope).reduce(fold, OFFSET_BASIS);
	const hashes = new Set<number>();
	for (let start = 0; start + GRAM_LENGTH <= units.length; start += 1) {
		let hash = seed;
		for (let index = start; index < start + GRAM_LENGTH; index += 1) hash = fold(hash, units[index] ?? 0);
		hashes.add(mix(hash));
	}
	const sorted = Uint32Array.from(hashes).sort();
	return sorted.length > SKETCH_SIZE ? sorted.slice(0, SKETCH_SIZE) : sorted;
}

/**
 * The weighted Jaccard coefficient of two sketches: the weight of what they share over the weight of all. Of sampled
 * sketches only the lowest hashes of their union count (A. Broder, On the resemblance and containment of documents, 1997).
 */
export function resemblance(a: Uint32Array, b: Uint32Array, weigh: (gram: number) => number): number {
	const bound = Math.max(a.length, b.length) < SKETCH_SIZE ? Infinity : SKETCH_SIZE;
	let [shared, all, seen, i, j] = [0, 0, 0, 0, 0];
	while (seen < bound && (i < a.length || j < b.length)) {
		const [left, right] = [a[i] ?? Infinity, b[j] ?? Infinity];
		const weight = weigh(Math.min(left, right));
		all += weight;
		if (left === right) shared += weight;
		if (left <= right) i += 1;
		if (right <= left) j += 1;
		seen += 1;
	}
	return all === 0 ? 0 : shared / all;
}

/**
 * The UTF-16 units of a text, read once. V8 reads them from a string five times as slowly once any code of the process has
 * made a class that extends String, which clients of Redis do.
 */
function unitsOf(text: string): Uint16Array {
	const units = new Uint16Array(text.length);
	Buffer.from(units.buffer).write(text, 'utf16le');
	return units;
}

const OFFSET_BASIS = 0x811c9dc5;

/** One step of FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), taken per UTF-16 unit. */
function fold(hash: number, unit: number): number {
	return Math.imul(hash ^ unit, 0x01000193);
}

/** MurmurHash3's finalizer (A. Appleby, public domain): spreads the hashes evenly, as the sampling needs. */
function mix(hash: number): number {
	let mixed = hash ^ (hash >>> 16);
	mixed = Math.imul(mixed, 0x85ebca6b);
	mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
	return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** In which order the members of objects with the same keys in the same order are written. */
export interface Layout {
	/** In the order in which the objects have them. */
	readonly keys: readonly string[];
	/** In the order of their code units; the same list where they are so already. */
	readonly sorted: readonly string[];
	/** Whether an object that is given them in that order keeps it: keys that are numbers would go first, and __proto__ be taken for its prototype. */
	readonly isKept: boolean;
}

/**
 * So many are remembered. The objects of an answer, or of a node's calls, have few shapes, which come again and again, and sorting
 * their keys is more work than comparing them with those of the last time.
 */
const PLACES = 512;

/** Of a layout that is remembered; an object with more is a map rather than a shape. */
const MAX_KEYS = 32;
const MAX_CHARACTERS = 1000;

const remembered: Array<Layout | undefined> = new Array<undefined>(PLACES).fill(undefined);

export function layoutOf(record: object): Layout {
	const keys = Object.keys(record);
	if (keys.length > MAX_KEYS) return layOut(keys);
	const place = placeOf(keys);
	const known = remembered[place];
	if (known && isSame(known.keys, keys)) return known;
	const layout = layOut(keys);
	if (isShort(keys)) remembered[place] = layout;
	return layout;
}

function layOut(keys: readonly string[]): Layout {
	if (isSorted(keys)) return { keys, sorted: keys, isKept: true };
	return { keys, sorted: [...keys].sort(), isKept: !keys.some((key) => key === '__proto__' || startsWithDigit(key)) };
}

function isSorted(keys: readonly string[]): boolean {
	for (let index = 1; index < keys.length; index += 1) if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return false;
	return true;
}

function startsWithDigit(key: string): boolean {
	const code = key.charCodeAt(0);
	return code >= 0x30 && code <= 0x39;
}

function isShort(keys: readonly string[]): boolean {
	let characters = 0;
	for (const key of keys) characters += key.length;
	return characters <= MAX_CHARACTERS;
}

/** Shapes that take turns rarely share a place, as they differ in the number of their keys, or in the first or the last. */
function placeOf(keys: readonly string[]): number {
	const first = keys[0] ?? '';
	const last = keys[keys.length - 1] ?? '';
	// Of an empty key there is no code.
	return (keys.length * 31 + first.length * 7 + first.charCodeAt(0) + last.length * 5 + last.charCodeAt(last.length - 1) * 3) % PLACES || 0;
}

function isSame(keys: readonly string[], others: readonly string[]): boolean {
	if (keys.length !== others.length) return false;
	for (let index = 0; index < keys.length; index += 1) if (keys[index] !== others[index]) return false;
	return true;
}

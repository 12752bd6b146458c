import type { Template } from './record';

/** What is looked for; all of it must hold. */
export interface Query {
	readonly tags: readonly string[];
	/** Fields that the template reads. */
	readonly fields: readonly string[];
	/** Words of its name, description or text; the last one may be the beginning of a word. */
	readonly words: readonly string[];
}

const MAX_WORDS = 2000;
const MAX_WORD = 40;
/** Where one list is that many times longer, each name of the shorter one is looked up in it. */
const MUCH_LONGER = 16;

/** Names in the order of the alphabet, by what they are found by. */
type Postings = Map<string, string[]>;

/** Finds names of templates without looking at templates. Each is known by its latest version. */
export class SearchIndex {
	readonly #names: string[] = [];
	readonly #postings = { tags: new Map() as Postings, fields: new Map() as Postings, words: new Map() as Postings };
	/** All words, in the order of the alphabet, so that beginnings are found. */
	readonly #words: string[] = [];

	add(template: Template): void {
		insert(this.#names, template.name);
		const { tags, fields, words } = this.#postings;
		for (const tag of template.tags) post(tags, plain(tag), template.name);
		for (const field of fieldsOf(template)) post(fields, field, template.name);
		for (const word of wordsOf(template)) {
			if (!words.has(word)) insert(this.#words, word);
			post(words, word, template.name);
		}
	}

	remove(template: Template): void {
		erase(this.#names, template.name);
		const { tags, fields, words } = this.#postings;
		for (const tag of template.tags) unpost(tags, plain(tag), template.name);
		for (const field of fieldsOf(template)) unpost(fields, field, template.name);
		for (const word of wordsOf(template)) if (unpost(words, word, template.name)) erase(this.#words, word);
	}

	get size(): number {
		return this.#names.length;
	}

	/** By how many words, tags and fields something is found. */
	get keys(): number {
		const { tags, fields, words } = this.#postings;
		return tags.size + fields.size + words.size + this.#words.length;
	}

	/** Names in the order of the alphabet. */
	find({ tags, fields, words }: Query): readonly string[] {
		const wanted = [
			...tags.map((tag) => this.#postings.tags.get(plain(tag)) ?? []),
			...fields.map((field) => this.#postings.fields.get(field) ?? []),
			...words
				.map((word) => plain(word).slice(0, MAX_WORD))
				.map((word, index) => (index === words.length - 1 ? this.#beginning(word) : (this.#postings.words.get(word) ?? []))),
		];
		const [shortest, ...others] = wanted.sort((a, b) => a.length - b.length);
		return shortest === undefined ? this.#names : others.reduce(intersect, shortest);
	}

	/** Those with a word that begins so. */
	#beginning(start: string): string[] {
		const found: string[][] = [];
		for (let at = placeOf(this.#words, start); this.#words[at]?.startsWith(start); at += 1) {
			found.push(this.#postings.words.get(this.#words[at] ?? '') ?? []);
		}
		return found.length === 1 ? (found[0] ?? []) : [...new Set(found.flat())].sort(compare);
	}
}

/** The words of a text, as they are found by. */
export function toWords(text: string): string[] {
	return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])];
}

function wordsOf({ name, description, text }: Template): string[] {
	return toWords(`${name} ${description} ${text}`).map((word) => word.slice(0, MAX_WORD)).slice(0, MAX_WORDS);
}

function fieldsOf({ fields, reads }: Template): Set<string> {
	return new Set([...reads, ...fields.map(({ name }) => name)]);
}

function plain(text: string): string {
	return text.trim().toLowerCase();
}

function post(postings: Postings, key: string, name: string): void {
	const names = postings.get(key);
	if (names) insert(names, name);
	else postings.set(key, [name]);
}

/** Whether nothing is found by that key any more. */
function unpost(postings: Postings, key: string, name: string): boolean {
	const names = postings.get(key);
	if (names) erase(names, name);
	return names?.length === 0 && postings.delete(key);
}

/** By code units, as a binary search compares. */
function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

/** Where a name is in a sorted list, or belongs. */
function placeOf(sorted: readonly string[], name: string): number {
	let [from, to] = [0, sorted.length];
	while (from < to) {
		const middle = (from + to) >> 1;
		if ((sorted[middle] ?? '') < name) from = middle + 1;
		else to = middle;
	}
	return from;
}

function insert(sorted: string[], name: string): void {
	const place = placeOf(sorted, name);
	if (sorted[place] !== name) sorted.splice(place, 0, name);
}

function erase(sorted: string[], name: string): void {
	const place = placeOf(sorted, name);
	if (sorted[place] === name) sorted.splice(place, 1);
}

/** Of two sorted lists, of which the first is not the longer one. */
function intersect(short: readonly string[], long: readonly string[]): string[] {
	if (short.length * MUCH_LONGER < long.length) return short.filter((name) => long[placeOf(long, name)] === name);
	const both: string[] = [];
	let at = 0;
	for (const name of short) {
		while (at < long.length && (long[at] ?? '') < name) at += 1;
		if (long[at] === name) both.push(name);
	}
	return both;
}

import { AMOUNTS, COMPARATIVES, DATES, FILLERS, LANGUAGES, NEGATIONS, NUMBER_WORDS, SYNONYMS, UNITS } from './words';

/** A prompt taken apart into what must not differ. Every list keeps the order of the text. */
export interface Reading {
	readonly code: readonly string[];
	readonly urls: readonly string[];
	readonly quoted: readonly string[];
	readonly numbers: readonly string[];
	readonly units: readonly string[];
	readonly dates: readonly string[];
	readonly negations: readonly string[];
	readonly comparatives: readonly string[];
	/** Capitalised words, save at the start of a sentence. */
	readonly names: readonly string[];
	/** What is left of the text in lower case, without fillers, one word for each synonym. */
	readonly words: readonly string[];
	/** What is to be worked on, to the letter. */
	readonly text: string;
	/** Language by its most frequent words, and the scripts in use. */
	readonly language: string;
}

const CODE = /```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)|`[^`\n]+`/g;
const QUOTED = /"[^"]*"|“[^”]*”|«[^»]*»|„[^“”]*[“”]|‘[^’]*’|(?<![\p{L}\p{N}])'[^'\n]+'(?![\p{L}\p{N}])/gu;
/** Marks a token as an identifier, a path, a formula: it holds a sign that prose does not. */
const SYMBOL = /[_{}[\]<>=\\|@#$€£¥^*+~§°]|[\p{L}\p{N}]\/|\/[\p{L}\p{N}]|::|\(\)|\p{Ll}\p{Lu}|\p{So}/u;
/** Code that stands in no fence: from the first such token to the end of its line, all is taken as it is. */
const CODE_LINE = /[^\s{}=<>\\|^~(]*(?:[{}=<>\\|^~]|(?<=\w)\().*/g;
const ARITHMETIC = /(?<![\p{L}\p{N}])(?:\d+|\p{L}) ?[-−/%&!×÷] ?(?:\d+|\p{L})(?![\p{L}\p{N}])/gu;
const ADDRESS = /:\/\/|^\W*www\.|[\w-]@[\w-]+\.\w|^\W*[a-z\d-]+(?:\.[a-z\d-]+)*\.(?:com|org|net|io|dev|gov|edu|[a-z]{2})(?:\/\S*)?\W*$/i;
const NUMBERS = /[-−]?\d+(?:[.,:/-]\d+)*%?/g;
const TOKENS = /\S+/g;
const WORDS = /[\p{L}\p{M}]+|\d+/gu;

const SCRIPTS = ['Latin', 'Cyrillic', 'Greek', 'Han', 'Hiragana', 'Katakana', 'Hangul', 'Arabic', 'Hebrew', 'Devanagari', 'Thai'].map(
	(script): [string, RegExp] => [script, new RegExp(`\\p{Script=${script}}`, 'u')],
);

/** Ways to begin that ask nothing: taken away as long as there is one. */
const OPENINGS =
	/^[\s,:]*(?:(?:hi|hello|hey)(?: there)?[,!.]|please,?|kindly|tell me(?: about)?[,:]?|let me know|i (?:want|need|would like|would love)(?: for)? you to|i (?:would like|want|need) to know|do you know(?= (?:what|who|where|when|why|how|which)\b)|(?:can|could|would|will) you(?: please| kindly| maybe)?(?= (?:please|tell|give|explain|list|write|summarize|summarise|translate|show|help|describe|provide|generate|create|convert|classify|tag|draft|suggest|rewrite|compare|define|extract|enumerate|compose|outline|recommend|find|format|plan|check|name|set|answer|reply)\b))\s+/i;
/** And to end; only where nothing but the question is there, because a text to work on may end with them too. */
const CLOSING = /,?\s*\b(?:thanks|thank you|many thanks|please)(?: very much| so much| a lot)?(?: in advance)?[.!]*\s*$/i;

/** What follows the question: it is worked on, and may not differ in a letter. */
const TEXT_BEGINS = /[:\n]|[.?!](?=\s)/;
/** Where wording itself is what is asked about, the question is such a text too. */
const ABOUT_WORDING =
	/\b(?:translat|correct|proofread|grammar|spell|count|repeat|rhyme|rewrite|rephrase|paraphrase|punctuat|pronounc|word|sentence|letter|character|anagram|palindrome|capitali[sz]|how (?:do|would) you say|say|mean|article|filler|synonym)/i;

/** Ways to say one thing; each is taken for what stands beside it. All are matched in lower case. */
const PHRASES: ReadonlyArray<readonly [RegExp, string]> = [
	[/\bhow (?:do|can|does|would) (?:i|one)\b/g, 'how to'],
	[/^(?:write|give|create|make|provide)(?: me)?(?: with)? a summary of\b/, 'summarize'],
	[/^(?:give|make|create|provide|write)(?: me)?(?: with)? a list of\b/, 'list'],
	[/^(give|show|write|provide) me(?: with)?\b/, '$1'],
	[/\bthe following\b/g, 'this'],
	[/\be-mail/g, 'email'],
	// A leading clause goes where it would stand at the end.
	[/^\s*((?:in|using|with|for) [\p{L}\p{N}]+(?: [\p{L}\p{N}]+)?), ([^.?!:\n]+)([.?!]*)\s*$/u, '$2 $1$3'],
];

/** Behind these words `a` is the article; elsewhere it may be a letter, as in vitamin a. */
const BEFORE_ARTICLE = /^(?:is|are|for|of|to|in|with|from|by|on|at|as|that|and|or|what|write|give|list|find|make|create|plan|recommend|set|sort|generate|show|explain|describe|suggest|summarize)$/;

const CONTRACTIONS: ReadonlyArray<readonly [RegExp, string]> = [
	[/\b(what|who|where|when|how|that|there|it|here)'s\b/g, '$1 is'],
	[/\bcan't\b/g, 'can not'],
	[/\bcannot\b/g, 'can not'],
	[/\bwon't\b/g, 'will not'],
	[/n't\b/g, ' not'],
	[/'re\b/g, ' are'],
	[/'ll\b/g, ' will'],
	[/'ve\b/g, ' have'],
	[/\bi'm\b/g, 'i am'],
	[/\bi'd\b/g, 'i would'],
];

export function readingOf(prompt: string): Reading {
	const text = questionOf(prompt.normalize('NFKC').replace(/[\u2018\u2019](?=\p{L})/gu, "'"));
	const [withoutCode, code] = takeOut(text, CODE);
	const [withoutUrls, urls] = takeOut(withoutCode, TOKENS, (token) => ADDRESS.test(token));
	const [withoutQuotes, quoted] = takeOut(withoutUrls, QUOTED);
	const words = wordsOf(withoutQuotes);
	return {
		code: [...code, ...all(withoutQuotes, CODE_LINE), ...all(withoutQuotes, ARITHMETIC), ...all(withoutQuotes, TOKENS).filter((token) => SYMBOL.test(token)).map(bare)],
		urls: urls.map(bare),
		quoted: quoted.map((quote) => quote.slice(1, -1)),
		numbers: numbersOf(withoutQuotes, words),
		units: words.filter((word) => UNITS.has(word)),
		dates: words.filter((word) => DATES.has(word)),
		negations: words.filter((word) => NEGATIONS.has(word)),
		comparatives: words.filter((word) => COMPARATIVES.has(word) || /^\p{L}{3,}est$/u.test(word)),
		names: namesOf(withoutQuotes),
		words,
		language: languageOf(text),
		text: textOf(text),
	};
}

/** Without the courtesy around it. */
function questionOf(prompt: string): string {
	let question = prompt.trim();
	for (let opening = OPENINGS.exec(question); opening; opening = OPENINGS.exec(question)) question = question.slice(opening[0].length);
	const plain = question.replace(CLOSING, '');
	return /[:\n]/.test(plain) || plain === '' ? question : plain;
}

function textOf(question: string): string {
	const begin = ABOUT_WORDING.test(question) ? 0 : question.search(TEXT_BEGINS);
	if (begin < 0) return '';
	const text = question.slice(begin);
	return (begin === 0 ? text.charAt(0).toLowerCase() + text.slice(1) : text).replace(/^[:.?!\s]+/, '').replace(/[.\s]{1,100}$/, '');
}

/** The text with what matches (and is meant) replaced by a mark that stands for it, and what was taken. */
function takeOut(text: string, pattern: RegExp, isMeant: (match: string) => boolean = () => true): [string, string[]] {
	const taken: string[] = [];
	const rest = text.replace(pattern, (match) => {
		if (!isMeant(match)) return match;
		taken.push(match);
		return ' \uFFFC ';
	});
	return [rest, taken];
}

/** Without the punctuation of the sentence around it. */
function bare(token: string): string {
	return token.replace(/^["'(<]+|[.,;:!?)>"']+$/g, '');
}

function all(text: string, pattern: RegExp): string[] {
	return Array.from(text.matchAll(pattern), ([match]) => match);
}

function wordsOf(text: string): string[] {
	let plain = text.toLowerCase();
	for (const [pattern, written] of CONTRACTIONS) plain = plain.replace(pattern, written);
	for (const [pattern, written] of PHRASES) plain = plain.replace(pattern, written);
	const words = plain.replace(/(\d),(?=\d{3}\b)/g, '$1').match(/[\p{L}\p{M}]+|\d+|\uFFFC/gu) ?? [];
	return words
		.filter((word, index) => (word === 'a' ? !BEFORE_ARTICLE.test(words[index - 1] ?? 'is') : !FILLERS.has(word)))
		.map((word) => NUMBER_WORDS.get(word) ?? SYNONYMS.get(word) ?? spelling(word));
}

/** British and American spelling come to the same form, which need not be a word. */
function spelling(word: string): string {
	if (word.length < 5) return word;
	const plain = word
		.replace(/is(e[ds]?|ing|ation)$/, 'iz$1')
		.replace(/our(s|ed|ing|ite|ites)?$/, 'or$1')
		.replace(/tre$/, 'ter');
	return SYNONYMS.get(plain) ?? plain;
}

/** Compound numbers as they stand, with sign and percent; then whole ones, those in words as digits, and other amounts. */
function numbersOf(text: string, words: readonly string[]): string[] {
	const digits = all(text.replace(/(\d),(?=\d{3}\b)/g, '$1'), NUMBERS);
	const spelled = words.filter((word) => AMOUNTS.has(word) || /^\d+$/.test(word));
	return [...digits.filter((number) => /\D/.test(number)), ...spelled];
}

function namesOf(text: string): string[] {
	const names: string[] = [];
	for (const match of text.matchAll(/\p{Lu}[\p{L}\p{M}\p{N}]*/gu)) {
		const before = text.slice(Math.max(0, match.index - 12), match.index);
		const isInWord = /[\p{L}\p{M}\p{N}]$/u.test(before);
		const beginsSentence = before.trim() === '' || /[.!?:]["')\]]*\s+$|\n[\s\-*•#>]*$/.test(before);
		if (!isInWord && !beginsSentence && match[0] !== 'I') names.push(match[0]);
	}
	return names;
}

function languageOf(text: string): string {
	const scripts = SCRIPTS.filter(([, pattern]) => pattern.test(text)).map(([script]) => script);
	const words = text.toLowerCase().match(WORDS) ?? [];
	let [best, most] = ['', 0];
	for (const [language, frequent] of LANGUAGES) {
		const count = words.filter((word) => frequent.has(word)).length;
		if (count > most) [best, most] = [language, count];
	}
	// One word such as `a` or `o` says nothing.
	return [most > 1 ? best : '', ...scripts].join(' ');
}

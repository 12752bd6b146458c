import { holdsProtected } from './protect';

/** In the order in which they are applied. Only `lists` leaves something out, and says so. */
export const PROMPT_RULES = ['json', 'markdown', 'courtesy', 'whitespace', 'lists', 'repeats'] as const;

export type PromptRule = (typeof PROMPT_RULES)[number];

/** Rules for text from which code, quotes and JSON have been taken out; a line that holds a mark of one is never dropped. */
export const TEXT_RULES: Readonly<Record<Exclude<PromptRule, 'json'>, (text: string) => string>> = {
	markdown,
	courtesy,
	lists,
	repeats,
	whitespace,
};

/** White space between the tokens of JSON goes; every token stays byte for byte, so numbers keep their digits. */
export function minifyJson(json: string): string {
	return json.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (match) => (match.startsWith('"') ? match : ''));
}

/** Emphasis, rules, comments, closing hashes, invisible characters: what is for the eye. Underscores stay: they may be names. */
function markdown(text: string): string {
	return withoutComments(text)
		.replace(/[\u200B\u2060\uFEFF\u00AD]/g, '')
		.replace(/&nbsp;/g, ' ')
		.replace(/(?<![*\w])(\*{2,3})(?=[^\s*])([^*\n]*[^\s*])\1(?![*\w])/g, '$2')
		.replace(/^( {0,3}#{1,6} [^\n#]*[^\n# ]) *#+ *$/gm, '$1')
		// A line of signs under a text makes it a heading; one by itself divides, as an empty line does.
		.replace(/(?<=\n)[^\S\n]*([=*_~-])(?:[^\S\n]*\1){2,}[^\S\n]*(?=\n|$)/g, '');
}

/** HTML comments, save those with something protected in them. */
function withoutComments(text: string): string {
	let [out, from] = ['', 0];
	for (;;) {
		const start = text.indexOf('<!--', from);
		const end = start < 0 ? -1 : text.indexOf('-->', start + 4);
		if (end < 0) return out + text.slice(from);
		const comment = text.slice(start, end + 3);
		out += text.slice(from, start) + (holdsProtected(comment) ? comment : '');
		from = end + 3;
	}
}

const GREETINGS = /^\s*(?:hi|hello|hey|dear)(?: there| assistant| chatgpt| claude| gemini| ai| team| everyone)?[,!.][^\S\n]*/i;
const THANKS =
	/(?<=^|[.!?\n][^\S\n]*)(?:(?:thank you|thanks|many thanks|thank you kindly)(?: again)?(?: so much| very much| a lot| a million)?(?: in advance)?(?: for (?:your|the) (?:help|time|support|assistance|patience|understanding|effort|efforts|attention)(?: (?:and|,) (?:help|time|support|assistance|patience|understanding))?)?(?: in advance)?|i (?:really |truly |greatly )?appreciate (?:it|your (?:help|time|support|assistance))(?: (?:very much|a lot))?|i hope (?:this (?:message|email|note)? ?finds you well|you are (?:doing )?well|you're (?:doing )?well|you are having a (?:great|good|nice|wonderful) day)|(?:have a (?:great|good|nice|wonderful) day)|(?:best|kind|warm) regards|looking forward to (?:your (?:reply|answer|response)|hearing from you)|sorry (?:for|to) (?:the trouble|bother(?:ing)? you))(?:[,.!]+(?=\s|$)[^\S\n]*|[^\S\n]*$)/gim;
const REQUESTS: readonly RegExp[] = [
	/\b(?:could|can|would|will) you (?:please be so kind as to|please|kindly|be so kind as to)\b,?\s*/gi,
	/\b(?:i would|i'd) (?:really |greatly )?(?:appreciate it|be (?:very |really |so )?(?:grateful|thankful|happy)) if you (?:could|would|can)\b\s*/gi,
	/\b(?:i would|i'd) (?:really )?(?:like|love)(?: for)? you to\b\s*/gi,
	/\bi (?:want|need) you to\b\s*/gi,
	/\b(?:if you (?:do not|don't) mind|if it (?:is|isn't|is not) too much trouble|if you would be so kind|if you please)\b,?\s*/gi,
	/(?<!\b(?:you|to|not|they|we|and) )\b(?:please|kindly)\b,?[^\S\n]*/gi,
];

/** What is said to be polite and asks for nothing. English. */
function courtesy(text: string): string {
	const plain = text.replace(GREETINGS, '').replace(THANKS, '');
	const asked = REQUESTS.reduce((rest, pattern) => rest.replace(pattern, ''), plain);
	// What stood behind a comma may be gone.
	return asked.replace(/,[^\S\n]*(?=[.!?])/g, '');
}

/** Items of one list that are kept: from its begin, and from its end. */
const [KEPT_FIRST, KEPT_LAST] = [40, 5];
/** Fewer than these are not worth the notice. */
const MIN_LEFT_OUT = 5;
const ITEM = /^ {0,3}(?:[-*+•]|\d{1,6}[.)])\s/;

function lists(text: string): string {
	const out: string[] = [];
	let items: string[] = [];
	const flush = () => {
		const dropped = items.slice(KEPT_FIRST, Math.max(KEPT_FIRST, items.length - KEPT_LAST));
		if (dropped.length < MIN_LEFT_OUT || dropped.some(holdsProtected)) out.push(...items);
		else out.push(...items.slice(0, KEPT_FIRST), `[${dropped.length} more items left out]`, ...items.slice(-KEPT_LAST));
		items = [];
	};
	for (const line of text.split('\n')) {
		if (ITEM.test(line)) {
			items.push(line);
			continue;
		}
		flush();
		out.push(line);
	}
	flush();
	return out.join('\n');
}

/** What is shorter costs less than the notice in its place: the repetitions of a line together, a paragraph. */
const [MIN_REPEATED_CHARS, MIN_BLOCK_CHARS] = [60, 60];

function repeats(text: string): string {
	return repeatedBlocks(repeatedLines(text));
}

/** A line that follows itself stands once, with the number of the others. */
function repeatedLines(text: string): string {
	const out: string[] = [];
	let repeated: string[] = [];
	const flush = () => {
		const times = repeated.length;
		if (repeated.join('').length < MIN_REPEATED_CHARS) out.push(...repeated);
		else out.push(`[the line above ${times} more ${times === 1 ? 'time' : 'times'}]`);
		repeated = [];
	};
	let last = '';
	for (const line of text.split('\n')) {
		if (line.trim() !== '' && line.trim() === last && !holdsProtected(line)) {
			repeated.push(line);
			continue;
		}
		flush();
		out.push(line);
		last = line.trim();
	}
	flush();
	return out.join('\n');
}

/** A paragraph that stood before, word for word, is left out where it comes again. */
function repeatedBlocks(text: string): string {
	const seen = new Set<string>();
	return text
		.split(/(\n[^\S\n]*\n\s*)/)
		.map((block) => {
			const words = block.trim().replace(/\s+/g, ' ');
			if (words.length < MIN_BLOCK_CHARS || holdsProtected(block)) return block;
			if (seen.has(words)) return '[the same paragraph again]';
			seen.add(words);
			return block;
		})
		.join('');
}

/** One space between words, one empty line between paragraphs, none at either end; the indentation of a line stays. */
function whitespace(text: string): string {
	return text
		.split(/\r?\n/)
		.map((line) => line.trimEnd())
		.join('\n')
		.replace(/(?<=[^\s])[^\S\n]{2,}/g, ' ')
		.replace(/\n{3,}/g, '\n\n')
		.replace(/^\n+/, '')
		.trimEnd();
}

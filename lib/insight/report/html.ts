/** Markup that may stand in a page as it is: made by `html` alone, which escapes all that is put into it. */
export class Markup {
	constructor(readonly text: string) {}
}

export type Content = Markup | string | number | null | undefined | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

/** Controls, halves of characters, and what turns the direction of the text that follows. */
const FORBIDDEN = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** A template whose values become text, in elements and in attributes with quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
	return new Markup(strings.reduce((page, part, index) => page + textOf(values[index - 1]) + part));
}

function textOf(value: Content): string {
	if (value instanceof Markup) return value.text;
	if (value === null || value === undefined) return '';
	if (typeof value === 'object') return value.map(textOf).join('');
	return escapeText(String(value));
}

/** A number and its unit stay on one line. */
const BEFORE_UNIT = /(?<=\d) (?=(?:ms|s|min|h|days|%|[KMG]?B)(?!\w))/g;

export function escapeText(text: string): string {
	return text.replace(FORBIDDEN, '\ufffd').replace(BEFORE_UNIT, '\u00a0').replace(/[&<>"'`]/g, (character) => ESCAPES[character] ?? '');
}

/** Of a drawing: a tenth of a pixel is enough. */
export function px(value: number): string {
	return String(Math.round(value * 10) / 10);
}

/** How values are written into the text around them. */
export const ESCAPES = ['text', 'json', 'xml'] as const;

export type Escape = (typeof ESCAPES)[number];

/** A value as text: nothing for null, lists and objects as JSON. */
export function asText(value: unknown): string {
	if (typeof value === 'string') return value;
	if (value === null || value === undefined) return '';
	return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * text: as it is. json: as it stands between the quotes of a JSON string. xml: as it stands in an element or a quoted attribute; what
 * XML 1.0 (section 2.2) has no place for becomes U+FFFD.
 */
export const ESCAPE: Readonly<Record<Escape, (value: unknown) => string>> = {
	text: asText,
	json: (value) => JSON.stringify(asText(value)).slice(1, -1),
	xml: (value) => asText(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '').replace(NOT_IN_XML, '\uFFFD'),
};

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
// eslint-disable-next-line no-control-regex -- these are the characters that XML has no place for
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

import type { ArrayFormat } from '../choices';

type Values = Readonly<Record<string, unknown>>;

/** RFC 3986 section 2.3: everything but the unreserved characters is escaped. */
function encode(text: string): string {
	return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Keys and values in turn, lists and objects spelled out in the names. What is undefined is left out. */
function* flatten(name: string, value: unknown, format: ArrayFormat): Generator<[string, string]> {
	if (value === undefined) return;
	if (Array.isArray(value)) {
		for (const [index, entry] of (value as unknown[]).entries()) {
			yield* flatten(format === 'repeat' ? name : format === 'brackets' ? `${name}[]` : `${name}[${index}]`, entry, format);
		}
	} else if (value instanceof Date) {
		yield [name, value.toISOString()];
	} else if (typeof value === 'object' && value !== null) {
		for (const [key, entry] of Object.entries(value)) yield* flatten(`${name}[${key}]`, entry, format);
	} else {
		yield [name, value === null ? '' : String(value)];
	}
}

/** The pairs of name and value that are sent for an object. */
export function pairsOf(values: Values, format: ArrayFormat): Array<[string, string]> {
	return Object.entries(values).flatMap(([name, value]) => [...flatten(name, value, format)]);
}

/** `a=1&b%5B0%5D=2`, for a query or a form. */
export function formEncoded(pairs: ReadonlyArray<readonly [string, string]>): string {
	return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

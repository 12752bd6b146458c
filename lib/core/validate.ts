import { InvalidOptionError } from './errors';

/** A whole number within bounds. `name` is what the user calls it. */
export function requireInteger(
	name: string,
	value: unknown,
	{ min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number {
	if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
	throw new InvalidOptionError(name, `a whole number ${range(min, max)}`, value);
}

/** A finite number within bounds. */
export function requireNumber(
	name: string,
	value: unknown,
	{ min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number {
	if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value;
	throw new InvalidOptionError(name, `a number ${range(min, max)}`, value);
}

/** A text with something in it other than white space. */
export function requireText(name: string, value: unknown): string {
	if (typeof value === 'string' && value.trim() !== '') return value;
	throw new InvalidOptionError(name, 'a text that is not empty', value);
}

export function requireOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
	const found = allowed.find((candidate) => candidate === value);
	if (found !== undefined) return found;
	throw new InvalidOptionError(name, `one of ${allowed.join(', ')}`, value);
}

/** An absolute http or https address. */
export function requireHttpUrl(name: string, value: unknown): URL {
	const text = typeof value === 'string' ? value.trim() : '';
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
	throw new InvalidOptionError(name, 'an address that begins with http:// or https://', value);
}

function range(min: number, max: number): string {
	return max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
}

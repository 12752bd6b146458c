import { InvalidOptionError } from '../../lib/core/errors';

/** A JSON field holds a text, or, by an expression, the value itself. */
export function parseJsonField(name: string, value: unknown): unknown {
	if (typeof value !== 'string') return value;
	try {
		return JSON.parse(value) as unknown;
	} catch (error) {
		throw new InvalidOptionError(name, `valid JSON (${error instanceof Error ? error.message : 'unreadable'})`, value);
	}
}

export function requireJsonObject(name: string, value: unknown): Record<string, unknown> {
	const parsed = parseJsonField(name, value);
	if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
	throw new InvalidOptionError(name, 'a JSON object', parsed);
}

import { TemplateError } from '../core/errors';
import { FORBIDDEN_NAMES, MAX_NESTING, MAX_VALUES } from './bounds';

export type Values = Readonly<Record<string, unknown>>;

/** How many characters the values of one filling may still have. */
export interface Room {
	left: number;
}

/**
 * A value as a template may see it: texts, numbers, truth values, lists and plain objects, as copies. What knows its own JSON (a date) is
 * taken as that. Throws TemplateError on what is too large, too deep, or no data.
 */
export function toData(name: string, value: unknown, room: Room): unknown {
	const weigh = (characters: number) => {
		room.left -= characters;
		if (room.left < 0) throw new TemplateError(`The values are larger than ${MAX_VALUES} characters in all; with "${name}" it was too much`);
	};
	const visit = (part: unknown, depth: number): unknown => {
		if (typeof part === 'string') weigh(part.length);
		if (typeof part === 'function' || typeof part === 'symbol') throw new TemplateError(`The value of "${name}" holds a ${typeof part}, which is no data`);
		if (typeof part !== 'object' || part === null) return part;
		if (depth >= MAX_NESTING) throw new TemplateError(`The value of "${name}" is nested deeper than ${MAX_NESTING} levels`);
		if (Array.isArray(part)) {
			weigh(part.length);
			return part.map((entry) => visit(entry, depth + 1));
		}
		if ('toJSON' in part && typeof part.toJSON === 'function') return visit(part.toJSON(), depth + 1);
		const copy = Object.create(null) as Record<string, unknown>;
		for (const [key, member] of Object.entries(part)) {
			weigh(key.length);
			if (!FORBIDDEN_NAMES.has(key)) copy[key] = visit(member, depth + 1);
		}
		return copy;
	};
	return visit(value, 0);
}

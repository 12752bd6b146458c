import { asValues } from './values';

/** They would reach beyond the object itself. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);

/** `a.b[0].c` and `a["b.c"]` as their parts. */
export function partsOf(path: string): string[] {
	const parts = Array.from(path.matchAll(/\[(?:(["'])(.*?)\1|([^\]]*))\]|[^.[\]]+/g), (found) => found[2] ?? found[3] ?? found[0]);
	return parts.length === 0 ? [path] : parts;
}

/**
 * Writes into an object at a path of dots and brackets; what is missing on the way is made, a list where a number follows. What is there
 * already is copied on the way, as it may be a part of an item.
 */
export function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
	const parts = partsOf(path);
	if (parts.some((part) => UNSAFE.has(part))) return;
	let place = target;
	for (const [index, part] of parts.slice(0, -1).entries()) {
		const present = Object.hasOwn(place, part) ? place[part] : undefined;
		const next = typeof present === 'object' && present !== null ? copied(present) : /^\d+$/.test(parts[index + 1] ?? '') ? [] : {};
		place[part] = next;
		place = next as Record<string, unknown>;
	}
	place[parts[parts.length - 1] ?? path] = value;
}

function copied(value: object): object {
	return Array.isArray(value) ? [...(value as unknown[])] : { ...value };
}

/** What is at a path of dots and brackets, or undefined; `*` stands for the first name there is. An empty path is the value itself. */
export function valueAt(value: unknown, path: string): unknown {
	if (path === '') return value;
	if (Object.hasOwn(asValues(value), path)) return asValues(value)[path];
	return partsOf(path).reduce<unknown>((at, part) => {
		const values = asValues(at);
		if (Object.hasOwn(values, part)) return values[part];
		return part === '*' ? Object.values(values)[0] : undefined;
	}, value);
}

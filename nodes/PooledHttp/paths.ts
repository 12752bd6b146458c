/** They would reach beyond the object itself. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);

/** `a.b[0].c` and `a["b.c"]` as their parts. */
export function partsOf(path: string): string[] {
	const parts = Array.from(path.matchAll(/\[(?:(["'])(.*?)\1|([^\]]*))\]|[^.[\]]+/g), (found) => found[2] ?? found[3] ?? found[0]);
	return parts.length === 0 ? [path] : parts;
}

/** Writes into an object at a path of dots and brackets; what is missing on the way is made, a list where a number follows. */
export function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
	const parts = partsOf(path);
	if (parts.some((part) => UNSAFE.has(part))) return;
	let place = target;
	for (const [index, part] of parts.slice(0, -1).entries()) {
		const present = Object.hasOwn(place, part) ? place[part] : undefined;
		const next = typeof present === 'object' && present !== null ? present : /^\d+$/.test(parts[index + 1] ?? '') ? [] : {};
		place[part] = next;
		place = next as Record<string, unknown>;
	}
	place[parts[parts.length - 1] ?? path] = value;
}

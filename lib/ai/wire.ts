/** Reading what a provider sent without trusting its shape, and building what is sent to it. */

export type JsonObject = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under `key`, or an empty one. */
export function recordAt(from: unknown, key: string): JsonObject {
	const value = isRecord(from) ? from[key] : undefined;
	return isRecord(value) ? value : {};
}

/** The list under `key`; undefined where there is none. */
export function listAt(from: unknown, key: string): unknown[] | undefined {
	const value = isRecord(from) ? from[key] : undefined;
	return Array.isArray(value) ? (value as unknown[]) : undefined;
}

/** The text under `key`, or an empty one. */
export function textAt(from: unknown, key: string): string {
	const value = isRecord(from) ? from[key] : undefined;
	return typeof value === 'string' ? value : '';
}

/** The number of tokens under `key`, or 0. */
export function countAt(from: unknown, key: string): number {
	const value = isRecord(from) ? from[key] : undefined;
	return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

/** Without the entries whose value is undefined. */
export function compact(entries: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

/** `extra` laid over `base`: objects merge, lists and values replace, undefined leaves as it was. Neither is changed. */
export function deepMerge(base: JsonObject, extra: JsonObject | undefined): JsonObject {
	const merged = { ...base };
	for (const [key, value] of Object.entries(extra ?? {})) {
		if (value === undefined || key === '__proto__') continue;
		const below = merged[key];
		merged[key] = isRecord(value) ? deepMerge(isRecord(below) ? below : {}, value) : value;
	}
	return merged;
}

/**
 * Reads n8n's stored execution data: a JSON array in which every object, array and string is an entry of its own and is
 * referred to by its index, written as a string. Repeated and circular values thus become the same object again.
 */
export function unflatten(text: string): unknown {
	const entries = JSON.parse(text) as unknown[];
	const done = new Set<unknown>();

	function resolve(reference: unknown): unknown {
		if (typeof reference !== 'string') return reference;
		const value = entries[Number(reference)];
		if (typeof value !== 'object' || value === null || done.has(value)) return value;
		done.add(value);
		const record = value as Record<string, unknown>;
		for (const key of Object.keys(record)) record[key] = resolve(record[key]);
		return value;
	}
	return resolve('0');
}

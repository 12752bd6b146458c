/** An object whose members are all there is to it: no class, no hidden state. */
export function isPlain(value: object): boolean {
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === Object.prototype || prototype === null || isForeignPlain(prototype);
}

/** A plain object of another realm: n8n loads nodes in a vm context, whose Object is not this one's. */
function isForeignPlain(prototype: unknown): boolean {
	return (
		typeof prototype === 'object' && prototype !== null && Object.getPrototypeOf(prototype) === null &&
		Object.hasOwn(prototype, 'hasOwnProperty')
	);
}

/** The class of an object or the type of anything else, for messages. */
export function kindOf(value: unknown): string {
	return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'bare object') : typeof value;
}

import { types } from 'node:util';

/** What a value nested deeper than this says is left out of its plain form. */
const MAX_DEPTH = 40;

type Members = Readonly<Record<string, unknown>>;

/**
 * The part of a value that can be written down, for a key: plain data as it is, schemas by what they demand, tools by what a
 * model is told of them, other instances of classes by their class alone. Functions are left out.
 */
export function plainOf(value: unknown): unknown {
	return plain(value, []);
}

function plain(value: unknown, above: readonly object[]): unknown {
	if (typeof value === 'function' || typeof value === 'symbol') return undefined;
	if (typeof value !== 'object' || value === null) return value;
	if (above.length >= MAX_DEPTH || above.includes(value)) return '[…]';
	const path = [...above, value];
	if (Array.isArray(value)) return value.map((member) => plain(member, path));
	if (ArrayBuffer.isView(value) || types.isDate(value)) return value;
	if (types.isRegExp(value)) return String(value);
	if (types.isMap(value) || types.isSet(value)) return plain([...value], path);
	const members = value as Members;
	if (isSchema(members)) return { schema: plain(demands(members._def), path) };
	if (isTool(members)) return plain({ name: members.name, description: members.description, schema: members.schema }, path);
	if (!isRecord(value)) return `[${(value as object).constructor.name}]`;
	return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, plain(member, path)]));
}

/** Zod's, of either major version. */
function isSchema(value: Members): value is Members & { readonly _def: Members } {
	return typeof value._def === 'object' && value._def !== null && typeof value.parse === 'function';
}

/** The shape of an object stands behind a function in one version, behind a getter in the other. */
function demands(definition: Members): Members {
	const { shape } = definition;
	return { ...definition, shape: typeof shape === 'function' ? (shape as () => unknown)() : shape };
}

/** A tool of LangChain's: something to call, and a schema of what to call it with. */
function isTool(value: Members): boolean {
	return typeof value.name === 'string' && typeof value.invoke === 'function' && value.schema !== undefined;
}

/** Also of another realm, and without a prototype. */
function isRecord(value: object): boolean {
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A record's members but those named. */
export function without(value: unknown, names: ReadonlySet<string>): Record<string, unknown> {
	if (typeof value !== 'object' || value === null) return {};
	return Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name)));
}

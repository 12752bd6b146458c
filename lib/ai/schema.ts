import { isRecord, type JsonObject } from './wire';

/** Deeper than this a value is not looked into; a schema may refer to itself. */
const MAX_DEPTH = 50;

/**
 * The first place where a value breaks a JSON Schema, in words; undefined where none was found. Checked are `type`, `enum`,
 * `const`, `properties`, `required`, `additionalProperties`, `items`, the bounds of numbers, texts and lists, `allOf`,
 * `anyOf`, `oneOf` and local `$ref`; every other keyword lets pass.
 * Reference: https://json-schema.org/draft/2020-12/json-schema-validation
 */
export function schemaBreach(value: unknown, schema: unknown, root: unknown = schema, path = '$', depth = 0): string | undefined {
	if (schema === false) return `${path} is not allowed`;
	if (!isRecord(schema) || depth > MAX_DEPTH) return undefined;
	const into = (inner: unknown, innerSchema: unknown, innerPath = path) =>
		schemaBreach(inner, innerSchema, root, innerPath, depth + 1);
	if (typeof schema.$ref === 'string') {
		const breach = into(value, resolve(schema.$ref, root));
		if (breach) return breach;
	}
	return (
		breachOfType(value, schema, path) ??
		breachOfValue(value, schema, path) ??
		breachOfBounds(value, schema, path) ??
		breachOfMembers(value, schema, path, into) ??
		breachOfChoices(value, schema, path, into)
	);
}

type Into = (value: unknown, schema: unknown, path?: string) => string | undefined;

function resolve(reference: string, root: unknown): unknown {
	if (!reference.startsWith('#')) return undefined;
	const steps = reference.slice(1).split('/').filter((step) => step !== '');
	return steps.reduce<unknown>((from, step) => {
		const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
		return isRecord(from) && Object.hasOwn(from, name) ? from[name] : undefined;
	}, root);
}

function breachOfType(value: unknown, { type }: JsonObject, path: string): string | undefined {
	const types = (Array.isArray(type) ? type : type === undefined ? [] : [type]) as unknown[];
	const good = types.length === 0 || types.some((one) => typeof one !== 'string' || isOfType(value, one.toLowerCase()));
	return good ? undefined : `${path} is not of type ${types.join(' or ')}`;
}

function isOfType(value: unknown, type: string): boolean {
	switch (type) {
		case 'object':
			return isRecord(value);
		case 'array':
			return Array.isArray(value);
		case 'null':
			return value === null;
		case 'integer':
			return Number.isInteger(value);
		default:
			return typeof value === type;
	}
}

function breachOfValue(value: unknown, schema: JsonObject, path: string): string | undefined {
	const allowed = Array.isArray(schema.enum) ? (schema.enum as unknown[]) : Object.hasOwn(schema, 'const') ? [schema.const] : undefined;
	if (!allowed) return undefined;
	const text = JSON.stringify(value);
	return allowed.some((one) => JSON.stringify(one) === text) ? undefined : `${path} is not one of the allowed values`;
}

function breachOfBounds(value: unknown, schema: JsonObject, path: string): string | undefined {
	const outside = (size: number, min: unknown, max: unknown) =>
		(typeof min === 'number' && size < min) || (typeof max === 'number' && size > max);
	if (typeof value === 'number') return outside(value, schema.minimum, schema.maximum) ? `${path} is out of bounds` : undefined;
	if (typeof value === 'string') {
		return outside([...value].length, schema.minLength, schema.maxLength) ? `${path} has the wrong length` : undefined;
	}
	if (!Array.isArray(value)) return undefined;
	return outside(value.length, schema.minItems, schema.maxItems) ? `${path} has the wrong number of entries` : undefined;
}

function breachOfMembers(value: unknown, schema: JsonObject, path: string, into: Into): string | undefined {
	if (Array.isArray(value)) return first(value.map((entry: unknown, index) => () => into(entry, schema.items, `${path}[${index}]`)));
	if (!isRecord(value)) return undefined;
	const required = Array.isArray(schema.required) ? (schema.required as unknown[]) : [];
	const missing = required.find((name) => typeof name === 'string' && !Object.hasOwn(value, name));
	if (missing !== undefined) return `${path}.${String(missing)} is missing`;
	const properties = isRecord(schema.properties) ? schema.properties : {};
	return first(
		Object.entries(value).map(([name, member]) => () => {
			const own = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
			return into(member, own, `${path}.${name}`);
		}),
	);
}

function breachOfChoices(value: unknown, schema: JsonObject, path: string, into: Into): string | undefined {
	const list = (name: string) => (Array.isArray(schema[name]) ? (schema[name] as unknown[]) : []);
	const all = first(list('allOf').map((one) => () => into(value, one)));
	if (all) return all;
	const fits = (name: string) => list(name).filter((one) => into(value, one) === undefined).length;
	if (list('anyOf').length > 0 && fits('anyOf') === 0) return `${path} fits none of anyOf`;
	return list('oneOf').length > 0 && fits('oneOf') !== 1 ? `${path} does not fit exactly one of oneOf` : undefined;
}

function first(checks: ReadonlyArray<() => string | undefined>): string | undefined {
	for (const check of checks) {
		const breach = check();
		if (breach) return breach;
	}
	return undefined;
}

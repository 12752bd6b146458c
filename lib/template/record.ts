import { InvalidOptionError } from '../core/errors';
import { requireOneOf } from '../core/validate';
import { FORBIDDEN_NAMES, MAX_TEXT } from './bounds';
import { ESCAPES, type Escape } from './escape';
import type { Values } from './values';

export const FIELD_TYPES = ['any', 'boolean', 'list', 'number', 'object', 'text'] as const;

export type FieldType = (typeof FIELD_TYPES)[number];

/** What a template says of one of its fields. */
export interface TemplateField {
	readonly name: string;
	readonly type: FieldType;
	/** Whether there is no text without it, strict or not. */
	readonly required: boolean;
	/** Stands in where an item has no value. */
	readonly default?: unknown;
	/** Other names that items have for it. */
	readonly synonyms?: readonly string[];
}

/** What the user writes of a template. */
export interface TemplateDraft {
	readonly name: string;
	/** Undefined for the next number. */
	readonly version: string | undefined;
	readonly description: string;
	readonly tags: readonly string[];
	readonly text: string;
	readonly escape: Escape;
	/** Declared ones; those that the text reads and nobody declared are there all the same. */
	readonly fields: readonly TemplateField[];
}

/** One version of a template, as it lies in a library and in an export. */
export interface Template extends TemplateDraft {
	readonly version: string;
	/** Names of the fields that the text reads, declared or not. */
	readonly reads: readonly string[];
	/** Of two versions the one that was saved later has the higher number; over all processes that share the library. */
	readonly order: number;
	/** Milliseconds since the epoch. */
	readonly savedAt: number;
}

export const MAX_NAME = 80;
const MAX_VERSION = 40;
const MAX_DESCRIPTION = 1000;
const MAX_TAGS = 20;
const MAX_FIELDS = 100;
const MAX_SYNONYMS = 20;
const MAX_DEFAULT = 10_000;

/** Names go into tags of answers, where a star and a comma have a meaning. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._/-]*$/u;
const FIELD_NAME = /^[\p{L}_][\p{L}\p{N}_-]*$/u;

/** What answers are known by that a template was part of. */
export function templateTag(name: string): string {
	return `template:${name}`;
}

export function requireName(value: unknown): string {
	const name = typeof value === 'string' ? value.trim() : value;
	if (typeof name === 'string' && name.length <= MAX_NAME && NAME.test(name)) return name;
	throw new InvalidOptionError('Template Name', `at most ${MAX_NAME} letters, digits, spaces and . _ / -`, value);
}

/** @returns undefined for a version that is not named */
export function toVersion(value: unknown): string | undefined {
	const version = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : (value ?? '');
	if (version === '') return undefined;
	if (typeof version === 'string' && version.length <= MAX_VERSION && NAME.test(version)) return version;
	throw new InvalidOptionError('Version', `at most ${MAX_VERSION} letters, digits, spaces and . _ / -`, value);
}

/** @throws InvalidOptionError that names what is wrong */
export function toDraft(given: Values): TemplateDraft {
	const { text } = given;
	if (typeof text !== 'string' || text.trim() === '') throw new InvalidOptionError('Template Text', 'a text that is not empty', text);
	if (text.length > MAX_TEXT) throw new InvalidOptionError('Template Text', `at most ${MAX_TEXT} characters`, `${text.length} characters`);
	return {
		name: requireName(given.name),
		version: toVersion(given.version),
		description: toText('Description', given.description, MAX_DESCRIPTION),
		tags: toNames('Tags', given.tags, MAX_TAGS),
		text,
		escape: requireOneOf('Escape Values For', given.escape ?? 'text', ESCAPES),
		fields: toFields(given.fields),
	};
}

/** Names with commas between them, or a list of them; without those that come again. */
export function toNames(option: string, value: unknown, max: number): string[] {
	const parts: unknown[] = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
	const names = parts.map((part) => (typeof part === 'string' ? part.trim() : part)).filter((part) => part !== '');
	const unique = [...new Set(names)];
	if (unique.length <= max && unique.every((name): name is string => typeof name === 'string' && name.length <= MAX_NAME)) return unique as string[];
	throw new InvalidOptionError(option, `at most ${max} names of at most ${MAX_NAME} characters, with commas between them`, value);
}

/** A version as it lies in a store; undefined for what is none. */
export function parseTemplate(json: string): Template | undefined {
	try {
		const given = JSON.parse(json) as Values;
		const draft = toDraft(given);
		const { order, savedAt, reads } = given;
		if (draft.version === undefined || typeof order !== 'number' || typeof savedAt !== 'number') return undefined;
		return { ...draft, version: draft.version, reads: toNames('reads', reads, Infinity), order, savedAt };
	} catch {
		return undefined;
	}
}

/** Whether a draft says what is there already. */
export function isSame(draft: TemplateDraft, template: Template): boolean {
	const content = ({ description, tags, text, escape, fields }: TemplateDraft) => JSON.stringify([description, tags, text, escape, fields]);
	return content(draft) === content(template);
}

function toFields(value: unknown): TemplateField[] {
	const rows: unknown = value ?? [];
	if (!Array.isArray(rows) || rows.length > MAX_FIELDS) throw new InvalidOptionError('Fields', `a list of at most ${MAX_FIELDS} fields`, value);
	const fields = rows.map(toField);
	const twice = fields.find(({ name }, index) => fields.findIndex((other) => other.name === name) !== index);
	if (twice) throw new InvalidOptionError('Fields', 'each field once', twice.name);
	return fields;
}

function toField(row: unknown): TemplateField {
	const { name, type, required, default: standIn, synonyms } = (typeof row === 'object' && row !== null ? row : {}) as Values;
	if (typeof name !== 'string' || name.length > MAX_NAME || !FIELD_NAME.test(name) || FORBIDDEN_NAMES.has(name)) {
		throw new InvalidOptionError('Field Name', 'letters, digits, _ and -, beginning with a letter', name);
	}
	const others = toNames(`Synonyms of ${name}`, synonyms, MAX_SYNONYMS);
	if (standIn !== undefined && JSON.stringify(standIn).length > MAX_DEFAULT) {
		throw new InvalidOptionError(`Default of ${name}`, `at most ${MAX_DEFAULT} characters of JSON`, standIn);
	}
	const kind = requireOneOf(`Type of ${name}`, type ?? 'any', FIELD_TYPES);
	if (standIn !== undefined && !fits(standIn, kind)) throw new InvalidOptionError(`Default of ${name}`, nameOfType(kind), standIn);
	return {
		name,
		type: kind,
		required: required === true,
		...(standIn === undefined ? {} : { default: standIn }),
		...(others.length > 0 ? { synonyms: others } : {}),
	};
}

function toText(option: string, value: unknown, max: number): string {
	const text = value ?? '';
	if (typeof text === 'string' && text.length <= max) return text.trim();
	throw new InvalidOptionError(option, `a text of at most ${max} characters`, value);
}

/** null fits every type: it stands for a value that is known to be none. A number or truth value may stand where a text is meant. */
export function fits(value: unknown, type: FieldType): boolean {
	return value === null || type === 'any' || fitsType(typeOf(value), type);
}

export function fitsType(given: ValueType, type: FieldType): boolean {
	return type === 'any' || given === 'null' || given === type || (type === 'text' && (given === 'number' || given === 'boolean'));
}

export type ValueType = Exclude<FieldType, 'any'> | 'null';

export function typeOf(value: unknown): ValueType {
	if (value === null || value === undefined) return 'null';
	if (Array.isArray(value)) return 'list';
	switch (typeof value) {
		case 'number':
		case 'bigint':
			return 'number';
		case 'boolean':
			return 'boolean';
		case 'string':
			return 'text';
		default:
			return 'object';
	}
}

export function nameOfType(type: ValueType | FieldType): string {
	return type === 'any' || type === 'null' ? 'any value' : type === 'boolean' ? 'a truth value' : type === 'object' ? 'an object' : `a ${type}`;
}

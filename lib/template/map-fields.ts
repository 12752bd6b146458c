import type { Clock } from '../core/clock';
import { TemplateError } from '../core/errors';
import { LRUCache } from '../vendor';
import { fitsType, nameOfType, typeOf, type TemplateField, type ValueType } from './record';
import type { Values } from './values';

/** How the fields of items become those of a template. */
export interface MapSettings {
	/** Paths into the item, such as `customer.name`, by the field of the template. */
	readonly explicit: Readonly<Record<string, string>>;
	/** Other names that items have for a field, beside those that the template itself knows. */
	readonly synonyms: Readonly<Record<string, readonly string[]>>;
	/** Whether fields that nobody mapped are looked for by name. */
	readonly automatic: boolean;
}

/** Where a field of the template is taken from, and why. */
export interface FieldSource {
	readonly field: string;
	/** Into the item; undefined where nothing was found. */
	readonly path: readonly string[] | undefined;
	/** 1: said so, or the same name. 0.9: the same name in another spelling. 0.8: a synonym. 0: nothing. */
	readonly score: number;
	readonly why: string;
}

const MAX_SHAPES = 500;
/** Items with more fields than that are mapped anew each time. */
const MAX_FIELDS_KEPT = 500;
const SHOWN = 20;

interface Last {
	readonly names: readonly string[];
	readonly types: readonly ValueType[];
	readonly sources: readonly FieldSource[];
}

/**
 * Maps the fields of items to those of one template, once for each shape of item: the same names with values of the same types, in the
 * same order. Throws TemplateError where more than one field of the item is as good, and says which.
 */
export class FieldMapper {
	readonly #shapes: LRUCache<string, readonly FieldSource[]>;
	#last: Last | undefined;
	#mapped = 0;

	constructor(
		private readonly fields: readonly TemplateField[],
		private readonly settings: MapSettings,
		clock: Clock,
	) {
		this.#shapes = new LRUCache({ max: MAX_SHAPES, perf: { now: () => clock.now() + 1 } });
	}

	/** How often a mapping was computed. */
	get mapped(): number {
		return this.#mapped;
	}

	map(item: Values): readonly FieldSource[] {
		const names = Object.keys(item);
		if (this.#last && isShape(this.#last, names, item)) return this.#last.sources;
		const types = names.map((name) => typeOf(item[name]));
		const sources = this.#sourcesOf(names, types);
		this.#last = { names, types, sources };
		return sources;
	}

	#sourcesOf(names: readonly string[], types: readonly ValueType[]): readonly FieldSource[] {
		if (names.length > MAX_FIELDS_KEPT) return this.#compute(names, types);
		const shape = JSON.stringify([names, types]);
		const present = this.#shapes.get(shape) ?? this.#compute(names, types);
		this.#shapes.set(shape, present);
		return present;
	}

	#compute(names: readonly string[], types: readonly ValueType[]): FieldSource[] {
		this.#mapped += 1;
		const seen = names.map((name, index) => ({ name, plain: plain(name), type: types[index] ?? 'null' }));
		return this.fields.map((field) => this.#sourceOf(field, seen));
	}

	#sourceOf(field: TemplateField, seen: readonly Seen[]): FieldSource {
		const { explicit, automatic, synonyms } = this.settings;
		const said = Object.hasOwn(explicit, field.name) ? explicit[field.name] : undefined;
		if (said !== undefined) return { field: field.name, path: said.split('.'), score: 1, why: 'you said so' };
		if (!automatic) return nothing(field, 'nobody mapped it');
		const others = [...(Object.hasOwn(synonyms, field.name) ? (synonyms[field.name] ?? []) : []), ...(field.synonyms ?? [])].map(plain);
		const wanted = plain(field.name);
		const tiers: ReadonlyArray<{ readonly score: number; readonly why: string; readonly found: readonly Seen[] }> = [
			{ score: 1, why: 'the same name', found: seen.filter(({ name }) => name === field.name) },
			{ score: 0.9, why: 'the same name in another spelling', found: seen.filter((one) => one.plain === wanted) },
			{ score: 0.8, why: 'a synonym', found: seen.filter((one) => others.includes(one.plain)) },
		];
		for (const { score, why, found } of tiers) {
			const fitting = found.filter(({ type }) => fitsType(type, field.type));
			const [one] = fitting;
			if (fitting.length > 1) throw ambiguous(field, fitting, why);
			if (one) return { field: field.name, path: [one.name], score, why };
		}
		const unfit = tiers.flatMap(({ found }) => found)[0];
		if (unfit) return nothing(field, `"${unfit.name}" is ${nameOfType(unfit.type)}, and ${nameOfType(field.type)} is wanted`);
		return nothing(field, `the item has ${list(seen)}`);
	}
}

interface Seen {
	readonly name: string;
	readonly plain: string;
	readonly type: ValueType;
}

/** firstName, first_name and First Name are one. */
function plain(name: string): string {
	return name.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}

function isShape({ names, types }: Last, given: readonly string[], item: Values): boolean {
	return given.length === names.length && given.every((name, index) => name === names[index] && typeOf(item[name]) === types[index]);
}

function nothing({ name }: TemplateField, why: string): FieldSource {
	return { field: name, path: undefined, score: 0, why };
}

function ambiguous({ name }: TemplateField, found: readonly Seen[], why: string): TemplateError {
	return new TemplateError(
		`The field "${name}" could be ${found.map((one) => `"${one.name}" (${nameOfType(one.type)})`).join(' or ')}: each is ${why}. Say under Field Mapping which one it is.`,
	);
}

function list(seen: readonly Seen[]): string {
	if (seen.length === 0) return 'no fields';
	const names = seen.slice(0, SHOWN).map(({ name }) => name).join(', ');
	return seen.length > SHOWN ? `${names} and ${seen.length - SHOWN} more` : names;
}

/** What lies at a path; own members alone. */
export function valueAt(item: Values, path: readonly string[]): unknown {
	let value: unknown = item;
	for (const name of path) {
		if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
		value = (value as Values)[name];
	}
	return value;
}

import type { Clock } from '../core/clock';
import { TemplateError } from '../core/errors';
import { LRUCache } from '../vendor';
import { MAX_VALUES } from './bounds';
import type { Compiled } from './compile';
import { MissingFieldError } from './engine';
import { FieldMapper, valueAt, type FieldSource, type MapSettings } from './map-fields';
import { fits, nameOfType, typeOf, type TemplateField } from './record';
import { toData, type Values } from './values';

export interface FillerParts {
	readonly compiled: Compiled;
	/** What the template declares. */
	readonly declared: readonly TemplateField[];
	readonly mapping: MapSettings;
	readonly strict: boolean;
	/** What messages call the template, at the beginning of a sentence. */
	readonly title: string;
	readonly clock: Clock;
}

const MAX_REMEMBERED = 10_000;
const MAX_REMEMBERED_CHARACTERS = 16 * 1_048_576;

/** Fills one template for many items: a mapping for each shape of item, and one filling for the same values. */
export class Filler {
	readonly #mapper: FieldMapper;
	readonly #fields: readonly TemplateField[];
	readonly #texts: LRUCache<string, string>;
	#filled = 0;

	constructor(private readonly parts: FillerParts) {
		const declared = new Map(parts.declared.map((field) => [field.name, field]));
		const read = parts.compiled.fields.map((name): TemplateField => declared.get(name) ?? { name, type: 'any', required: false });
		// Required ones are wanted also where the text does not read them, as in a branch that was taken out.
		const unread = parts.declared.filter(({ name, required }) => required && !parts.compiled.fields.includes(name));
		this.#fields = [...read, ...unread];
		this.#mapper = new FieldMapper(this.#fields, parts.mapping, parts.clock);
		this.#texts = new LRUCache({
			max: MAX_REMEMBERED,
			maxSize: MAX_REMEMBERED_CHARACTERS,
			sizeCalculation: (text, key) => text.length + key.length + 1,
			maxEntrySize: MAX_REMEMBERED_CHARACTERS / 16,
		});
	}

	/** How often the engine was asked, and how often a mapping was computed. */
	get counts(): { readonly filled: number; readonly mapped: number } {
		return { filled: this.#filled, mapped: this.#mapper.mapped };
	}

	/** @throws TemplateError */
	fill(item: Values): string {
		const values = this.#valuesOf(item);
		const key = JSON.stringify(values);
		const known = this.#texts.get(key);
		if (known !== undefined) return known;
		const text = this.#render(values, item);
		this.#filled += 1;
		this.#texts.set(key, text);
		return text;
	}

	/** How an item's fields would be taken. Throws TemplateError where that is not clear. */
	explain(item: Values): readonly FieldSource[] {
		return this.#mapper.map(item);
	}

	#render(values: Values, item: Values): string {
		try {
			return this.parts.compiled.fill(values, this.parts);
		} catch (error) {
			if (!(error instanceof MissingFieldError)) throw error;
			const source = this.explain(item).find(({ field }) => field === error.field);
			throw source ? new TemplateError(`${error.message}: ${source.path ? `the item has nothing at "${source.path.join('.')}"` : source.why}`) : error;
		}
	}

	#valuesOf(item: Values): Values {
		const { title } = this.parts;
		const room = { left: MAX_VALUES };
		const values = Object.create(null) as Record<string, unknown>;
		this.explain(item).forEach(({ path, why }, index) => {
			const field = this.#fields[index];
			if (!field) return;
			const given = path && valueAt(item, path);
			const value = given === undefined ? field.default : given;
			if (value === undefined) {
				if (field.required) throw new TemplateError(`${title} requires the field "${field.name}": ${path ? `the item has nothing at "${path.join('.')}"` : why}`);
				return;
			}
			if (!fits(value, field.type)) {
				throw new TemplateError(`${title} wants ${nameOfType(field.type)} in the field "${field.name}", and the item's "${path?.join('.')}" is ${nameOfType(typeOf(value))}`);
			}
			values[field.name] = toData(field.name, value, room);
		});
		return values;
	}
}

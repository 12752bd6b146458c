import { TemplateError } from '../core/errors';
import type { Template } from './record';
import { SearchIndex, type Query } from './search-index';

/** Versions of all templates together. */
export const MAX_TEMPLATES = 20_000;
const MAX_CHARACTERS = 64 * 1_048_576;

export interface Found {
	/** How many there are in all. */
	readonly total: number;
	/** The latest versions, by name. */
	readonly templates: readonly Template[];
}

/** The templates of a library in the memory of this process, with their index. */
export class Shelf {
	/** By name; the latest version is the last. */
	readonly #byName = new Map<string, readonly Template[]>();
	readonly #index = new SearchIndex();
	#count = 0;
	#characters = 0;
	#highest = 0;

	get(name: string, version?: string): Template | undefined {
		const versions = this.versions(name);
		return version === undefined ? versions.at(-1) : versions.find((template) => template.version === version);
	}

	/** Oldest first. */
	versions(name: string): readonly Template[] {
		return this.#byName.get(name) ?? [];
	}

	/** In the order of the alphabet, from `offset` on. */
	find(query: Query, limit: number, offset = 0): Found {
		const names = this.#index.find(query);
		return { total: names.length, templates: names.slice(offset, offset + limit).flatMap((name) => this.get(name) ?? []) };
	}

	/** Each version of each template. */
	*all(): Generator<Template> {
		for (const versions of this.#byName.values()) yield* versions;
	}

	get size(): number {
		return this.#count;
	}

	/** The highest order there ever was; 0 for an empty shelf. */
	get highest(): number {
		return this.#highest;
	}

	/** Throws TemplateError where there is no room for it. */
	requireRoom({ name, version, text }: Pick<Template, 'name' | 'text'> & { readonly version: string | undefined }): void {
		const old = this.get(name, version ?? '');
		if (this.#count + (old ? 0 : 1) > MAX_TEMPLATES) throw new TemplateError(`The library is full: it holds ${MAX_TEMPLATES} versions of templates`);
		if (this.#characters + text.length - (old?.text.length ?? 0) > MAX_CHARACTERS) throw new TemplateError(`The library is full: it holds ${MAX_CHARACTERS} characters`);
	}

	put(template: Template): void {
		this.#highest = Math.max(this.#highest, template.order);
		this.#replace(template.name, [...this.versions(template.name).filter(({ version }) => version !== template.version), template]);
	}

	/** Returns what was there; all versions where none is named. */
	drop(name: string, version?: string): readonly Template[] {
		const versions = this.versions(name);
		const gone = version === undefined ? versions : versions.filter((template) => template.version === version);
		if (gone.length > 0) this.#replace(name, versions.filter((template) => !gone.includes(template)));
		return gone;
	}

	#replace(name: string, versions: readonly Template[]): void {
		const before = this.versions(name);
		const latest = before.at(-1);
		if (latest) this.#index.remove(latest);
		this.#count += versions.length - before.length;
		this.#characters += characters(versions) - characters(before);
		const sorted = [...versions].sort((a, b) => a.order - b.order);
		const newest = sorted.at(-1);
		if (!newest) {
			this.#byName.delete(name);
			return;
		}
		this.#byName.set(name, sorted);
		this.#index.add(newest);
	}
}

function characters(versions: readonly Template[]): number {
	return versions.reduce((sum, { text }) => sum + text.length, 0);
}

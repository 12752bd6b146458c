import type { Clock } from '../core/clock';
import { TemplateError } from '../core/errors';
import type { Compiled, Compiler } from './compile';
import { isSame, type Template, type TemplateDraft } from './record';
import type { Query } from './search-index';
import { SharedShelf, type Changed, type Changes, type SharedTemplates } from './shared-shelf';
import { Shelf, type Found } from './shelf';

export interface LibraryParts {
	readonly clock: Clock;
	readonly compiler: Compiler;
	/** Without it the library is this process's own and ends with it. */
	readonly shared?: SharedTemplates | undefined;
	readonly changed?: Changed | undefined;
}

/** What became of a draft. */
export interface Saved {
	readonly template: Template;
	/** unchanged: the latest version says the same, and stays. skipped: it was there, and was to stay. */
	readonly outcome: 'created' | 'replaced' | 'unchanged' | 'skipped';
}

/** Of a template the oldest versions leave. */
const MAX_VERSIONS = 50;

/** Templates by name and version. */
export class Library {
	readonly #clock: Clock;
	readonly #compiler: Compiler;
	readonly #own = new Shelf();
	readonly #shared: SharedShelf | undefined;
	readonly #changed: Changed;
	readonly label: string | undefined;

	constructor({ clock, compiler, shared, changed = () => {} }: LibraryParts) {
		this.#clock = clock;
		this.#compiler = compiler;
		this.#changed = changed;
		this.#shared = shared && new SharedShelf(shared, clock, changed);
		this.label = shared?.label;
	}

	/** To be awaited before the rest is asked. Never rejects. */
	async current(): Promise<void> {
		await this.#shared?.current();
	}

	/** Whether it is known what there is; else its store has not answered yet. */
	get isKnown(): boolean {
		return this.#shared?.isLoaded ?? true;
	}

	get size(): number {
		return this.#shelf.size;
	}

	/** The latest version where none is named. Throws TemplateError where there is none. */
	require(name: string, version?: string): Template {
		const found = this.#shelf.get(name, version);
		if (found) return found;
		if (!this.isKnown) throw new TemplateError(`The store ${this.label} does not answer, so that the template "${name}" is not known`);
		const versions = this.#shelf.versions(name).map((template) => template.version);
		if (versions.length === 0) throw new TemplateError(`There is no template "${name}" in the library`);
		throw new TemplateError(`The template "${name}" has no version "${version}"; it has ${versions.slice(-10).join(', ')}`);
	}

	/** Oldest first. */
	versions(name: string): readonly Template[] {
		return this.#shelf.versions(name);
	}

	find(query: Query, limit: number, offset?: number): Found {
		return this.#shelf.find(query, limit, offset);
	}

	/** Each version of each template. */
	all(): Iterable<Template> {
		return this.#shelf.all();
	}

	/** With the partials that it draws in. Throws TemplateError. */
	compile(template: Pick<TemplateDraft, 'text' | 'escape'>, title: string): Compiled {
		return this.#compiler.compile({ ...template, title, partial: (name) => this.#shelf.get(name)?.text });
	}

	/**
	 * In their order, all or up to the first that fails; each may draw in the others.
	 * @param keep whether a version that is there stays as it is
	 * @throws TemplateError
	 */
	async save(drafts: readonly TemplateDraft[], keep = false): Promise<Saved[]> {
		return await this.#change(async (changes) => {
			const texts = new Map(drafts.map(({ name, text }) => [name, text]));
			const checked = drafts.map((draft) => ({ draft, reads: this.#readsOf(draft, texts) }));
			const saved: Saved[] = [];
			for (const { draft, reads } of checked) saved.push(await this.#save(draft, reads, keep, changes));
			return saved;
		});
	}

	/** How many versions there were; all of the template's where none is named. */
	async delete(name: string, version?: string): Promise<number> {
		return await this.#change(async (changes) => {
			const gone = this.#shelf.versions(name).filter((template) => version === undefined || template.version === version);
			for (const template of gone) await changes.drop(template);
			return gone.length;
		});
	}

	dispose(): void {
		this.#shared?.dispose();
	}

	get #shelf(): Shelf {
		return this.#shared?.shelf ?? this.#own;
	}

	#readsOf({ name, text, escape }: TemplateDraft, texts: ReadonlyMap<string, string>): readonly string[] {
		const partial = (wanted: string) => texts.get(wanted) ?? this.#shelf.get(wanted)?.text;
		return this.#compiler.compile({ text, escape, title: titleOf(name), partial }).fields;
	}

	async #save(draft: TemplateDraft, reads: readonly string[], keep: boolean, changes: Changes): Promise<Saved> {
		const { name } = draft;
		const latest = this.#shelf.get(name);
		const present = draft.version === undefined ? undefined : this.#shelf.get(name, draft.version);
		if (present && keep) return { template: present, outcome: 'skipped' };
		const same = draft.version === undefined ? latest : present;
		if (same && isSame(draft, same)) return { template: same, outcome: 'unchanged' };
		this.#shelf.requireRoom(draft);
		const template: Template = {
			...draft,
			version: draft.version ?? nextVersion(this.#shelf.versions(name)),
			reads,
			order: this.#shelf.highest + 1,
			savedAt: this.#clock.wallNow(),
		};
		await changes.put(template);
		const [oldest] = this.#shelf.versions(name);
		if (oldest && this.#shelf.versions(name).length > MAX_VERSIONS) await changes.drop(oldest);
		return { template, outcome: present ? 'replaced' : 'created' };
	}

	async #change<T>(work: (changes: Changes) => Promise<T>): Promise<T> {
		if (this.#shared) return await this.#shared.change(work);
		const names = new Set<string>();
		try {
			return await work({
				put: async (template) => {
					names.add(template.name);
					this.#own.put(template);
				},
				drop: async ({ name, version }) => {
					names.add(name);
					this.#own.drop(name, version);
				},
			});
		} finally {
			if (names.size > 0) this.#changed(names, true);
		}
	}
}

/** What messages call a template, at the beginning of a sentence. */
export function titleOf(name: string): string {
	return `The template "${name}"`;
}

/** One more than the highest number among the versions. */
function nextVersion(versions: readonly Template[]): string {
	const numbers = versions.map(({ version }) => Number(version)).filter(Number.isInteger);
	return String(Math.max(0, ...numbers) + 1);
}

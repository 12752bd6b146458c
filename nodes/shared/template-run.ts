import type { Clock } from '../../lib/core/clock';
import { Filler, titleOf, type Compiled, type Library, type TemplateField, type Values } from '../../lib/template';
import type { FillSettings, TemplateChoice } from './template';

/** Which text something was made of. */
export interface UsedTemplate {
	readonly name: string;
	readonly version: string;
	/** Of all that the text depends on beside the values. */
	readonly hash: string;
}

export interface FilledText {
	readonly text: string;
	readonly template: UsedTemplate;
}

/** A text of the library that is ready for items. */
export interface ReadyTemplate extends UsedTemplate {
	readonly filler: Filler;
}

/** The templates of one run: what was the latest version with its first item stays it for all. */
export class TemplateRun {
	readonly #ready = new Map<string, ReadyTemplate>();
	#last: { readonly choice: TemplateChoice; readonly ready: ReadyTemplate } | undefined;

	constructor(
		private readonly library: Library,
		private readonly clock: Clock,
	) {}

	/** @throws TemplateError */
	of(choice: TemplateChoice): ReadyTemplate {
		// The same object for all items, unless the panel holds an expression.
		if (this.#last?.choice === choice) return this.#last.ready;
		const key = JSON.stringify(choice);
		const ready = this.#ready.get(key) ?? this.#open(choice);
		if (this.#ready.size < MAX_READY) this.#ready.set(key, ready);
		this.#last = { choice, ready };
		return ready;
	}

	/** @throws TemplateError */
	fill(choice: TemplateChoice, item: Values): FilledText {
		const { name, version, hash, filler } = this.of(choice);
		return { text: filler.fill(item), template: { name, version, hash } };
	}

	#open({ name, version, ...settings }: TemplateChoice): ReadyTemplate {
		const template = this.library.require(name, version);
		const title = titleOf(name);
		const compiled = this.library.compile(template, title);
		return { name, version: template.version, hash: compiled.hash, filler: toFiller(compiled, template.fields, title, settings, this.clock) };
	}
}

const MAX_READY = 1000;

export function toFiller(compiled: Compiled, declared: readonly TemplateField[], title: string, settings: FillSettings, clock: Clock): Filler {
	return new Filler({ compiled, declared, title, clock, mapping: settings.mapping, strict: settings.strict });
}

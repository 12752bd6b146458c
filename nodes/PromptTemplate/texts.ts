import { TemplateError } from '../../lib/core/errors';
import type { Runtime } from '../../lib/runtime';
import type { Escape, Filler, Library, Values } from '../../lib/template';
import type { FillSettings } from '../shared/template';
import { toFiller, TemplateRun } from '../shared/template-run';
import type { FillSource } from './parameters';

const TITLE = 'The template';
/** Draws in templates of the library. */
const RENDERS = /\{%-?\s*render\b/;

/** A text that is ready for items. */
export interface Ready {
	readonly filler: Filler;
	/** Undefined for a text that has no name. */
	readonly template: { readonly name: string; readonly version: string } | undefined;
	readonly hash: string;
}

/**
 * The text that an item is to be filled into; throws what is wrong with it.
 * @param open is called with the first text that needs the library
 */
export function texts(runtime: Runtime, open: () => Promise<Library>): (source: FillSource, item: Values) => Promise<Ready> {
	const { clock, templates } = runtime;
	let library: Promise<Library> | undefined;
	let run: TemplateRun | undefined;
	let last: { readonly text: string; readonly escape: Escape; readonly settings: FillSettings; readonly ready: Ready } | undefined;
	const ofText = async (text: string, escape: Escape, settings: FillSettings): Promise<Ready> => {
		if (last?.text === text && last.escape === escape && last.settings === settings) return last.ready;
		const partials = RENDERS.test(text) ? await (library ??= open()) : templates.memory;
		const compiled = partials.compile({ text, escape }, TITLE);
		const ready = { filler: toFiller(compiled, [], TITLE, settings, clock), template: undefined, hash: compiled.hash };
		last = { text, escape, settings, ready };
		return ready;
	};
	return async (source, item) => {
		switch (source.from) {
			case 'library': {
				run ??= new TemplateRun(await (library ??= open()), clock);
				const { name, version, hash, filler } = run.of(source.choice);
				return { filler, template: { name, version }, hash };
			}
			case 'text':
				return await ofText(source.text, source.escape, source.settings);
			case 'item': {
				const text = item[source.field];
				if (typeof text !== 'string' || text === '') throw new TemplateError(`The item has no text in the field "${source.field}"`);
				return await ofText(text, source.escape, source.settings);
			}
		}
	};
}

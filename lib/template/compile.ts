import { hash } from 'node:crypto';
import type { Clock } from '../core/clock';
import { TemplateError } from '../core/errors';
import { LRUCache, RenderTag, toValueSync, type Liquid, type LiquidTemplate } from '../vendor';
import { FORBIDDEN_NAMES, MAX_NESTING, MAX_OUTPUT, MAX_PARTIALS, MAX_TEXT } from './bounds';
import { createEngine, toTemplateError, tooLong } from './engine';
import type { Escape } from './escape';
import type { Values } from './values';

/** A text that is ready to be filled. */
export interface Compiled {
	/** SHA-256 of all that the result depends on beside the values: the text, its partials, the escaping. */
	readonly hash: string;
	/** The names at the root of what it reads, such as `customer` of `customer.name`; in the order in which they come. */
	readonly fields: readonly string[];
	/** @throws TemplateError */
	fill(values: Values, options: FillOptions): string;
}

export interface FillOptions {
	/** Whether a field without a value is an error, which names it. */
	readonly strict: boolean;
	/** What messages call the template, at the beginning of a sentence. */
	readonly title: string;
}

export interface Source {
	readonly text: string;
	readonly escape: Escape;
	/** As in FillOptions. */
	readonly title: string;
	/** The text of another template that this one draws in; undefined where there is none of that name. */
	readonly partial: (name: string) => string | undefined;
}

interface Held {
	readonly compiled: Compiled;
	readonly partials: Readonly<Record<string, string>>;
}

const TTL_MS = 3_600_000;
const MAX_COMPILED = 1000;
const MAX_CHARACTERS = 16 * 1_048_576;

/** Compiles each text once an hour at most. What is compiled is kept for all who use the same text, whatever they call it. */
export class Compiler {
	readonly #held: LRUCache<string, Held>;
	readonly #plain = new Map<Escape, Liquid>();

	constructor(clock: Clock) {
		this.#held = new LRUCache({
			max: MAX_COMPILED,
			maxSize: MAX_CHARACTERS,
			sizeCalculation: ({ partials }, key) => Object.values(partials).reduce((sum, text) => sum + text.length, key.length),
			ttl: TTL_MS,
			perf: { now: () => clock.now() + 1 },
			ttlResolution: 0,
		});
	}

	/** @throws TemplateError on what cannot be read, is too large, or draws in itself */
	compile(source: Source): Compiled {
		const { text, escape, title, partial } = source;
		const key = `${escape} ${text}`;
		const held = this.#held.get(key);
		if (held && Object.entries(held.partials).every(([name, known]) => partial(name) === known)) return held.compiled;
		if (text.length > MAX_TEXT) throw new TemplateError(`${title} is longer than ${MAX_TEXT} characters`);
		const made = this.#make(source);
		this.#held.set(key, made);
		return made.compiled;
	}

	get size(): number {
		return this.#held.size;
	}

	#make({ text, escape, title, partial }: Source): Held {
		const reader = this.#plainEngine(escape);
		const partials: Record<string, string> = {};
		const main = parse(reader, text, title);
		gather(partialsOf(main, title), [title]);
		const engine = main.length > 0 && Object.keys(partials).length > 0 ? createEngine(escape, partials) : reader;
		const templates = engine === reader ? main : parse(engine, text, title);
		const compiled: Compiled = {
			hash: hash('sha256', JSON.stringify([escape, text, Object.entries(partials).sort(([a], [b]) => (a < b ? -1 : 1))])),
			fields: fieldsOf(engine, main, title),
			fill: (values, options) => fill(engine, templates, values, options),
		};
		return { compiled, partials };

		function gather(names: ReadonlySet<string>, path: readonly string[]): void {
			for (const name of names) {
				const which = `The template "${name}"`;
				if (path.includes(which)) throw new TemplateError(`${which} draws in itself: ${[...path, which].join(' → ')}`);
				const found = partials[name] ?? partial(name);
				if (found === undefined) throw new TemplateError(`${path.at(-1)} draws in "${name}", and there is no template of that name in the library`);
				partials[name] = found;
				if (Object.keys(partials).length > MAX_PARTIALS) throw new TemplateError(`${title} draws in more than ${MAX_PARTIALS} others`);
				const parsed = parse(reader, found, which);
				fieldsOf(reader, parsed, which);
				gather(partialsOf(parsed, which), [...path, which]);
			}
		}
	}

	#plainEngine(escape: Escape): Liquid {
		const present = this.#plain.get(escape) ?? createEngine(escape);
		this.#plain.set(escape, present);
		return present;
	}
}

function parse(engine: Liquid, text: string, title: string): LiquidTemplate[] {
	try {
		return engine.parse(text);
	} catch (error) {
		throw toTemplateError(error, title);
	}
}

/** Names of partials are literal, so that all are known before the first item, and circles are seen. */
function partialsOf(templates: readonly LiquidTemplate[], title: string): Set<string> {
	const names = new Set<string>();
	const visit = (nodes: readonly LiquidTemplate[], depth: number) => {
		if (depth > MAX_NESTING) throw new TemplateError(`${title} is nested deeper than ${MAX_NESTING} levels`);
		for (const node of nodes) {
			if (node instanceof RenderTag) {
				const { file } = node as unknown as { readonly file: unknown };
				if (typeof file !== 'string') throw new TemplateError(`${title} draws in a template whose name is not written in quotes, as in {% render 'greeting' %}`);
				names.add(file);
			}
			if (node.children) visit(toValueSync(node.children(false, true)) as LiquidTemplate[], depth + 1);
		}
	};
	visit(templates, 0);
	return names;
}

type Segment = string | number | { readonly segments: readonly Segment[] };

function fieldsOf(engine: Liquid, templates: LiquidTemplate[], title: string): string[] {
	const refuse = (segments: readonly unknown[]): void => {
		for (const segment of segments as readonly Segment[]) {
			if (typeof segment === 'object') refuse(segment.segments);
			else if (FORBIDDEN_NAMES.has(String(segment))) throw new TemplateError(`${title} may not read "${segment}"`);
		}
	};
	const { variables, globals } = engine.analyzeSync(templates, { partials: false });
	for (const uses of Object.values(variables)) for (const { segments } of uses) refuse(segments);
	return Object.keys(globals);
}

function fill(engine: Liquid, templates: LiquidTemplate[], values: Values, { strict, title }: FillOptions): string {
	let text: string;
	try {
		text = String(engine.renderSync(templates, values as object, { strictVariables: strict }));
	} catch (error) {
		throw toTemplateError(error, title);
	}
	if (text.length > MAX_OUTPUT) throw tooLong(title);
	return text;
}

import type { Clock } from '../core/clock';
import type { Rule } from '../cache/rules';
import { Compiler, Library, templateTag } from '../template';
import type { SharedStore } from './shared-stores';
import { storePath } from './store-path';
import type { SharedStoreSettings } from './shared-backend';

/** Beyond that, all answers that came of templates are cleared at once. */
const MAX_RULES = 20;
const FILE_BYTES = 128 * 1_048_576;

/** The libraries of templates that this process uses, and what it has compiled. */
export class Templates {
	readonly compiler: Compiler;
	#memory: Library | undefined;
	/** By store, for as long as it is open. */
	readonly #shared = new WeakMap<SharedStore, Library>();

	/** @param clear clears what the memory of this process keeps */
	constructor(
		private readonly clock: Clock,
		private readonly clear: (rule: Rule) => void,
	) {
		this.compiler = new Compiler(clock);
	}

	/** Ends with this process. */
	get memory(): Library {
		return (this.#memory ??= this.#open(undefined));
	}

	/** The library in a store that other processes reach too. */
	over(shared: SharedStore): Library {
		const library = this.#shared.get(shared) ?? this.#open(shared);
		this.#shared.set(shared, library);
		return library;
	}

	#open(shared: SharedStore | undefined): Library {
		const changed = (names: ReadonlySet<string>, isOwn: boolean) => {
			for (const rule of rulesOf(names)) {
				this.clear(rule);
				// Whoever changes a template clears for all.
				if (isOwn) void shared?.clear(rule);
			}
		};
		return new Library({ clock: this.clock, compiler: this.compiler, shared, changed });
	}
}

/** A file in n8n's own folder, for those who have no store: the processes of one machine share it. */
export function templateFile(): SharedStoreSettings {
	return { type: 'sqlite', sqlite: { path: storePath('File', 'templates.sqlite'), maxBytes: FILE_BYTES } };
}

function rulesOf(names: ReadonlySet<string>): Rule[] {
	return (names.size > MAX_RULES ? ['*'] : [...names]).map((name) => ({ kind: 'tag', pattern: templateTag(name) }));
}

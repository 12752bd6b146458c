import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Rule } from '../cache/rules';
import type { Cleared, Runtime, SharedStore } from '../runtime';
import { addHint } from './hints';
import { runItems } from './items';

/** Items that a run clears for at the same time. */
const CONCURRENCY = 10;

/** Reads what is to be cleared for one item; `workflow` is the id of the workflow that runs. */
export type RuleReader = (itemIndex: number, workflow: string) => readonly Rule[];

/**
 * Clears, for each item, what `read` says: from the store, or without one, from the memory of this process. Gives what was
 * cleared, and how many answers were there, where that can be known.
 */
export async function clearItems(
	context: IExecuteFunctions,
	runtime: Runtime,
	shared: SharedStore | undefined,
	read: RuleReader,
): Promise<INodeExecutionData[][]> {
	const clearing = new Clearing(runtime, shared);
	const workflow = context.getWorkflow().id ?? '';
	const output = await runItems(context, { concurrency: CONCURRENCY }, async (itemIndex) => ({ json: await clearing.clear(read(itemIndex, workflow)) }));
	clearing.warn(context);
	return output;
}

/** The clearings of one execution. Items that clear the same are served by one. */
export class Clearing {
	readonly #done = new Map<string, Promise<Cleared>>();
	#untold = false;

	constructor(
		private readonly runtime: Runtime,
		private readonly shared: SharedStore | undefined,
	) {}

	async clear(rules: readonly Rule[]): Promise<IDataObject> {
		const cleared: Cleared[] = [];
		for (const rule of rules) cleared.push(await this.#once(rule));
		const told = cleared.every((each) => each.told);
		this.#untold ||= !told;
		const removed = sum(cleared.map((each) => each.removed));
		return { cleared: rules[0]?.kind ?? null, ...namesOf(rules), removed, store: this.shared && told ? 'shared' : 'process' };
	}

	/** What `clear` would take away. */
	async foresee(rules: readonly Rule[]): Promise<IDataObject> {
		const { runtime, shared } = this;
		const foreseen = await Promise.all(rules.map(async (rule) => (shared ? await shared.foresee(rule) : runtime.foresee(rule))));
		return {
			wouldClear: rules[0]?.kind ?? null,
			...namesOf(rules),
			inMemory: sum(foreseen.map(({ inMemory }) => inMemory)),
			inStore: sum(foreseen.map(({ inStore }) => inStore)),
			keys: [...new Set(foreseen.flatMap(({ keys }) => keys))],
			store: shared ? 'shared' : 'process',
		};
	}

	/** To be called at the end. */
	warn(context: IExecuteFunctions): void {
		if (!this.#untold || !this.shared) return;
		addHint(
			context,
			`The shared store ${this.shared.label} did not take it. This process has cleared its own memory; all others will be told when the store is back.`,
			'warning',
		);
	}

	async #once(rule: Rule): Promise<Cleared> {
		const name = JSON.stringify(rule);
		const present = this.#done.get(name) ?? Promise.resolve(this.shared ? this.shared.clear(rule) : this.runtime.clear(rule));
		this.#done.set(name, present);
		return await present;
	}
}

/** Null where one of them is not known. */
function sum(counts: ReadonlyArray<number | null>): number | null {
	return counts.includes(null) ? null : counts.reduce<number>((total, count) => total + (count ?? 0), 0);
}

function namesOf(rules: readonly Rule[]): { of: string[] } {
	return { of: rules.map(nameOf).filter((name) => name !== undefined) };
}

function nameOf(rule: Rule): string | undefined {
	if ('pattern' in rule) return rule.pattern;
	return rule.kind === 'node' ? rule.node : undefined;
}

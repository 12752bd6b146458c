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
 * cleared, and how many answers were there, where that can be known. Items that clear the same are served by one clearing.
 */
export async function clearItems(
	context: IExecuteFunctions,
	runtime: Runtime,
	shared: SharedStore | undefined,
	read: RuleReader,
): Promise<INodeExecutionData[][]> {
	const done = new Map<string, Promise<Cleared>>();
	const workflow = context.getWorkflow().id ?? '';
	let untold = false;
	const clear = async (rule: Rule): Promise<Cleared> => {
		const name = JSON.stringify(rule);
		const present = done.get(name) ?? Promise.resolve(shared ? shared.clear(rule) : runtime.clear(rule));
		done.set(name, present);
		return await present;
	};
	const output = await runItems(context, { concurrency: CONCURRENCY }, async (itemIndex) => {
		const rules = read(itemIndex, workflow);
		const cleared: Cleared[] = [];
		for (const rule of rules) cleared.push(await clear(rule));
		const told = cleared.every((each) => each.told);
		untold ||= !told;
		return { json: toJson(rules, cleared, shared && told ? 'shared' : 'process') };
	});
	if (untold && shared) {
		addHint(
			context,
			`The shared store ${shared.label} did not take it. This process has cleared its own memory; all others will be told when the store is back.`,
			'warning',
		);
	}
	return output;
}

/** `store` as in the trace: which memory was reached. */
function toJson(rules: readonly Rule[], cleared: readonly Cleared[], store: 'process' | 'shared'): IDataObject {
	const counts = cleared.map(({ removed }) => removed);
	return {
		cleared: rules[0]?.kind ?? null,
		of: rules.map(nameOf).filter((name) => name !== undefined),
		removed: counts.includes(null) ? null : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0),
		store,
	};
}

function nameOf(rule: Rule): string | undefined {
	if ('pattern' in rule) return rule.pattern;
	return rule.kind === 'node' ? rule.node : undefined;
}

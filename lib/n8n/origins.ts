import type { IExecuteFunctions, INodeExecutionData, IPairedItemData, IRunData, ITaskData } from 'n8n-workflow';
import type { SubWorkflowRun } from './sub-workflow';

type Origins = readonly number[] | undefined;
type Runs = Pick<IRunData, string>;

/** Steps back; a loop in the sub-workflow takes several for each of its turns. */
const MAX_STEPS = 1000;

/**
 * Which items that a sub-workflow was given each of its results comes from: what its nodes noted is followed back to where it began.
 * Undefined where that is not known: a node noted nothing, or n8n kept no data of the execution.
 */
export async function originsOf(context: IExecuteFunctions, { executionId, items }: SubWorkflowRun, inputs: number): Promise<Origins[]> {
	if (inputs === 1) return items.map(() => [0]);
	const { resultData } = (await context.getExecutionDataById(executionId)) ?? {};
	const last = resultData?.lastNodeExecuted;
	const places = resultData && last !== undefined ? placesOf(resultData.runData[last] ?? [], items.length) : undefined;
	const found = new Map<string, Origins>();
	return items.map((_item, index) => {
		const place = places?.[index];
		if (resultData && last !== undefined && place) return follow(resultData.runData, { node: last, output: 0, ...place }, found);
		return items.length === inputs ? [index] : undefined;
	});
}

/** The run and the place in it of each result: of all runs of the last node one after the other, or of its last run alone. */
function placesOf(runs: readonly ITaskData[], results: number): Array<{ run: number; item: number }> | undefined {
	const places = runs.flatMap((task, run) => itemsOf(task, 0).map((_item, item) => ({ run, item })));
	if (places.length === results) return places;
	const last = places.filter(({ run }) => run === runs.length - 1);
	return last.length === results ? last : undefined;
}

interface Position {
	readonly node: string;
	readonly run: number;
	readonly output: number;
	readonly item: number;
}

function follow(runs: Runs, position: Position, found: Map<string, Origins>, steps = 0): Origins {
	if (steps > MAX_STEPS) return undefined;
	const name = JSON.stringify(position);
	if (found.has(name)) return found.get(name);
	// Until it is known, so that a circle ends.
	found.set(name, undefined);
	const task = runs[position.node]?.[position.run];
	const origins = task && originsIn(task, position, (before) => follow(runs, before, found, steps + 1));
	found.set(name, origins);
	return origins;
}

function originsIn(task: ITaskData, { output, item }: Position, before: (position: Position) => Origins): Origins {
	const sources = task.source ?? [];
	if (sources.length === 0) return [item];
	const all = new Set<number>();
	for (const { item: previous, input = 0 } of pairsOf(itemsOf(task, output)[item])) {
		const source = sources[input];
		if (!source) return undefined;
		const origins = before({ node: source.previousNode, run: source.previousNodeRun ?? 0, output: source.previousNodeOutput ?? 0, item: previous });
		if (!origins) return undefined;
		for (const origin of origins) all.add(origin);
	}
	return all.size > 0 ? [...all].sort((a, b) => a - b) : undefined;
}

function itemsOf(task: ITaskData, output: number): readonly INodeExecutionData[] {
	return task.data?.main?.[output] ?? [];
}

function pairsOf(item: INodeExecutionData | undefined): IPairedItemData[] {
	const { pairedItem = [] } = item ?? {};
	return (Array.isArray(pairedItem) ? pairedItem : [pairedItem]).map((pair) => (typeof pair === 'number' ? { item: pair } : pair));
}

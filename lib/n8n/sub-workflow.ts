import { deepCopy, NodeHelpers, type IExecuteFunctions, type INode, type INodeExecutionData, type INodeParameters, type INodeTypeDescription, type IWorkflowBase, type RelatedExecution } from 'n8n-workflow';
import type { Clock } from '../core/clock';
import { isFastpathError, SubWorkflowError } from '../core/errors';
import { abortable, onAbort } from '../core/signal';
import { getHost, type RunningExecution } from './host';

/** What a workflow is made of, as far as it runs. */
export type WorkflowSource = Pick<IWorkflowBase, 'nodes' | 'connections'> & Partial<Pick<IWorkflowBase, 'id' | 'name' | 'settings' | 'staticData'>>;

/** A workflow of n8n's database, or one that is given as JSON. */
export type SubWorkflowInfo = { readonly id: string } | { readonly code: WorkflowSource };

export interface SubWorkflowRun {
	readonly executionId: string;
	/** What the last node put out at its first output; the rest goes nowhere, as with n8n's own node. */
	readonly items: INodeExecutionData[];
}

/** What n8n knows beyond its public face; each part may be missing. */
interface Hidden {
	readonly workflow?: { readonly nodeTypes?: { getByNameAndVersion(type: string, version?: number): { readonly description: INodeTypeDescription } | undefined } };
	readonly additionalData?: { readonly projectId?: string };
}

const STOP_EVERY_MS = 100;

/**
 * The workflow that a run of this execution would run: the draft where it is manual, else what was published. Undefined where
 * this n8n does not let it be read.
 *
 * @throws n8n's own error where there is no such workflow, or it was not published
 */
export async function readWorkflow(context: IExecuteFunctions, id: string, manual = isManual(context)): Promise<IWorkflowBase | undefined> {
	const { loadDraft, loadPublished } = getHost();
	const load = manual ? loadDraft : loadPublished;
	return await load?.({ id }, context.getWorkflow().id);
}

/** Who n8n takes this workflow for where a sub-workflow says who may call it. */
export function projectOf(context: IExecuteFunctions): string | undefined {
	return (context as unknown as Hidden).additionalData?.projectId;
}

/** The type of a node, and its parameters with their defaults, which n8n does not save; as they were saved where the type is not known. */
export function describeNode(context: IExecuteFunctions, node: INode): { readonly type?: INodeTypeDescription; readonly parameters: INodeParameters } {
	// Who writes JSON by hand may leave them out.
	const given: INodeParameters = (node as Partial<INode>).parameters ?? {};
	try {
		const type = (context as unknown as Hidden).workflow?.nodeTypes?.getByNameAndVersion(node.type, node.typeVersion)?.description;
		if (!type) return { parameters: given };
		return { type, parameters: NodeHelpers.getNodeParameters(type.properties, given, true, false, node, type) ?? given };
	} catch {
		return { parameters: given };
	}
}

/**
 * Runs a sub-workflow to its end, as n8n's own node does. `source`: what `readWorkflow` gave, so that this is run and nothing that
 * was saved meanwhile. Stops it when the signal aborts. Throws SubWorkflowError where it comes to no result.
 */
export async function runSubWorkflow(
	context: IExecuteFunctions,
	{ info, source, clock }: { readonly info: SubWorkflowInfo; readonly source: IWorkflowBase | undefined; readonly clock: Clock },
	items: INodeExecutionData[],
	signal: AbortSignal,
): Promise<SubWorkflowRun> {
	const parentExecution: RelatedExecution = { executionId: context.getExecutionId(), workflowId: context.getWorkflow().id ?? '', shouldResume: false };
	const options = { parentExecution, executionMode: context.getMode(), ...(source && { loadedWorkflowData: ownCopy(source) }) };
	const given = 'id' in info ? { id: info.id } : { code: ownCopy(info.code) as IWorkflowBase };
	const run = { over: false };
	const removeListener = onAbort(signal, () => void stopChildren(parentExecution, run, clock));
	try {
		const { executionId, data, waitTill } = await abortable(
			notWaiting(context).executeWorkflow(given, items, undefined, options).finally(() => (run.over = true)),
			signal,
		);
		const workflowId = 'id' in info ? info.id : context.getWorkflow().id;
		if (!waitTill) return { executionId, items: data[0] ?? [] };
		throw new SubWorkflowError('The sub-workflow began to wait, so there is no result yet that could be given or kept', { executionId, workflowId, outage: false });
	} catch (error) {
		throw isFastpathError(error) ? error : failure(error);
	} finally {
		removeListener();
	}
}

function isManual(context: IExecuteFunctions): boolean {
	return ['manual', 'chat'].includes(context.getMode());
}

/** n8n fills in parameters where they stand, and several runs of a workflow may be under way. */
function ownCopy<T extends WorkflowSource>(source: T): T {
	return { ...source, nodes: deepCopy(source.nodes), connections: deepCopy(source.connections), staticData: deepCopy(source.staticData ?? {}) };
}

/** A view of the context in which a sub-workflow that waits does not make its parent wait, too: the parent is told by an error. */
function notWaiting(context: IExecuteFunctions): IExecuteFunctions {
	const view = Object.create(context) as IExecuteFunctions;
	return Object.assign(view, { putExecutionToWait: async () => undefined, setMetadata: () => undefined });
}

/** n8n does not stop what an execution has begun. They are told again until they have ended: some have hardly begun. */
async function stopChildren(parent: RelatedExecution, run: { readonly over: boolean }, clock: Clock): Promise<void> {
	const { running } = getHost();
	while (running && !run.over) {
		for (const execution of descendants(running(), parent)) execution.workflowExecution?.cancel();
		await clock.sleep(STOP_EVERY_MS);
	}
}

/** A child has the very object that it was begun with; what it has begun itself names it. */
function descendants(running: Readonly<Record<string, RunningExecution>>, parent: RelatedExecution): RunningExecution[] {
	const all = Object.entries(running);
	const parentOf = (execution: RunningExecution) => execution.executionData.executionData?.parentExecution;
	const chosen = new Map(all.filter(([, execution]) => parentOf(execution) === parent));
	for (let before = -1; before < chosen.size; ) {
		before = chosen.size;
		for (const [id, execution] of all) if (chosen.has(parentOf(execution)?.executionId ?? '')) chosen.set(id, execution);
	}
	return [...chosen.values()];
}

function failure(cause: unknown): SubWorkflowError {
	const { message, executionId, workflowId } = (cause ?? {}) as { message?: unknown; executionId?: unknown; workflowId?: unknown };
	const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
	return new SubWorkflowError(`The sub-workflow failed: ${text(message) ?? 'it was stopped'}`, {
		executionId: text(executionId),
		workflowId: text(workflowId),
		outage: true,
		cause,
	});
}

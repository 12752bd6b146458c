import type { IExecuteFunctions, INode, IWorkflowBase } from 'n8n-workflow';
import { digest } from '../../lib/cache/key';
import { describeNode, projectOf, readWorkflow, type SubWorkflowInfo, type WorkflowSource } from '../../lib/n8n/sub-workflow';
import { actsOf } from './acts';
import { familyOf } from './identity';
import { declaredInputs } from './inputs';

/** What is known of the sub-workflow before it is run. */
export interface Subject {
	/** Undefined where n8n does not let nodes read it. */
	readonly version: string | undefined;
	/** To be run as it was read; undefined where n8n shall read it. */
	readonly source: IWorkflowBase | undefined;
	/** Nodes that do more than compute and read, each with what it does. */
	readonly acts: readonly string[];
	/** It calls workflows whose edits are not noticed. */
	readonly callsUnknown: boolean;
	/** Fields that reach the sub-workflow: its trigger lets no others in; undefined where it takes all. */
	readonly inputs: readonly string[] | undefined;
	/** With which other callers results may be shared, where the user shares them beyond a workflow. */
	readonly caller: string;
}

/** Of JSON that all items share. */
const inlineIds = new WeakMap<SubWorkflowInfo, string>();

/** Names a sub-workflow; one that is given as JSON by what is in it. */
export function idOf(info: SubWorkflowInfo): string {
	if ('id' in info) return info.id;
	const id = inlineIds.get(info) ?? `inline-${digest(info.code).slice(0, 16)}`;
	inlineIds.set(info, id);
	return id;
}

/** Looks at each sub-workflow once per run of the node. */
export function subjectReader(context: IExecuteFunctions): (info: SubWorkflowInfo) => Promise<Subject> {
	const read = new Map<string, Promise<Subject>>();
	return async (info) => {
		const id = idOf(info);
		const present = read.get(id) ?? subjectOf(context, info);
		read.set(id, present);
		return await present;
	};
}

async function subjectOf(context: IExecuteFunctions, info: SubWorkflowInfo): Promise<Subject> {
	const source = 'id' in info ? await readWorkflow(context, info.id) : undefined;
	const workflow: WorkflowSource | undefined = 'id' in info ? source : info.code;
	const caller = callerOf(context, info, workflow);
	if (!workflow) return { version: undefined, source, acts: [], callsUnknown: false, inputs: undefined, caller };
	// What it calls in turn runs as published, whoever begins.
	const { version, members, unknown } = await familyOf(workflow, async (id) => await readWorkflow(context, id, false).catch(() => undefined));
	const describe = (node: INode) => describeNode(context, node);
	return { version, source, acts: actsOf(members, describe), callsUnknown: unknown, inputs: declaredInputs(members[0]?.nodes ?? [], describe), caller };
}

/** Who may not call a sub-workflow may not have its results either: n8n looks at that only when it runs. */
function callerOf(context: IExecuteFunctions, info: SubWorkflowInfo, workflow: WorkflowSource | undefined): string {
	const own = `workflow ${context.getWorkflow().id ?? ''}`;
	// It runs with the permissions of the workflow that it stands in.
	if (!('id' in info) || !workflow) return own;
	switch (workflow.settings?.callerPolicy ?? 'workflowsFromSameOwner') {
		case 'any':
			return 'any';
		case 'workflowsFromSameOwner': {
			const project = projectOf(context);
			return project === undefined ? own : `project ${project}`;
		}
		default:
			return own;
	}
}

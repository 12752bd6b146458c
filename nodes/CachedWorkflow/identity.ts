import type { INode, IWorkflowBase } from 'n8n-workflow';
import { digest } from '../../lib/cache/key';
import type { WorkflowSource } from '../../lib/n8n/sub-workflow';

/** A sub-workflow with all that it calls in turn. */
export interface Family {
	/** Another one after each change that may change what comes out. */
	readonly version: string;
	/** The sub-workflow first. */
	readonly members: readonly Member[];
	/** Workflows that it calls and that cannot be known before: by expression, or beyond the bound. */
	readonly unknown: boolean;
}

export interface Member {
	/** Names of the workflows on the way to it, its own last; empty for the sub-workflow itself. */
	readonly path: readonly string[];
	readonly nodes: readonly INode[];
}

const MAX_MEMBERS = 50;
const CALLERS = /\.(executeWorkflow|cachedWorkflow|toolWorkflow)$/;

/** @param load gives a workflow by its id; undefined where there is none */
export async function familyOf(workflow: WorkflowSource, load: (id: string) => Promise<IWorkflowBase | undefined>): Promise<Family> {
	const members: Member[] = [{ path: [], nodes: runningNodes(workflow) }];
	const prints: unknown[] = [fingerprint(workflow)];
	const seen = new Set(workflow.id === undefined ? [] : [workflow.id]);
	let unknown = false;
	for (const { path, nodes } of members) {
		for (const id of nodes.flatMap(calledBy)) {
			if (id === undefined || members.length >= MAX_MEMBERS) unknown = true;
			if (id === undefined || seen.has(id) || members.length >= MAX_MEMBERS) continue;
			seen.add(id);
			const called = await load(id);
			prints.push([id, called && fingerprint(called)]);
			if (called) members.push({ path: [...path, called.name], nodes: runningNodes(called) });
		}
	}
	return { version: digest(prints), members, unknown };
}

function runningNodes({ nodes }: WorkflowSource): INode[] {
	return nodes.filter(({ disabled, type }) => disabled !== true && type !== 'n8n-nodes-base.stickyNote');
}

/** Where nodes stand on the canvas and what is noted there changes nothing. */
function fingerprint(workflow: WorkflowSource): unknown {
	const nodes = runningNodes(workflow).map((node) => ({ ...node, position: undefined, notes: undefined, notesInFlow: undefined }));
	return { nodes, connections: workflow.connections, settings: workflow.settings };
}

/** The id of the workflow that a node calls; undefined where it is an expression. What stands in the node as JSON is part of it. */
function calledBy({ type, parameters }: Pick<INode, 'type'> & Partial<INode>): Array<string | undefined> {
	if (!CALLERS.test(type) || (parameters?.source ?? 'database') !== 'database') return [];
	const workflowId = parameters?.workflowId;
	const value = typeof workflowId === 'object' && workflowId !== null && 'value' in workflowId ? workflowId.value : workflowId;
	if (value === undefined || value === '' || value === null) return [];
	return [typeof value === 'string' && !value.startsWith('=') ? value : undefined];
}

/** A sub-workflow as people have them: 20 nodes, four of which ask a server, and workflows that call it. For e2e tests and benchmarks. */
import type { INode, IWorkflowBase } from 'n8n-workflow';

type Node = Pick<INode, 'name' | 'type'> & Partial<INode>;

export interface Importable {
	name: string;
	nodes: Array<Partial<INode>>;
	connections: IWorkflowBase['connections'];
	settings?: Record<string, unknown>;
}

export const CALLED: Node = { name: 'Start', type: 'n8n-nodes-base.executeWorkflowTrigger', typeVersion: 1.1, parameters: { inputSource: 'passthrough' } };
export const MANUAL: Node = { name: 'Trigger', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} };

export const webhook = (path: string): Node => ({
	name: 'Trigger', type: 'n8n-nodes-base.webhook', typeVersion: 2, webhookId: path,
	parameters: { path, httpMethod: 'POST', responseMode: 'lastNode', responseData: 'allEntries', options: {} },
});

/** Nodes in a row, from the first to the last. */
export function row(name: string, nodes: readonly Node[]): Importable {
	const connections: IWorkflowBase['connections'] = {};
	nodes.slice(0, -1).forEach((node, index) => {
		connections[node.name] = { main: [[{ node: nodes[index + 1]?.name ?? '', type: 'main', index: 0 }]] };
	});
	return { name, connections, nodes: nodes.map((node, index) => ({ id: `${name}-${index}`.replaceAll(' ', '-'), position: [index * 220, 0], typeVersion: 1, parameters: {}, ...node })) };
}

/** Adds one field to each item. */
export function set(name: string, field: string, value: string): Node {
	const assignments = [{ id: field, name: field, value, type: 'string' }];
	return { name, type: 'n8n-nodes-base.set', typeVersion: 3.4, parameters: { assignments: { assignments }, includeOtherFields: true, options: {} } };
}

export function get(name: string, url: string): Node {
	return { name, type: 'n8n-nodes-base.httpRequest', typeVersion: 4.2, parameters: { url, options: {} } };
}

/** @param base address of the stand-in; items need a `package`, the number of one */
export function twentyNodes(name: string, base: string): Importable {
	const id = "$('Start').item.json.package";
	const steps: Node[] = [CALLED];
	for (const round of [1, 2, 3, 4]) {
		steps.push(
			get(`Look Up ${round}`, `=${base}/api/packages/{{ (Number(${id}) + ${round}) % 20 }}`),
			set(`Name ${round}`, `name${round}`, '={{ $json.name }}'),
			set(`Length ${round}`, `length${round}`, `={{ String($json.name${round} ?? "").length }}`),
			set(`Key ${round}`, `key${round}`, `={{ $json.name${round} }}-${round}`),
		);
	}
	steps.push(
		{ name: 'Sort', type: 'n8n-nodes-base.sort', typeVersion: 1, parameters: { sortFieldsUi: { sortField: [{ fieldName: 'name' }] }, options: {} } },
		{ name: 'Limit', type: 'n8n-nodes-base.limit', typeVersion: 1, parameters: { maxItems: 100 } },
		set('Done', 'package', `={{ ${id} }}`),
	);
	return row(name, steps);
}

/** The node in question, or n8n's own in its place. */
export function calling(workflowId: string, parameters: Record<string, unknown> = {}): Node {
	const { options, ...rest } = parameters;
	return {
		name: 'Call', type: 'n8n-nodes-fastpath.cachedWorkflow', typeVersion: 1,
		parameters: { operation: 'run', workflowId: { __rl: true, mode: 'id', value: workflowId }, ...rest, options: { includeTrace: true, ...(options as object | undefined) } } as never,
	};
}

export function callingUncached(workflowId: string): Node {
	return {
		name: 'Call', type: 'n8n-nodes-base.executeWorkflow', typeVersion: 1.2,
		parameters: { source: 'database', mode: 'each', workflowId: { __rl: true, mode: 'id', value: workflowId }, options: {} } as never,
	};
}

/** Puts out so many items, each with the number of a package; those beyond `distinct` are repeated. */
export function items(count: number, distinct = count): Node[] {
	const numbers = Array.from({ length: count }, (_, index) => ({ package: String(index % distinct) }));
	return [
		{ name: 'List', type: 'n8n-nodes-base.set', typeVersion: 3.4, parameters: { mode: 'raw', jsonOutput: JSON.stringify({ numbers }), options: {} } },
		{ name: 'Items', type: 'n8n-nodes-base.splitOut', typeVersion: 1, parameters: { fieldToSplitOut: 'numbers', options: {} } },
	];
}

/** One Performance Monitor node after a trigger, as an exported workflow has it. */
import type { INode, IWorkflowBase } from 'n8n-workflow';
import type { Engine, RunResult } from './engine.mts';

export const MONITOR = 'Monitor';

export interface MonitorRun {
	engine: Engine;
	parameters: Record<string, unknown>;
	node?: Partial<INode>;
	input?: Array<Record<string, unknown>>;
	workflowId?: string;
	/** Of the Fastpath Store credential; the parameter Store is then set to it. */
	store?: Record<string, unknown>;
}

export async function runMonitor({ engine, parameters, node, input, workflowId, store }: MonitorRun): Promise<RunResult> {
	const connections: IWorkflowBase['connections'] = { Trigger: { main: [[{ node: MONITOR, type: 'main', index: 0 }]] } };
	return await engine.run({
		workflow: {
			...(workflowId === undefined ? {} : { id: workflowId }),
			nodes: [
				{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
				{
					name: MONITOR,
					type: 'n8n-nodes-fastpath.performanceMonitor',
					parameters: { ...parameters, ...(store ? { store: 'shared' } : {}) } as INode['parameters'],
					...(store ? { credentials: { fastpathStoreApi: { id: 'store-1', name: 'store' } } } : {}),
					...node,
				},
			],
			connections,
		},
		...(store ? { credentials: [{ name: 'store', type: 'fastpathStoreApi', data: store }] } : {}),
		...(input ? { input } : {}),
	});
}

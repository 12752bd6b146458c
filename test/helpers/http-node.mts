/** One Pooled HTTP node after a trigger, as an exported workflow has it, and a server that says what it was sent. */
import type { IncomingHttpHeaders } from 'node:http';
import type { INode, IWorkflowBase } from 'n8n-workflow';
import type { Engine, EngineWorkflow, Run } from './engine.mts';
import type { Answer } from './with-server.mts';

export const NODE = 'HTTP';

export interface HttpRun {
	engine: Engine;
	parameters: Record<string, unknown>;
	node?: Partial<INode>;
	input?: Array<Record<string, unknown>>;
	credential?: { type: string; data: Record<string, unknown> };
	/** Of the Fastpath Store credential; the option Store is then set to it. */
	store?: Record<string, unknown>;
	signal?: AbortSignal;
	/** Without it each run is of a workflow of its own. */
	workflowId?: string;
	/** Told of what the node says to the editor's console, as it does. */
	onMessage?: (message: unknown) => void;
}

export function runHttp({ engine, parameters, node, input, credential, store, signal, workflowId, onMessage }: HttpRun): Run {
	const given = [...(credential ? [{ ...credential, name: 'key' }] : []), ...(store ? [{ type: 'fastpathStoreApi', name: 'store', data: store }] : [])];
	const { options } = parameters as { options?: object };
	const connections: IWorkflowBase['connections'] = { Trigger: { main: [[{ node: NODE, type: 'main', index: 0 }]] } };
	const workflow: EngineWorkflow = {
		...(workflowId === undefined ? {} : { id: workflowId }),
		nodes: [
			{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
			{
				name: NODE,
				type: 'n8n-nodes-fastpath.pooledHttp',
				parameters: (store ? { ...parameters, options: { ...options, store: 'shared' } } : parameters) as INode['parameters'],
				...(given.length > 0 ? { credentials: Object.fromEntries(given.map(({ type, name }) => [type, { id: 'c1', name }])) } : {}),
				...node,
			},
		],
		connections,
	};
	return engine.run({
		workflow,
		credentials: given,
		...(input ? { input } : {}),
		...(signal ? { signal } : {}),
		...(onMessage ? { additionalData: { sendDataToUI: (_type: string, data: unknown) => onMessage(data) } } : {}),
	});
}

export interface Echo {
	method: string;
	url: string;
	headers: IncomingHttpHeaders;
	rawHeaders: string[];
	body: string;
}

export const echo: Answer = (request, response, body) => {
	const { method, url, headers, rawHeaders } = request;
	response.setHeader('content-type', 'application/json');
	response.end(JSON.stringify({ method, url, headers, rawHeaders, body: body.toString('utf8') }));
};

/** Rows of a name and value list, as the panel keeps them. */
export const rows = (...pairs: Array<[string, unknown]>) => ({ parameters: pairs.map(([name, value]) => ({ name, value })) });

export const responseOption = (response: Record<string, unknown>) => ({ response: { response } });

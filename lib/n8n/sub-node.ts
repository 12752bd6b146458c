import { NodeOperationError, type IDataObject, type INode, type ISupplyDataFunctions, type NodeConnectionType } from 'n8n-workflow';

/** What n8n's context has beyond its types; each may be missing in another version. */
interface Untyped {
	readonly parentNode?: INode;
	readonly runIndex?: number;
	getConnectedNodes?(type: NodeConnectionType): INode[];
}

export type SubNodeContext = ISupplyDataFunctions & Untyped;

/** One line in the log of a sub-node's runs. */
export interface SubNodeRun {
	end(json: IDataObject): void;
	fail(error: unknown): void;
	/** Handlers of a sub-node below, so that what they log hangs under this run. */
	link(handlers: unknown): unknown;
}

/** Writes the log of a sub-node: what it was asked and what it gave, while its execution lasts. */
export class SubNodeLog {
	#closed = false;

	constructor(
		private readonly context: SubNodeContext,
		private readonly type: NodeConnectionType,
	) {}

	/** To be called when the execution is over: a call that others still wait for must not write into it. */
	close(): void {
		this.#closed = true;
	}

	begin(json: IDataObject): SubNodeRun {
		if (this.#closed) return { end: () => undefined, fail: () => undefined, link: () => undefined };
		const { context, type } = this;
		const { index } = context.addInputData(type, [[{ json }]]);
		return {
			end: (result) => {
				if (!this.#closed) context.addOutputData(type, index, [[{ json: result }]]);
			},
			fail: (error) => {
				if (!this.#closed) context.addOutputData(type, index, toNodeError(context.getNode(), error));
			},
			link: (handlers) => (this.#closed ? undefined : linked(handlers, context.getNode().name, index)),
		};
	}
}

function toNodeError(node: INode, error: unknown): NodeOperationError {
	const cause = error instanceof Error ? error : new Error(String(error));
	return new NodeOperationError(node, cause, { functionality: 'configuration-node' });
}

interface Handler {
	readonly executionFunctions?: SubNodeContext;
	readonly options?: unknown;
	readonly constructor: new (context: SubNodeContext, options: unknown) => Handler;
}

/**
 * n8n's handlers log a model's runs by their order, as if the node above had as many: with answers that come from elsewhere it
 * has more. A handler for a node right below ours is made anew, with a context that names our run as the source.
 */
function linked(handlers: unknown, name: string, run: number): unknown {
	if (!Array.isArray(handlers)) return handlers;
	return (handlers as Handler[]).map((handler) => {
		const { executionFunctions: below, options } = handler;
		if (below?.parentNode?.name !== name) return handler;
		return new handler.constructor(namingSource(below, run), options);
	});
}

function namingSource(context: SubNodeContext, run: number): SubNodeContext {
	const view = Object.create(context) as SubNodeContext;
	const addInputData: SubNodeContext['addInputData'] = (type, data, source) => context.addInputData(type, data, source ?? run);
	const addOutputData: SubNodeContext['addOutputData'] = (type, index, data, metadata, source) =>
		context.addOutputData(type, index, data, metadata, source ?? run);
	return Object.assign(view, { addInputData, addOutputData });
}

/** What stands below a sub-node: kinds and credentials of the nodes that are connected to it. */
export function nodesBelow(context: SubNodeContext, type: NodeConnectionType): Array<{ readonly type: string; readonly credentials: string[] }> {
	const nodes = context.getConnectedNodes?.(type) ?? [];
	return nodes.map((node) => ({
		type: `${node.type}@${node.typeVersion}`,
		credentials: Object.entries(node.credentials ?? {}).map(([name, { id, name: label }]) => `${name}:${id ?? label}`),
	}));
}

/** The run of the node that asks, where n8n repeats that node when it fails; undefined where it does not. */
export function repeatableRun(context: SubNodeContext): string | undefined {
	const { parentNode, runIndex } = context;
	if (parentNode?.retryOnFail !== true) return undefined;
	return JSON.stringify([context.getWorkflow().id, context.getExecutionId(), parentNode.name, runIndex]);
}

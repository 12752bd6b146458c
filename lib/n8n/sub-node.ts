import { NodeOperationError, type IDataObject, type INode, type ISupplyDataFunctions, type NodeConnectionType } from 'n8n-workflow';
import type { Runtime, SharedStore } from '../runtime';
import { toNodeError } from './errors';
import { addHint } from './hints';
import { runtimeFor } from './metrics';
import { cancelSignal } from './signal';
import { openStore } from './store';

/** What n8n's context has beyond its types; each may be missing in another version. */
interface Untyped {
	readonly parentNode?: INode;
	readonly runIndex?: number;
	getConnectedNodes?(type: NodeConnectionType): INode[];
}

export type SubNodeContext = ISupplyDataFunctions & Untyped;

/** A node that stands between a model and its consumer, for one of their meetings. */
export interface SubNode {
	readonly runtime: Runtime;
	/** Where answers are kept; without it, in the memory of this process. */
	readonly shared: SharedStore | undefined;
	readonly log: SubNodeLog;
	/** Kinds and credentials of the nodes below; part of every key. */
	readonly below: ReadonlyArray<{ readonly type: string; readonly credentials: readonly string[] }>;
	readonly place: { readonly workflowId: string; readonly nodeId: string; readonly nodeName?: string };
	/** Stop was pressed. */
	readonly cancel: AbortSignal;
	/** Tells the user; the same only once. */
	readonly warn: (message: string) => void;
	/** The asking node's run, where n8n repeats that node when it fails. */
	readonly repeatableRun: string | undefined;
}

/** Parameters that cannot be read are reported with the item that they were read for. */
export function readOrReport<T>(context: SubNodeContext, itemIndex: number, read: (context: SubNodeContext, itemIndex: number) => T): T {
	try {
		return read(context, itemIndex);
	} catch (error) {
		throw toNodeError(context.getNode(), error, itemIndex);
	}
}

/** @param store what the option Store says */
export async function openSubNode(context: SubNodeContext, type: NodeConnectionType, store: unknown): Promise<SubNode> {
	const runtime = runtimeFor(context);
	return {
		runtime,
		shared: await openStore(context, runtime, store),
		log: new SubNodeLog(context, type),
		below: nodesBelow(context, type),
		place: { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id, nodeName: context.getNode().name },
		cancel: cancelSignal(context),
		warn: onceEach((message) => addHint(context, message, 'warning')),
		repeatableRun: repeatableRun(context),
	};
}

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
				if (!this.#closed) context.addOutputData(type, index, failure(context.getNode(), error));
			},
			link: (handlers) => (this.#closed ? undefined : linked(handlers, context.getNode().name, index)),
		};
	}
}

function onceEach(tell: (message: string) => void): (message: string) => void {
	const told = new Set<string>();
	return (message) => {
		if (!told.has(message)) tell(message);
		told.add(message);
	};
}

function failure(node: INode, error: unknown): NodeOperationError {
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

function nodesBelow(context: SubNodeContext, type: NodeConnectionType): SubNode['below'] {
	const nodes = context.getConnectedNodes?.(type) ?? [];
	return nodes.map((node) => ({
		type: `${node.type}@${node.typeVersion}`,
		credentials: Object.entries(node.credentials ?? {}).map(([name, { id, name: label }]) => `${name}:${id ?? label}`),
	}));
}

function repeatableRun(context: SubNodeContext): string | undefined {
	const { parentNode, runIndex } = context;
	if (parentNode?.retryOnFail !== true) return undefined;
	return JSON.stringify([context.getWorkflow().id, context.getExecutionId(), parentNode.name, runIndex]);
}

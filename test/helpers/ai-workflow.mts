/** Workflows of n8n's AI nodes with ours between a model and its consumer, as n8n imports them. */
const LANGCHAIN = '@n8n/n8n-nodes-langchain.';

export interface AiNode {
	readonly name: string;
	/** Without the package; n8n's own, unless it has one. */
	readonly type: string;
	readonly typeVersion?: number;
	readonly parameters?: Record<string, unknown>;
	readonly credentials?: Record<string, { id: string; name: string }>;
	/** What this node gives goes there: the name of a node, and the kind of connection. */
	readonly to?: ReadonlyArray<readonly [node: string, kind: string, input?: number]>;
	/** On the canvas; otherwise in rows of four. */
	readonly position?: readonly [number, number];
	readonly webhookId?: string;
	readonly retryOnFail?: boolean;
	readonly maxTries?: number;
	readonly waitBetweenTries?: number;
	readonly continueOnFail?: boolean;
}

export function aiWorkflowOf(name: string, nodes: readonly AiNode[]): Record<string, unknown> {
	const connections: Record<string, Record<string, unknown[][]>> = {};
	for (const { name: from, to = [] } of nodes) {
		for (const [node, type, index = 0] of to) {
			const outputs = ((connections[from] ??= {})[type] ??= [[]]);
			outputs[0]!.push({ node, type, index });
		}
	}
	const complete = nodes.map(({ to: _to, type, ...node }, index) => ({
		id: `${name}-${index}`,
		typeVersion: 1,
		parameters: {},
		position: [(index % 4) * 240, Math.floor(index / 4) * 220],
		type: type.includes('.') ? type : `${LANGCHAIN}${type}`,
		...node,
	}));
	return { name, nodes: complete, connections, settings: { executionOrder: 'v1' } };
}

export const TRIGGER = 'n8n-nodes-base.manualTrigger';

export function cachedChatModel(to: string, parameters: Record<string, unknown> = {}, name = 'Cached'): AiNode {
	return {
		name,
		type: 'n8n-nodes-fastpath.cachedChatModel',
		parameters: { cacheMode: 'readWrite', contentType: 'aiAnswer', cacheScope: 'workflow', store: 'memory', options: {}, ...parameters },
		to: [[to, 'ai_languageModel']],
	};
}

import type { INode, INodeParameters, INodeTypeDescription } from 'n8n-workflow';
import type { Member } from './identity';

/** How a node is described: its type, where n8n knows it, and its parameters with their defaults. */
export type Describe = (node: INode) => { readonly type?: INodeTypeDescription; readonly parameters: INodeParameters };

/** What nodes of these types do each time that they run. */
const ACTS: Readonly<Record<string, string>> = {
	amqp: 'sends',
	chat: 'waits for an answer',
	emailSend: 'sends',
	executeCommand: 'runs a command',
	form: 'waits for a form',
	kafka: 'sends',
	mqtt: 'sends',
	respondToWebhook: 'responds',
	ssh: 'runs a command',
	wait: 'waits',
};

/** Keep something from run to run, or within one, so that what comes out depends on what was before. */
const MEMORIES = /\.memory(?!Manager)[A-Z]/;
const STATE = /\$?getWorkflowStaticData/;
const SEEN_BEFORE = ['removeItemsSeenInPreviousExecutions', 'clearDeduplicationHistory'];

const READING_METHODS = ['GET', 'HEAD', 'OPTIONS'];
const REQUESTS = /\.(httpRequest|httpRequestTool|toolHttpRequest|pooledHttp|pooledHttpTool|batchRequest)$/;
const READING_SQL = /^\s*(--.*\n\s*)*(=\s*)?(select|show|explain|describe|values)\b/i;
/** Nodes that act and take no credential. */
const LOCAL = /\.(dataTable|dataTableTool|readWriteFile|writeBinaryFile|localFileTrigger|git)$/;
/** How the names of operations begin that change something elsewhere. */
const CHANGES =
	/^(add|append|approve|archive|assign|ban|block|book|cancel|clear|close|complete|create|deactivate|delete|deploy|disable|dispatch|drop|edit|enable|forward|import|insert|invite|join|kick|leave|lock|mark|move|mute|open|pause|pin|post|promote|publish|purge|push|put|quit|react|reject|remove|rename|reopen|reply|resolve|restore|resume|revoke|run|schedule|send|set|share|snooze|star|start|stop|submit|subscribe|sync|trash|trigger|unarchive|unassign|unblock|unlock|unpin|unstar|unsubscribe|update|upload|upsert|void|write)(?![a-z])/;

/** The nodes of a family that do more than compute and read, each with what it does: `Notify (sends)`. */
export function actsOf(members: readonly Member[], describe: Describe): string[] {
	return members.flatMap(({ path, nodes }) =>
		nodes.flatMap((node) => {
			const act = actOf(node, describe(node));
			return act === undefined ? [] : [`${[...path, node.name].join(' › ')} (${act})`];
		}),
	);
}

function actOf(node: INode, { type, parameters }: ReturnType<Describe>): string | undefined {
	if (type?.group.includes('trigger')) return undefined;
	const name = node.type.slice(node.type.lastIndexOf('.') + 1);
	const { operation } = parameters;
	if (operation === 'sendAndWait') return 'waits for an answer';
	if (Object.hasOwn(ACTS, name)) return ACTS[name];
	if (MEMORIES.test(node.type)) return 'keeps state';
	if (STATE.test(JSON.stringify(parameters))) return 'keeps state';
	if (REQUESTS.test(node.type)) return methodAct(parameters);
	// What it runs is looked at by itself.
	if (/\.cachedWorkflow$/.test(node.type)) return operation === 'clear' ? 'clears a cache' : undefined;
	if (typeof operation !== 'string') return parameters.mode === 'insert' && /\.vectorStore/.test(node.type) ? 'writes' : undefined;
	if (SEEN_BEFORE.includes(operation)) return 'keeps state';
	const reachesOut = (type?.credentials?.length ?? 0) > 0 || Object.keys(node.credentials ?? {}).length > 0 || LOCAL.test(node.type);
	if (!reachesOut) return undefined;
	if (operation === 'executeQuery') return READING_SQL.test(String(parameters.query ?? '')) ? undefined : 'runs a query that may write';
	return CHANGES.test(operation) ? `operation ${operation}` : undefined;
}

function methodAct({ operation, method, requestMethod }: INodeParameters): string | undefined {
	if (operation === 'clear') return 'clears a cache';
	const sent = method ?? requestMethod ?? 'GET';
	return READING_METHODS.includes(String(sent)) ? undefined : `sends ${String(sent).startsWith('=') ? 'with a method by expression' : String(sent)}`;
}

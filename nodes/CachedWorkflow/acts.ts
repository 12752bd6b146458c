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
	mailgun: 'sends',
	mcpClient: 'uses tools that may act',
	mcpClientTool: 'uses tools that may act',
	mcpRegistryClientTool: 'uses tools that may act',
	mqtt: 'sends',
	openAiAssistant: 'keeps state',
	respondToWebhook: 'responds',
	ssh: 'runs a command',
	wait: 'waits',
};

/** Keep something from run to run, or within one, so that what comes out depends on what was before. */
const MEMORIES = /\.memory(?!Manager)[A-Z]/;
const STATE = /getWorkflowStaticData/;
const SEEN_BEFORE = ['removeItemsSeenInPreviousExecutions', 'clearDeduplicationHistory'];

const REQUESTS = /\.(httpRequest|httpRequestTool|toolHttpRequest|facebookGraphApi|pooledHttp|pooledHttpTool|batchRequest)$/;
const READING_METHODS = ['GET', 'HEAD', 'OPTIONS'];
const READING_SQL = /^\s*(--.*\n\s*)*(=\s*)?(select|show|explain|describe|values)\b/i;
const MUTATION = /^\s*(=\s*)?mutation\b/m;
/** Nodes that act and take no credential. */
const LOCAL = /\.(dataTable|dataTableTool|readWriteFile|writeBinaryFile|git)$/;
/** How the names of operations begin that change nothing elsewhere; of all others it is not known. */
const READS = new RegExp(
	`^(${[
		'administrators|aggregate|analy[sz]e|autocomplete|availability|candlestick|changelog|chat|check|classify|collaborator|colors?|company|compare',
		'complete|completedCheckItems|completion|context|count|current[A-Z]\\w+|customFields|data|decode|deepResearch|detect|domainSearch|download',
		'emailFinder|emailVerifier|embed|enrich|exchangeRate|exists?|expand|extract|fetch|find(?!OneAnd)|font|generate|get|history|image|improve|industry',
		'info|is|keys|list|llen|log|logo|lookup|market|me|mediaUrlGet|members?|message|messages|metadata|moderate|pdf|predict|preview|price|properties',
		'qrCode|query|read|recentlyPlayed|reflog|replies|request|response|resultData|rowExists|rowNotExists|sanitize|scrape|screenshot|search|select|seo',
		'sign|statistics|stats|status|summarize|takeScreenshot|templatize|text|ticker|transcribe|transitions|translate|users|validate|verify',
	].join('|')})(?![a-z])`,
);

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
	if (MEMORIES.test(node.type) || STATE.test(JSON.stringify(parameters))) return 'keeps state';
	if (REQUESTS.test(node.type)) return methodAct(parameters);
	// What it runs is looked at by itself.
	if (name === 'cachedWorkflow') return operation === 'clear' ? 'clears a cache' : undefined;
	if (name === 'graphql') return MUTATION.test(String(parameters.query)) ? 'sends a mutation' : undefined;
	if (typeof operation !== 'string') return parameters.mode === 'insert' && /\.vectorStore/.test(node.type) ? 'writes' : undefined;
	if (SEEN_BEFORE.includes(operation)) return 'keeps state';
	const reachesOut = (type?.credentials?.length ?? 0) > 0 || Object.keys(node.credentials ?? {}).length > 0 || LOCAL.test(node.type);
	if (!reachesOut || READS.test(operation)) return undefined;
	if (operation === 'executeQuery' || operation === 'execute') return READING_SQL.test(String(parameters.query ?? '')) ? undefined : 'runs a query that may write';
	return `operation ${operation}`;
}

function methodAct({ operation, method, requestMethod, httpRequestMethod }: INodeParameters): string | undefined {
	if (operation === 'clear') return 'clears a cache';
	const sent = String(method ?? requestMethod ?? httpRequestMethod ?? 'GET');
	return READING_METHODS.includes(sent) ? undefined : `sends ${sent.startsWith('=') ? 'with a method by expression' : sent}`;
}

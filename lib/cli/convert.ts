/** A workflow's HTTP Request nodes become Pooled HTTP nodes, or the other way round; nothing else about them changes. */

export const THEIRS = 'n8n-nodes-base.httpRequest';
export const OURS = 'n8n-nodes-fastpath.pooledHttp';
/** In n8n's development mode nodes have no package. */
const OURS_AS_CUSTOM = 'CUSTOM.pooledHttp';

/** Of HTTP Request; below 4 it works differently. */
const VERSIONS = [4, 4.1, 4.2, 4.3, 4.4, 4.5];
const NEWEST = 4.5;

/** The options that HTTP Request knows. It drops all others, so what they say is lost on the way back. */
const THEIR_OPTIONS: ReadonlySet<string> = new Set([
	'allowUnauthorizedCerts',
	'batching',
	'lowercaseHeaders',
	'pagination',
	'proxy',
	'queryParameterArrays',
	'redirect',
	'response',
	'sendCredentialsOnCrossOriginRedirect',
	'timeout',
	'webdavMethods',
]);

export interface Conversion {
	readonly json: unknown;
	readonly changed: readonly string[];
	/** Nodes that were left as they are, and why. */
	readonly left: ReadonlyArray<{ readonly name: string; readonly reason: string }>;
	/** What a node says that the other type does not know. */
	readonly lost: ReadonlyArray<{ readonly name: string; readonly options: readonly string[] }>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Takes a workflow, a list of workflows, or what the editor copies. Throws TypeError for anything else. */
export function convert(json: unknown, back: boolean): Conversion {
	const changed: string[] = [];
	const left: Array<Conversion['left'][number]> = [];
	const lost: Array<Conversion['lost'][number]> = [];
	const convertNode = (node: unknown): unknown => {
		if (!isFields(node)) return node;
		const name = typeof node.name === 'string' ? node.name : '(without a name)';
		const verdict = back ? toTheirs(node) : toOurs(node);
		if (verdict === undefined) return node;
		if (typeof verdict === 'string') {
			left.push({ name, reason: verdict });
			return node;
		}
		changed.push(name);
		const options = back ? ownOptions(node) : [];
		if (options.length > 0) lost.push({ name, options });
		return { ...node, ...verdict };
	};
	const convertWorkflow = (workflow: unknown): unknown => {
		if (!isFields(workflow) || !Array.isArray(workflow.nodes)) throw new TypeError('This is no workflow: it has no list of nodes');
		return { ...workflow, nodes: workflow.nodes.map(convertNode) };
	};
	const converted = Array.isArray(json) ? json.map(convertWorkflow) : convertWorkflow(json);
	return { json: converted, changed, left, lost };
}

/** What changes about the node; a reason why nothing does; undefined where it is of another kind. */
function toOurs(node: Fields): Fields | string | undefined {
	if (node.type === `${THEIRS}Tool`) return VERSIONS.includes(versionOf(node)) ? { type: `${OURS}Tool` } : tooOld(node);
	if (node.type !== THEIRS) return undefined;
	return VERSIONS.includes(versionOf(node)) ? { type: OURS } : tooOld(node);
}

function toTheirs(node: Fields): Fields | string | undefined {
	const { type } = node;
	const isTool = type === `${OURS}Tool` || type === `${OURS_AS_CUSTOM}Tool`;
	if (!isTool && type !== OURS && type !== OURS_AS_CUSTOM) return undefined;
	const parameters = isFields(node.parameters) ? node.parameters : {};
	const { genericCredentialType } = parameters;
	const kept = Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'operation' && name !== 'genericCredentialType'));
	const generic = typeof genericCredentialType === 'string' && genericCredentialType !== '' ? { genericAuthType: genericCredentialType } : {};
	return {
		type: isTool ? `${THEIRS}Tool` : THEIRS,
		typeVersion: VERSIONS.includes(versionOf(node)) ? node.typeVersion : NEWEST,
		parameters: { ...kept, ...generic },
	};
}

function tooOld(node: Fields): string {
	return `its version ${versionOf(node)} works differently; open it in n8n and replace it by a new HTTP Request node first`;
}

function versionOf(node: Fields): number {
	return typeof node.typeVersion === 'number' ? node.typeVersion : 1;
}

function ownOptions(node: Fields): string[] {
	const options = isFields(node.parameters) && isFields(node.parameters.options) ? node.parameters.options : {};
	return Object.keys(options).filter((name) => !THEIR_OPTIONS.has(name));
}

function isFields(value: unknown): value is Fields {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

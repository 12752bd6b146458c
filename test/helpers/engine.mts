/**
 * Runs workflows on the real n8n engine (n8n-core) inside the test's own process. The package is loaded from its built
 * `dist` through its package.json, as n8n does it, so a test needs `npm run build` before.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as Core from 'n8n-core';
import type {
	ExecutionError,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	INodeType,
	INodeTypes,
	IRun,
	IVersionedNodeType,
	IWorkflowBase,
	IWorkflowExecuteAdditionalData,
	NodeExecutionHint,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import type * as N8nWorkflow from 'n8n-workflow';
import { createCredentialsHelper } from './engine-credentials.mts';
import type { EngineCredential, EngineCredentialType } from './engine-credentials.mts';
import { engineRequire } from './engine-home.mts';

// n8n-core keeps an instance folder and a log; both stay out of the machine's own.
// A folder per worker of the test runner: two at once must not share one, and it need not be new each time.
const userFolder = path.resolve(import.meta.dirname, '../../.cache', `engine-${process.env.VITEST_POOL_ID ?? process.pid}`);
mkdirSync(userFolder, { recursive: true });
process.env.N8N_USER_FOLDER = userFolder;
process.env.N8N_ENCRYPTION_KEY ??= 'only-for-tests';
process.env.N8N_LOG_LEVEL ??= 'silent';

// Required, not imported: the engine and the package share the CommonJS copy of n8n-workflow.
const workflowApi: typeof N8nWorkflow = engineRequire('n8n-workflow');
const core: typeof Core = engineRequire('n8n-core');
const { Container } = createRequire(engineRequire.resolve('n8n-core'))('@n8n/di') as { Container: { get<T>(type: new (...args: never[]) => T): T } };

export interface EngineOptions {
	/** Folder of the built package. Default: this repository. */
	root?: string;
	/** Further node types, e.g. `{ 'test.agent': new Agent() }`. */
	nodeTypes?: Record<string, INodeType>;
	/** Credential types that are n8n's own and thus not in the package, e.g. `{ httpHeaderAuth: { authenticate: … } }`. */
	credentialTypes?: Record<string, EngineCredentialType>;
}

export interface EngineWorkflow extends Partial<Pick<IWorkflowBase, 'id' | 'name' | 'settings' | 'staticData' | 'pinData'>> {
	nodes: Array<Partial<INode> & Pick<INode, 'name' | 'type'>>;
	connections: IWorkflowBase['connections'];
}

export interface RunOptions {
	workflow: EngineWorkflow;
	/** Nodes refer to them as n8n does: `credentials: { [type]: { id: null, name } }`. */
	credentials?: EngineCredential[];
	/** What the Manual Trigger puts out; plain objects or whole items. Default: one empty item. */
	input?: Array<Record<string, unknown> | INodeExecutionData>;
	/** Stops the execution as the Stop button does. */
	signal?: AbortSignal;
	mode?: WorkflowExecuteMode;
	/** The number of the execution; each run has one of its own otherwise. */
	executionId?: string;
	/** The number of the execution that this one retries. */
	retryOf?: string;
	/** Replaces parts of what n8n gives an execution, e.g. `executeWorkflow`. */
	additionalData?: Partial<IWorkflowExecuteAdditionalData>;
}

export interface EngineNodeRun {
	status: string | undefined;
	executionTime: number;
	startTime: number;
	error?: ExecutionError;
	hints: NodeExecutionHint[];
	metadata: Record<string, unknown>;
	/** Items per output (`main`). */
	data: INodeExecutionData[][];
}

export interface RunResult {
	status: string;
	nodes: Record<string, EngineNodeRun[]>;
	error?: ExecutionError;
	/** Hints of all nodes. */
	hints: NodeExecutionHint[];
	/** ms from the start of the execution to its end. */
	executionTime: number;
	/** What nodes sent to the editor (`sendMessageToUI`). */
	messages: unknown[];
	/** The items that a node's last run put out. */
	items(node: string, output?: number): INodeExecutionData[];
	/** The same, the JSON alone. */
	json(node: string, output?: number): Array<Record<string, unknown>>;
	raw: IRun;
}

export type Run = Promise<RunResult> & { cancel(): void };

export interface Engine {
	run(options: RunOptions): Run;
	readonly nodeTypes: INodeTypes;
}

const MANUAL_TRIGGER = 'n8n-nodes-base.manualTrigger';

/** n8n's own lives in a package of 187 MB. */
function manualTrigger(): INodeType {
	return {
		description: {
			displayName: 'Manual Trigger',
			name: 'manualTrigger',
			group: ['trigger'],
			version: 1,
			description: '',
			defaults: { name: 'Manual Trigger' },
			inputs: [],
			outputs: ['main'],
			properties: [],
		},
		async execute(this: IExecuteFunctions) {
			return [this.getInputData()];
		},
	};
}

export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
	const root = options.root ?? path.resolve(import.meta.dirname, '../..');
	const loader = new core.PackageDirectoryLoader(root);
	await loader.loadAll();
	await useMemoryForBinaryData();

	const known: Record<string, INodeType | IVersionedNodeType> = { [MANUAL_TRIGGER]: manualTrigger(), ...options.nodeTypes };
	for (const [name, { type }] of Object.entries(loader.nodeTypes)) known[`${loader.packageName}.${name}`] = type;

	const nodeTypes: INodeTypes = {
		getByName: (name) => known[name] as INodeType,
		getByNameAndVersion(name, version) {
			const type = known[name];
			if (!type) throw new Error(`Unknown node type "${name}". Known: ${Object.keys(known).join(', ')}`);
			return workflowApi.NodeHelpers.getVersionedNodeType(type, version);
		},
		getKnownTypes: () => ({}),
	};
	const credentialTypes = { ...options.credentialTypes };
	for (const [name, { type }] of Object.entries(loader.credentialTypes)) credentialTypes[name] = type;

	return { nodeTypes, run: (request) => start(request, nodeTypes, credentialTypes) };
}

async function useMemoryForBinaryData(): Promise<void> {
	Container.get(core.BinaryDataConfig).mode = 'default';
	await Container.get(core.BinaryDataService).init();
}

let executions = 0;

function start(options: RunOptions, nodeTypes: INodeTypes, credentialTypes: Record<string, EngineCredentialType>): Run {
	const mode = options.mode ?? 'manual';
	const definition = complete(options.workflow);
	const workflow = new workflowApi.Workflow({ ...definition, nodeTypes });
	const messages: unknown[] = [];
	const additional = additionalData(options, definition, mode, nodeTypes, credentialTypes, messages);

	const first = workflow.getStartNode();
	const input = (options.input ?? [{}]).map(toItem);
	const triggerToStartFrom = first ? { name: first.name, data: { data: { main: [input] } } } : undefined;
	const started = performance.now();
	const { pinData } = definition;
	const execute = new core.WorkflowExecute(additional, mode);
	const execution = takesPositions(execute)
		? execute.run(workflow, undefined, undefined, pinData, triggerToStartFrom)
		: execute.run({ workflow, ...(pinData ? { pinData } : {}), triggerToStartFrom: triggerToStartFrom as never });

	const cancel = () => execution.cancel();
	options.signal?.addEventListener('abort', cancel, { once: true });
	if (options.signal?.aborted) cancel();
	const result = execution
		.then((run) => summarize(run, performance.now() - started, messages))
		.finally(() => options.signal?.removeEventListener('abort', cancel));
	return Object.assign(Promise.resolve(result), { cancel });
}

interface OlderExecute {
	run(workflow: N8nWorkflow.Workflow, startNode: undefined, destination: undefined, pinData: unknown, trigger: unknown): PCancelable;
}

type PCancelable = ReturnType<Core.WorkflowExecute['run']>;

/** n8n before 2.31 or so, which test/compat runs. */
function takesPositions(execute: Core.WorkflowExecute | OlderExecute): execute is OlderExecute {
	return execute.run.length > 1;
}

function toItem(value: Record<string, unknown> | INodeExecutionData): INodeExecutionData {
	return 'json' in value && typeof value.json === 'object' ? (value as INodeExecutionData) : { json: value as INodeExecutionData['json'] };
}

/** Fills in what an exported workflow always has and a test need not write. */
function complete(workflow: EngineWorkflow): IWorkflowBase {
	return {
		name: 'Test',
		active: false,
		createdAt: new Date(),
		updatedAt: new Date(),
		isArchived: false,
		activeVersionId: null,
		...workflow,
		id: workflow.id ?? `test-${executions}`,
		settings: { executionOrder: 'v1', ...workflow.settings },
		nodes: workflow.nodes.map((node, index) => ({
			id: `node-${index}`,
			typeVersion: 1,
			position: [index * 200, 0],
			parameters: {},
			...node,
		})),
	} as IWorkflowBase;
}

function additionalData(
	options: RunOptions,
	definition: IWorkflowBase,
	mode: WorkflowExecuteMode,
	nodeTypes: INodeTypes,
	credentialTypes: Record<string, EngineCredentialType>,
	messages: unknown[],
): IWorkflowExecuteAdditionalData {
	const executionId = options.executionId ?? `${(executions += 1)}`;
	// The engine rejects every parameter when these are no valid addresses.
	const base = 'http://127.0.0.1:5678';
	const unavailable = (what: string) => async () => {
		throw new Error(`${what} is not part of the test engine`);
	};
	return {
		credentialsHelper: createCredentialsHelper(options.credentials ?? [], credentialTypes, nodeTypes),
		hooks: new core.ExecutionLifecycleHooks(mode, executionId, definition, options.retryOf),
		executionId,
		workflowId: definition.id,
		executeWorkflow: unavailable('executeWorkflow'),
		getRunExecutionData: async () => undefined,
		getRuntimeCredential: async () => undefined,
		startRunnerTask: unavailable('startRunnerTask'),
		currentNodeExecutionIndex: 0,
		restApiUrl: `${base}/rest`,
		instanceBaseUrl: base,
		formBaseUrl: `${base}/form`,
		formWaitingBaseUrl: `${base}/form-waiting`,
		formTestBaseUrl: `${base}/form-test`,
		webhookBaseUrl: `${base}/webhook`,
		webhookWaitingBaseUrl: `${base}/webhook-waiting`,
		webhookTestBaseUrl: `${base}/webhook-test`,
		mcpBaseUrl: `${base}/mcp`,
		mcpTestBaseUrl: `${base}/mcp-test`,
		variables: {},
		logAiEvent: () => undefined,
		setExecutionStatus: () => undefined,
		sendDataToUI: (_type: string, data: unknown) => void messages.push(data),
		...options.additionalData,
	} as IWorkflowExecuteAdditionalData;
}

function summarize(run: IRun, executionTime: number, messages: unknown[]): RunResult {
	const nodes: Record<string, EngineNodeRun[]> = {};
	for (const [name, runs] of Object.entries(run.data.resultData.runData)) {
		nodes[name] = runs.map((task) => ({
			status: task.executionStatus,
			executionTime: task.executionTime,
			startTime: task.startTime,
			...(task.error ? { error: task.error } : {}),
			hints: task.hints ?? [],
			metadata: (task.metadata ?? {}) as Record<string, unknown>,
			data: (task.data?.main ?? []).map((items) => items ?? []),
		}));
	}
	const items = (node: string, output = 0) => nodes[node]?.at(-1)?.data[output] ?? [];
	const { error } = run.data.resultData;
	return {
		status: run.status,
		nodes,
		...(error ? { error } : {}),
		hints: Object.values(nodes).flat().flatMap((task) => task.hints),
		executionTime,
		messages,
		items,
		json: (node, output) => items(node, output).map((item) => item.json),
		raw: run,
	};
}

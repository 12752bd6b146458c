/**
 * Sub-workflows on the test engine: what n8n's own process does for `executeWorkflow` of the node context, with the modules that
 * it has loaded by then (their names, and what the package looks for in them).
 */
import Module, { createRequire } from 'node:module';
import type { IExecuteFunctions, INodeType, IWorkflowExecuteAdditionalData, RelatedExecution } from 'n8n-workflow';
import type { Engine, EngineWorkflow, Run, RunOptions, RunResult } from './engine.mts';

const require = createRequire(import.meta.url);

interface Started {
	executionData: { executionData: { parentExecution?: RelatedExecution | undefined } };
	workflowExecution: { cancel(): void };
}

export interface SubWorkflows {
	/** By id. A change is an edit that was published. */
	readonly workflows: Map<string, EngineWorkflow>;
	/** Ids of the sub-workflows that were executed, in order. */
	readonly executed: string[];
	readonly running: Record<string, Started>;
	/** Sub-executions that were stopped. */
	readonly stopped: string[];
	run(options: RunOptions): Run;
	/** What n8n lets nodes find out; without it, nothing. `loaders`: what it calls what reads workflows. */
	expose(loaders?: readonly string[]): void;
	hide(): void;
}

const BASE = '/somewhere/node_modules';
const FILES = {
	data: `${BASE}/n8n/dist/workflow-execute-additional-data.js`,
	active: `${BASE}/n8n/dist/active-executions.js`,
	di: `${BASE}/@n8n/di/dist/di.js`,
};

export function createSubWorkflows(engine: Engine): SubWorkflows {
	const workflows = new Map<string, EngineWorkflow>();
	const running: Record<string, Started> = {};
	const executed: string[] = [];
	const stopped: string[] = [];
	const kept = new Map<string, RunResult>();
	let executions = 5000;

	const load = async ({ id }: { id: string }) => {
		const found = workflows.get(id);
		if (!found) throw new Error('Workflow is not active and cannot be executed.');
		return { ...structuredClone(found), id, name: found.name ?? id };
	};
	const additionalData: Partial<IWorkflowExecuteAdditionalData> = {
		executeWorkflow: async (info, _additional, options) => {
			const source = (options.loadedWorkflowData as EngineWorkflow | undefined) ?? (info.id === undefined ? (info.code as EngineWorkflow) : await load({ id: info.id }));
			const executionId = `${(executions += 1)}`;
			executed.push(info.id ?? 'inline');
			const run = engine.run({ workflow: source, input: options.inputData ?? [{}], executionId, mode: 'integrated', additionalData });
			running[executionId] = {
				executionData: { executionData: { parentExecution: options.parentExecution } },
				workflowExecution: { cancel: () => void (stopped.push(executionId), run.cancel()) },
			};
			const result = await run.finally(() => delete running[executionId]);
			kept.set(executionId, result);
			const last = result.raw.data.resultData.lastNodeExecuted ?? '';
			if (result.status === 'success') return { executionId, data: [result.items(last)] };
			if (result.status === 'waiting') return { executionId, data: [result.items(last)], waitTill: result.raw.data.waitTill ?? new Date() };
			throw Object.assign(new Error(result.error?.message ?? 'The execution was cancelled'), { executionId, workflowId: source.id });
		},
		getRunExecutionData: async (id) => kept.get(id)?.raw.data,
	};
	return {
		workflows,
		executed,
		running,
		stopped,
		run: (options) => engine.run({ ...options, additionalData: { ...additionalData, ...options.additionalData } }),
		expose(loaders = ['getDraftWorkflowData', 'getPublishedWorkflowData']) {
			class ActiveExecutions {}
			const exposed = { data: Object.fromEntries(loaders.map((name) => [name, load])), active: { ActiveExecutions }, di: { Container: { get: () => ({ activeExecutions: running }) } } };
			for (const [name, file] of Object.entries(FILES)) {
				const module = new Module(file);
				module.exports = exposed[name as keyof typeof exposed];
				require.cache[file] = module;
			}
			forgetHost();
		},
		hide() {
			for (const file of Object.values(FILES)) delete require.cache[file];
			forgetHost();
		},
	};
}

/** The package looks for n8n's modules once. */
function forgetHost(): void {
	(require('../../dist/lib/n8n/host.js') as { forgetHost(): void }).forgetHost();
}

export interface Worker extends INodeType {
	runs: number;
	/** Items per item. */
	results: number;
	fails: boolean;
	/** Until the next run ends; it never does where Stop is not heard. */
	hangs: boolean;
	waits: boolean;
}

/** What stands for the work of a sub-workflow: puts out, for each item, so many that name it and the run. */
export function createWorker(): Worker {
	const worker: Worker = {
		runs: 0,
		results: 1,
		fails: false,
		hangs: false,
		waits: false,
		description: {
			displayName: 'Worker', name: 'worker', group: ['transform'], version: 1, description: '', defaults: { name: 'Worker' },
			inputs: ['main'], outputs: ['main'], properties: [],
		},
		async execute(this: IExecuteFunctions) {
			const run = (worker.runs += 1);
			if (worker.waits) await this.putExecutionToWait(new Date(Date.now() + 3_600_000));
			if (worker.hangs) {
				await new Promise((_resolve, reject) => this.getExecutionCancelSignal()?.addEventListener('abort', () => reject(new Error('stopped')), { once: true }));
			}
			if (worker.fails) throw new Error('The scraper found no table');
			return [
				this.getInputData().flatMap(({ json, binary }, item) =>
					Array.from({ length: worker.results }, (_, result) => ({ json: { ...json, run, result, nested: { list: [run] } }, ...(binary && { binary }), pairedItem: { item } })),
				),
			];
		},
	};
	return worker;
}

import type { IWorkflowBase, IWorkflowSettings } from 'n8n-workflow';

type LoadWorkflow = (info: { id: string }, parentWorkflowId?: string, parentSettings?: IWorkflowSettings) => Promise<IWorkflowBase>;

/** An execution that this process runs. */
export interface RunningExecution {
	readonly executionData: { readonly executionData?: { readonly parentExecution?: { readonly executionId: string } } };
	readonly workflowExecution?: { cancel(): void };
}

/** What n8n's own process has beyond what it hands to nodes; a part that another version does not have is missing. */
export interface Host {
	/** As the editor has it: what manual executions run. */
	readonly loadDraft?: LoadWorkflow | undefined;
	/** As it was published: what all others run. */
	readonly loadPublished?: LoadWorkflow | undefined;
	/** By their ids. */
	readonly running?: (() => Readonly<Record<string, RunningExecution>>) | undefined;
}

interface Modules {
	readonly data?: {
		readonly getDraftWorkflowData?: LoadWorkflow;
		readonly getPublishedWorkflowData?: LoadWorkflow;
		/** n8n 1.123 and the first of n8n 2 have this alone: it gives what runs, whoever begins. */
		readonly getWorkflowData?: LoadWorkflow;
	};
	readonly active?: { readonly ActiveExecutions?: object };
	readonly di?: { readonly Container?: { get(type: object): { readonly activeExecutions?: Readonly<Record<string, RunningExecution>> } } };
}

const FILES: Readonly<Record<keyof Modules, string>> = {
	data: '/n8n/dist/workflow-execute-additional-data.js',
	active: '/n8n/dist/active-executions.js',
	di: '/@n8n/di/dist/di.js',
};

let found: Host | undefined;

/** Only what n8n has loaded itself is looked at: nothing is loaded a second time, wherever n8n is installed. */
export function getHost(): Host {
	// What is not there yet may be loaded later.
	if (!found?.loadPublished || !found.running) found = lookForHost();
	return found;
}

/** For tests, which take it away. */
export function forgetHost(): void {
	found = undefined;
}

function lookForHost(): Host {
	const { data, active, di }: Modules = loaded();
	const { getWorkflowData: load, getDraftWorkflowData: loadDraft = load, getPublishedWorkflowData: loadPublished = load } = data ?? {};
	const type = active?.ActiveExecutions;
	const container = di?.Container;
	const running = type && container ? () => container.get(type).activeExecutions ?? {} : undefined;
	return { loadDraft, loadPublished, running };
}

function loaded(): Modules {
	const modules: Record<string, unknown> = {};
	for (const file of Object.keys(require.cache)) {
		const name = file.replaceAll('\\', '/');
		for (const [part, end] of Object.entries(FILES)) if (name.endsWith(end)) modules[part] = require.cache[file]?.exports;
	}
	return modules;
}

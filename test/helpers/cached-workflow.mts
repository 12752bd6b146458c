/** Workflows with a Cached Workflow node, and the sub-workflow `sub` that it calls; to be imported by a test file, once. */
import { afterEach, beforeAll, beforeEach } from 'vitest';
import type { INodeType } from 'n8n-workflow';
import { systemClock } from '../../lib/core/clock.ts';
import { forgetEverything } from './batch-flow.mts';
import { createEngine, type EngineWorkflow, type Run, type RunOptions, type RunResult } from './engine.mts';
import { createSubWorkflows, createWorker, type SubWorkflows } from './sub-workflows.mts';

export const NODE = 'Cached Workflow';
/** The node that does the work of sub-workflows. */
export const worker = createWorker();
export let subs: SubWorkflows;

export interface Setup extends Partial<RunOptions> {
	parameters?: Record<string, unknown>;
	options?: Record<string, unknown>;
	node?: Record<string, unknown>;
	/** Of the workflow with the node. */
	id?: string;
}

/** A trigger and the node, which calls `sub`. */
export function caller({ parameters, options, node, id = 'caller' }: Setup): EngineWorkflow {
	return {
		id,
		nodes: [
			{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
			{
				name: NODE,
				type: 'n8n-nodes-fastpath.cachedWorkflow',
				parameters: { workflowId: { __rl: true, mode: 'id', value: 'sub' }, ...parameters, options: { includeTrace: true, ...options } } as never,
				...node,
			},
		],
		connections: { Trigger: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
	};
}

/** @param more nodes behind the one that works, in a row */
export function sub(...more: EngineWorkflow['nodes']): EngineWorkflow {
	const nodes: EngineWorkflow['nodes'] = [{ name: 'Start', type: 'n8n-nodes-base.manualTrigger' }, { name: 'Work', type: 'test.worker' }, ...more];
	const connections: EngineWorkflow['connections'] = {};
	nodes.slice(0, -1).forEach(({ name }, index) => {
		connections[name] = { main: [[{ node: nodes[index + 1]?.name ?? '', type: 'main', index: 0 }]] };
	});
	return { id: 'sub', nodes, connections };
}

export function start(setup: Setup = {}): Run {
	const { parameters: _parameters, options: _options, node: _node, id: _id, ...rest } = setup;
	return subs.run({ workflow: caller(setup), ...rest });
}

export const run = async (setup: Setup = {}): Promise<RunResult> => await start(setup);

export const trace = (result: RunResult, item = 0) => result.json(NODE)[item]?._fastpath as Record<string, unknown> | undefined;

export const hints = (result: RunResult): string => result.hints.map(({ message }) => message).join('\n');

/** Stand for n8n's own nodes, of which only the names count; they pass on what they are given. */
function passing(name: string, properties: INodeType['description']['properties'] = [], credentials: INodeType['description']['credentials'] = []): INodeType {
	return {
		description: { displayName: name, name, group: ['transform'], version: 1, description: '', defaults: { name }, inputs: ['main'], outputs: ['main'], properties, credentials },
		async execute() {
			return [this.getInputData()];
		},
	};
}

const operation = (value: string) => ({ displayName: 'Operation', name: 'operation', type: 'string' as const, default: value });

let aheadMs = 0;

/** What is kept grows older by so much at once. */
export function later(ms: number): void {
	aheadMs += ms;
}

beforeAll(async () => {
	const engine = await createEngine({
		nodeTypes: {
			'test.worker': worker,
			'n8n-nodes-base.executeWorkflow': passing('executeWorkflow'),
			'n8n-nodes-base.stickyNote': passing('stickyNote'),
			'n8n-nodes-base.wait': passing('wait'),
			'n8n-nodes-base.httpRequest': passing('httpRequest', [{ displayName: 'Method', name: 'method', type: 'string', default: 'GET' }]),
			'test.mailer': passing('mailer', [operation('send')], [{ name: 'smtp' }]),
			'test.reader': passing('reader', [operation('getMany')], [{ name: 'smtp' }]),
		},
	});
	subs = createSubWorkflows(engine);
});

beforeEach(() => {
	forgetEverything({ clock: { ...systemClock, now: () => systemClock.now() + aheadMs } });
	Object.assign(worker, createWorker(), { execute: worker.execute });
	subs.executed.length = 0;
	subs.stopped.length = 0;
	subs.workflows.clear();
	subs.workflows.set('sub', sub());
	subs.expose();
});

afterEach(() => subs.hide());

/** One Prompt Template node after a trigger, and a folder for n8n that nobody else has: the file of the library lies in it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { INode } from 'n8n-workflow';
import type { Engine, RunResult } from './engine.mts';

export const NODE = 'Template';

export interface TemplateRun {
	readonly engine: Engine;
	readonly parameters: Record<string, unknown>;
	readonly input?: Array<Record<string, unknown>>;
	readonly node?: Partial<INode>;
}

export async function runTemplate({ engine, parameters, input = [{}], node = {} }: TemplateRun): Promise<RunResult> {
	const nodes = [
		{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
		{ name: NODE, type: 'n8n-nodes-fastpath.promptTemplate', parameters: parameters as INode['parameters'], ...node },
	];
	return await engine.run({ workflow: { nodes, connections: { Trigger: { main: [[{ node: NODE, type: 'main', index: 0 }]] } } }, input });
}

/** What the parameters say that name a template of the library. */
export function named(name: string, version = ''): Record<string, unknown> {
	return { templateName: { __rl: true, mode: 'name', value: name }, templateVersion: version };
}

/** Sets n8n's folder to a new one; returns what removes it again. */
export function ownFolder(): () => void {
	const before = process.env.N8N_USER_FOLDER;
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-templates-'));
	process.env.N8N_USER_FOLDER = folder;
	return () => {
		rmSync(folder, { recursive: true, force: true });
		if (before === undefined) delete process.env.N8N_USER_FOLDER;
		else process.env.N8N_USER_FOLDER = before;
	};
}

import { jsonParse, type INode } from 'n8n-workflow';
import type { Describe } from './acts';

const TRIGGER = 'n8n-nodes-base.executeWorkflowTrigger';

/** The fields that a sub-workflow's trigger declares, sorted; it lets no others in. Undefined where it takes whatever comes. */
export function declaredInputs(nodes: readonly INode[], describe: Describe): readonly string[] | undefined {
	const triggers = nodes.filter(({ type }) => type === TRIGGER);
	const [trigger] = triggers;
	// Version 1 knows no declarations; with several triggers n8n chooses.
	if (!trigger || triggers.length > 1 || trigger.typeVersion < 1.1) return undefined;
	const { inputSource, workflowInputs, jsonExample } = describe(trigger).parameters;
	if (inputSource === 'workflowInputs') return namesOf(workflowInputs);
	return inputSource === 'jsonExample' ? keysOf(jsonExample) : undefined;
}

function namesOf(declared: unknown): readonly string[] | undefined {
	const { values } = (declared ?? {}) as { values?: ReadonlyArray<{ name?: unknown }> };
	const names = values?.map(({ name }) => name) ?? [];
	return names.every((name) => typeof name === 'string') ? names.sort() : undefined;
}

function keysOf(example: unknown): readonly string[] | undefined {
	try {
		const value = typeof example === 'string' ? jsonParse<unknown>(example) : example;
		return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value).sort() : undefined;
	} catch {
		return undefined;
	}
}

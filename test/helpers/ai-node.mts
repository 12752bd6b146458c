/** One Cached AI Call node after a trigger, as an exported workflow has it. */
import type { INode, IWorkflowBase } from 'n8n-workflow';
import type { Engine, EngineWorkflow, RunResult } from './engine.mts';
import type { StandIn } from '../stand-in/ai-provider.mts';

export type AiNode = Partial<INode> & { credentialId?: string };

export interface AiRun {
	engine: Engine;
	standIn: StandIn;
	parameters?: Record<string, unknown>;
	node?: AiNode;
	input?: Array<Record<string, unknown>>;
	workflowId?: string;
	/** Of the Fastpath Store credential; the parameter Store is then set to it. */
	store?: Record<string, unknown>;
	/** In place of the stand-in's own. */
	credential?: Record<string, unknown>;
	signal?: AbortSignal;
}

const NAME = 'AI';

const CREDENTIAL_OF: Record<string, string> = { openAi: 'openAiApi', anthropic: 'anthropicApi', gemini: 'googlePalmApi' };

export const MODELS: Record<string, string> = {
	openAi: 'gpt-4o-mini',
	openAiKeyless: 'gpt-4o-mini',
	anthropic: 'claude-sonnet-4-5',
	gemini: 'gemini-2.5-flash',
};

function credentialData(provider: string, standIn: StandIn): Record<string, unknown> {
	if (provider === 'gemini') return { apiKey: standIn.apiKey, host: standIn.url };
	return { apiKey: standIn.apiKey, url: provider === 'openAi' ? `${standIn.url}/v1` : standIn.url };
}

/** Of one provider, or of several joined by a plus sign. */
function credentialTypes(provider: string): Array<[provider: string, type: string]> {
	return provider.split('+').flatMap((id) => (CREDENTIAL_OF[id] ? [[id, CREDENTIAL_OF[id]] as [string, string]] : []));
}

export function aiWorkflow(run: Pick<AiRun, 'parameters' | 'node' | 'workflowId' | 'store'>): EngineWorkflow {
	const parameters = { operation: 'chat', provider: 'openAi', prompt: 'tag this package: {{ }}', ...run.parameters, ...(run.store ? { store: 'shared' } : {}) };
	const { credentialId = 'credential-1', ...node } = run.node ?? {};
	const keys = credentialTypes(String(parameters.provider)).map(([, type]) => [type, { id: credentialId, name: 'key' }] as const);
	const credentials = [...keys, ...(run.store ? [['fastpathStoreApi', { id: 'store-1', name: 'store' }] as const] : [])];
	const connections: IWorkflowBase['connections'] = { Trigger: { main: [[{ node: NAME, type: 'main', index: 0 }]] } };
	return {
		...(run.workflowId === undefined ? {} : { id: run.workflowId }),
		nodes: [
			{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
			{
				name: NAME,
				type: 'n8n-nodes-fastpath.cachedAiCall',
				parameters: {
					model: { __rl: true, mode: 'id', value: MODELS[String(parameters.provider)] },
					...parameters,
				} as INode['parameters'],
				...(credentials.length > 0 ? { credentials: Object.fromEntries(credentials) } : {}),
				...node,
			},
		],
		connections,
	};
}

export async function runAi(run: AiRun): Promise<RunResult> {
	const provider = String(run.parameters?.provider ?? 'openAi');
	const keys = credentialTypes(provider).map(([id, type]) => ({ name: 'key', type, data: { ...credentialData(id, run.standIn), ...run.credential } }));
	return await run.engine.run({
		workflow: aiWorkflow(run),
		credentials: [...keys, ...(run.store ? [{ name: 'store', type: 'fastpathStoreApi', data: run.store }] : [])],
		...(run.input ? { input: run.input } : {}),
		...(run.signal ? { signal: run.signal } : {}),
	});
}

/** The texts that the node put out, in order. */
export function texts(result: RunResult): unknown[] {
	return result.json(NAME).map((json) => json.text);
}

export function answers(result: RunResult, output = 0): Array<Record<string, unknown>> {
	return result.json(NAME, output);
}

/** n8n's own LangChain classes, and a Cached Chat Model around them that needs no n8n to run. */
import { createRequire } from 'node:module';
import { Runtime } from '../../lib/runtime/index.ts';
import { shellOf, type ChatModel } from '../../lib/langchain/index.ts';
import { SubNodeLog, type SubNodeContext } from '../../lib/n8n/sub-node.ts';
import { chatDesk, type ChatDeskParts } from '../../nodes/CachedChatModel/operations/desk.ts';
import { readSubNode } from '../../nodes/shared/sub-node.ts';
import type { ChatModelSettings } from '../../nodes/CachedChatModel/parameters.ts';

/** One line of the log of a sub-node. */
export interface Logged {
	index: number;
	input: Record<string, unknown>;
	output?: Record<string, unknown> & { cache?: Record<string, unknown> };
	error?: unknown;
}

export const CACHED = { cacheMode: 'readWrite', contentType: 'aiAnswer', cacheScope: 'workflow' };

export function settings(options: Record<string, unknown> = {}, given: Record<string, unknown> = CACHED): ChatModelSettings {
	const { settings: read } = readSubNode((name) => ({ ...given, options })[name]);
	return { ...read, cacheToolCalls: options.cacheToolCalls !== false, onlyDeterministic: options.onlyDeterministic === true };
}

/** What n8n gives a sub-node, as far as its log needs it. */
export function logContext(logged: Logged[]): SubNodeContext {
	const context = {
		addInputData: (_type: string, [[{ json }]]: [[{ json: Record<string, unknown> }]]) => {
			logged.push({ index: logged.length, input: json });
			return { index: logged.length - 1 };
		},
		addOutputData: (_type: string, index: number, data: [[{ json: Record<string, unknown> }]] | Error) => {
			Object.assign(logged[index]!, data instanceof Error ? { error: data } : { output: data[0][0].json });
		},
		getNode: () => ({ id: '1', name: 'Cached Chat Model', type: 'cachedChatModel', typeVersion: 1, position: [0, 0], parameters: {} }),
	};
	return context as unknown as SubNodeContext;
}

export interface Bench {
	readonly runtime: Runtime;
	readonly logged: Logged[];
	readonly warnings: string[];
	/** As n8n does it for each execution and item: a wrapper of its own, on the process's one runtime. */
	wrap<M>(model: M, parts?: Partial<ChatDeskParts>): M;
}

export function bench(): Bench {
	const runtime = new Runtime();
	const logged: Logged[] = [];
	const warnings: string[] = [];
	return {
		runtime,
		logged,
		warnings,
		wrap: <M,>(model: M, parts: Partial<ChatDeskParts> = {}) => {
			const desk = chatDesk(model as unknown as ChatModel, {
				runtime,
				settings: settings(),
				shared: undefined,
				log: new SubNodeLog(logContext(logged), 'ai_languageModel'),
				below: [{ type: 'model@1', credentials: ['api:1'] }],
				place: { workflowId: 'w', nodeId: 'n' },
				cancel: new AbortController().signal,
				warn: (message) => warnings.push(message),
				repeatableRun: undefined,
				...parts,
			});
			return shellOf(model as unknown as ChatModel, desk) as unknown as M;
		},
	};
}

/** A module as n8n's AI nodes see it. */
export function n8nRequire(bin: string): NodeJS.Require {
	const fromN8n = createRequire(bin);
	return createRequire(fromN8n.resolve('@n8n/n8n-nodes-langchain/package.json'));
}

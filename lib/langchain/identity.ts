import { types } from 'node:util';
import { plainOf, without } from './plain';
import type { CallOptions, ChatModel, Message } from './shapes';

/** Of a model or its settings: how a call is made and watched, and not what is asked. */
const VOLATILE: ReadonlySet<string> = new Set([
	'callbacks', 'cache', 'caller', 'verbose', 'maxRetries', 'maxConcurrency', 'timeout', 'onFailedAttempt',
	'streaming', 'streamUsage', 'disableStreaming', 'lc_kwargs', 'fields', 'lc_namespace', 'lc_serializable', 'lc_runnable',
	// Filled in with use.
	'_encoding', '_encodingMap',
]);

/** Of the options of one call. */
const PASSING: ReadonlySet<string> = new Set([
	...VOLATILE,
	'signal', 'headers', 'runId', 'runName', 'tags', 'metadata', 'configurable', 'recursionLimit', 'promptIndex', 'store',
	'stream', 'stream_options', 'ls_structured_output_format', 'executionContext',
]);

/**
 * All that is known of a model and may bear on its answers, as plain data. Rather too much than too little: what is too much
 * costs a hit, what is missing would serve the answer of another model. Holds secrets, so it is only ever hashed.
 */
export function modelIdentity(model: ChatModel): unknown {
	const fields = (model as unknown as { fields?: unknown }).fields;
	// Models made with n8n's own kit keep what they are in here.
	const { chatModel } = model as unknown as { chatModel?: unknown };
	return {
		class: model.constructor.name,
		namespace: model.lc_namespace,
		settings: plainOf(without(model.lc_kwargs, VOLATILE)),
		fields: plainOf(without(fields, VOLATILE)),
		own: plainOf(without(model, VOLATILE)),
		identifying: quietly(() => plainOf(model._identifyingParams?.())),
		inner: plainOf(without(chatModel, VOLATILE)),
	};
}

/** What a model was bound to: the name of the method, and what it was given. */
export function boundIdentity(method: string, given: readonly unknown[]): unknown {
	return [method, plainOf(given.map((value) => (Array.isArray(value) ? value : without(value, PASSING))))];
}

/** What a call adds to the model: the request as the model would put it, and the options that it was given. */
export function callIdentity(model: ChatModel, options: CallOptions): { readonly request: unknown; readonly options: unknown } {
	return {
		request: quietly(() => plainOf(without(model.invocationParams?.(options), PASSING))),
		options: plainOf(without(options, PASSING)),
	};
}

/** A model that cannot say is known by the rest. */
function quietly(read: () => unknown): unknown {
	try {
		return read();
	} catch {
		return undefined;
	}
}

/**
 * A conversation as plain data, whole: roles, all blocks of content, tool calls and their results. Ids of tool calls are random
 * in each answer, so they count by their order. What only describes an earlier answer (its id, usage, metadata) is left out.
 */
export function conversationIdentity(messages: readonly Message[]): unknown {
	const ids = new Map<string, string>();
	for (const { tool_calls: calls = [] } of messages) {
		for (const { id } of calls) if (id !== undefined && id !== '') ids.set(id, `#${ids.size}`);
	}
	return messages.map((message) =>
		renamed(
			plainOf({
				type: typeOf(message),
				role: message.role,
				name: message.name,
				content: message.content,
				calls: message.tool_calls,
				invalid: message.invalid_tool_calls,
				answers: message.tool_call_id,
				status: message.status,
				more: without(message.additional_kwargs, ITEM_IDS),
			}),
			ids,
		),
	);
}

/** What OpenAI's Responses API calls the items that its tool calls came in. */
const ITEM_IDS: ReadonlySet<string> = new Set(['__openai_function_call_ids__']);

export function typeOf(message: Message): string {
	return message.getType?.() ?? message._getType?.() ?? 'unknown';
}

function renamed(value: unknown, ids: ReadonlyMap<string, string>): unknown {
	if (ids.size === 0) return value;
	if (typeof value === 'string') return ids.get(value) ?? value;
	if (Array.isArray(value)) return value.map((member) => renamed(member, ids));
	if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || types.isDate(value)) return value;
	return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, renamed(member, ids)]));
}

const ADDRESSES = ['baseURL', 'baseUrl', 'apiUrl', 'endpoint', 'endpointUrl', 'azureOpenAIEndpoint', 'host', 'basePath'];

/** Scheme, host and port that a model calls, where it says so, and else what kind it is; for circuits and limits. */
export function originOf(model: object): string {
	const { clientConfig, client, _llmType: kind } = model as { clientConfig?: unknown; client?: unknown; _llmType?: () => string };
	for (const source of [model, clientConfig, client]) {
		for (const name of ADDRESSES) {
			const address = (source as Record<string, unknown> | null | undefined)?.[name];
			if (typeof address === 'string' && URL.canParse(address)) return new URL(address).origin;
		}
	}
	return kind?.call(model) ?? model.constructor.name;
}

/** What the model is called, for people. */
export function nameOf(model: object): string {
	const { model: name, modelName } = model as { model?: unknown; modelName?: unknown };
	return [name, modelName].find((value) => typeof value === 'string') ?? model.constructor.name;
}

/** How often a model repeats a call by itself; none where it does not say. */
export function ownRetries(model: object): number {
	const given = (model as Partial<ChatModel>).caller?.maxRetries;
	return typeof given === 'number' ? given : 0;
}

/**
 * What is relied on of LangChain's objects, 0.3 and 1.x. Nothing is imported of it: each copy of LangChain in a process has
 * classes of its own, and ours must work with all of them.
 */
export interface Message {
	content: unknown;
	id?: string | undefined;
	name?: string | undefined;
	role?: string;
	tool_calls?: ToolCall[];
	invalid_tool_calls?: unknown[];
	tool_call_id?: string;
	status?: string;
	additional_kwargs?: Record<string, unknown>;
	response_metadata?: Record<string, unknown>;
	usage_metadata?: unknown;
	getType?(): string;
	_getType?(): string;
}

export interface ToolCall {
	id?: string;
	name: string;
	args: unknown;
	type?: string;
}

/** An answer, or a piece of one; pieces can be joined. */
export interface Generation {
	text: string;
	message: Message;
	generationInfo?: Record<string, unknown> | undefined;
	concat?(next: Generation): Generation;
}

/** What one call is made with; its members depend on the model. */
export type CallOptions = Readonly<Record<string, unknown>> & { readonly signal?: AbortSignal };

export interface RunManager {
	handleLLMNewToken?(
		token: string,
		place: { prompt: number; completion: number },
		runId: undefined,
		parentRunId: undefined,
		tags: undefined,
		fields: { chunk: Generation },
	): Promise<void>;
}

export interface ChatModel {
	lc_namespace: string[];
	lc_kwargs?: unknown;
	callbacks?: unknown;
	cache?: unknown;
	caller?: { maxRetries?: unknown };
	metadata?: unknown;
	constructor: { name: string; _convertInputToPromptValue?(input: unknown): { toChatMessages(): Message[] } };
	_llmType?(): string;
	_identifyingParams?(): unknown;
	invocationParams?(options: CallOptions): unknown;
	generate(messages: Message[][], options: CallOptions): Promise<{ generations: Generation[][] }>;
	_generate(messages: Message[], options: CallOptions, run?: RunManager): Promise<{ generations: Generation[]; llmOutput?: unknown }>;
	_streamIterator?(messages: Message[], options: CallOptions): AsyncIterable<unknown>;
	_streamResponseChunks?(messages: Message[], options: CallOptions, run?: RunManager): AsyncIterable<Generation>;
	_streamChatModelEvents?: unknown;
	bindTools?(...given: unknown[]): unknown;
	withConfig?(...given: unknown[]): unknown;
	bind?(...given: unknown[]): unknown;
}

export interface EmbeddingsModel {
	embedDocuments(texts: string[]): Promise<number[][]>;
	embedQuery(text: string): Promise<number[]>;
}

export function isChatModel(value: unknown): value is ChatModel {
	const { lc_namespace: namespace, _generate: generate } = (value ?? {}) as Partial<ChatModel>;
	return Array.isArray(namespace) && namespace.includes('chat_models') && typeof generate === 'function';
}

export function isEmbeddingsModel(value: unknown): value is EmbeddingsModel {
	const { embedDocuments, embedQuery } = (value ?? {}) as Partial<EmbeddingsModel>;
	return typeof embedDocuments === 'function' && typeof embedQuery === 'function';
}

/** A view of `object` whose own members hide the object's; everything else, class included, stays the object's. */
export function viewOf<T extends object>(object: T): T {
	return Object.create(object) as T;
}

export function own(object: object, name: string, value: unknown): void {
	Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

/** The first of LangChain's classes that a chat model descends from: the same for all models of one copy of LangChain. */
export function rootOf(model: ChatModel): ChatModel {
	let root: object = model;
	for (let at: object | null = Object.getPrototypeOf(model) as object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
		if (Object.hasOwn(at, '_streamIterator') && Object.hasOwn(at, '_streamResponseChunks') && Object.hasOwn(at, 'invoke')) root = at;
	}
	return root as ChatModel;
}

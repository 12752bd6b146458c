import type { ChatModel, Generation, Message, ToolCall } from './shapes';

/** A model's answer as plain data. */
export interface Reply {
	readonly text: string;
	readonly message: {
		readonly content: unknown;
		readonly id?: string | undefined;
		readonly name?: string | undefined;
		readonly tool_calls: ToolCall[];
		readonly invalid_tool_calls: unknown[];
		readonly additional_kwargs: Record<string, unknown>;
		readonly response_metadata: Record<string, unknown>;
		readonly usage_metadata?: unknown;
	};
	readonly generationInfo?: Record<string, unknown> | undefined;
	/** Milliseconds that the model took. */
	readonly tookMs: number;
}

export interface Usage {
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly totalTokens: number;
}

export function freeze({ text, message, generationInfo }: Generation, tookMs: number): Reply {
	const { content, id, name, tool_calls = [], invalid_tool_calls = [], additional_kwargs = {}, response_metadata = {}, usage_metadata } = message;
	const kept = { content, id, name, tool_calls, invalid_tool_calls, additional_kwargs, response_metadata, usage_metadata };
	// Through JSON, as instances of classes hide in metadata, and a store takes plain data alone.
	return JSON.parse(JSON.stringify({ text, message: kept, generationInfo, tookMs })) as Reply;
}

/**
 * A kept answer in place of a call that was not made: a message of the class that the model's own copy of LangChain has, without
 * importing it. It has used no tokens; what the call would have used is under `response_metadata.fastpath`.
 */
export function revive(model: ChatModel, reply: Reply): Generation {
	const { message, text, generationInfo } = structuredClone(reply);
	const { usage_metadata: savedUsage, response_metadata: metadata } = message;
	const fields = {
		role: 'assistant',
		...message,
		response_metadata: { ...metadata, fastpath: { cached: true, savedUsage } },
		...(savedUsage === undefined ? {} : { usage_metadata: { input_tokens: 0, output_tokens: 0, total_tokens: 0 } }),
	};
	const [revived] = model.constructor._convertInputToPromptValue?.([fields]).toChatMessages() ?? [];
	if (!revived) throw new TypeError(`${model.constructor.name} cannot make messages`);
	return { text, message: revived, generationInfo };
}

export function usageOf({ message }: Reply): Usage | null {
	const { input_tokens: input, output_tokens: output, total_tokens: total } = (message.usage_metadata ?? {}) as Record<string, unknown>;
	if (typeof input !== 'number' || typeof output !== 'number') return null;
	return { inputTokens: input, outputTokens: output, totalTokens: typeof total === 'number' ? total : input + output };
}

/** How providers say that an answer is whole. */
const WHOLE: ReadonlySet<string> = new Set([
	'stop', 'end_turn', 'stop_sequence', 'tool_calls', 'tool_use', 'tool-calls', 'function_call', 'complete', 'completed', 'eos', 'eos_token', 'finish',
]);

/** Whether an answer may be kept: not cut off, not filtered, not empty, and with tool calls that can be read. */
export function isWhole({ text, message, generationInfo }: Reply): boolean {
	if (message.invalid_tool_calls.length > 0) return false;
	if (message.tool_calls.length === 0 && text.trim() === '' && !hasBlocks(message.content)) return false;
	return endings({ ...message.response_metadata, ...generationInfo }).every((ending) => WHOLE.has(ending.toLowerCase()));
}

function hasBlocks(content: unknown): boolean {
	return Array.isArray(content) && content.some((block: unknown) => (block as { type?: unknown } | null)?.type !== 'text');
}

const ENDINGS = ['finish_reason', 'finishReason', 'stop_reason', 'stopReason', 'done_reason', 'status'];

function endings(facts: Readonly<Record<string, unknown>>): string[] {
	const said = ENDINGS.map((name) => facts[name]).filter((value) => typeof value === 'string' && value !== '') as string[];
	return facts.incomplete_details ? [...said, 'incomplete'] : said;
}

/** The text of a message's content, whatever form it has. */
export function textOf({ content }: Pick<Message, 'content'>): string {
	if (typeof content === 'string') return content;
	if (!Array.isArray(content)) return '';
	return content.map((block: unknown) => (typeof block === 'string' ? block : String((block as { text?: unknown } | null)?.text ?? ''))).join('');
}

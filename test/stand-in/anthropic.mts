import { answer, contentText, pieces, type Answer } from './answers.mts';
import {
	arrayOf,
	header,
	idOf,
	jsonBody,
	objectOf,
	serverSentEvent,
	textOf,
	type Exchange,
	type JsonObject,
	type Reply,
} from './http.mts';

/** https://docs.anthropic.com/en/api: messages and models. */
export const ANTHROPIC_MODELS = ['claude-sonnet-4-5', 'claude-haiku-4-5', 'claude-opus-4-1'];

export function headers(sequence: number): Record<string, string> {
	return {
		'request-id': idOf('req_', sequence, 24),
		'anthropic-ratelimit-requests-limit': '4000',
		'anthropic-ratelimit-requests-remaining': '3999',
		'anthropic-ratelimit-requests-reset': new Date(Date.now() + 1000).toISOString(),
		'anthropic-ratelimit-tokens-limit': '1000000',
		'anthropic-ratelimit-tokens-remaining': '999000',
		'anthropic-ratelimit-tokens-reset': new Date(Date.now() + 1000).toISOString(),
	};
}

const TYPES: Readonly<Record<number, [type: string, message: string]>> = {
	401: ['authentication_error', 'invalid x-api-key'],
	403: ['permission_error', 'Your API key does not have permission to use the specified resource.'],
	404: ['not_found_error', 'The requested resource could not be found.'],
	429: ['rate_limit_error', 'This request would exceed your rate limit.'],
	500: ['api_error', 'Internal server error'],
	529: ['overloaded_error', 'Overloaded'],
};

export function anthropicError(status: number, sequence: number, text?: string): Reply {
	const [type, message] = TYPES[status] ?? ['invalid_request_error', 'Bad request.'];
	const sent = headers(sequence);
	const limited: Record<string, string> =
		status === 429 ? { 'retry-after': '1', 'anthropic-ratelimit-requests-remaining': '0' } : {};
	return {
		status,
		headers: { ...sent, ...limited },
		body: { type: 'error', error: { type, message: text ?? message }, request_id: sent['request-id'] },
	};
}

export function refusal(exchange: Exchange, apiKey: string): Reply | undefined {
	if (header(exchange, 'x-api-key') !== apiKey) return anthropicError(401, exchange.sequence);
	if (header(exchange, 'anthropic-version') !== '') return undefined;
	return anthropicError(400, exchange.sequence, 'anthropic-version: header is required');
}

function isToolResult(message: JsonObject | undefined): boolean {
	return arrayOf(message?.['content']).some((part) => objectOf(part)['type'] === 'tool_result');
}

function ask(exchange: Exchange, request: JsonObject): Answer {
	const messages = arrayOf(request['messages']).map(objectOf);
	const users = messages.filter((message) => message['role'] === 'user' && !isToolResult(message));
	const choice = objectOf(request['tool_choice']);
	const format = objectOf(
		objectOf(request['output_config'])['format'] ?? request['output_format'],
	);
	const tools = arrayOf(request['tools']).map((entry) => ({
		name: textOf(objectOf(entry)['name']),
		schema: objectOf(objectOf(entry)['input_schema']),
	}));
	return answer({
		everything: [request['system'], ...messages.map(({ content }) => content)]
			.map(contentText)
			.filter((text) => text !== '')
			.join('\n'),
		lastUserText: contentText(users.at(-1)?.['content']),
		afterTool: isToolResult(messages.at(-1)),
		tools: choice['type'] === 'none' ? [] : tools,
		forcedTool: choice['type'] === 'tool' ? textOf(choice['name']) : choice['type'] === 'any',
		json: format['type'] === 'json_schema',
		schema: format['type'] === 'json_schema' ? objectOf(format['schema']) : undefined,
		maxTokens: typeof request['max_tokens'] === 'number' ? request['max_tokens'] : undefined,
		...exchange.mood,
	});
}

function stopReason(given: Answer): string {
	if (given.toolCall !== undefined) return 'tool_use';
	return given.cutShort ? 'max_tokens' : 'end_turn';
}

function usageOf({ inputTokens, outputTokens }: Answer): JsonObject {
	return {
		input_tokens: inputTokens,
		cache_creation_input_tokens: 0,
		cache_read_input_tokens: 0,
		output_tokens: outputTokens,
		service_tier: 'standard',
	};
}

function contentOf(given: Answer, sequence: number): JsonObject[] {
	if (given.toolCall !== undefined) {
		return [{ type: 'tool_use', id: idOf('toolu_', sequence, 24), ...given.toolCall }];
	}
	return given.text === '' ? [] : [{ type: 'text', text: given.text }];
}

function streamOf(message: JsonObject, given: Answer, sequence: number): string[] {
	const event = (type: string, data: JsonObject = {}) => serverSentEvent({ type, ...data }, type);
	const opening = { ...message, content: [], stop_reason: null };
	const blocks = contentOf(given, sequence).flatMap((block) => {
		const delta = (value: JsonObject) => event('content_block_delta', { index: 0, delta: value });
		const tool = block['type'] === 'tool_use';
		const start = tool ? { ...block, input: {} } : { type: 'text', text: '' };
		return [
			event('content_block_start', { index: 0, content_block: start }),
			...(tool
				? [delta({ type: 'input_json_delta', partial_json: JSON.stringify(block['input']) })]
				: pieces(given.text).map((text) => delta({ type: 'text_delta', text }))),
			event('content_block_stop', { index: 0 }),
		];
	});
	return [
		event('message_start', { message: opening }),
		event('ping'),
		...blocks,
		event('message_delta', {
			delta: { stop_reason: stopReason(given), stop_sequence: null },
			usage: { output_tokens: given.outputTokens },
		}),
		event('message_stop'),
	];
}

export function messages(exchange: Exchange, apiKey: string): Reply {
	const refused = refusal(exchange, apiKey);
	if (refused !== undefined) return refused;
	const { sequence } = exchange;
	const request = jsonBody(exchange);
	if (request === undefined || !Array.isArray(request['messages'])) {
		return anthropicError(400, sequence, 'messages: Field required');
	}
	if (typeof request['max_tokens'] !== 'number') {
		return anthropicError(400, sequence, 'max_tokens: Field required');
	}
	const model = textOf(request['model']);
	if (!ANTHROPIC_MODELS.includes(model)) return anthropicError(404, sequence, `model: ${model}`);
	const given = ask(exchange, request);
	const tokens = { input: given.inputTokens, output: given.outputTokens };
	const body = {
		id: idOf('msg_', sequence, 24),
		type: 'message',
		role: 'assistant',
		model,
		content: contentOf(given, sequence),
		stop_reason: stopReason(given),
		stop_sequence: null,
		usage: usageOf(given),
	};
	const sent = headers(sequence);
	if (request['stream'] !== true) return { status: 200, headers: sent, body, tokens };
	return {
		status: 200,
		headers: { ...sent, 'content-type': 'text/event-stream' },
		frames: streamOf(body, given, sequence),
		tokens,
	};
}

export function anthropicModels(exchange: Exchange, apiKey: string): Reply {
	const refused = refusal(exchange, apiKey);
	if (refused !== undefined) return refused;
	const data = ANTHROPIC_MODELS.map((id) => ({
		type: 'model',
		id,
		display_name: id,
		created_at: '2025-01-01T00:00:00Z',
	}));
	const body = { data, has_more: false, first_id: data[0]?.id, last_id: data.at(-1)?.id };
	return { status: 200, headers: headers(exchange.sequence), body };
}

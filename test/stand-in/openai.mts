import { answer, contentText, embedding, pieces, tokensOf, type Answer, type Tool } from './answers.mts';
import {
	arrayOf,
	header,
	idOf,
	isObject,
	jsonBody,
	objectOf,
	serverSentEvent,
	textOf,
	type Exchange,
	type JsonObject,
	type Reply,
} from './http.mts';

/** https://platform.openai.com/docs/api-reference: chat completions, models, embeddings. */
export const OPENAI_MODELS = ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1-mini', 'gpt-5-mini'];
export const OPENAI_EMBEDDING_MODELS = ['text-embedding-3-small', 'text-embedding-3-large'];
const CREATED = 1_735_689_600;
const REQUESTS_PER_MINUTE = 10_000;
const TOKENS_PER_MINUTE = 10_000_000;

export function headers(sequence: number, tokens = 0): Record<string, string> {
	return {
		'x-request-id': idOf('req_', sequence, 32),
		'openai-version': '2020-10-01',
		'openai-processing-ms': '12',
		'x-ratelimit-limit-requests': String(REQUESTS_PER_MINUTE),
		'x-ratelimit-limit-tokens': String(TOKENS_PER_MINUTE),
		'x-ratelimit-remaining-requests': String(REQUESTS_PER_MINUTE - 1),
		'x-ratelimit-remaining-tokens': String(TOKENS_PER_MINUTE - tokens),
		'x-ratelimit-reset-requests': '6ms',
		'x-ratelimit-reset-tokens': '1ms',
	};
}

const TYPES: Readonly<Record<number, [type: string, code: string | null, message: string]>> = {
	401: ['invalid_request_error', 'invalid_api_key', 'Incorrect API key provided.'],
	404: ['invalid_request_error', 'model_not_found', 'The model does not exist.'],
	429: ['requests', 'rate_limit_exceeded', 'Rate limit reached for requests per minute (RPM).'],
	500: ['server_error', null, 'The server had an error while processing your request.'],
	503: ['server_error', null, 'The engine is currently overloaded, please try again later.'],
};

export function openAiError(
	status: number,
	sequence: number,
	message?: string,
	param: string | null = null,
): Reply {
	const [type, code, text] = TYPES[status] ?? ['invalid_request_error', null, 'Bad request.'];
	const limited: Record<string, string> =
		status === 429
			? {
					'retry-after': '1',
					'retry-after-ms': '1000',
					'x-ratelimit-remaining-requests': '0',
					'x-ratelimit-reset-requests': '1s',
				}
			: {};
	return {
		status,
		headers: { ...headers(sequence), ...limited },
		body: { error: { message: message ?? text, type, param, code } },
	};
}

function toolsOf(request: JsonObject): Tool[] {
	return arrayOf(request['tools']).flatMap((entry) => {
		const definition = objectOf(objectOf(entry)['function']);
		const name = textOf(definition['name']);
		return name === '' ? [] : [{ name, schema: objectOf(definition['parameters']) }];
	});
}

function ask(exchange: Exchange, request: JsonObject): Answer {
	const messages = arrayOf(request['messages']).map(objectOf);
	const users = messages.filter(({ role }) => role === 'user');
	const format = objectOf(request['response_format']);
	const choice = request['tool_choice'];
	const named = textOf(objectOf(objectOf(choice)['function'])['name']);
	const limit = request['max_completion_tokens'] ?? request['max_tokens'];
	const tools = choice === 'none' ? [] : toolsOf(request);
	return answer({
		everything: messages.map(({ content }) => contentText(content)).join('\n'),
		lastUserText: contentText(users.at(-1)?.['content']),
		afterTool: messages.at(-1)?.['role'] === 'tool',
		tools,
		forcedTool: named === '' ? choice === 'required' : named,
		json: format['type'] === 'json_object' || format['type'] === 'json_schema',
		schema:
			format['type'] === 'json_schema'
				? objectOf(objectOf(format['json_schema'])['schema'])
				: undefined,
		maxTokens: typeof limit === 'number' ? limit : undefined,
		...exchange.mood,
	});
}

function usageOf({ inputTokens, outputTokens }: Answer): JsonObject {
	return {
		prompt_tokens: inputTokens,
		completion_tokens: outputTokens,
		total_tokens: inputTokens + outputTokens,
		prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
		completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
	};
}

function finishReason(given: Answer): string {
	if (given.toolCall !== undefined) return 'tool_calls';
	return given.cutShort ? 'length' : 'stop';
}

function toolCallsOf(given: Answer, sequence: number): JsonObject[] | undefined {
	if (given.toolCall === undefined) return undefined;
	const { name, input } = given.toolCall;
	const call = { name, arguments: JSON.stringify(input) };
	return [{ id: idOf('call_', sequence, 24), type: 'function', function: call }];
}

function streamOf(exchange: Exchange, request: JsonObject, given: Answer): string[] {
	const shared = {
		id: idOf('chatcmpl-', exchange.sequence),
		object: 'chat.completion.chunk',
		created: Math.floor(Date.now() / 1000),
		model: request['model'],
		system_fingerprint: 'fp_standin',
	};
	const chunk = (delta: JsonObject, finish: string | null = null) =>
		serverSentEvent({ ...shared, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] });
	const calls = toolCallsOf(given, exchange.sequence)?.map((call, index) => ({ index, ...call }));
	const includeUsage = objectOf(request['stream_options'])['include_usage'] === true;
	return [
		chunk({ role: 'assistant', content: calls === undefined ? '' : null, refusal: null }),
		...(calls === undefined
			? pieces(given.text).map((content) => chunk({ content }))
			: [chunk({ tool_calls: calls })]),
		chunk({}, finishReason(given)),
		...(includeUsage ? [serverSentEvent({ ...shared, choices: [], usage: usageOf(given) })] : []),
		serverSentEvent('[DONE]'),
	];
}

export function chatCompletions(exchange: Exchange, apiKey: string): Reply {
	const refused = refusal(exchange, apiKey);
	if (refused !== undefined) return refused;
	const request = jsonBody(exchange);
	if (request === undefined || !Array.isArray(request['messages'])) {
		return openAiError(400, exchange.sequence, "Missing required parameter: 'messages'.", 'messages');
	}
	const model = textOf(request['model']);
	if (!OPENAI_MODELS.includes(model)) {
		const message = `The model \`${model}\` does not exist or you do not have access to it.`;
		return openAiError(404, exchange.sequence, message);
	}
	const given = ask(exchange, request);
	const tokens = { input: given.inputTokens, output: given.outputTokens };
	const sent = headers(exchange.sequence, tokens.input + tokens.output);
	if (request['stream'] === true) {
		const frames = streamOf(exchange, request, given);
		return { status: 200, headers: { ...sent, 'content-type': 'text/event-stream' }, frames, tokens };
	}
	const calls = toolCallsOf(given, exchange.sequence);
	const message = {
		role: 'assistant',
		content: calls === undefined ? given.text : null,
		refusal: null,
		annotations: [],
		...(calls === undefined ? {} : { tool_calls: calls }),
	};
	const body = {
		id: idOf('chatcmpl-', exchange.sequence),
		object: 'chat.completion',
		created: Math.floor(Date.now() / 1000),
		model,
		choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(given) }],
		usage: usageOf(given),
		service_tier: 'default',
		system_fingerprint: 'fp_standin',
	};
	return { status: 200, headers: sent, body, tokens };
}

export function openAiModels(exchange: Exchange, apiKey: string): Reply {
	const data = [...OPENAI_MODELS, ...OPENAI_EMBEDDING_MODELS].map((id) => ({
		id,
		object: 'model',
		created: CREATED,
		owned_by: 'system',
	}));
	return refusal(exchange, apiKey) ?? { status: 200, headers: headers(exchange.sequence), body: { object: 'list', data } };
}

export function embeddings(exchange: Exchange, apiKey: string): Reply {
	const refused = refusal(exchange, apiKey);
	if (refused !== undefined) return refused;
	const request = objectOf(jsonBody(exchange));
	const input = request['input'];
	const texts = (Array.isArray(input) ? (input as unknown[]) : [input]).map(textOf);
	if (texts.length > 2048 || texts.some((text) => text === '' || tokensOf(text) > 8192)) {
		return openAiError(400, exchange.sequence, "'$.input' is invalid.", 'input');
	}
	const model = textOf(request['model']);
	if (!OPENAI_EMBEDDING_MODELS.includes(model)) return openAiError(404, exchange.sequence);
	const wanted = request['dimensions'];
	const dimensions = typeof wanted === 'number' ? wanted : model.endsWith('large') ? 3072 : 1536;
	const base64 = request['encoding_format'] === 'base64';
	const data = texts.map((text, index) => {
		const vector = embedding(text, dimensions);
		const packed = () => Buffer.from(Float32Array.from(vector).buffer).toString('base64');
		return { object: 'embedding', index, embedding: base64 ? packed() : vector };
	});
	const used = texts.reduce((sum, text) => sum + tokensOf(text), 0);
	const usage = { prompt_tokens: used, total_tokens: used };
	return {
		status: 200,
		headers: headers(exchange.sequence, used),
		body: { object: 'list', data, model, usage },
		tokens: { input: used, output: 0 },
	};
}

export function refusal(exchange: Exchange, apiKey: string): Reply | undefined {
	// A server of one's own may ask for no key.
	if (apiKey === '' || header(exchange, 'authorization') === `Bearer ${apiKey}`) return undefined;
	return openAiError(401, exchange.sequence);
}

/** Chat Completions and the like of a body that another server answered; used when forwarding. */
export function usageFrom(body: unknown): { input: number; output: number } {
	const usage = objectOf(isObject(body) ? body['usage'] : undefined);
	return {
		input: Number(usage['prompt_tokens'] ?? usage['input_tokens'] ?? 0),
		output: Number(usage['completion_tokens'] ?? usage['output_tokens'] ?? 0),
	};
}
